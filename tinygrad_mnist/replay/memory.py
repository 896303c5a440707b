"""Pieces of memory: how long slots live, how far they reach, and how buffers share an arena."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.arrays import CACHE_LINE
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.replay.program import Program, Slot


@dataclass(eq=False)
class Buffer:
    """A piece of memory and the slots that live in it, one after the other or side by side.

    ``array`` is memory that is somebody's already; None for a piece of the arena, which is in use
    from instruction ``first`` to instruction ``last`` and begins at ``offset``.
    """

    array: Array | None
    size: int = 0
    first: int = 0
    last: int = 0
    offset: int = 0
    slots: list[Slot] = field(default_factory=list)


class Memory(NamedTuple):
    """Bytes for the values of a program; parameters, constants and large arguments not counted.

    Large arguments are read where they are. What is computed in the memory of a parameter takes
    none of its own, so it counts in ``without_reuse`` only.

    Attributes
    ----------
    without_reuse
        Each value in a place of its own.
    with_reuse
        As they are laid out: the size of the arena.
    peak
        What of the arena is in use at once, where that is most: no arena could be smaller.
    """

    without_reuse: int
    with_reuse: int
    peak: int


def peak_bytes(pieces: Iterable[tuple[int, int, int]], length: int) -> int:
    """Return the most bytes in use at once by pieces ``(size, first, last)`` of a program's memory.

    ``length`` is that of the program, whose positions are counted from -1, before it, on.
    """
    changes = np.zeros(length + 3, np.int64)
    for size, first, last in pieces:
        changes[first + 1] += size
        changes[last + 2] -= size
    return int(changes.cumsum().max())


def lifetimes(program: Program) -> tuple[dict[Slot, int], dict[Slot, int]]:
    """Return where each slot that is not a view is defined (-1: before) and where last read."""
    first: dict[Slot, int] = {}
    last: dict[Slot, int] = {}
    for slot in program.arguments:
        first[slot] = last[slot] = -1
    for position, instruction in enumerate(program.instructions):
        for slot in instruction.reads:
            first.setdefault(slot.root, -1)
            last[slot.root] = position
        if instruction.result.base is None:
            first[instruction.result] = last[instruction.result] = position
    for slot in program.kept:
        first.setdefault(slot.root, -1)
        last[slot.root] = len(program.instructions)
    return first, last


def pack(buffers: Sequence[Buffer]) -> int:
    """Give each buffer an offset in one arena, and return the size of the arena.

    The largest first, each at the lowest offset where nothing that lives at the same time is.
    """
    largest_first = sorted(buffers, key=lambda buffer: -buffer.size)
    first = np.array([buffer.first for buffer in largest_first])
    last = np.array([buffer.last for buffer in largest_first])
    start, stop = np.zeros((2, len(largest_first)), np.int64)
    for i, buffer in enumerate(largest_first):
        neighbours = np.flatnonzero((first[:i] <= buffer.last) & (last[:i] >= buffer.first))
        upwards = neighbours[np.argsort(start[neighbours])]
        free = np.maximum.accumulate(np.append(0, stop[upwards]))  # where each gap begins
        fits = free[:-1] + buffer.size <= start[upwards]
        buffer.offset = int(free[fits.argmax() if fits.any() else -1])
        start[i], stop[i] = buffer.offset, align(buffer.offset + buffer.size)
    return max((buffer.offset + buffer.size for buffer in buffers), default=0)


def align(offset: int) -> int:
    """Return the next offset at which a buffer may begin."""
    return -(-offset // CACHE_LINE) * CACHE_LINE


def extent(slot: Slot) -> int:
    """Return how many bytes the elements of a slot reach over."""
    if not slot.size:
        return 0
    reach = sum((n - 1) * abs(step) for n, step in zip(slot.shape, slot.strides, strict=True))
    return reach + slot.dtype.itemsize


def is_contiguous(slot: Slot) -> bool:
    """Whether the elements of a slot lie in C order without gaps."""
    return array_at(np.empty(extent(slot), np.uint8), 0, slot).flags.c_contiguous


def array_at(raw: Array, offset: int, slot: Slot) -> Array:
    """Return the array of a slot that lies at an offset in raw bytes."""
    behind = sum(
        (n - 1) * step for n, step in zip(slot.shape, slot.strides, strict=True) if step < 0
    )
    start = offset - (behind if slot.size else 0)
    return np.ndarray(slot.shape, slot.dtype, raw.data, start, slot.strides)


def copy_in_layout(array: Array) -> Array:
    """Return a copy whose elements lie as those of the array do: apart, backwards, or repeated.

    Where they lie decides which loops NumPy takes, so the order in which numbers are added up.
    """
    slot = Slot("argument", array.shape, array.dtype, array.strides)
    copy = array_at(np.empty(extent(slot), np.uint8), 0, slot)
    np.copyto(copy, array)
    copy.flags.writeable = False
    return copy


def same_bits(one: Array, other: Array) -> bool:
    """Whether two arrays of one dtype have the same bits, all NaN alike and padding aside.

    Which operand's NaN comes out depends on where memory lies.
    """
    if one.tobytes() == other.tobytes():
        return True
    if one.dtype.kind != "f":
        return False
    same = (one == other) & (np.signbit(one) == np.signbit(other))
    return bool(np.all(same | np.isnan(one) & np.isnan(other)))
