"""The first wrong rule: every step of the engine's sweep, compared with differences of its kernel.

Each step is judged by itself, given the cotangent that reached it, so the rule that is named is
wrong and not merely downstream of one that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import RuleError
from tinygrad_mnist.lines import source_lines
from tinygrad_mnist.testing.cause import guess, ignores_upstream, no_subgradient
from tinygrad_mnist.testing.compare import Projection, compare, numeric_gradient
from tinygrad_mnist.testing.kinks import contradiction
from tinygrad_mnist.testing.subject import Subject
from tinygrad_mnist.testing.verdict import Element


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
    with source_lines() as lines:
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
    contributions = {position: found for position, _, found in step.contributions}
    tracked, given, kinks = step.node.tracked, [], []
    for position, operand in tracked:
        given.append(contributions.get(position, np.zeros(operand.shape)))
        if not np.isfinite(given[-1]).all():
            place = np.argwhere(~np.isfinite(given[-1]))[0].tolist()
            return Fault(f"{_name(step, position)}: {given[-1][tuple(place)]} at {place}")
        projection, x = _projection(step, position, given[-1]), _wide(step.node.arrays[position])
        found, projection, _ = compare(projection, x, given[-1], np.random.default_rng(0))
        worst = next((e for e in found if e.wrong and e.measured), None)
        if worst is not None:
            cause = _cause(step, position, given[-1], projection, found)
            return Fault(f"{_name(step, position)}: {_told(worst)}", cause)
        kinks.append([e for e in found if e.kink])
    return _fault_of_kinks(step, [position for position, _ in tracked], given, kinks)


def _fault_of_kinks(
    step: tape.Step,
    positions: Sequence[int],
    given: Sequence[Array],
    kinks: Sequence[Sequence[Element]],
) -> Fault | None:
    """Judge what elements at a kink, of all operands together, are given."""
    arrays: list[Any] = [_wide(array) for array in step.node.arrays]

    def value(moved: Sequence[Array]) -> tuple[float, float]:
        return _contracted(step, [*arrays], dict(zip(positions, moved, strict=True)))

    operands = [arrays[position] for position in positions]
    epsilon = max(_epsilon(step, contribution) for contribution in given)
    generator = np.random.default_rng(0)
    found = contradiction(value, operands, given, kinks, epsilon, generator)
    if found is None:
        return None
    names = sorted({positions[k] for k, _ in found.places})
    operand = " and ".join(_name(step, position) for position in names)
    return Fault(
        f"{operand}: {len(found.places)} elements at a kink together, {_told(found.along)}"
    )


def _told(found: Element) -> str:
    at = f"at {found.place}" if found.index is not None else "along a direction"
    right = f"{found.numeric:.6g}"
    if found.kink:
        right = f"between {found.left:.6g} and {found.right:.6g}"
    return f"{at} it gives {found.analytic:.6g}, must be {right}"


def _name(step: tape.Step, position: int) -> str:
    primitive = step.node.primitive
    name = primitive.operand_names[0 if primitive.variadic else position]
    return f"{name}[{position}]" if primitive.variadic else name


def _epsilon(step: tape.Step, contribution: Array) -> float:
    return max(float(np.finfo(a.dtype).eps) for a in (contribution, step.node.value))


def _contracted(
    step: tape.Step, arrays: list[Any], moved: Mapping[int, Array]
) -> tuple[float, float]:
    """Return the cotangent times the kernel of the arrays, some of them moved."""
    for position, x in moved.items():
        arrays[position] = x
    terms = step.cotangent * step.node.primitive.kernel(*arrays, **step.node.static)
    return float(terms.sum()), float(np.abs(terms).sum())


def _projection(step: tape.Step, position: int, contribution: Array) -> Projection:
    """Return the step's kernel in float64 as a function of one operand."""
    arrays: list[Any] = [_wide(array) for array in step.node.arrays]

    def value(x: Array) -> tuple[float, float]:
        return _contracted(step, [*arrays], {position: x})

    return Projection(value, _epsilon(step, contribution))


def _cause(
    step: tape.Step,
    position: int,
    contribution: Array,
    projection: Projection,
    found: Sequence[Element],
) -> str:
    node = step.node
    alone = Subject(lambda *tensors: node.primitive(*tensors, **node.static))
    leaves = [np.asarray(_wide(array)) for array in node.arrays]
    doubled = alone.gradients(leaves, 2 * step.cotangent)[
        sum(leaf.dtype.kind == "f" for leaf in leaves[:position])
    ]
    cause = ignores_upstream(contribution, doubled)
    if cause:
        return cause
    x = leaves[position]
    numeric, bound = numeric_gradient(projection, x, found)
    return no_subgradient(found) or guess(contribution, numeric, node.value.shape + x.shape, bound)


def _wide(array: Any) -> Any:
    floating = isinstance(array, np.ndarray) and array.dtype.kind == "f"
    return array.astype(np.float64) if floating else array
