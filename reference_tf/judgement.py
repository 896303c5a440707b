"""The comparisons of one operation: its value, its cotangents, its second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from reference_tf.bounds import cotangent_bounds, second_bounds, value_bound
from reference_tf.derivatives import second_vjp, vjp
from reference_tf.excuses import Excuse, excuse, second_excuse
from reference_tf.interface import Array
from reference_tf.operation import Operation
from reference_tf.verdicts import Comparison
from tinygrad_mnist import Tensor, gradients


def value(operation: Operation) -> Comparison:
    """The node's value beside TensorFlow's."""
    theirs = np.asarray(operation.apply(*map(tf.constant, operation.operands)))
    return compare_arrays("value", operation.node.value, theirs, value_bound(operation))


def cotangents(
    operation: Operation, cotangent: Array, given: Mapping[int, Array]
) -> Iterator[Comparison]:
    """Yield what the node gives each operand beside what TensorFlow does."""
    theirs = vjp(operation.apply, operation.operands, cotangent)
    bounds = cotangent_bounds(operation, cotangent)
    for position, operand in operation.node.tracked:
        ours = given.get(position, np.zeros(operand.shape, operand.dtype))
        name = f"cotangent of {operation.operand_name(position)}"
        yield _unless_excused(
            partial(compare_arrays, name, ours, theirs[position], bounds[position]),
            partial(excuse, operation, position, cotangent),
        )


def second_derivatives(
    operation: Operation, cotangent: Array, rng: np.random.Generator
) -> Iterator[Comparison]:
    """Yield the derivatives of the node's cotangents along random directions.

    The node is applied again, to leaves in the place of its operands and of its cotangent: so
    what a rule leaves out when it is recorded is missing here, and nowhere else. Where something
    is infinite or NaN already, there is no second derivative, and nothing is yielded.
    """
    node = operation.node
    if not all(np.all(np.isfinite(x)) for x in (*operation.operands, node.value, cotangent)):
        return
    directions: list[Array | None] = [None] * len(node.operands)
    for place, operand in node.tracked:
        directions[place] = np.asarray(rng.standard_normal(operand.shape), operand.dtype)
    try:
        ours = _ours(operation, cotangent, directions)
    except Exception as error:  # whatever a wrong rule may raise
        yield Comparison("a recorded rule", fault=str(error))
        return
    theirs = second_vjp(operation.apply, operation.operands, cotangent, directions)
    bounds = second_bounds(operation, cotangent, directions)
    names = {place: operation.operand_name(place) for place, _ in node.tracked}
    for position, name in {**names, len(node.operands): "the cotangent"}.items():
        what = f"second derivative by {name}"
        yield _unless_excused(
            partial(compare_arrays, what, ours[position], theirs[position], bounds[position]),
            partial(second_excuse, operation, position, cotangent),
        )


def _unless_excused(
    compare: Callable[..., Comparison], find_excuse: Callable[[], Excuse | None]
) -> Comparison:
    """Compare; where that disagrees, leave out what a known deviation explains, and no more."""
    found = compare()
    known = None if found.agrees else find_excuse()
    if known is None:
        return found
    beside = compare(skipped=known.where)
    return replace(beside, deviation=known.deviation, skipped=int(known.where.sum()))


def _ours(
    operation: Operation, cotangent: Array, directions: Sequence[Array | None]
) -> dict[int, Array]:
    """What ``derivatives.second_vjp`` is in this engine, by the operand's position."""
    node = operation.node
    leaves = {place: Tensor(tensor.data, requires_grad=True) for place, tensor in node.tracked}
    operands = [leaves.get(place, operand) for place, operand in enumerate(node.operands)]
    upstream = Tensor(cotangent, requires_grad=True)
    result = node.primitive(*operands, **node.static)
    slopes = gradients(result, list(leaves.values()), upstream, record=True)
    slope = along(slopes, [directions[place] for place in leaves])
    inputs = {**leaves, len(operands): upstream}
    if not slope.requires_grad:
        return {place: np.zeros(x.shape, x.dtype) for place, x in inputs.items()}
    return dict(zip(inputs, gradients(slope, list(inputs.values())), strict=True))


def along(slopes: Sequence[Any], directions: Sequence[Any]) -> Any:
    """The sum of the products of gradients and directions, a scalar."""
    terms = [np.sum(g * v) for g, v in zip(slopes, directions, strict=True)]
    return sum(terms[1:], terms[0])


def compare_sum(what: str, ours: Array, parts: Sequence[Array]) -> Comparison:
    """Compare a sum with TensorFlow's of the same parts."""
    size = np.sum([np.abs(part) for part in parts], axis=0, dtype=np.float64)
    bound = len(parts) * float(np.finfo(ours.dtype).eps) * size
    return compare_arrays(
        what, ours, np.asarray(tf.add_n(parts)), bound + np.finfo(ours.dtype).tiny
    )


def compare_arrays(
    what: str, ours: Array, theirs: Any, bound: Any, *, skipped: Any = False
) -> Comparison:
    """Find the element whose error is largest against its bound, of those not skipped."""
    if ours.shape != theirs.shape:
        return Comparison(what, fault=f"shape {ours.shape}, in TensorFlow {theirs.shape}")
    if ours.dtype != theirs.dtype:
        return Comparison(what, fault=f"dtype {ours.dtype}, in TensorFlow {theirs.dtype}")
    if not ours.size:
        return Comparison(what)
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs)) | skipped
    error = np.where(same, 0.0, np.abs(ours - theirs))
    error = np.where(np.isnan(error), np.inf, error)
    bound = np.where(np.isnan(bound) | same, 1.0, bound)
    worst = np.unravel_index(np.argmax(error / bound), ours.shape)
    return Comparison(
        what,
        index=tuple(int(i) for i in worst),
        ours=float(ours[worst]),
        theirs=float(theirs[worst]),
        error=float(error[worst]),
        bound=float(bound[worst]),
        size=ours.size,
    )
