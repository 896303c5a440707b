"""Arithmetic, comparisons and reductions by their TensorFlow names."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.graph.symbol import Symbol
from tinygrad_mnist.ops import activation, elementwise
from tinygrad_mnist.tf1.dtypes import as_dtype, int64
from tinygrad_mnist.tf1.known import integers
from tinygrad_mnist.tf1.operands import alike, either, floating, operand, operation


def add(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The sum of x and y."""
    return operation("Add", name, np.add, *alike("Add", x, y))


def subtract(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The difference of x and y."""
    return operation("Sub", name, np.subtract, *alike("Sub", x, y))


def multiply(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The product of x and y, element by element."""
    return operation("Mul", name, np.multiply, *alike("Mul", x, y))


def divide(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The quotient of x and y; of integers the true one, float64."""
    return operation("truediv", name, np.divide, *alike("truediv", x, y))


def pow(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The power of x to y."""
    return operation("Pow", name, np.power, *alike("Pow", x, y))


def maximum(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The larger of x and y, element by element."""
    return operation("Maximum", name, np.maximum, *alike("Maximum", x, y))


def minimum(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The smaller of x and y, element by element."""
    return operation("Minimum", name, np.minimum, *alike("Minimum", x, y))


def equal(x: Any, y: Any, name: str | None = None) -> Symbol:
    """Whether x equals y, element by element."""
    return operation("Equal", name, np.equal, *alike("Equal", x, y))


def greater(x: Any, y: Any, name: str | None = None) -> Symbol:
    """Whether x > y, element by element."""
    return operation("Greater", name, np.greater, *alike("Greater", x, y))


def less(x: Any, y: Any, name: str | None = None) -> Symbol:
    """Whether x < y, element by element."""
    return operation("Less", name, np.less, *alike("Less", x, y))


def square(x: Any, name: str | None = None) -> Symbol:
    """The square of x."""
    return operation("Square", name, np.square, operand(x))


def abs(x: Any, name: str | None = None) -> Symbol:
    """The absolute value."""
    return operation("Abs", name, np.absolute, operand(x))


def sqrt(x: Any, name: str | None = None) -> Symbol:
    """The square root."""
    return operation("Sqrt", name, np.sqrt, floating("Sqrt", x))


def exp(x: Any, name: str | None = None) -> Symbol:
    """The exponential of x."""
    return operation("Exp", name, np.exp, floating("Exp", x))


def log(x: Any, name: str | None = None) -> Symbol:
    """The natural logarithm."""
    return operation("Log", name, np.log, floating("Log", x))


def sigmoid(x: Any, name: str | None = None) -> Symbol:
    """The logistic function, 1 / (1 + exp(-x))."""
    return operation("Sigmoid", name, activation.sigmoid, floating("Sigmoid", x))


def tanh(x: Any, name: str | None = None) -> Symbol:
    """The hyperbolic tangent."""
    return operation("Tanh", name, np.tanh, floating("Tanh", x))


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, name: str | None = None
) -> Symbol:
    """Matrix product over the last two axes, of which either operand's can be exchanged first.

    Raises
    ------
    ShapeError
        If the matrices do not fit, or one is a vector, which has no last two axes.
    """
    a, b = alike("MatMul", a, b)
    for matrix in (a, b):
        if matrix.shape is not None and len(matrix.shape) < 2:
            raise ShapeError(
                f"MatMul takes matrices. Received: {getattr(matrix, 'name', 'an array')} of shape "
                f"{matrix.shape}. Make a row or a column of it with tf.expand_dims."
            )
    a = np.swapaxes(a, -1, -2) if transpose_a else a
    b = np.swapaxes(b, -1, -2) if transpose_b else b
    return operation("MatMul", name, np.matmul, a, b)


def cast(x: Any, dtype: Any, name: str | None = None) -> Symbol:
    """Convert to a dtype, which may be written ``"float"``; fractions are cut off."""
    x, dtype = operand(x, caller="Cast"), as_dtype(dtype)
    if isinstance(x, Symbol) and x.dtype == dtype:
        return x
    return operation("Cast", name, elementwise.astype, x, dtype=dtype)


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Symbol:
    """Limit values to an interval."""
    limited = alike("clip_by_value", t, clip_value_min, clip_value_max)
    return operation("clip_by_value", name, elementwise.clip, *limited)


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Symbol:
    """Index of the largest element along an axis, axis 0 unless another is given."""
    axis = integers("ArgMax: axis", either(axis, dimension, "axis and dimension"))
    found = operation("ArgMax", name, np.argmax, operand(input), axis=axis or 0)
    return cast(found, output_type)


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
    return _reduced("Mean", name, np.mean, input_tensor, axis, keepdims, old)


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
    return _reduced("Max", name, np.max, input_tensor, axis, keepdims, old)


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
    return _reduced("Min", name, np.min, input_tensor, axis, keepdims, old)


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
    """Reduce, and keep the dtype, which NumPy widens for integers."""
    x = operand(x, caller=kind)
    over = integers(f"{kind}: axis", either(axis, old[0], "axis and reduction_indices"))
    keep = bool(either(keepdims, old[1], "keepdims and keep_dims"))
    return cast(operation(kind, name, function, x, axis=over, keepdims=keep), x.dtype)
