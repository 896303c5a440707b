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
from tinygrad_mnist.notebook import html_table
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.memory import Buffer
from tinygrad_mnist.replay.program import ASSIGN, Instruction, Program, Slot, leaf_name


def listing(program: Program, allocation: Allocation) -> str:
    """Return the lines of a program whose slots live where they are allocated."""
    head, rows, tail = _table(program, allocation)
    widths = [max((len(row[i]) for row in rows if len(row) > 1), default=0) for i in range(4)]
    lines = [
        f"  {'  '.join(map(str.ljust, row, [*widths, 0]))}".rstrip() if len(row) > 1 else row[0]
        for row in rows
    ]
    return "\n".join([head, *lines, *tail])


def html_listing(program: Program, allocation: Allocation) -> str:
    """Return the same as a table of HTML."""
    head, rows, tail = _table(program, allocation)
    heads = ["", "applied", "type", "memory", "line"]
    cells = [row if len(row) > 1 else (*row, *[""] * 4) for row in rows]
    return html_table(heads, cells, above=head, below="\n".join(tail))


def _table(
    program: Program, allocation: Allocation
) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """The first line, rows of five cells or of one, which is a phase, and the last lines."""
    names = _Names(program)
    where = _memory_names(program, allocation, names)
    results = {instruction.result for instruction in program.instructions}
    rows: list[tuple[str, ...]] = [
        (names.of[slot], slot.origin, slot.typed_shape, where.get(slot, ""), "")
        for slot in program.slots
        if slot not in results
    ]
    numbered = enumerate(program.instructions)
    for phase, group in groupby(numbered, lambda item: item[1].phase):
        rows.append((phase,))
        for position, instruction in group:
            slot = instruction.result
            place = f"view of {names.of[slot.root]}" if instruction.is_view else where[slot]
            if position in allocation.skipped and not instruction.is_view:
                place = f"in place, {place}"
            applied = f"{instruction.primitive.name}({_arguments(instruction, names)})"
            row = names.of[slot], applied, slot.typed_shape, place, instruction.line
            rows.append(row)
    head = f"{program.name}({', '.join(names.of[slot] for slot in program.arguments)})"
    fetched = ", ".join(names.of[slot] for slot in program.outputs)
    left = [
        f"leaves grad of {names.of_leaf(leaf)} = {names.of[slot]}"
        for leaf, slot in program.gradients
        if slot is not None
    ]
    return head, rows, [f"returns {fetched or 'nothing'}", *left]


class _Names:
    """What the slots of a program are called, in ``of``."""

    def __init__(self, program: Program) -> None:
        self.of: dict[Slot, str] = {}
        self._counts: Counter[str] = Counter()
        self._namesakes: dict[str, dict[int, int]] = defaultdict(dict)
        self._constants = {id(slot.content): slot for slot in program.constants}
        for slot in program.slots:
            if slot.origin == "parameter":
                self.of[slot] = self.of_leaf(slot.content) + "'" * slot.version
            elif slot.origin != "gradient":
                letter = "c" if slot.origin == "constant" else "%"
                self.of[slot] = (
                    self._distinct(slot.name, slot) if slot.name else self.next_number(letter)
                )
        for slot in program.slots:
            if slot.origin == "gradient":
                self.of[slot] = f"grad of {self.of_leaf(slot.content)}"

    def of_leaf(self, leaf: Tensor) -> str:
        """Return the name of a parameter, or of another leaf, which is a constant."""
        constant = self._constants.get(id(leaf._array))
        return self.of[constant] if constant else self._distinct(leaf_name(leaf), leaf)

    def next_number(self, letter: str) -> str:
        """Return the letter with a number that it did not have yet."""
        self._counts[letter] += 1
        return f"{letter}{self._counts[letter] - 1}"

    def _distinct(self, name: str, whose: Any) -> str:
        """The name, with a number if something else has that name too."""
        namesakes = self._namesakes[name]
        number = namesakes.setdefault(id(whose), len(namesakes))
        return name + (f"_{number + 1}" if number else "")


def _memory_names(program: Program, allocation: Allocation, names: _Names) -> dict[Slot, str]:
    """Return what the memory is called of each slot that has some of its own."""
    called: dict[Buffer, str] = {}
    for slot in program.slots:
        if slot.base is None and slot.origin != "constant":
            buffer, _ = allocation.places[slot]
            if buffer in called:
                continue
            owners = [other for other in buffer.slots if other.origin == "parameter"]
            if buffer.array is None:
                called[buffer] = names.next_number("buffer ")
            elif owners:
                largest = max(owners, key=lambda owner: owner.size)
                called[buffer] = f"memory of {names.of_leaf(largest.content)}"
            else:
                called[buffer] = "as it is fed"
    return {
        slot: called[buffer] for slot, (buffer, _) in allocation.places.items() if buffer in called
    }


def _arguments(instruction: Instruction, names: _Names) -> str:
    operands = [
        names.of[operand] if isinstance(operand, Slot) else f"{operand:g}"
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
