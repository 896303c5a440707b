"""Arithmetic, comparisons and reductions by their TensorFlow names.

Reductions keep the dtype, which NumPy widens for integers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from tinygrad_mnist.errors import DTypeError, ShapeError
from tinygrad_mnist.ops import activation, elementwise
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.arguments import either, floating, integer, integers
from tinygrad_mnist.tf1.conversion import as_dtype, int64
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import Symbol, operand, operand_list, operands, operation


def _unary(
    name: str, kind: str, function: Callable[..., Any], doc: str, of: Callable[..., Any] = operand
) -> Callable[..., Symbol]:
    """Return TensorFlow's function of one operand for one of NumPy's; ``of`` checks the operand."""

    def unary(x: Any, name: str | None = None) -> Symbol:
        return operation(kind, name, function, of(x) if of is operand else of(kind, x))

    return _called(name, doc, unary)


def _binary(name: str, kind: str, function: Callable[..., Any], doc: str) -> Callable[..., Symbol]:
    """Return TensorFlow's function of two operands for one of NumPy's."""

    def binary(x: Any, y: Any, name: str | None = None) -> Symbol:
        return operation(kind, name, function, *operands(kind, x, y))

    return _called(name, doc, binary)


def _called(name: str, doc: str, function: Callable[..., Symbol]) -> Callable[..., Symbol]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


add = _binary("add", "Add", np.add, "The sum of x and y.")
subtract = _binary("subtract", "Sub", np.subtract, "The difference of x and y.")
multiply = _binary("multiply", "Mul", np.multiply, "The product of x and y, element by element.")
divide = _binary("divide", "truediv", np.divide, "The quotient; of integers the true one, float64.")
truediv = _binary("truediv", "truediv", np.divide, "As `divide`.")
pow = _binary("pow", "Pow", np.power, "The power of x to y.")
maximum = _binary("maximum", "Maximum", np.maximum, "The larger of x and y, element by element.")
minimum = _binary("minimum", "Minimum", np.minimum, "The smaller of x and y, element by element.")
equal = _binary("equal", "Equal", np.equal, "Whether x equals y, element by element.")
not_equal = _binary("not_equal", "NotEqual", np.not_equal, "Whether x and y differ.")
greater = _binary("greater", "Greater", np.greater, "Whether x > y, element by element.")
greater_equal = _binary("greater_equal", "GreaterEqual", np.greater_equal, "Whether x >= y.")
less = _binary("less", "Less", np.less, "Whether x < y, element by element.")
less_equal = _binary("less_equal", "LessEqual", np.less_equal, "Whether x <= y.")
negative = _unary("negative", "Neg", np.negative, "The number of the other sign.")
sign = _unary("sign", "Sign", np.sign, "1, 0 or -1, as x is above, at or below 0.")
square = _unary("square", "Square", np.square, "The square of x.")
abs = _unary("abs", "Abs", np.absolute, "The absolute value.")
floor = _unary("floor", "Floor", np.floor, "The largest whole number up to x.", floating)
sqrt = _unary("sqrt", "Sqrt", np.sqrt, "The square root.", floating)
exp = _unary("exp", "Exp", np.exp, "The exponential of x.", floating)
log = _unary("log", "Log", np.log, "The natural logarithm.", floating)
sigmoid = _unary("sigmoid", "Sigmoid", activation.sigmoid, "1 / (1 + exp(-x)).", floating)
tanh = _unary("tanh", "Tanh", np.tanh, "The hyperbolic tangent.", floating)


def add_n(inputs: Any, name: str | None = None) -> Symbol:
    """The sum of a list of operands of one shape.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    return operation("AddN", name, _sum_of_one_shape, *operand_list("AddN", inputs))


def _sum_of_one_shape(*members: Any) -> Any:
    if len({np.shape(member) for member in members}) > 1:
        raise ShapeError("the shapes must be equal.")
    return reduce(np.add, members)


@takes(
    "a b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse output_type grad_a "
    "grad_b name",
    output_type=None,
)
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Symbol:
    """Matrix product over the last two axes, of which either operand's can be exchanged first.

    The adjoint of real numbers is the transpose.

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
    a = np.swapaxes(a, -1, -2) if transpose_a or adjoint_a else a
    b = np.swapaxes(b, -1, -2) if transpose_b or adjoint_b else b
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
    """Limit values to an interval; where the bounds cross, the lower one is the value, as TF's."""
    limited = operands("clip_by_value", t, clip_value_min, clip_value_max)
    return operation("clip_by_value", name, _clip, *limited)


def _clip(t: Any, low: Any, high: Any) -> Any:
    return np.maximum(np.minimum(t, high), low)


def argmax(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Symbol:
    """Index of the largest element along an axis, axis 0 unless another is given; never of NaN.

    Raises
    ------
    DTypeError
        If the output type is not one of integers.
    """
    return _place("ArgMax", primitives.argmax, input, axis, name, dimension, output_type)


def argmin(
    input: Any,
    axis: Any = None,
    name: str | None = None,
    dimension: Any = None,
    output_type: Any = int64,
) -> Symbol:
    """Index of the smallest element along an axis; else as `argmax`."""
    return _place("ArgMin", primitives.argmin, input, axis, name, dimension, output_type)


def _place(
    kind: str, function: Any, x: Any, axis: Any, name: str | None, dimension: Any, dtype: Any
) -> Symbol:
    axis = either(axis, dimension, "axis and dimension")
    axis = 0 if axis is None else integer(f"{kind}: axis", axis)
    dtype = as_dtype(dtype)
    if dtype.kind not in "iu":
        raise DTypeError(f"{kind} has an output_type of integers. Received: {dtype}.")
    return operation(kind, name, _cast, function, operand(x), dtype, axis=axis)


def _cast(function: Any, x: Any, dtype: Any, **options: Any) -> Any:
    """What a function computes of x, in a dtype: one operation, so that one name is for both."""
    found = function(x, **options)
    return found if found.dtype == dtype else elementwise.astype(found, dtype=dtype)


def _mean(x: Any, **options: Any) -> Any:
    return (np.mean if x.dtype.kind == "f" else primitives.integer_mean)(x, **options)


def _max(x: Any, **options: Any) -> Any:
    return np.max(x, **options) if x.size else _extremum_of_none(x, -np.inf, options)


def _min(x: Any, **options: Any) -> Any:
    return np.min(x, **options) if x.size else _extremum_of_none(x, np.inf, options)


def _extremum_of_none(x: Any, infinity: float, options: Any) -> Any:
    """The extremum of no elements, as in TensorFlow: the end of the dtype that is no extremum."""
    limits = np.iinfo(x.dtype) if x.dtype.kind in "iu" else None
    end = infinity if limits is None else limits.min if infinity < 0 else limits.max
    return np.full(np.sum(x, **options).shape, end, x.dtype)


def _reduction(kind: str, function: Callable[..., Any], doc: str) -> Callable[..., Symbol]:
    """Return TensorFlow's function for one of NumPy's; two of its arguments have old names too."""

    def reduction(
        input_tensor: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: bool | None = None,
    ) -> Symbol:
        x = operand(input_tensor, caller=kind)
        if x.dtype == bool:
            raise DTypeError(
                f"{kind} takes numbers. Received: {getattr(x, 'name', 'a constant')} of dtype "
                "bool. Convert it with tf.cast(x, tf.float32)."
            )
        axis = either(axis, reduction_indices, "axis and reduction_indices")
        axis = None if axis is None else integers(f"{kind}: axis", axis)
        keep = bool(either(keepdims, keep_dims, "keepdims and keep_dims"))
        return operation(kind, name, _cast, function, x, x.dtype, axis=axis, keepdims=keep)

    return _called(
        f"reduce_{kind.lower()}", f"{doc} over axes, all unless some are given.", reduction
    )


reduce_sum = _reduction("Sum", np.sum, "Sum")
reduce_mean = _reduction("Mean", _mean, "Mean, of integers an integer with the fraction cut off,")
reduce_max = _reduction("Max", _max, "Maximum")
reduce_min = _reduction("Min", _min, "Minimum")
reduce_prod = _reduction("Prod", np.prod, "Product")
