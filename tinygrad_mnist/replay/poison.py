"""Poison: a kernel that takes ``out=`` must fill it wholly and every time, or a replay is garbage.

A replay reads nothing but that memory. So a user's kernel is run twice more while it is written
down, on the operands it just had, into memory full of one byte and then of another; and if it is
elementwise, over each operand that it may be told to overwrite. What it would do with other numbers
in its operands is not found out. The engine's own kernels are held to it by tests: here they would
make a first call a quarter longer, with a large batch twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.replay.memory import array_at, extent, same_bits
from tinygrad_mnist.replay.program import Instruction

POISONS = (0xDA, 0xFF)
"""Large in every float, and NaN; of booleans, which have one bit, False and True."""


def refuse_unfilled(instruction: Instruction, operands: Sequence[Any], value: Array) -> None:
    """Raise if a user's kernel takes ``out=`` and does not leave its result there.

    Raises
    ------
    CaptureError
        Naming the primitive and the user's line.
    """
    primitive, static, slot = instruction.primitive, instruction.static, instruction.result
    if not primitive.takes_out or isinstance(primitive.kernel, np.ufunc) or _is_ours(primitive):
        return
    where = f"{instruction.line}: the kernel of {primitive.name}"
    repair = "Fill out completely, or leave out= out of the kernel's signature."
    with np.errstate(all="ignore"):  # the function itself has warned already
        for out, arrays in _runs(instruction, operands):
            try:
                primitive.kernel(*arrays, **static, out=out)
            except Exception as error:
                raise CaptureError(
                    f"{where} takes out= and raised {type(error).__name__} when it got one of "
                    f"{slot.typed_shape}: {str(error).rstrip('.')}. {repair}"
                ) from error
            if same_bits(out, value):
                continue
            if not _gives(instruction, operands, value):
                raise CaptureError(
                    f"{where} gives another result of {slot.typed_shape} when it is run again on "
                    "the same operands. Make what changes, such as random numbers, an operand: a "
                    "host() value."
                )
            over = any(np.may_share_memory(out, a) for a in arrays if isinstance(a, np.ndarray))
            aliased = " where out is one of its operands" if over else ""
            raise CaptureError(
                f"{where} takes out= and does not leave its result of {slot.typed_shape} there "
                f"each time{aliased}, so a replay would give other numbers. {repair}"
            )


def _runs(
    instruction: Instruction, operands: Sequence[Any]
) -> Iterator[tuple[Array, Sequence[Any]]]:
    """Yield memory to fill, and operands: poisoned twice, then each operand it may overwrite."""
    slot = instruction.result
    for poison in POISONS:
        byte = poison & 1 if slot.dtype.kind == "b" else poison
        yield array_at(np.full(extent(slot), byte, np.uint8), 0, slot), operands
    if instruction.primitive.elementwise:
        for read in dict.fromkeys(instruction.reads):
            if read.layout == slot.layout:
                out = operands[instruction.operands.index(read)].copy(order="K")
                # Not the same object, which a kernel might look for: in a replay it is another.
                yield (
                    out,
                    [
                        out.view() if one is read else array
                        for one, array in zip(instruction.operands, operands, strict=True)
                    ],
                )


def _is_ours(primitive: Primitive) -> bool:
    return primitive.__module__.startswith(f"{__name__.partition('.')[0]}.")


def _gives(instruction: Instruction, operands: Sequence[Any], value: Array) -> bool:
    """Whether a kernel, run again without ``out=``, returns what it returned before."""
    again = np.asarray(instruction.primitive.kernel(*operands, **instruction.static))
    return (again.shape, again.dtype) == (value.shape, value.dtype) and same_bits(again, value)
