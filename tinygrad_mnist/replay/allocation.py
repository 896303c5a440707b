"""The allocation of memory to a program: where its slots live.

Liveness is kept by storage: a slot lives for as long as any view of it is read. Four things save
memory and passes over it: a value that is assigned is computed in the parameter's own memory, the
parts of a concatenation are computed in their place in the whole, an elementwise result overwrites
an operand that nobody reads again, and what is left shares the arena with what is dead by then.
"""

from __future__ import annotations

from bisect import bisect, bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_mnist.core.arrays import address
from tinygrad_mnist.ops.shape import concatenate
from tinygrad_mnist.replay.memory import (
    Buffer,
    Memory,
    extent,
    is_contiguous,
    lifetimes,
    pack,
    peak_bytes,
)
from tinygrad_mnist.replay.program import ASSIGN, HOST, Instruction, Program, Slot, memory_of

LARGE = 65_536
"""Bytes from which copying an argument costs more than binding what reads it again."""


@dataclass
class Content:
    """What the memory of a parameter holds from one instruction to another, until it is missed.

    ``slot`` tells which part was written; None for what was there, or what Python may have written.
    """

    slot: Slot | None
    first: int
    last: int


class Allocation:
    """The place of every slot that is not a view: a buffer and an offset in it, in bytes.

    ``skipped`` are the positions of instructions that have nothing left to do.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first, self.last = lifetimes(program)
        self.places: dict[Slot, tuple[Buffer, int]] = {}
        self.skipped = {i for i, one in enumerate(program.instructions) if one.is_view}
        self._hosts = [i for i, one in enumerate(program.instructions) if one.primitive is HOST]
        self._place_what_has_memory()
        self._contents = self._contents_of_parameters()
        self._forward_assignments()
        self._join_concatenations()
        self._overwrite_dying_operands()
        for slot in program.slots:
            if slot.base is None and slot not in self.places:
                self._new(slot)
        self.arena = pack([b for b in self.buffers if b.array is None])

    @property
    def buffers(self) -> list[Buffer]:
        """Every buffer once, in the order in which slots were placed."""
        return list(dict.fromkeys(buffer for buffer, _ in self.places.values()))

    @property
    def memory(self) -> Memory:
        """The bytes that the values of the program take; see `Memory`."""
        total = sum(
            extent(slot)
            for slot, (buffer, _) in self.places.items()
            if slot.origin == "value" or (slot.origin != "parameter" and buffer.array is None)
        )
        peak = peak_bytes(self._pieces(), len(self.program.instructions))
        return Memory(total, self.arena, peak)

    def _pieces(self) -> Iterator[tuple[int, int, int]]:
        """Yield ``(size, first, last)`` of each piece of the arena that begins and ends as one.

        A buffer in which a whole is put together from parts comes into use part by part.
        """
        for buffer in self.buffers:
            if buffer.array is not None:
                continue
            starts = {slot: self.places[slot][1] for slot in buffer.slots}
            ranges = [(start, start + extent(slot), slot) for slot, start in starts.items()]
            edges = sorted({edge for start, stop, _ in ranges for edge in (start, stop)})
            for left, right in pairwise(edges):
                over = [slot for start, stop, slot in ranges if start <= left and right <= stop]
                first = min(self.first[slot] for slot in over)
                yield right - left, first, max(self.last[slot] for slot in over)

    def _put(self, slot: Slot, buffer: Buffer, offset: int = 0) -> None:
        self.places[slot] = buffer, offset
        buffer.slots.append(slot)
        if buffer.array is None:
            buffer.first = min(buffer.first, self.first[slot])
            buffer.last = max(buffer.last, self.last[slot])

    def _new(self, slot: Slot) -> None:
        self._put(slot, Buffer(None, extent(slot), self.first[slot], self.last[slot]))

    def _place_what_has_memory(self) -> None:
        owned: dict[int, Buffer] = {}
        for slot in self.program.slots:
            if slot.base is not None:
                continue
            if slot.origin == "parameter":
                whole = memory_of(slot.content)
                buffer = owned.setdefault(id(whole), Buffer(whole, whole.nbytes))
                self._put(slot, buffer, address(slot.content._array) - address(whole))
            elif slot.origin == "constant":
                self._put(slot, Buffer(slot.content, slot.content.nbytes))
            elif self._is_read_where_it_is(slot):
                # A view of something is copied, to here; otherwise this memory is never touched.
                self._put(slot, Buffer(np.empty(extent(slot), np.uint8)))
            elif slot.origin in ("argument", "gradient"):
                self._new(slot)

    def _is_read_where_it_is(self, slot: Slot) -> bool:
        """Whether a slot is a large argument that no ``host`` can write into before its last use.

        That of an optimizer comes last, so it does not stand in the way of the batch.
        """
        end = len(self.program.instructions) + 1
        return (
            slot.origin == "argument"
            and extent(slot) >= LARGE
            and self.last[slot] < min(self._hosts, default=end)
        )

    def _contents_of_parameters(self) -> dict[Buffer, list[Content]]:
        """What the memory of each parameter holds, one content after the other.

        An assignment begins another one, and so does a host value: Python may look at any parameter
        then, and assign it. What the program leaves there is missed at its end; behind that is one
        more, so that each content has a next one.
        """
        end = len(self.program.instructions)
        owned = {self.places[s][0] for s in self.program.slots if s.origin == "parameter"}
        reads = {buffer: [-1, *self._hosts, end + 1] for buffer in owned}
        writes: dict[Buffer, dict[int, Slot | None]]
        writes = {buffer: dict.fromkeys([-1, *self._hosts]) for buffer in owned}
        for position, instruction in enumerate(self.program.instructions):
            for slot in instruction.reads:
                if slot.root.origin == "parameter":
                    reads[self.places[slot.root][0]].append(position)
            if instruction.primitive is ASSIGN:
                writes[self.places[instruction.result][0]][position] = instruction.result
        contents: dict[Buffer, list[Content]] = {}
        for buffer in owned:
            read, starts = sorted(reads[buffer]), sorted(writes[buffer])
            contents[buffer] = [
                Content(writes[buffer][start], start, max(start, read[bisect(read, stop) - 1]))
                for start, stop in pairwise([*starts, end + 1])
            ]
            contents[buffer].append(Content(None, end + 2, end + 2))
        return contents

    def _contents_from(self, buffer: Buffer, position: int, count: int) -> list[Content]:
        """So many contents of a parameter's memory, from what an instruction finds there on."""
        contents = self._contents[buffer]
        found = bisect_left(contents, position, key=lambda content: content.first) - 1
        return contents[found : found + count]

    def _forward_assignments(self) -> None:
        """Let a producer write straight into the parameter its result is assigned to."""
        for position, instruction in enumerate(self.program.instructions):
            if instruction.primitive is not ASSIGN:
                continue
            value, result = instruction.operands[0], instruction.result
            if not self._is_free(value) or value.layout != result.layout:
                continue
            buffer, offset = self.places[result]
            before, content, after = self._contents_from(buffer, position, 3)
            producer = self.first[value]
            if (
                before.first < producer
                and before.last <= producer
                and self.last[value] < after.first
                and self._may_overwrite(self.program.instructions[producer], buffer)
            ):
                self._put(value, buffer, offset)
                self.skipped.add(position)
                content.first, content.last = producer, max(content.last, self.last[value])

    def _may_overwrite(self, instruction: Instruction, buffer: Buffer) -> bool:
        """Whether an instruction may write its result there, though it may read from there.

        Slots of one layout in a buffer, such as parts of a whole, are in one place or lie apart.
        """
        return all(
            instruction.primitive.elementwise
            and slot.base is None
            and slot.layout == instruction.result.layout
            for slot in instruction.reads
            if self.places.get(slot.root, (None,))[0] is buffer
        )

    def _is_free(self, slot: Any) -> bool:
        """Whether a slot is the result of an instruction and has no place yet."""
        return (
            isinstance(slot, Slot)
            and slot.origin == "value"
            and slot.base is None
            and slot not in self.places
        )

    def _join_concatenations(self) -> None:
        """Let the parts of a concatenation be computed in their place in the whole."""
        for position, instruction in enumerate(self.program.instructions):
            whole = instruction.result
            if instruction.primitive is not concatenate or whole in self.places:
                continue
            parts = [slot.root for slot in instruction.reads]
            if (
                len(set(parts)) < len(instruction.operands)
                or instruction.static["axis"] != 0
                or not all(
                    self._is_free(part)
                    and part.dtype == whole.dtype
                    and part.size == slot.size
                    and is_contiguous(slot)
                    for part, slot in zip(parts, instruction.operands, strict=True)
                )
            ):
                continue
            self._new(whole)
            buffer, offset = self.places[whole][0], 0
            for part in parts:
                self._put(part, buffer, offset)
                offset += part.size * part.dtype.itemsize
            self.skipped.add(position)

    def _overwrite_dying_operands(self) -> None:
        for position, instruction in enumerate(self.program.instructions):
            result = instruction.result
            if not instruction.primitive.elementwise or not self._is_free(result):
                continue
            for slot in instruction.reads:
                if slot.base is not None:
                    continue
                if slot not in self.places:
                    self._new(slot)
                buffer, offset = self.places[slot]
                vacant = self._is_vacant(slot, position, result)
                if vacant and self._may_overwrite(instruction, buffer):
                    self._put(result, buffer, offset)
                    if buffer in self._contents:
                        content = Content(result, position, self.last[result])
                        insort(self._contents[buffer], content, key=lambda other: other.first)
                    break

    def _is_vacant(self, slot: Slot, position: int, result: Slot) -> bool:
        """Whether nobody misses what an operand's memory holds, nor, at its end, this result there.

        In a parameter's memory the result waits until just this part is written again.
        """
        buffer, offset = self.places[slot]
        if buffer.array is None:
            return buffer.last == position
        if buffer not in self._contents:
            return False
        content, after = self._contents_from(buffer, position, 2)
        if after.slot is None or content.last > position:
            return False
        writer, last = self.program.instructions[after.first], self.last[result]
        in_place = writer.primitive.elementwise and all(
            one is result for one in writer.reads if one.root is result
        )
        return (
            after.slot.layout == result.layout
            and self.places[after.slot][1] == offset
            and (last < after.first or (last == after.first and in_place))
        )
