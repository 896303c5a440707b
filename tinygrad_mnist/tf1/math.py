"""Arithmetic and comparisons by their TensorFlow names."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.ops import activation, elementwise
from tinygrad_mnist.tf1.dtypes import as_dtype
from tinygrad_mnist.tf1.operands import floating
from tinygrad_mnist.tf1.symbol import Symbol, operand, operand_list, operands, operation


def add(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The sum of x and y."""
    return operation("Add", name, np.add, *operands("Add", x, y))


def add_n(inputs: Any, name: str | None = None) -> Symbol:
    """The sum of a list of operands of one shape.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    return operation("AddN", name, _added, *operand_list("AddN", inputs))


def _added(*members: Any) -> Any:
    if len({np.shape(member) for member in members}) > 1:
        raise ShapeError("the shapes must be equal.")
    return reduce(np.add, members)


def subtract(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The difference of x and y."""
    return operation("Sub", name, np.subtract, *operands("Sub", x, y))


def multiply(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The product of x and y, element by element."""
    return operation("Mul", name, np.multiply, *operands("Mul", x, y))


def divide(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The quotient of x and y; of integers the true one, float64."""
    return operation("truediv", name, np.divide, *operands("truediv", x, y))


def pow(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The power of x to y."""
    return operation("Pow", name, np.power, *operands("Pow", x, y))


def maximum(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The larger of x and y, element by element."""
    return operation("Maximum", name, np.maximum, *operands("Maximum", x, y))


def minimum(x: Any, y: Any, name: str | None = None) -> Symbol:
    """The smaller of x and y, element by element."""
    return operation("Minimum", name, np.minimum, *operands("Minimum", x, y))


def equal(x: Any, y: Any, name: str | None = None) -> Symbol:
    """Whether x equals y, element by element."""
    return operation("Equal", name, np.equal, *operands("Equal", x, y))


def greater(x: Any, y: Any, name: str | None = None) -> Symbol:
    """Whether x > y, element by element."""
    return operation("Greater", name, np.greater, *operands("Greater", x, y))


def less(x: Any, y: Any, name: str | None = None) -> Symbol:
    """Whether x < y, element by element."""
    return operation("Less", name, np.less, *operands("Less", x, y))


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
    a, b = operands("MatMul", a, b)
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
    limited = operands("clip_by_value", t, clip_value_min, clip_value_max)
    return operation("clip_by_value", name, elementwise.clip, *limited)
