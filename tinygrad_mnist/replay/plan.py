"""A plan: a program bound to its memory, so that running it is calling one thunk after the other.

>>> from tinygrad_mnist.replay.capture import capture
>>> double = capture(lambda x: x + x)
>>> double(np.array([1.0, 2.0])), double(np.array([3.0, 4.0]))
(Tensor([2., 4.], dtype=float64), Tensor([6., 8.], dtype=float64))
>>> double.plans[0].memory
Memory(without_reuse=32, with_reuse=16, peak=16)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from operator import length_hint
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import aligned_zeros
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError, TinygradError, kernel_error
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.listing import html_listing, listing
from tinygrad_mnist.replay.memory import Buffer, Memory, array_at
from tinygrad_mnist.replay.program import ASSIGN, Instruction, Program, Slot

Thunk = Callable[[], Any]
"""An instruction as a function of nothing, on the arrays of its slots."""


class Plan:
    """A program, the memory of its slots, and the thunks that run it.

    Attributes
    ----------
    program, allocation
        What is run, and where its slots live.
    arrays
        By slot.
    instructions
        Those that are not skipped, in order.
    phases
        ``(name, thunks)``: the same instructions, bound to the arrays.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.allocation = Allocation(program)
        self.arrays = _arrays(program, self.allocation)
        places = self.allocation.places
        large = {slot for slot in program.arguments if places[slot][0].array is not None}
        self._at_rest = {slot: self.arrays[slot] for slot in self.arrays if slot.root in large}
        self._large_views = [
            instruction
            for instruction in program.instructions
            if instruction.is_view and instruction.result in self._at_rest
        ]
        self.instructions = [
            instruction
            for position, instruction in enumerate(program.instructions)
            if position not in self.allocation.skipped
        ]
        groups = [
            (key, [*group])
            for key, group in groupby(self.instructions, lambda one: (one.phase, one.errstate))
        ]
        self.phases: list[tuple[str, list[Thunk]]] = [
            (phase, [self._thunk(instruction) for instruction in group])
            for (phase, _), group in groups
        ]
        self._errstates = [errstate for (_, errstate), _ in groups]
        self._before = [
            (slot.content, self.arrays[slot]) for slot in program.slots if slot.origin == "gradient"
        ]
        self._leaves = [leaf for leaf, _ in program.gradients]
        self._copies = [slot and self.arrays[slot].copy for _, slot in program.gradients]
        self._copied_at_once = [
            place
            for place, (leaf, slot) in enumerate(program.gradients)
            if slot and not self._may_lend(leaf, slot)
        ]
        self._assigned: dict[Parameter, Buffer] = {
            instruction.result.content: places[instruction.result][0]
            for instruction in program.instructions
            if instruction.primitive is ASSIGN
        }

    @property
    def constants(self) -> list[Array]:
        """The arrays that were baked in: what the function read that was no argument."""
        return [slot.content for slot in self.program.constants]

    @property
    def memory(self) -> Memory:
        """The bytes the values take; see `Memory`."""
        return self.allocation.memory

    def __repr__(self) -> str:
        return f"<plan of {self.program.head}, {self.allocation.arena} bytes>"

    def __str__(self) -> str:
        return listing(self.program, self.allocation)

    def _repr_html_(self) -> str:
        return html_listing(self.program, self.allocation)

    def run(self, arrays: Sequence[Array]) -> list[Array]:
        """Run the program on arguments and return copies of its outputs.

        Raises
        ------
        TinygradError
            What the instruction that failed would have raised in the function, with the user's
            line and with what had been assigned by then.
        """
        try:
            self.feed(arrays)
            self._run_phases()
            return self.finish()
        finally:
            self.let_go()

    def _run_phases(self) -> None:
        done = 0
        for (_, thunks), errstate in zip(self.phases, self._errstates, strict=True):
            iterator = iter(thunks)
            try:
                if errstate is None:
                    for thunk in iterator:
                        thunk()
                else:
                    with np.errstate(**errstate):
                        for thunk in iterator:
                            thunk()
            except BaseException as error:
                position = done + len(thunks) - length_hint(iterator) - 1
                changed = self._abandon(position)
                if not isinstance(error, Exception):  # the user's Ctrl-C
                    raise
                raise self._explain(position, error, changed) from error
            done += len(thunks)

    def feed(self, arrays: Sequence[Array]) -> None:
        """Give the program its arguments, and the gradients there are.

        A large argument is read where it is, any other is copied; so is a large one that is a view
        of something, since it might be of what the program writes to.
        """
        for leaf, before in self._before:
            gradient = leaf._grad
            np.copyto(before, gradient() if callable(gradient) else gradient)
        for slot, array in zip(self.program.arguments, arrays, strict=True):
            own = self._at_rest.get(slot)
            if own is None:
                np.copyto(self.arrays[slot], array)
            elif array.base is not None or array.strides != own.strides:
                np.copyto(own, array)
            else:
                self.arrays[slot] = array
        for view in self._large_views:
            self.arrays[view.result] = _apply(view, self.arrays)

    def finish(self) -> list[Array]:
        """Date the assignments, leave the gradients, copy the outputs."""
        for parameter in self._assigned:
            parameter.storage()
        gradients: list[Any] = self._copies.copy()  # lent: copied when somebody asks for them
        for place in self._copied_at_once:
            gradients[place] = gradients[place]()
        # Who watches was told what the function does when it ran, and is not told of replays.
        tape.NOBODY.set_gradients(self._leaves, gradients)
        return [self.arrays[slot].copy(order="K") for slot in self.program.outputs]

    def let_go(self) -> None:
        """Refer no longer to arrays that were read where they are: they may be a whole data set."""
        self.arrays.update(self._at_rest)

    def _may_lend(self, leaf: Tensor, slot: Slot) -> bool:
        """Whether a gradient stays as it is until this leaf's own is fed to the next replay."""
        array = self.arrays[slot]
        buffer, _ = self.allocation.places[slot.root]
        return (buffer.array is None or slot.root.origin == "constant") and not any(
            other is not leaf and np.may_share_memory(array, place) for other, place in self._before
        )

    def _thunk(self, instruction: Instruction) -> Thunk:
        primitive, out = instruction.primitive, self.arrays[instruction.result]
        operands = _operands(instruction, self.arrays)
        if not self._at_rest.keys().isdisjoint(instruction.reads):  # they change with each call
            call: Callable[..., Any] = partial(_apply, instruction, self.arrays)
        else:
            call = partial(primitive.kernel, *operands, **instruction.static)
            if primitive.view and not primitive.takes_out:  # of a kind that must copy
                view = call()
                if np.may_share_memory(view, operands[0]):
                    return partial(np.copyto, out, view)
        return partial(call, out=out) if primitive.takes_out else lambda: fill(out, call())

    def _abandon(self, position: int) -> list[Parameter]:
        """Leave a run at an instruction, without gradients; return what had been assigned by then.

        That is what this instruction and those before it may have written to. It is dated.
        """
        tape.NOBODY.set_gradients(self._leaves, [None] * len(self._leaves))
        done = self.instructions[: position + 1]
        written = {self.allocation.places[instruction.result][0] for instruction in done}
        changed = [parameter for parameter, home in self._assigned.items() if home in written]
        for parameter in changed:
            parameter.storage()
        return changed

    def _explain(self, position: int, error: Exception, changed: Sequence[Parameter]) -> Exception:
        """Return the error of an instruction, with its line and with what had been assigned."""
        instruction = self.instructions[position]
        if changed:
            names = ", ".join(parameter.label for parameter in changed)
            state = f"By then the replay had already changed {names}"
        else:
            state = "No parameter had been changed by then"
        where = f"{self.program.name}, replayed, {instruction.line}"
        if isinstance(error, TinygradError):
            return type(error)(f"{where}: {str(error).rstrip('.')}. {state}.")
        kinds = ValueError | TypeError | IndexError | ZeroDivisionError | OverflowError
        if isinstance(error, kinds):
            operands = tuple(_operands(instruction, self.arrays))
            told = kernel_error(error, instruction.primitive.name, operands, instruction.static)
            return type(told)(f"{where}: {told} {state}.")
        kind = type(error) if isinstance(error, Warning | FloatingPointError) else CaptureError
        return kind(f"{where}: {instruction.primitive.name}: {error}. {state}.")


def _arrays(program: Program, allocation: Allocation) -> dict[Slot, Array]:
    """Return the array of each slot, in parameters, constants and a new arena."""
    arena = aligned_zeros((allocation.arena,), np.uint8)
    arrays: dict[Slot, Array] = {}
    for slot, (buffer, offset) in allocation.places.items():
        if slot.origin == "constant":
            arrays[slot] = slot.content
        elif buffer.array is None:
            arrays[slot] = array_at(arena, buffer.offset + offset, slot)
        else:
            arrays[slot] = array_at(buffer.array.reshape(-1).view(np.uint8), offset, slot)
    for instruction in program.instructions:
        if instruction.is_view:
            arrays[instruction.result] = _apply(instruction, arrays)
    return arrays


def _operands(instruction: Instruction, arrays: dict[Slot, Array]) -> list[Any]:
    """Return what the kernel is called with."""
    return [arrays[one] if isinstance(one, Slot) else one for one in instruction.operands]


def _apply(instruction: Instruction, arrays: dict[Slot, Array], **out: Array) -> Any:
    """Return what the kernel makes of the arrays there are now."""
    operands = _operands(instruction, arrays)
    return instruction.primitive.kernel(*operands, **instruction.static, **out)


def fill(out: Array, result: Any) -> None:
    """Copy what a kernel returned to where it belongs; nothing else may be broadcast to there."""
    result = np.asarray(plain("its value", result))
    if (result.shape, result.dtype) != (out.shape, out.dtype):
        raise ValueError(
            f"it computed {result.dtype} of shape {result.shape}, and {out.dtype} of shape "
            f"{out.shape} when the function was captured"
        )
    np.copyto(out, result)
