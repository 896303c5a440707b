"""The first wrong rule: every step of the engine's sweep, compared with differences of its kernel.

Each step is judged by itself, given the cotangent that reached it, so the rule that is named is
wrong and not merely downstream of one that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import ZERO, Array
from tinygrad_mnist.errors import RuleError
from tinygrad_mnist.testing.cause import guess, ignores_upstream
from tinygrad_mnist.testing.compare import (
    WHOLE_GRADIENT_UP_TO,
    Projection,
    compare,
    numeric_gradient,
)
from tinygrad_mnist.testing.subject import Subject


class Fault(NamedTuple):
    """The first wrong step of a sweep, and a guess at what is wrong with it (may be empty)."""

    rule: str
    cause: str = ""


ALL_RIGHT = Fault(
    "none: every rule agrees with its kernel",
    "contributions are not added up rightly (missing accumulation), or a value left the tape",
)


def first_wrong_rule(subject: Subject, arrays: Sequence[Array], cotangent: Array) -> Fault:
    """Return the first step of the sweep that is wrong or not finite, with its user's line."""
    with tape.source_lines() as lines:
        _, output = subject.output(arrays)
    if output.node is None:
        return ALL_RIGHT
    number = 0
    try:
        for number, step in enumerate(tape.reverse_sweep(output, cotangent), 1):
            fault = _fault(step)
            if fault:
                line = lines.get(step.node.id, "unknown")
                rule = f"#{number} {step.node.primitive.name} ({line}) with respect to {fault.rule}"
                return Fault(rule, fault.cause)
    except RuleError as error:
        return Fault(f"#{number + 1}: {error}")
    return ALL_RIGHT


def _fault(step: tape.Step) -> Fault | None:
    """Return the operand whose contribution is wrong, and how; nothing if all are right."""
    primitive, contributions = step.node.primitive, iter(step.contributions)
    for position, operand in step.node.tracked:
        if primitive.rule_of(position) is ZERO:
            contribution = np.zeros(operand.shape)
        else:
            contribution = next(contributions)[1]
        fault = _wrong(step, position, contribution)
        if fault:
            name = primitive.operand_names[0 if primitive.variadic else position]
            name = f"{name}[{position}]" if primitive.variadic else name
            return Fault(f"{name}: {fault.rule}", fault.cause)
    return None


def _wrong(step: tape.Step, position: int, contribution: Array) -> Fault | None:
    """Compare a contribution with differences of the kernel in float64."""
    if not np.isfinite(contribution).all():
        place = np.argwhere(~np.isfinite(contribution))[0].tolist()
        return Fault(f"{contribution[tuple(place)]} at {place}")
    node, cotangent = step.node, step.cotangent
    arrays: list[Any] = [_wide(array) for array in node.arrays]

    def projected(x: Array) -> tuple[float, float]:
        operands = [*arrays[:position], x, *arrays[position + 1 :]]
        terms = cotangent * node.primitive.kernel(*operands, **node.static)
        return float(terms.sum()), float(np.abs(terms).sum())

    x = arrays[position]
    epsilon = max(float(np.finfo(a.dtype).eps) for a in (contribution, node.value))
    projection = Projection(projected, epsilon)
    found, projection = compare(projection, x, contribution, np.random.default_rng(0))
    worst = next((e for e in found if e.wrong and e.measured), None)
    if worst is None:
        return None
    alone = Subject(lambda *tensors: node.primitive(*tensors, **node.static))
    leaves = [np.asarray(array) for array in arrays]
    doubled = alone.gradients(leaves, 2 * cotangent)[
        sum(leaf.dtype.kind == "f" for leaf in leaves[:position])
    ]
    cause = ignores_upstream(contribution, doubled)
    if not cause and x.size <= WHOLE_GRADIENT_UP_TO:
        numeric = numeric_gradient(projection, x)
        cause = guess(contribution, numeric, node.value.shape + x.shape)
    return Fault(
        f"at {worst.place} it gives {worst.analytic:.6g}, must be {worst.numeric:.6g}", cause
    )


def _wide(array: Any) -> Any:
    floating = isinstance(array, np.ndarray) and array.dtype.kind == "f"
    return array.astype(np.float64) if floating else array
