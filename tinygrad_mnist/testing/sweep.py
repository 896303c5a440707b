"""The first wrong rule: every step of the engine's sweep, compared with differences of its kernel.

Each step is judged by itself, given the cotangent that reached it, so the rule that is named is
wrong and not merely downstream of one that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import RuleError
from tinygrad_mnist.lines import source_lines
from tinygrad_mnist.testing.cause import likely
from tinygrad_mnist.testing.compare import Contraction, Projection, compare
from tinygrad_mnist.testing.kinks import contradiction, possible
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
    node, contributions = step.node, {position: found for position, _, found in step.contributions}
    arrays = [_wide(array) for array in node.arrays]
    given, compared, projections = {}, {}, {}
    for position, operand in node.tracked:
        gradient = contributions.get(position, np.zeros(operand.shape))
        if not np.isfinite(gradient).all():
            place = np.argwhere(~np.isfinite(gradient))[0].tolist()
            return Fault(f"{_name(step, position)}: {gradient[tuple(place)]} at {place}")
        projection = _contraction(step, arrays, [gradient]).by(position)
        found, projection, _ = compare(
            projection, arrays[position], gradient, np.random.default_rng(0)
        )
        given[position], compared[position], projections[position] = gradient, found, projection
    contraction = _contraction(step, arrays, list(given.values()))
    for position, found in compared.items():
        wrong = [e for e in found if e.wrong and e.measured]
        worst = next((e for e in wrong if not possible(contraction, compared, position, e)), None)
        if worst is not None:
            operand = position, given[position], projections[position], found
            return Fault(
                f"{_name(step, position)}: {_sentence(worst)}", _cause(step, arrays, *operand)
            )
    together = contradiction(contraction, given, compared, np.random.default_rng(0))
    if together is None:
        return None
    operands = " and ".join(_name(step, position) for position in together.arguments)
    return Fault(
        f"{operands}: {together.kinks} elements at a kink together, {_sentence(together.along)}"
    )


def _contraction(step: tape.Step, arrays: Sequence[Any], given: Sequence[Array]) -> Contraction:
    """Return the step's kernel, times its cotangent; as coarse as the dtypes of what it gives."""
    epsilon = max(float(np.finfo(a.dtype).eps) for a in (*given, step.node.value))
    kernel, static = step.node.primitive.kernel, step.node.static
    return Contraction(lambda a: kernel(*a, **static), arrays, step.cotangent, epsilon)


def _sentence(found: Element) -> str:
    at = f"at {found.place}" if found.index is not None else "along a direction"
    right = f"{found.numeric:.6g}"
    if found.kink:
        right = f"between {found.left:.6g} and {found.right:.6g}"
    return f"{at} it gives {found.analytic:.6g}, must be {right}"


def _name(step: tape.Step, position: int) -> str:
    primitive = step.node.primitive
    name = primitive.operand_names[0 if primitive.variadic else position]
    return f"{name}[{position}]" if primitive.variadic else name


def _cause(
    step: tape.Step,
    arrays: Sequence[Any],
    position: int,
    gradient: Array,
    projection: Projection,
    found: Sequence[Element],
) -> str:
    node = step.node
    alone = Subject(lambda *tensors: node.primitive(*tensors, **node.static))
    leaves = [np.asarray(array) for array in arrays]
    before = sum(leaf.dtype.kind == "f" for leaf in leaves[:position])
    doubled = alone.gradients(leaves, 2 * step.cotangent)[before]
    sizes = node.value.shape + leaves[position].shape
    return likely(gradient, doubled, projection, leaves[position], found, sizes)


def _wide(array: Any) -> Any:
    floating = isinstance(array, np.ndarray) and array.dtype.kind == "f"
    return array.astype(np.float64) if floating else array
