"""How far two right answers of one operation may lie apart: forward-error bounds by kind.

Each bound is a number of roundings, of both kernels together, times the unit roundoff times a
magnitude: what the terms that are added up come to when none cancels. A derivative of one more
order multiplies by one more factor, and its roundings are added.

>>> from reference_tf.equivalents import EQUIVALENTS
>>> from tinygrad_mnist import Tensor
>>> y = np.exp(Tensor(0.0, requires_grad=True))
>>> float(value_bound(Operation(y.node, EQUIVALENTS))) == 32 * 2.0**-53
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference_tf import magnitudes
from reference_tf.derivatives import Directions
from reference_tf.interface import Array
from reference_tf.operation import Operation

_ELEMENTWISE = 32
"""16 units in the last place; so many again for each order of differentiation."""

_SUMS = {"sum": 4, "mean": 4, "cumsum": 4, "getitem": 4, "scatter_add": 4, "matmul": 8, "var": 24}
"""Sums, whose first derivatives are such sums again, and whose second add two of them.

For var: the mean is a sum of 4; x - mean has 2 more of its own, and counts twice in a square; the
square, its products with 2 and the cotangent, the sum and the division have 12.
"""


def value_bound(operation: Operation) -> Array:
    """How far the values of one operation, by two kernels on the same operands, may differ."""
    value = operation.node.value
    return _bound(_roundings(operation, 0), magnitudes.of_value(operation), value.dtype)


def cotangent_bounds(operation: Operation, cotangent: Array) -> list[Array | None]:
    """How far the cotangents that one operation gives its operands may differ."""
    sizes = magnitudes.of_cotangents(operation, cotangent)
    return _bounds(_roundings(operation, 1), sizes, operation.operands, cotangent)


def second_bounds(
    operation: Operation, cotangent: Array, directions: Directions
) -> list[Array | None]:
    """How far what ``derivatives.second_vjp`` finds may differ."""
    sizes = magnitudes.of_second(operation, cotangent, directions)
    operands = [*operation.operands, cotangent]
    return _bounds(_roundings(operation, 2), sizes, operands, cotangent)


def _roundings(operation: Operation, order: int) -> float:
    name, x = operation.name, operation.operands[0]
    if name == "cumsum":  # one after the other
        axis = operation.static["axis"]
        added = x.size if axis is None else np.shape(x)[axis]
        return max(_SUMS[name], 2 * (added - 1)) * max(1, order)
    if name in _SUMS:
        return _SUMS[name] * max(1, order)
    if name in {"prod", "cumprod", "linear_recurrence"}:
        return max(_ELEMENTWISE, 2 * x.size) * (order + 1)
    if name in magnitudes.NORMALISED and not order:
        return 8
    return _ELEMENTWISE * (order + 1)


def _bounds(
    roundings: float,
    sizes: Sequence[Array | None],
    operands: Sequence[Array],
    cotangent: Array,
) -> list[Array | None]:
    return [
        None
        if size is None
        else _bound(roundings, size, max(operand.dtype, cotangent.dtype, key=_roundoff))
        for operand, size in zip(operands, sizes, strict=True)
    ]


def _bound(roundings: float, magnitude: Array, dtype: Any) -> Array:
    # TensorFlow flushes subnormal numbers to zero: hence the absolute part.
    absolute = 4 * float(np.finfo(dtype).tiny)
    return np.asarray(roundings * _roundoff(dtype) * magnitude.astype(np.float64) + absolute)


def _roundoff(dtype: Any) -> float:
    return float(np.finfo(dtype).eps) / 2 if np.dtype(dtype).kind == "f" else 0.0
