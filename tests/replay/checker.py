"""The checker: a program is consistent, and no instruction overwrites what is read later.

It knows nothing of how an allocation was found: it plays the program through, notes what each
piece of memory holds, and refuses an instruction that reads what is no longer there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.errors import ProgramError
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.memory import Buffer, extent
from tinygrad_mnist.replay.program import (
    ASSIGN,
    EFFECTS,
    HOST,
    Instruction,
    Program,
    Slot,
    without_dead_code,
)


def check_program(program: Program) -> None:
    """Refuse a program that is not consistent in itself.

    Raises
    ------
    ProgramError
        If a slot is defined twice or used before it is defined, if the shape or dtype of a result
        is not what its primitive makes of its operands, or if a constant's value is not laid out
        as its slot says.
    """
    for slot in program.constants:
        value = slot.content
        if (value.shape, value.dtype, value.strides) != slot.layout:
            raise ProgramError(
                f"{program.name} has a {_name(slot)} whose value is {value.dtype} of shape "
                f"{value.shape} and strides {value.strides}."
            )
    defined = set(program.arguments)
    for number, instruction in enumerate(program.instructions):
        for slot in (*instruction.reads, *filter(None, [instruction.result.base])):
            if slot.origin == "value" and slot not in defined:
                raise _fault(number, instruction, f"uses {_name(slot)} before it is defined")
        if instruction.result in defined:
            raise _fault(number, instruction, f"defines {_name(instruction.result)} again")
        defined.add(instruction.result)
        if instruction.primitive not in EFFECTS:
            _check_result(number, instruction)
    for slot in program.kept:
        if slot.origin == "value" and slot not in defined:
            raise ProgramError(f"{program.name} fetches {_name(slot)}, which is never defined.")


def _check_result(number: int, instruction: Instruction) -> None:
    operands = [
        np.zeros(operand.shape, operand.dtype) if isinstance(operand, Slot) else operand
        for operand in instruction.operands
    ]
    with np.errstate(all="ignore"):
        made = np.asarray(instruction.primitive.kernel(*operands, **instruction.static))
    result = instruction.result
    if (made.shape, made.dtype) != (result.shape, result.dtype):
        raise _fault(
            number,
            instruction,
            f"makes {made.dtype} of shape {made.shape}, and its slot {_name(result)} has "
            f"{result.dtype} of shape {result.shape}",
        )


def check_allocation(program: Program, allocation: Allocation) -> None:
    """Refuse an allocation under which an instruction would read something else than it should.

    Raises
    ------
    ProgramError
        Naming the instruction and what it would read; also if two buffers in use at once overlap,
        or an instruction that is not elementwise would write over its own operand.
    """
    memory = _Memory(program, allocation)
    for number, instruction in enumerate(program.instructions):
        for slot in instruction.reads:
            memory.demand(slot, number, instruction)
        if instruction.is_view:
            continue
        if number in allocation.skipped:
            memory.define_in_place(number, instruction)
        else:
            memory.write(number, instruction)
        if instruction.primitive is HOST:
            memory.lay_open(number, instruction)
    for slot in program.kept:
        memory.demand(slot, len(program.instructions), None)
    if None in memory.versions.values():
        raise ProgramError("The end of the program leaves a parameter with an unfinished value.")


class _Memory:
    """What each piece of memory holds.

    ``held`` are the values that are where they should be; ``versions`` tells how often parameters'
    memory has been assigned, None while it holds something else.
    """

    def __init__(self, program: Program, allocation: Allocation) -> None:
        self.allocation = allocation
        self.versions: dict[Buffer, int | None] = {}
        self.held: dict[Slot, tuple[Any, int, int]] = {}
        for slot in program.slots:
            if slot.base is None and slot.origin in ("argument", "gradient", "constant"):
                self._refuse_overlap(slot)
                self.held[slot] = self.range(slot)

    def range(self, slot: Slot) -> tuple[Any, int, int]:
        """Where a slot's bytes are."""
        buffer, offset = self.allocation.places[slot]
        if buffer.array is None:
            start = buffer.offset + offset
            return "arena", start, start + extent(slot)
        return buffer, offset, offset + extent(slot)

    def demand(self, slot: Slot, number: int, instruction: Instruction | None) -> None:
        """Refuse to go on if a slot is not where it should be."""
        root = slot.root
        if root.origin == "parameter":
            there = self.versions.get(self.allocation.places[root][0], 0) == root.version
        else:
            there = root in self.held
        if not there:
            raise _fault(number, instruction, f"reads {_name(slot)} after it was overwritten")

    def write(self, number: int, instruction: Instruction) -> None:
        """Let a result take the place of what was there."""
        result = instruction.result
        place = self.range(result)
        for slot in instruction.reads:
            root = slot.root
            if _overlap(self.range(root), place) and not (
                instruction.primitive.elementwise
                and slot.base is None
                and self.range(root) == place
                and root.layout == result.layout
            ):
                raise _fault(number, instruction, f"writes over its operand {_name(slot)}")
        self._overwrite(place)
        buffer = self.allocation.places[result][0]
        if result.origin == "parameter":
            self.versions[buffer] = result.version
        else:
            self.held[result] = place
            if buffer.array is not None:
                self.versions[buffer] = None

    def define_in_place(self, number: int, instruction: Instruction) -> None:
        """Take over what is there already: an assigned value, or the parts of a whole."""
        result, place = instruction.result, self.range(instruction.result)
        parts = [self.range(slot.root) for slot in instruction.reads]
        if sum(stop - start for _, start, stop in parts) != place[2] - place[1] or not all(
            _within(part, place) for part in parts
        ):
            raise _fault(number, instruction, "is skipped, but its operands are not in place")
        if instruction.primitive is ASSIGN:
            self.versions[self.allocation.places[result][0]] = result.version
        else:
            self.held[result] = place

    def lay_open(self, number: int, instruction: Instruction) -> None:
        """Let Python look at parameters, and write into them and into what is read as it is fed."""
        if None in self.versions.values():
            raise _fault(number, instruction, "may look at a parameter with an unfinished value")
        self.held = {
            slot: place
            for slot, place in self.held.items()
            if place[0] == "arena" or slot.origin == "constant"
        }

    def _overwrite(self, place: tuple[Any, int, int]) -> None:
        self.held = {slot: held for slot, held in self.held.items() if not _overlap(held, place)}

    def _refuse_overlap(self, slot: Slot) -> None:
        for other, place in self.held.items():
            if _overlap(place, self.range(slot)):
                raise ProgramError(f"{_name(slot)} and {_name(other)} are fed to one place.")


def _within(part: tuple[Any, int, int], place: tuple[Any, int, int]) -> bool:
    return part[0] is place[0] and place[1] <= part[1] and part[2] <= place[2]


def _overlap(one: tuple[Any, int, int], other: tuple[Any, int, int]) -> bool:
    return one[0] is other[0] and one[1] < other[2] and other[1] < one[2]


def _name(slot: Slot) -> str:
    return f"{slot.origin} {slot.name or slot.typed_shape}".strip()


def _fault(number: int, instruction: Instruction | None, what: str) -> ProgramError:
    if instruction is None:
        return ProgramError(f"The end of the program {what}.")
    name = instruction.primitive.name
    return ProgramError(f"Instruction {number}, {name} ({instruction.line}), {what}.")


def recordings(captured):
    """What was written down for each plan, before any pass."""
    return [replay.recorded for group in captured._replays.values() for replay in group]


def check_plans(captured):
    """Check what a captured function made: its programs after each single pass, and its plans.

    The program of a plan is the recorded one without dead code, its constants folded to the
    values that the recorder had.
    """
    for recorded, plan in zip(recordings(captured), captured.plans, strict=True):
        check_program(recorded)
        check_program(without_dead_code(recorded))
        check_program(plan.program)
        check_allocation(plan.program, plan.allocation)
