"""A plan: a program bound to its memory, so that running it is calling one thunk after the other.

>>> from tinygrad_mnist.replay.capture import capture
>>> double = capture(lambda x: x + x)
>>> double(np.array([1.0, 2.0])), double(np.array([3.0, 4.0]))
(Tensor([2., 4.], dtype=float64), Tensor([6., 8.], dtype=float64))
>>> double.plans[0].memory
Memory(without_reuse=32, with_reuse=16, widest=16)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import length_hint
from typing import Any

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import allocated
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError, TinygradError, explained
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.footprint import Memory, footprint
from tinygrad_mnist.replay.memory import array_at
from tinygrad_mnist.replay.program import ASSIGN, HOST, Instruction, Program, Slot
from tinygrad_mnist.replay.verify import same_bits


class Plan:
    """A program, the memory of its slots, and the thunks that run it.

    Attributes
    ----------
    program, allocation, binding
        What is run, where its slots live, and the thunks.
    constants
        The arrays that were baked in when the function was captured.
    memory
        The bytes it takes.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.allocation = Allocation(program)
        self.binding = Binding(program, self.allocation)
        self.arrays = self.binding.arrays
        self._before = [
            (slot.content, self.arrays[slot]) for slot in program.slots if slot.origin == "gradient"
        ]
        self._leaves = [leaf for leaf, _ in program.gradients]
        # Lent: `copy` is called when somebody asks for it.
        self._lent = [
            self.arrays[slot].copy if slot and self._may_lend(leaf, slot) else None
            for leaf, slot in program.gradients
        ]
        self._copied = [
            (index, slot)
            for index, (_, slot) in enumerate(program.gradients)
            if slot and not self._lent[index]
        ]
        self._assigned: list[Parameter] = list(
            dict.fromkeys(
                instruction.result.content
                for instruction in program.instructions
                if instruction.primitive is ASSIGN
            )
        )

    @property
    def constants(self) -> list[Array]:
        """The arrays that were baked in: what the function read that was no argument."""
        return [slot.content for slot in self.program.constants]

    @property
    def memory(self) -> Memory:
        """The bytes the values take; see `Memory`."""
        return footprint(self.allocation)

    def __repr__(self) -> str:
        program = self.program
        fed = ", ".join(f"{slot.name} {slot.typed_shape}" for slot in program.arguments)
        return (
            f"<plan of {program.name}({fed}): {len(program.instructions)} instructions, "
            f"{self.allocation.arena} bytes>"
        )

    def _may_lend(self, leaf: Tensor, slot: Slot) -> bool:
        """Whether a gradient stays as it is until this leaf's own is fed to the next replay."""
        array = self.arrays[slot]
        buffer, _ = self.allocation.places[slot.root]
        return (buffer.array is None or slot.root.origin == "constant") and not any(
            other is not leaf and np.may_share_memory(array, place) for other, place in self._before
        )

    def feed(self, arrays: Sequence[Array]) -> None:
        """Give the program its arguments, and the gradients there are."""
        for leaf, array in self._before:
            before = leaf._grad
            np.copyto(array, before() if callable(before) else before)
        for slot, array in zip(self.program.arguments, arrays, strict=True):
            self.binding.feed(slot, array)

    def run(self, arrays: Sequence[Array]) -> list[Array]:
        """Run the program on arguments and return copies of its outputs.

        Raises
        ------
        TinygradError
            What the instruction that failed would have raised in the function, with the user's
            line and with what had been assigned by then.
        """
        self.feed(arrays)
        done = 0
        for phase, thunks in self.binding.phases:
            iterator = iter(thunks)
            try:
                if phase == "backward":
                    with np.errstate(all="ignore"):
                        for thunk in iterator:
                            thunk()
                else:
                    for thunk in iterator:
                        thunk()
            except BaseException as error:
                position = done + len(thunks) - length_hint(iterator) - 1
                changed = self._abandoned(position)
                if not isinstance(error, Exception):  # the user's Ctrl-C
                    raise
                raise self._explained(position, error, changed) from error
            done += len(thunks)
        return self.finish()

    def finish(self) -> list[Array]:
        """Date the assignments, leave the gradients, copy the outputs, let go of what was fed."""
        for parameter in self._assigned:
            parameter.storage()
        gradients: list[Any] = self._lent.copy()
        for index, slot in self._copied:
            gradients[index] = self.arrays[slot].copy()
        # Who watches was told what the function does when it ran, and is not told of replays.
        tape.NOBODY.set_gradients(self._leaves, gradients)
        outputs = [self.arrays[slot].copy(order="K") for slot in self.program.outputs]
        self.binding.let_go()
        return outputs

    def verify(
        self,
        arrays: Sequence[Array],
        values: Mapping[Slot, Array],
        effects: Mapping[Slot, Sequence[tuple[Parameter, Array]]],
        name: str,
    ) -> list[Array]:
        """Run the program and compare the result of each instruction, bit for bit.

        ``values`` are what the function itself computed, for the slots of this program; what
        Python computes is taken from there, not computed again, and what it wrote into parameters
        meanwhile from ``effects``.

        Raises
        ------
        CaptureError
            Naming the first instruction whose result differs.
        """
        self.feed(arrays)
        thunks = (thunk for _, thunks in self.binding.phases for thunk in thunks)
        for number, instruction in enumerate(self.binding.instructions):
            thunk = next(thunks)
            array, expected = self.arrays[instruction.result], values[instruction.result]
            if instruction.primitive is HOST:
                np.copyto(array, expected)
                for parameter, value in effects[instruction.result]:
                    parameter.assign(value)
            else:
                with np.errstate(all="ignore"):  # the function itself has warned already
                    thunk()
            if not same_bits(array, expected):
                raise CaptureError(
                    f"A replay of {name} departs from the function at instruction {number}, "
                    f"{instruction.primitive.name} ({instruction.line}): its result of "
                    f"{instruction.result.typed_shape} differs."
                )
        return self.finish()

    def _abandoned(self, position: int) -> list[Parameter]:
        """Leave a run at an instruction: no gradients, and what had been assigned is dated."""
        self.binding.let_go()
        tape.NOBODY.set_gradients(self._leaves, [None] * len(self._leaves))
        changed = self._changed_before(position)
        for parameter in changed:
            parameter.storage()
        return changed

    def _explained(
        self, position: int, error: Exception, changed: Sequence[Parameter]
    ) -> Exception:
        """The error of an instruction, with its line and with what had been assigned by then."""
        instruction = self.binding.instructions[position]
        if changed:
            names = ", ".join(parameter.label for parameter in changed)
            state = f"By then the replay had already changed {names}"
        else:
            state = "No parameter had been changed by then"
        operands = tuple(
            self.arrays[operand] if isinstance(operand, Slot) else operand
            for operand in instruction.operands
        )
        where = f"{self.program.name}, replayed, {instruction.line}"
        if isinstance(error, TinygradError):
            return type(error)(f"{where}: {str(error).rstrip('.')}. {state}.")
        kinds = ValueError | TypeError | IndexError | ZeroDivisionError | OverflowError
        if isinstance(error, kinds):
            told = explained(error, instruction.primitive, operands, instruction.static)
            return type(told)(f"{where}: {told} {state}.")
        kind = type(error) if isinstance(error, Warning | FloatingPointError) else CaptureError
        return kind(f"{where}: {instruction.primitive.name}: {error}. {state}.")

    def _changed_before(self, position: int) -> list[Parameter]:
        """The parameters whose memory the first instructions, and this one, may have written to."""
        written = {
            id(self.allocation.places[instruction.result][0])
            for instruction in self.binding.instructions[: position + 1]
        }
        homes = {
            id(slot.content): id(buffer)
            for slot, (buffer, _) in self.allocation.places.items()
            if slot.origin == "parameter"
        }
        return [parameter for parameter in self._assigned if homes[id(parameter)] in written]


Thunk = Callable[[], Any]


class Binding:
    """The arrays of a program's slots, and the thunks of the instructions that have work to do.

    Attributes
    ----------
    arrays
        By slot.
    instructions
        Those that are not skipped, in order.
    phases
        ``(name, thunks)``: the same instructions, bound to the arrays.
    """

    def __init__(self, program: Program, allocation: Allocation) -> None:
        self.arrays = arrays_of(program, allocation)
        self.instructions = [
            instruction
            for position, instruction in enumerate(program.instructions)
            if position not in allocation.skipped
        ]
        self.phases: list[tuple[str, list[Thunk]]] = []
        self._own = {slot: self.arrays[slot] for slot in program.arguments}
        self._fed = {slot for slot in self._own if allocation.places[slot][0].array is not None}
        self._at_rest = {
            slot: array for slot, array in self.arrays.items() if slot.root in self._fed
        }
        self._views: dict[Slot, list[Instruction]] = defaultdict(list)
        self._readers: dict[Slot, list[tuple[list[Any], int]]] = defaultdict(list)
        for instruction in program.instructions:
            if instruction.is_view and instruction.result.root in self._fed:
                self._views[instruction.result.root].append(instruction)
        for name, group in groupby(self.instructions, lambda instruction: instruction.phase):
            self.phases.append((name, [self._bound(instruction) for instruction in group]))

    def _bound(self, instruction: Instruction) -> Thunk:
        if self._fed.isdisjoint(slot.root for slot in instruction.reads):
            return bound(instruction, self.arrays)
        operands = operands_of(instruction, self.arrays)
        for position, slot in enumerate(instruction.operands):
            if isinstance(slot, Slot) and slot.root in self._fed:
                self._readers[slot].append((operands, position))
        return late_bound(instruction, operands, self.arrays[instruction.result])

    def feed(self, slot: Slot, array: Array) -> None:
        """Give an argument its array: a small one is copied, a large one is read where it is.

        An array that is a view of something is copied too: it might be of what is written to.
        """
        own = self._own[slot]
        if slot not in self._fed:
            np.copyto(own, array)
            return
        if array.base is not None or array.strides != own.strides:
            np.copyto(own, array)
            array = own
        self._hand_out(slot, array)
        for view in self._views[slot]:
            operand = self.arrays[view.operands[0]]
            self._hand_out(view.result, view.primitive.kernel(operand, **view.static))

    def let_go(self) -> None:
        """Refer no longer to arrays that were read where they are: they may be a whole data set."""
        for slot, own in self._at_rest.items():
            self._hand_out(slot, own)

    def _hand_out(self, slot: Slot, array: Array) -> None:
        """Give what reads a slot another array."""
        self.arrays[slot] = array
        for operands, position in self._readers[slot]:
            operands[position] = array


def arrays_of(program: Program, allocation: Allocation) -> dict[Slot, Array]:
    """Return the array of each slot, in parameters, constants and a new arena."""
    arena = allocated((allocation.arena,), np.uint8)
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
            operand = arrays[instruction.operands[0]]
            arrays[instruction.result] = instruction.primitive.kernel(operand, **instruction.static)
    return arrays


def operands_of(instruction: Instruction, arrays: Mapping[Slot, Array]) -> list[Any]:
    """Return what the kernel is called with."""
    return [
        arrays[operand] if isinstance(operand, Slot) else operand
        for operand in instruction.operands
    ]


def late_bound(instruction: Instruction, operands: list[Any], out: Array) -> Thunk:
    """Return the instruction as a function of nothing, which looks its operands up in a list."""
    kernel, static = instruction.primitive.kernel, instruction.static
    if instruction.primitive.takes_out:
        return lambda: kernel(*operands, **static, out=out)
    return lambda: fill(out, kernel(*operands, **static))


def bound(instruction: Instruction, arrays: Mapping[Slot, Array]) -> Thunk:
    """Return the instruction as a function of nothing."""
    kernel, out = instruction.primitive.kernel, arrays[instruction.result]
    operands = operands_of(instruction, arrays)
    if instruction.primitive.takes_out:
        return partial(kernel, *operands, **instruction.static, out=out)
    if instruction.primitive.view:  # of a kind that must copy
        view = kernel(*operands, **instruction.static)
        if np.may_share_memory(view, operands[0]):
            return partial(np.copyto, out, view)
    return late_bound(instruction, operands, out)


def fill(out: Array, result: Any) -> None:
    """Copy what a kernel returned to where it belongs; nothing else may be broadcast to there."""
    result = np.asarray(result)
    if (result.shape, result.dtype) != (out.shape, out.dtype):
        raise ValueError(
            f"it computed {result.dtype} of shape {result.shape}, and {out.dtype} of shape "
            f"{out.shape} when the function was captured"
        )
    np.copyto(out, result)
