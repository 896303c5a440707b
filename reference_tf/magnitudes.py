"""How large the terms are that an operation and its derivatives add up, before any cancels.

TensorFlow finds them, from absolute values, so that no derivative is written down again. Only
where a difference of nearly equal terms is left (softmax - labels, x - mean, 1 - y * y) are the
terms given by hand, since no derivative shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from reference_tf.derivatives import Directions, Function, partial_slope, second_vjp, vjp
from reference_tf.equivalents import EQUIVALENTS
from reference_tf.interface import Array
from reference_tf.operation import Operation

Arrays = list[Array | None]

NORMALISED = {
    "softmax",
    "log_softmax",
    "logsumexp",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
}
"""An error of x - max(x) becomes a relative error behind exp, so the largest logit counts."""

_POSITIVE = {"sum", "mean", "matmul", "cumsum", "prod", "cumprod", "scatter_add", "norm"}
_POSITIVE |= {"linear_recurrence"}
"""Sums of products, and their root: at absolute values nothing cancels."""

_SATURATING = {"tanh", "sigmoid", "elu"}
"""The derivatives may be computed from y, as 1 - y * y: their error is relative to 1."""

_SATURATING_TWICE = _SATURATING | {"softplus"}
"""The same of second derivatives: that of softplus is the sigmoid's first."""

_CROSSING = {"power", "arctan2"}
"""The second derivatives have zeros of their own, where two terms cancel."""

_TERMS = 6
"""The second derivatives of a softmax add up so many products of its elements."""


def of_value(operation: Operation) -> Array:
    """Magnitudes of the value."""
    name, operands, value = operation.name, operation.operands, operation.node.value
    if name == "softmax":
        return np.asarray((1 + np.ptp(operands[0]) / 4) * value) if value.size else value
    if name in NORMALISED:
        return np.asarray(_largest_logit(operands) * np.maximum(1.0, _weights(operation)))
    if name == "var":
        return _value(_squares(operation), [np.abs(operands[0])])
    if name in _POSITIVE:
        return _value(operation.apply, _absolute(operands))
    return np.abs(value)


def of_cotangents(operation: Operation, cotangent: Array) -> Arrays:
    """Magnitudes of the cotangents of the operands; None for integers and booleans."""
    name, operands = operation.name, operation.operands
    if name in NORMALISED:
        scale = _largest_logit(operands) * _weight(operation) * _largest_sum(cotangent, operation)
        return [np.full_like(operand, scale, np.float64) for operand in operands]
    if name == "var":
        return vjp(_squares(operation), [_with_mean(operation, operands[0])], np.abs(cotangent))
    if operation.node.primitive.elementwise:
        wide = [np.broadcast_to(operand, cotangent.shape) for operand in operands]
        found = _absolute_or_none(vjp(operation.apply, wide, cotangent))
        if name in _SATURATING:
            found = _plus(found, np.abs(cotangent))
        return _summed_down(found, operands)
    return _absolute_or_none(vjp(operation.apply, _at(operation), np.abs(cotangent)))


def of_second(operation: Operation, cotangent: Array, directions: Directions) -> Arrays:
    """Magnitudes of what ``derivatives.second_vjp`` finds, that of the cotangent last."""
    name, operands = operation.name, operation.operands
    steps = _absolute_or_none(directions)
    if name in NORMALISED:
        moves = sum(_largest_sum(step, operation) for step in steps if step is not None)
        by_cotangent = _TERMS * _largest_logit(operands) * _weight(operation) * moves
        by_operand = by_cotangent * _largest_sum(cotangent, operation)
        scales = [by_operand] * len(operands) + [by_cotangent]
        return [
            np.full_like(x, scale, np.float64)
            for x, scale in zip([*operands, cotangent], scales, strict=True)
        ]
    if name == "var":
        middle, step = (_with_mean(operation, x) for x in (operands[0], directions[0]))
        return second_vjp(_squares(operation), [middle], np.abs(cotangent), [step])
    if name == "norm":
        return _of_second_of_norm(operation, cotangent, steps[0])
    if operation.node.primitive.elementwise:
        return _of_second_elementwise(operation, cotangent, directions)
    at = _at(operation)
    found = _absolute_or_none(second_vjp(operation.apply, at, np.abs(cotangent), steps))
    if name == "cumprod":  # TensorFlow divides by the operand, so that its differences cancel
        found[0] = found[0] + _quotient_terms(operation, cotangent, steps[0])
    return found


def _of_second_elementwise(
    operation: Operation, cotangent: Array, directions: Directions
) -> Arrays:
    """Before the terms of a broadcast operand's repetitions are summed; one direction at a time."""
    operands = [*operation.operands, cotangent]
    wide = [np.broadcast_to(operand, cotangent.shape) for operand in operands]
    totals: Arrays = [np.zeros(cotangent.shape) if x.dtype.kind == "f" else None for x in operands]
    for place, direction in enumerate(directions):
        if direction is None:
            continue
        step = np.broadcast_to(direction, cotangent.shape)
        alone = [step if place == other else None for other in range(len(directions))]
        found = _absolute_or_none(second_vjp(operation.apply, wide[:-1], cotangent, alone))
        if operation.name in _SATURATING_TWICE:
            found = [*_plus(found[:-1], np.abs(cotangent * step)), *_plus(found[-1:], np.abs(step))]
        if operation.name in _CROSSING:
            found = _with_conditions(partial_slope(operation.apply, alone), wide, found)
        totals = [
            None if total is None or new is None else total + new
            for total, new in zip(totals, found, strict=True)
        ]
    return _summed_down(totals, operands)


def _with_conditions(slope: Function, operands: Sequence[Array], found: Arrays) -> Arrays:
    """Add how much each derivative moves with its operands' relative errors."""
    widened = list(found)
    for place, size in enumerate(found):
        if size is None:
            continue
        alone = [np.ones_like(x) if place == at else None for at, x in enumerate(operands)]

        def derivative(*tensors: Any, alone: Directions = alone) -> Any:
            return partial_slope(slope, alone)(*tensors, tf.ones((), tensors[-1].dtype))

        moved = vjp(derivative, operands, np.ones((), operands[-1].dtype))
        terms = (np.abs(m * x) for m, x in zip(moved, operands, strict=True) if m is not None)
        widened[place] = sum(terms, size)
    return widened


def _of_second_of_norm(operation: Operation, cotangent: Array, step: Array | None) -> Arrays:
    """The terms are u v / y and u x (x v) / y**3, and no x is larger than y."""
    x, static = operation.operands[0], operation.static

    def total(x: Any) -> Any:
        return EQUIVALENTS["sum"](x, **static)

    along = _value(total, [step])
    each = np.abs(cotangent) * along / operation.node.value
    (by_operand,) = vjp(total, [x], 2 * each)
    return [by_operand, along]


def _quotient_terms(operation: Operation, cotangent: Array, step: Any) -> Any:
    """The terms y / x**2 of the derivative of y / x, along a direction."""
    (at,) = _at(operation)
    (terms,) = vjp(operation.apply, [at], np.abs(cotangent))
    return terms * step / at


def _squares(operation: Operation) -> Function:
    """The sum of squares over the degrees of freedom: var, if the mean is 0."""
    x, static = operation.operands[0], operation.static
    freedom = x.size // max(1, operation.node.value.size) - static["ddof"]
    axes = {"axis": static["axis"], "keepdims": static["keepdims"]}
    return lambda x: EQUIVALENTS["sum"](tf.square(x), **axes) / tf.cast(freedom, x.dtype)


def _with_mean(operation: Operation, x: Any) -> Array:
    """Of x - mean(x), the terms."""
    mean = EQUIVALENTS["mean"](tf.constant(np.abs(x)), axis=operation.static["axis"], keepdims=True)
    return np.asarray(np.abs(x) + np.asarray(mean))


def _value(function: Function, operands: Sequence[Any]) -> Array:
    return np.asarray(function(*map(tf.constant, operands)))


def _at(operation: Operation) -> Sequence[Array]:
    """Where a derivative shows its terms; those that choose operands must not choose others."""
    operands = operation.operands
    return _absolute(operands) if operation.name in _POSITIVE else operands


def _absolute(operands: Sequence[Array]) -> list[Array]:
    return [np.abs(x) if x.dtype.kind == "f" else x for x in operands]


def _absolute_or_none(arrays: Sequence[Array | None]) -> Arrays:
    return [None if array is None else np.abs(array) for array in arrays]


def _plus(sizes: Arrays, more: Array) -> Arrays:
    return [None if size is None else size + more for size in sizes]


def _summed_down(wide: Arrays, operands: Sequence[Array]) -> Arrays:
    """Sum over the axes along which broadcasting repeated an operand."""
    found: Arrays = []
    for terms, operand in zip(wide, operands, strict=True):
        if terms is None:
            found.append(None)
            continue
        padded = (1,) * (terms.ndim - operand.ndim) + operand.shape
        stretched = tuple(i for i, size in enumerate(padded) if size == 1)
        found.append(terms.sum(axis=stretched).reshape(operand.shape))
    return found


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0.0))


def _largest_logit(operands: Sequence[Array]) -> float:
    return max(1.0, _largest(operands[-1]))


def _weights(operation: Operation) -> Any:
    """What labels multiply each of the losses by; without labels 1."""
    labels = np.abs(operation.operands[0])
    if operation.name == "softmax_cross_entropy_with_logits":
        return labels.sum(axis=-1)
    if operation.name == "sigmoid_cross_entropy_with_logits":
        return labels
    return np.ones(operation.node.value.shape)


def _weight(operation: Operation) -> float:
    return max(1.0, _largest(_weights(operation)))


def _largest_sum(x: Array, operation: Operation) -> float:
    """At most so much of an array meets in one element: that of all classes."""
    axis = operation.static.get("axis", -1)
    logits = operation.operands[-1]
    axes = axis if isinstance(axis, tuple) else range(logits.ndim) if axis is None else (axis,)
    classes = np.prod([logits.shape[i] for i in axes]) if logits.ndim else 1
    return float(min(_largest(x) * classes, np.sum(np.abs(x))))
