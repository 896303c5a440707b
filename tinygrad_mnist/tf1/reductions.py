"""Reductions by their TensorFlow names: they keep the dtype, which NumPy widens for integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.errors import DTypeError
from tinygrad_mnist.ops import elementwise
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.dtypes import as_dtype, int64
from tinygrad_mnist.tf1.known import integer, integers
from tinygrad_mnist.tf1.operands import either
from tinygrad_mnist.tf1.symbol import Symbol, operand, operation


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Symbol:
    """Index of the largest element along an axis, axis 0 unless another is given.

    Raises
    ------
    DTypeError
        If the output type is not one of integers.
    """
    axis = either(axis, dimension, "axis and dimension")
    axis = 0 if axis is None else integer("ArgMax: axis", axis)
    dtype = as_dtype(output_type)
    if dtype.kind not in "iu":
        raise DTypeError(f"ArgMax has an output_type of integers. Received: {dtype}.")
    return operation("ArgMax", name, _cast, np.argmax, operand(input), dtype, axis=axis)


def reduce_sum(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Symbol:
    """Sum over axes, all unless some are given."""
    old = reduction_indices, keep_dims
    return _reduced("Sum", name, np.sum, input_tensor, axis, keepdims, old)


def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Symbol:
    """Mean over axes, all unless some are given; of integers an integer, the fraction cut off."""
    old = reduction_indices, keep_dims
    return _reduced("Mean", name, _mean, input_tensor, axis, keepdims, old)


def reduce_max(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Symbol:
    """Maximum over axes, all unless some are given."""
    old = reduction_indices, keep_dims
    return _reduced("Max", name, _max, input_tensor, axis, keepdims, old)


def reduce_min(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Symbol:
    """Minimum over axes, all unless some are given."""
    old = reduction_indices, keep_dims
    return _reduced("Min", name, _min, input_tensor, axis, keepdims, old)


def reduce_prod(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Symbol:
    """Product over axes, all unless some are given."""
    old = reduction_indices, keep_dims
    return _reduced("Prod", name, np.prod, input_tensor, axis, keepdims, old)


def _reduced(
    kind: str,
    name: str | None,
    function: Any,
    x: Any,
    axis: Any,
    keepdims: bool | None,
    old: tuple[Any, Any],
) -> Symbol:
    """The operation, by arguments of which some have an old name too."""
    x = operand(x, caller=kind)
    if x.dtype == bool:
        raise DTypeError(
            f"{kind} takes numbers. Received: {getattr(x, 'name', 'a constant')} of dtype bool. "
            "Convert it with tf.cast(x, tf.float32)."
        )
    over = either(axis, old[0], "axis and reduction_indices")
    over = None if over is None else integers(f"{kind}: axis", over)
    keep = bool(either(keepdims, old[1], "keepdims and keep_dims"))
    return operation(kind, name, _cast, function, x, x.dtype, axis=over, keepdims=keep)


def _cast(function: Any, x: Any, dtype: Any, **options: Any) -> Any:
    """What a function computes of x, in a dtype: one operation, so that one name is for both."""
    found = function(x, **options)
    return found if found.dtype == dtype else elementwise.astype(found, dtype=dtype)


def _mean(x: Any, **options: Any) -> Any:
    return (np.mean if x.dtype.kind == "f" else primitives.integer_mean)(x, **options)


def _max(x: Any, **options: Any) -> Any:
    return np.max(x, **options) if x.size else _of_none(x, -np.inf, options)


def _min(x: Any, **options: Any) -> Any:
    return np.min(x, **options) if x.size else _of_none(x, np.inf, options)


def _of_none(x: Any, infinity: float, options: Any) -> Any:
    """The extremum of no elements, as in TensorFlow: the end of the dtype that is no extremum."""
    limits = np.iinfo(x.dtype) if x.dtype.kind in "iu" else None
    end = infinity if limits is None else limits.min if infinity < 0 else limits.max
    return np.full(np.sum(x, **options).shape, end, x.dtype)
