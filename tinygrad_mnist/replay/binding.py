"""Binding: the instructions of a program as functions of nothing, on the arrays of its slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from tinygrad_mnist.core.arrays import allocated
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.memory import array_at
from tinygrad_mnist.replay.program import Instruction, Program, Slot

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
