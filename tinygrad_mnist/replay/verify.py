"""Whether the same was done again: the instructions of two recordings, the bits of two arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.replay.program import HOST, Instruction, Program, Slot


def matched(recorded: Program, again: Program) -> dict[Slot, Slot]:
    """Return which slot of the second recording is which of the first.

    Raises
    ------
    CaptureError
        If the function did something else: it depends on what a replay does not see.
    """
    slots = dict(zip(recorded.arguments, again.arguments, strict=True))
    for number, (old, new) in enumerate(
        zip(recorded.instructions, again.instructions, strict=False)
    ):
        what = _difference(old, new, slots)
        if what:
            raise CaptureError(
                f"{recorded.name} does not do the same at each call: at instruction {number}, "
                f"{old.primitive.name} ({old.line}), {what}. A replay repeats the first call; make "
                "what changes an argument, a Parameter, or a host() value."
            )
        slots[old.result] = new.result
    counts = len(recorded.instructions), len(again.instructions)
    if counts[0] != counts[1]:
        raise CaptureError(
            f"{recorded.name} does not do the same at each call: it applied {counts[0]} "
            f"primitives when it was captured and {counts[1]} now."
        )
    before, now = ((len(one.outputs), len(one.gradients)) for one in (recorded, again))
    if before != now or len(recorded.kept) != len(again.kept):
        raise CaptureError(
            f"{recorded.name} does not do the same at each call: it returned {before[0]} and left "
            f"gradients on {before[1]} Tensors when it was captured, and {now[0]} and {now[1]} now."
        )
    for old_slot, new_slot in zip(recorded.kept, again.kept, strict=True):
        slots.setdefault(old_slot, new_slot)
    return slots


def _difference(old: Instruction, new: Instruction, slots: dict[Slot, Slot]) -> str:
    if old.primitive is not new.primitive:
        return f"the function now applies {new.primitive.name} ({new.line})"
    if old.primitive is not HOST and repr(old.static) != repr(new.static):
        return f"the static arguments are now {new.static}"
    if (old.result.shape, old.result.dtype) != (new.result.shape, new.result.dtype):
        return f"its result is now {new.result.typed_shape}"
    for position, (before, now) in enumerate(zip(old.operands, new.operands, strict=True)):
        if not _same(before, now, slots):
            return f"operand {position} is now {_shown(now)}"
    return ""


def _same(old: Any, new: Any, slots: dict[Slot, Slot]) -> bool:
    if not isinstance(old, Slot) or not isinstance(new, Slot):
        return repr(old) == repr(new)  # unlike ==, it tells 0.0 from -0.0, and not nan from nan
    if old in slots:
        return slots[old] is new
    if old.layout != new.layout or old.origin != new.origin:
        return False
    slots[old] = new
    if old.origin == "constant":
        return bool(np.array_equal(old.content, new.content, equal_nan=old.dtype.kind == "f"))
    return old.content is new.content


def _shown(operand: Any) -> str:
    if isinstance(operand, Slot):
        return f"another {operand.origin} of {operand.typed_shape}"
    return repr(operand)


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
