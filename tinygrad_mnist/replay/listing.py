"""The listing of a program: what ``print(plan)`` shows.

A line an instruction: its slot, what is applied to what, the result's dtype and shape, the memory
it is in, and the user's line. Slots in one buffer take each other's place; a buffer is named after
its place in the order of first use. A view, and an assignment whose value was computed in place,
have nothing to do in a replay.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import Any

from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.memory import Buffer
from tinygrad_mnist.replay.program import ASSIGN, Instruction, Program, Slot, leaf_name


def listing(program: Program, allocation: Allocation) -> str:
    """Return the lines of a program whose slots live where they are allocated."""
    return _Listing(program, allocation).text()


class _Listing:
    def __init__(self, program: Program, allocation: Allocation) -> None:
        self.program = program
        self.allocation = allocation
        self.names: dict[Slot, str] = {}
        self._counts: Counter[str] = Counter()
        self._namesakes: dict[str, dict[int, int]] = defaultdict(dict)
        self.buffers: dict[Buffer, str] = {}
        self._constants = {id(slot.content): slot for slot in program.constants}
        for slot in program.slots:
            if slot.origin != "gradient":
                self.names[slot] = self._name(slot)
            if slot.base is None and slot.origin != "constant":
                self._buffer_name(slot)
        for slot in program.slots:
            if slot.origin == "gradient":
                self.names[slot] = f"grad of {self._leaf_name(slot.content)}"

    def _name(self, slot: Slot) -> str:
        if slot.origin == "parameter":
            return self._leaf_name(slot.content) + "'" * slot.version
        return self._distinct_name(slot.name, slot) if slot.name else self._numbered_name(slot)

    def _leaf_name(self, leaf: Tensor) -> str:
        """The name of a parameter, or of another leaf, which is a constant of the program."""
        constant = self._constants.get(id(leaf.data))
        return self.names[constant] if constant else self._distinct_name(leaf_name(leaf), leaf)

    def _distinct_name(self, name: str, whose: Any) -> str:
        """The name, with a number if something else has that name too."""
        namesakes = self._namesakes[name]
        number = namesakes.setdefault(id(whose), len(namesakes))
        return name + (f"_{number + 1}" if number else "")

    def _numbered_name(self, slot: Slot) -> str:
        letter = "c" if slot.origin == "constant" else "%"
        self._counts[letter] += 1
        return f"{letter}{self._counts[letter] - 1}"

    def _buffer_name(self, slot: Slot) -> str:
        buffer, _ = self.allocation.places[slot]
        if buffer not in self.buffers:
            if buffer.array is None:
                self._counts["buffer"] += 1
                self.buffers[buffer] = f"buffer {self._counts['buffer'] - 1}"
            else:
                owners = [other for other in buffer.slots if other.origin == "parameter"]
                largest = max(owners, key=lambda other: other.size, default=None)
                self.buffers[buffer] = (
                    f"memory of {self._leaf_name(largest.content)}" if largest else "as it is fed"
                )
        return self.buffers[buffer]

    def text(self) -> str:
        program = self.program
        names = ", ".join(self.names[slot] for slot in program.arguments)
        rows: list[tuple[str, ...]] = []
        results = {one.result for one in program.instructions}
        rows += [self._row_before(slot) for slot in program.slots if slot not in results]
        numbered = enumerate(program.instructions)
        for phase, group in groupby(numbered, lambda item: item[1].phase):
            rows.append((phase,))
            rows += [self._row(position, instruction) for position, instruction in group]
        widths = [max((len(row[i]) for row in rows if len(row) > 1), default=0) for i in range(4)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=False))
            if len(row) > 1
            else row[0]
            for row in rows
        ]
        fetched = ", ".join(self.names[slot] for slot in program.outputs)
        left = [
            f"grad of {self._leaf_name(leaf)} = {self.names[slot]}"
            for leaf, slot in program.gradients
            if slot is not None
        ]
        head = f"{program.name}({names})"
        tail = [f"returns {fetched or 'nothing'}", *(f"leaves {one}" for one in left)]
        return "\n".join(line.rstrip() for line in [head, *lines, *tail])

    def _row_before(self, slot: Slot) -> tuple[str, ...]:
        where = "" if slot.origin == "constant" or slot.base else self._buffer_name(slot)
        return f"  {self.names[slot]}", slot.origin, slot.typed_shape, where, ""

    def _row(self, position: int, instruction: Instruction) -> tuple[str, ...]:
        result = instruction.result
        if instruction.is_view:
            where = f"view of {self.names[instruction.result.root]}"
        elif position in self.allocation.skipped:
            where = f"in place, {self._buffer_name(result)}"
        else:
            where = self._buffer_name(result)
        called = f"{instruction.primitive.name}({self._argument_list(instruction)})"
        return f"  {self.names[result]}", called, result.typed_shape, where, instruction.line

    def _argument_list(self, instruction: Instruction) -> str:
        operands = [
            self.names[operand] if isinstance(operand, Slot) else f"{operand:g}"
            for operand in instruction.operands
        ]
        defaults = instruction.primitive.defaults
        static = [
            f"{name}={_short(value)}"
            for name, value in instruction.static.items()
            if name not in defaults or repr(defaults[name]) != repr(value)
        ]
        return ", ".join(operands + static) if instruction.primitive is not ASSIGN else operands[0]


def _short(value: Any) -> str:
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__name__)).replace("<locals>.", "")
    return repr(value)
