"""Constants, shapes and choices by their TensorFlow names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.graph.placeholder import placeholder as placeholder_of
from tinygrad_mnist.graph.symbol import Symbol, defer_in_session
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.dtypes import as_array, as_dtype, float32
from tinygrad_mnist.tf1.operands import alike, axes, either, operand, operation


def placeholder(
    dtype: Any, shape: Sequence[int | None] | int | None = None, name: str | None = None
) -> Symbol:
    """A place for values that are given to each run; the dtype may be written ``"float"``.

    Raises
    ------
    DTypeError, ShapeError
        If one of them is none.
    """
    return placeholder_of(as_dtype(dtype), shape, name)


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Symbol:
    """A constant; Python's numbers are float32 or int32 unless a dtype is given.

    Parameters
    ----------
    value
        Numbers or booleans.
    shape
        Fills this shape, repeating the last element where there are too few.

    Raises
    ------
    DTypeError
        If the values are no numbers or do not fit the dtype.
    ShapeError
        If there are more values than the shape holds.
    """
    array = as_array(value, dtype, name or "Const")
    if shape is not None:
        missing = int(np.prod(shape)) - array.size
        if missing < 0 or not array.size:
            raise ShapeError(
                f"{name or 'Const'}: a shape of {tuple(shape)} cannot be filled with {array.size} "
                "values; it needs at least one and at most as many as it holds."
            )
        array = np.pad(array.ravel(), (0, missing), mode="edge").reshape(shape)
    return operation("Const", name, Tensor, array)


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Symbol:
    """A Symbol as it is, and a constant of anything else."""
    return value if isinstance(value, Symbol) else constant(value, dtype, name=name)


def zeros(shape: Sequence[int], dtype: Any = float32, name: str | None = None) -> Symbol:
    """A constant of zeros."""
    return constant(np.zeros(shape, as_dtype(dtype)), name=name or "zeros")


def ones(shape: Sequence[int], dtype: Any = float32, name: str | None = None) -> Symbol:
    """A constant of ones."""
    return constant(np.ones(shape, as_dtype(dtype)), name=name or "ones")


def transpose(a: Any, perm: Sequence[int] | None = None, name: str | None = None) -> Symbol:
    """Permute the axes; reverse them if no permutation is given."""
    return operation("transpose", name, np.transpose, operand(a), axes=axes(perm))


def reshape(tensor: Any, shape: Sequence[int], name: str | None = None) -> Symbol:
    """Arrange the elements in another shape, of which one size may be -1."""
    return operation("Reshape", name, np.reshape, operand(tensor), axes(shape))


def squeeze(
    input: Any,
    axis: int | Sequence[int] | None = None,
    name: str | None = None,
    squeeze_dims: int | Sequence[int] | None = None,
) -> Symbol:
    """Drop axes of size 1: those given, or all."""
    axis = axes(either(axis, squeeze_dims, "axis and squeeze_dims"))
    return operation("Squeeze", name, np.squeeze, operand(input), axis=axis)


def expand_dims(
    input: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Symbol:
    """Insert an axis of size 1.

    Raises
    ------
    ArgumentError
        If no axis is given.
    """
    axis = either(axis, dim, "axis and dim")
    if axis is None:
        raise ArgumentError("expand_dims needs the axis to insert. Received: None.")
    return operation("ExpandDims", name, np.expand_dims, operand(input), axis=axis)


def concat(values: Sequence[Any], axis: int, name: str | None = None) -> Symbol:
    """Join along an axis that all have."""
    return operation("concat", name, np.concatenate, alike("concat", *values), axis=axis)


def stack(values: Sequence[Any], axis: int = 0, name: str | None = None) -> Symbol:
    """Join along a new axis."""
    return operation("stack", name, np.stack, alike("stack", *values), axis=axis)


def split(
    value: Any, num_or_size_splits: int | Sequence[int], axis: int = 0, name: str | None = None
) -> list[Symbol]:
    """Cut along an axis into so many equal parts, or into parts of these sizes.

    Raises
    ------
    ShapeError
        If the parts do not make up the axis, or its size is not known.
    """
    value = operand(value)
    total = None if value.shape is None else value.shape[axis]
    parts = num_or_size_splits
    sizes = [(total or 0) // parts] * parts if isinstance(parts, int) else list(parts)
    if total is None or sum(sizes) != total:
        raise ShapeError(
            f"{name or 'split'}: an axis of size {total} cannot be cut into {parts} "
            f"{'equal parts' if isinstance(parts, int) else 'as sizes'}. Received: shape "
            f"{value.shape}, axis {axis}."
        )
    ends = np.cumsum(sizes)
    before = (slice(None),) * (axis % len(value.shape))
    return [
        operation("split", name, _part, value, (*before, slice(int(end) - size, int(end))))
        for size, end in zip(sizes, ends, strict=True)
    ]


def _part(x: Any, index: tuple[slice, ...]) -> Any:
    return x[index]


def gather(params: Any, indices: Any, axis: int = 0, name: str | None = None) -> Symbol:
    """Take the slices with these numbers along an axis; an index may be taken more than once.

    Raises
    ------
    ShapeError
        When it is run, if an index is out of range.
    """
    params, indices = operand(params), operand(indices)
    return operation("GatherV2", name, primitives.gather, params, indices, axis=axis)


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Symbol:
    """One (or ``on_value``) at each index of a new axis, by default the last, else zero.

    An index outside 0 to ``depth - 1`` gives a row of zeros. The dtype is that of the values, if
    they are given, else float32.
    """
    if dtype is None and (on_value is not None or off_value is not None):
        dtype = as_array(off_value if on_value is None else on_value).dtype
    dtype = float32 if dtype is None else as_dtype(dtype)
    on = as_array(1 if on_value is None else on_value, dtype, "one_hot: on_value")
    off = as_array(0 if off_value is None else off_value, dtype, "one_hot: off_value")
    axis = -1 if axis is None else axis
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
    x, y = alike("Select", x, y)
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


def stop_gradient(input: Any, name: str | None = None) -> Symbol:
    """The same value, which gradients do not see: by what it depends on they are None."""
    x, name = operand(input), name or "StopGradient"
    # Gradients stop at what depends on the session.
    return defer_in_session(_stopped, x, name=name, shape=x.shape, dtype=x.dtype)


def _stopped(keeping: Any, x: Any) -> Any:
    return primitives.stop_gradient(x)
