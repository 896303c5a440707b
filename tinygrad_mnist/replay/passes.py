"""Passes: pure functions from program to program, a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.replay.program import EFFECTS, Instruction, Program, Slot


def without_dead_code(program: Program) -> Program:
    """Keep the instructions that something fetched, or an effect, depends on."""
    needed = set(program.kept)
    kept: list[Instruction] = []
    for instruction in reversed(program.instructions):
        if instruction.primitive in EFFECTS or instruction.result in needed:
            needed.update(instruction.reads)
            kept.append(instruction)
    return replace(program, instructions=tuple(reversed(kept)))


def with_constants_folded(program: Program, values: Mapping[Slot, Array]) -> Program:
    """Take what was computed from constants alone as a constant, of the value it had."""
    constants: dict[Slot, Slot] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        operands = tuple(
            constants.get(operand, operand) if isinstance(operand, Slot) else operand
            for operand in instruction.operands
        )
        instruction = instruction._replace(operands=operands)
        fixed = all(slot.origin == "constant" for slot in instruction.reads)
        if fixed and instruction.primitive not in EFFECTS:
            result = instruction.result
            constants[result] = Slot("constant", *result.layout, content=values[result])
        else:
            kept.append(instruction)
    outputs = tuple(constants.get(slot, slot) for slot in program.outputs)
    gradients = tuple(
        (leaf, slot and constants.get(slot, slot)) for leaf, slot in program.gradients
    )
    return replace(program, instructions=tuple(kept), outputs=outputs, gradients=gradients)
