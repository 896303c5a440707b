"""Verification: a function and its plan are run from the same state, and must do the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.replay.memory import same_bits
from tinygrad_mnist.replay.plan import Plan
from tinygrad_mnist.replay.program import HOST, Instruction, Program, Slot
from tinygrad_mnist.replay.recorder import Recorder


def run_both_ways(
    recorded: Program,
    plan: Plan,
    arrays: Sequence[Array],
    record: Callable[[], tuple[Recorder, Program]],
) -> list[Array]:
    """Run the function, then the plan made when it was ``recorded``, and return its outputs.

    ``record`` runs the function once more and returns what it did. What Python computes is taken
    from there, not computed again, and so is what it wrote into parameters meanwhile.

    Raises
    ------
    CaptureError
        If the function does something else than when it was recorded; or naming the first
        instruction whose result differs by a bit.
    """
    arrays = [array.copy(order="K") for array in arrays]  # a host may write into what was fed
    owners = [slot.content for slot in recorded.slots if slot.origin == "parameter"]
    parameters = {parameter: parameter._array.copy() for parameter in owners}
    gradients = {leaf: leaf.grad for leaf, _ in recorded.gradients}
    gradients = {leaf: grad if grad is None else grad.copy() for leaf, grad in gradients.items()}
    recorder, again = record()
    counterparts = matching_slots(recorded, again)
    for parameter, value in parameters.items():
        parameter.assign(value)
    for leaf, gradient in gradients.items():
        leaf.grad = gradient

    try:
        plan.feed(arrays)
        _run_and_compare(recorded, plan, recorder, counterparts)
        return plan.finish()
    finally:
        plan.let_go()


def _run_and_compare(
    recorded: Program, plan: Plan, recorder: Recorder, counterparts: dict[Slot, Slot]
) -> None:
    thunks = chain.from_iterable(thunks for _, thunks in plan.phases)
    for number, (instruction, thunk) in enumerate(zip(plan.instructions, thunks, strict=True)):
        array, counterpart = plan.arrays[instruction.result], counterparts[instruction.result]
        if instruction.primitive is HOST:
            np.copyto(array, recorder.values[counterpart])
            for parameter, value in recorder.effects[counterpart]:
                parameter.assign(value)
        else:
            with np.errstate(all="ignore"):  # the function itself has warned already
                thunk()
        if not same_bits(array, recorder.values[counterpart]):
            raise CaptureError(
                f"A replay of {recorded.name} departs from the function at instruction {number}, "
                f"{instruction.primitive.name} ({instruction.line}): its result of "
                f"{instruction.result.typed_shape} differs."
            )


def matching_slots(recorded: Program, again: Program) -> dict[Slot, Slot]:
    """Return which slot of the second recording is which of the first.

    Raises
    ------
    CaptureError
        If the function did something else: it depends on what a replay does not see.
    """
    changed = f"{recorded.name} does not do the same at each call"
    slots = dict(zip(recorded.arguments, again.arguments, strict=True))
    pairs = zip(recorded.instructions, again.instructions, strict=False)
    for number, (old, new) in enumerate(pairs):
        what = _difference(old, new, slots)
        if what:
            raise CaptureError(
                f"{changed}: at instruction {number}, {old.primitive.name} ({old.line}), {what}. A "
                "replay repeats the first call; make what changes an argument, a Parameter, or a "
                "host() value."
            )
        slots[old.result] = new.result
    counts = len(recorded.instructions), len(again.instructions)
    if counts[0] != counts[1]:
        raise CaptureError(
            f"{changed}: it applied {counts[0]} primitives when it was captured and {counts[1]} "
            "now."
        )
    before, now = ((len(one.outputs), len(one.gradients)) for one in (recorded, again))
    if before != now or len(recorded.kept) != len(again.kept):
        raise CaptureError(
            f"{changed}: it returned {before[0]} and left gradients on {before[1]} Tensors when it "
            f"was captured, and {now[0]} and {now[1]} now."
        )
    for old_slot, new_slot in zip(recorded.kept, again.kept, strict=True):
        slots.setdefault(old_slot, new_slot)
    return slots


def _difference(old: Instruction, new: Instruction, slots: dict[Slot, Slot]) -> str:
    """What the function does now instead of an old instruction, or nothing."""
    if old.primitive is not new.primitive:
        return f"the function now applies {new.primitive.name} ({new.line})"
    if old.primitive is not HOST and repr(old.static) != repr(new.static):
        return f"the static arguments are now {new.static}"
    if (old.result.shape, old.result.dtype) != (new.result.shape, new.result.dtype):
        return f"its result is now {new.result.typed_shape}"
    for position, (before, now) in enumerate(zip(old.operands, new.operands, strict=True)):
        if not _is_same(before, now, slots):
            shown = f"another {now.origin} of {now.typed_shape}" if isinstance(now, Slot) else now
            return f"operand {position} is now {shown}"
    return ""


def _is_same(old: Any, new: Any, slots: dict[Slot, Slot]) -> bool:
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
