"""The footprint of a program: how many bytes its values take, as allocated and without reuse."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.memory import Buffer, extent


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
    widest
        What of the arena is in use at once, where that is most: no arena could be smaller.
    """

    without_reuse: int
    with_reuse: int
    widest: int


def footprint(allocation: Allocation) -> Memory:
    """Return the bytes that the values of a program take; see `Memory`."""
    total = sum(
        extent(slot)
        for slot, (buffer, _) in allocation.places.items()
        if slot.origin == "value" or (slot.origin != "parameter" and buffer.array is None)
    )
    changes = np.zeros(len(allocation.program.instructions) + 3, np.int64)  # from position -1 on
    for buffer in allocation.buffers:
        if buffer.array is None:
            for size, first, last in _pieces(buffer, allocation):
                changes[first + 1] += size
                changes[last + 2] -= size
    return Memory(total, allocation.arena, int(changes.cumsum().max()))


def _pieces(buffer: Buffer, allocation: Allocation) -> Iterator[tuple[int, int, int]]:
    """Yield ``(size, first, last)`` of each piece of a buffer: of what begins and ends as one.

    A buffer in which a whole is put together from parts comes into use part by part.
    """
    places = [(slot, allocation.places[slot][1]) for slot in buffer.slots]
    ranges = [(start, start + extent(slot), slot) for slot, start in places]
    edges = sorted({edge for start, stop, _ in ranges for edge in (start, stop)})
    for left, right in pairwise(edges):
        over = [slot for start, stop, slot in ranges if start <= left and right <= stop]
        first = min(allocation.first[slot] for slot in over)
        last = max(allocation.last[slot] for slot in over)
        yield right - left, first, last
