"""A program: the primitives a captured function applied, in order, on named slots.

A slot is a value: an argument, a constant, a version of a parameter, or the result of one
instruction. Every slot is defined once. Assigning a parameter is an instruction too, whose result
is the parameter's next version.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import application, brief


@dataclass(frozen=True, eq=False, repr=False)
class Slot:
    """One value of a program.

    Attributes
    ----------
    origin
        "argument", "constant", "parameter" (a version of it), "gradient" (what a leaf's ``.grad``
        was before), or "value" (of an instruction).
    shape, dtype, strides
        Of the array; the strides are those the function itself gave it, so that a replay adds up
        in the same order.
    base
        The slot, itself no view, whose memory this one is a view of, or None.
    content
        The array of a constant, the Parameter, or the leaf.
    version
        Of a parameter: how often the memory it lies in had been assigned.
    name
        What a listing calls it.
    """

    origin: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]
    base: Slot | None = None
    content: Any = None
    version: int = 0
    name: str = ""

    def __repr__(self) -> str:
        return f"<slot of {self.origin} {self.name or ''}".rstrip() + f" {self.typed_shape}>"

    @property
    def root(self) -> Slot:
        """The slot whose memory this one's is, or lies in."""
        return self if self.base is None else self.base

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def layout(self) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...]]:
        """What two slots must share for one to be written over the other."""
        return self.shape, self.dtype, self.strides

    @property
    def typed_shape(self) -> str:
        """Such as ``float32[64,128]``."""
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


class Instruction(NamedTuple):
    """A primitive applied to slots and Python scalars; ``line`` is the user's.

    ``errstate`` is that of a ``np.errstate`` block around it, within the function; None if there
    is none.
    """

    primitive: Primitive
    operands: tuple[Any, ...]
    static: dict[str, Any]
    result: Slot
    phase: str
    line: str
    errstate: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"<instruction {application(self)} -> {brief(self.result)}, {self.line}>"

    @property
    def reads(self) -> Iterator[Slot]:
        """The slots among the operands."""
        return (operand for operand in self.operands if isinstance(operand, Slot))

    @property
    def is_view(self) -> bool:
        """Whether its result is a view of its operand's memory, so that a replay has nothing to do.

        That of a primitive flagged as a view may be a copy: a transpose cannot be reshaped in
        place, and a view of a parameter must not change with it.
        """
        return self.result.base is not None


@dataclass(frozen=True, repr=False)
class Program:
    """What a captured function did.

    Attributes
    ----------
    name
        Of the function.
    arguments
        What is fed, in order.
    instructions
        What is done, in order.
    outputs
        What is fetched, in order.
    gradients
        ``(leaf, slot or None)``: what is left in ``.grad`` of leaves.
    """

    name: str
    arguments: tuple[Slot, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[Slot, ...]
    gradients: tuple[tuple[Tensor, Slot | None], ...] = field(default=())

    @property
    def kept(self) -> list[Slot]:
        """The slots that must hold their values when the program ends."""
        return [*self.outputs, *(slot for _, slot in self.gradients if slot is not None)]

    @property
    def slots(self) -> list[Slot]:
        """Every slot once, in the order of definition or first use."""
        seen: dict[Slot, None] = dict.fromkeys(self.arguments)
        for instruction in self.instructions:
            seen.update(dict.fromkeys(instruction.reads))
            seen[instruction.result] = None
        seen.update(dict.fromkeys(self.kept))
        return list(seen)

    @property
    def constants(self) -> list[Slot]:
        """The slots whose arrays were baked in when the function was captured."""
        return [slot for slot in self.slots if slot.origin == "constant"]

    @property
    def head(self) -> str:
        """Its name with what it is fed, and how long it is: what a repr begins with."""
        fed = ", ".join(f"{slot.name} {slot.typed_shape}" for slot in self.arguments)
        return f"{self.name}({fed}): {len(self.instructions)} instructions"

    def __repr__(self) -> str:
        return f"<program of {self.head}>"


def leaf_name(leaf: Tensor) -> str:
    """Return what a program calls a leaf."""
    kind = "parameter" if leaf.assignable else "leaf"
    return leaf.name or kind + "x".join(map(str, leaf.shape))


def memory_of(parameter: Any) -> Array:
    """Return the bytes in which a parameter lies, alone or as part of a packed vector."""
    whole: Array = parameter._storage.base
    return whole


def assign(value: Array, *, out: Array) -> None:
    """Write a value into a parameter."""
    np.copyto(out, value)


def host(*, source: Callable[[], Any]) -> Any:
    """Return what Python computes anew at each call."""
    return source()


ASSIGN = Primitive(assign, elementwise=True)
HOST = Primitive(host)
EFFECTS = (ASSIGN, HOST)
"""Primitives that a program never drops and never reorders."""


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
