"""Choices by their TensorFlow names: slices by number, one hot, elements by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.dtypes import as_array, as_dtype, float32
from tinygrad_mnist.tf1.known import integer, number
from tinygrad_mnist.tf1.operands import refuse
from tinygrad_mnist.tf1.symbol import Symbol, operand, operands, operation


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Symbol:
    """Take slices by number along an axis, 0 unless it is given; one may be taken more than once.

    Indices are always validated; ``batch_dims`` are not supported.

    Raises
    ------
    ShapeError
        When it is run, if an index is out of range.
    ArgumentError
        If something not supported is given.
    """
    refuse("gather", batch_dims=batch_dims or None)
    params, indices = operand(params), operand(indices)
    axis = 0 if axis is None else integer("GatherV2: axis", axis)
    return operation("GatherV2", name, primitives.gather, params, indices, axis=axis)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Symbol:
    """One (or ``on_value``) at each index of a new axis, by default the last, else zero.

    An index outside 0 to ``depth - 1`` gives a row of zeros. The dtype is that of the values, if
    they are given, else float32.
    """
    depth = integer("one_hot: depth", depth)
    axis = -1 if axis is None else integer("one_hot: axis", axis)
    on_value, off_value = (
        number("one_hot: on_value", on_value),
        number("one_hot: off_value", off_value),
    )
    if dtype is None and (on_value is not None or off_value is not None):
        dtype = as_array(off_value if on_value is None else on_value).dtype
    dtype = float32 if dtype is None else as_dtype(dtype)
    on = as_array(1 if on_value is None else on_value, dtype, "one_hot: on_value")
    off = as_array(0 if off_value is None else off_value, dtype, "one_hot: off_value")
    return operation("one_hot", name, _one_hot, operand(indices), depth, on, off, axis)


def _one_hot(indices: Any, depth: int, on: Any, off: Any, axis: int) -> Any:
    classes = np.arange(depth).reshape([-1] + [1] * (indices.ndim - axis % (indices.ndim + 1)))
    return np.where(np.equal(np.expand_dims(indices, axis), classes), on, off)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Symbol:
    """Take x where the condition holds, else y: elements or, by a vector, whole rows.

    Raises
    ------
    ArgumentError
        If x and y are not both given: the places where a condition holds have no fixed shape.
    ShapeError
        If x and y, or the condition, differ in shape; nothing is broadcast but a vector.
    """
    if x is None or y is None:
        raise ArgumentError(
            "tf.where(condition) alone is not supported: how many places it finds depends on the "
            "values. Give x and y, or fetch the condition and use np.argwhere."
        )
    x, y = operands("Select", x, y)
    return operation("Select", name, _select, operand(condition), x, y)


def _select(condition: Any, x: Any, y: Any) -> Any:
    if np.shape(x) != np.shape(y):
        raise ShapeError(f"x and y must have one shape. Received: {np.shape(x)} and {np.shape(y)}.")
    rows = np.ndim(condition) == 1 and np.shape(condition) == np.shape(x)[:1]
    if not rows and np.shape(condition) not in ((), np.shape(x)):
        raise ShapeError(
            "the condition must be a scalar, of the shape of x, or a vector with an element for "
            f"each row of x. Received: {np.shape(condition)} for {np.shape(x)}."
        )
    if rows:
        condition = np.reshape(condition, (-1,) + (1,) * (np.ndim(x) - 1))
    return np.where(condition, x, y)
