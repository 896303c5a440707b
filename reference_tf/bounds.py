"""How far two right answers of one operation may lie apart: forward-error bounds by kind.

Each bound is a factor times the unit roundoff times a magnitude: what the terms that are added up
come to when none cancels. TensorFlow finds magnitudes too, from absolute values, so that no
derivative is written down again.

>>> def double(x):
...     return 2.0 * x
>>> float(value_bound("double", double, [np.array(3.0)], np.array(6.0))) < 1e-13
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Array = npt.NDArray[Any]
Function = Callable[..., Any]

_FACTORS = {"sum": 4, "mean": 4, "matmul": 8}
"""Of the unit roundoff, where it is not 32 (16 units in the last place)."""

_POSITIVE = {"sum", "mean", "matmul", "cumsum", "prod", "cumprod", "scatter_add", "norm"}
"""Sums of products, and their root: at absolute values nothing cancels."""

_SEQUENTIAL = {"cumsum", "prod", "cumprod"}
"""Each element is the next one's operand, so errors add up along the axis."""

_NORMALISED = {
    "softmax",
    "log_softmax",
    "logsumexp",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
}
"""An error of x - max(x) becomes a relative error behind exp, so the largest logit counts."""

_SATURATING = {"tanh", "sigmoid", "expm1", "elu"}
"""The derivative may be computed from y, as 1 - y * y: its error is relative to 1, not to it."""


def vjp(function: Function, operands: Sequence[Array], cotangent: Array) -> list[Array | None]:
    """TensorFlow's cotangents of the operands; None for integers and booleans.

    An operand that TensorFlow sees no path to gets zeros.
    """
    tensors = [tf.constant(operand) for operand in operands]
    floating = [tensor for tensor in tensors if tensor.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(floating)
        value = function(*tensors)
    seed = tf.constant(cotangent, value.dtype)
    zero = tf.UnconnectedGradients.ZERO
    found = iter(tape.gradient(value, floating, seed, unconnected_gradients=zero))
    return [
        np.asarray(tf.convert_to_tensor(next(found))) if tensor.dtype.is_floating else None
        for tensor in tensors
    ]


def value_bound(name: str, function: Function, operands: Sequence[Array], value: Array) -> Array:
    """How far the values of one operation, by two kernels on the same operands, may differ."""
    factor = _FACTORS.get(name, 32) + _steps(name, operands)
    if name in _NORMALISED:
        magnitude = np.full_like(value, _largest_logit(operands))
        if name == "softmax":
            magnitude *= value
    elif name == "var":
        magnitude = np.full_like(value, 4 * _largest(operands[0]) ** 2)
    elif name in _POSITIVE:
        magnitude = np.asarray(function(*map(tf.constant, _absolute(operands))))
    else:
        magnitude = np.abs(value)
    return _bound(factor, magnitude, value.dtype)


def cotangent_bounds(
    name: str, elementwise: bool, function: Function, operands: Sequence[Array], cotangent: Array
) -> list[Array | None]:
    """How far the cotangents that one operation gives its operands may differ."""
    factor = 2 * (_FACTORS.get(name, 32) + _steps(name, operands))
    if name in _NORMALISED:
        scale = _largest_logit(operands) * _largest_sum(cotangent, operands)
        magnitudes: list[Array | None] = [np.full_like(operand, scale) for operand in operands]
    elif name == "var":
        scale = 4 * _largest(operands[0]) * _largest(cotangent)
        magnitudes = [np.full_like(operands[0], scale)]
    elif elementwise:
        magnitudes = _elementwise_magnitudes(name, function, operands, cotangent)
    else:
        at = _absolute(operands) if name in _POSITIVE else operands
        magnitudes = [c if c is None else np.abs(c) for c in vjp(function, at, np.abs(cotangent))]
    coarsest = cotangent.dtype
    return [
        None
        if magnitude is None
        else _bound(factor, magnitude, max(operand.dtype, coarsest, key=_roundoff))
        for operand, magnitude in zip(operands, magnitudes, strict=True)
    ]


def _elementwise_magnitudes(
    name: str, function: Function, operands: Sequence[Array], cotangent: Array
) -> list[Array | None]:
    """Absolute derivatives, before those of a broadcast operand's repetitions are summed."""
    wide = [np.broadcast_to(operand, cotangent.shape) for operand in operands]
    magnitudes: list[Array | None] = []
    for operand, terms in zip(operands, vjp(function, wide, cotangent), strict=True):
        if terms is None:
            magnitudes.append(None)
            continue
        terms = np.abs(terms)
        if name in _SATURATING:
            terms = terms + np.abs(cotangent)
        padded = (1,) * (terms.ndim - operand.ndim) + operand.shape
        stretched = tuple(i for i, size in enumerate(padded) if size == 1)
        magnitudes.append(terms.sum(axis=stretched).reshape(operand.shape))
    return magnitudes


def _roundoff(dtype: Any) -> float:
    return float(np.finfo(dtype).eps) / 2 if np.dtype(dtype).kind == "f" else 0.0


def _bound(factor: float, magnitude: Array, dtype: Any) -> Array:
    # TensorFlow flushes subnormal numbers to zero: hence the absolute part.
    absolute = 4 * float(np.finfo(dtype).tiny)
    return np.asarray(factor * _roundoff(dtype) * magnitude.astype(np.float64) + absolute)


def _absolute(operands: Sequence[Array]) -> list[Array]:
    return [np.abs(x) if x.dtype.kind == "f" else x for x in operands]


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0.0))


def _steps(name: str, operands: Sequence[Array]) -> int:
    return 2 * operands[0].size if name in _SEQUENTIAL else 0


def _largest_logit(operands: Sequence[Array]) -> float:
    """Of the logits, the last operand, times the weight that labels before them give it."""
    weight = sum(math.fsum(np.abs(x).ravel()) for x in operands[:-1] if x.dtype.kind == "f")
    return max(1.0, _largest(operands[-1])) * max(1.0, weight)


def _largest_sum(cotangent: Array, operands: Sequence[Array]) -> float:
    """At most so much of the cotangent meets in one element: that of all classes."""
    return _largest(cotangent) * max(operands[-1].shape, default=1)
