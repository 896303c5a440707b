"""Placeholders, constants, and what is made of several arrays, by their TensorFlow names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NoReturn

import numpy as np

from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import DTypeError, SessionError, ShapeError
from tinygrad_mnist.ops import elementwise
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.dtypes import as_array, as_dtype
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.known import integer, integers, sizes
from tinygrad_mnist.tf1.operands import refuse_old_order
from tinygrad_mnist.tf1.shape import Shape, known_shape
from tinygrad_mnist.tf1.symbol import (
    Placeholder,
    Symbol,
    defer_in_session,
    operand,
    operand_list,
    operation,
)


def placeholder(
    dtype: Any, shape: Sequence[int | None] | int | None = None, name: str | None = None
) -> Placeholder:
    """A place for values that are given to each run.

    Parameters
    ----------
    dtype
        Of the values, also as ``"float"``; what is fed is converted, if that loses nothing but
        precision.
    shape
        None for a size that may be any, or in place of the shape for any number of axes.

    Raises
    ------
    DTypeError, ShapeError
        If one of them is none.
    """
    graph, dtype = get_default_graph(), as_dtype(dtype)
    if dtype.kind not in "biuf":
        raise DTypeError(f"A placeholder holds booleans, integers or real numbers, not {dtype}.")
    sizes = known_shape(shape)
    full_name = graph.unique_name(name or "Placeholder") + ":0"
    return Placeholder(graph, full_name, _feed, shape=sizes, dtype=dtype)


def _feed() -> NoReturn:
    raise SessionError("A placeholder has no value but the one that is fed.")


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Symbol:
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
    array = as_array(value, dtype, name or "A constant")
    if shape is not None:
        shape = sizes("Const: shape", shape)
        missing = int(np.prod(shape)) - array.size
        if missing < 0 or not array.size:
            raise ShapeError(
                f"{name or 'Const'}: a shape of {shape} cannot be filled with {array.size} "
                "values; it needs at least one and at most as many as it holds."
            )
        array = np.pad(array.ravel(), (0, missing), mode="edge").reshape(shape)
    return operation("Const", name, Tensor, array)


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Symbol:
    """A Symbol as it is, one of a list with Symbols in it, and a constant of anything else.

    Raises
    ------
    DTypeError
        If a Symbol has another dtype, or anything else is not of numbers that fit it.
    """
    found = operand(value, dtype, "convert_to_tensor")
    if not isinstance(found, Symbol):
        return constant(found, name=name)
    if dtype is not None and as_dtype(dtype) != found.dtype:
        raise DTypeError(
            f"convert_to_tensor: {found.name} has dtype {found.dtype}. Received: dtype {dtype}. "
            "Use tf.cast."
        )
    return found


def concat(values: Any, axis: Any, name: str | None = None) -> Symbol:
    """Join along an axis that all have; a single value stays as it is.

    Raises
    ------
    ArgumentError
        If the axis is no integer, or comes first, as it did before TensorFlow 1.0.
    """
    is_old = isinstance(values, int) and not isinstance(axis, int)
    refuse_old_order("concat", is_old, "tf.concat(values, axis)")
    several = values if isinstance(values, list | tuple) else [values]
    axis = integer("concat: axis", axis)
    return operation("concat", name, np.concatenate, operand_list("concat", several), axis=axis)


def stack(values: Any, axis: Any = 0, name: str | None = None) -> Symbol:
    """Join along a new axis.

    Raises
    ------
    ArgumentError
        If it is no list of operands, or the axis is no integer.
    """
    axis = integer("stack: axis", axis)
    return operation("stack", name, np.stack, operand_list("stack", values), axis=axis)


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, name: str | None = None
) -> list[Symbol]:
    """Cut along an axis into so many equal parts, or into parts of these sizes, one of them -1.

    Raises
    ------
    ShapeError
        If the parts do not make up the axis, or its size is not known, or there is no such axis.
    ArgumentError
        If an argument is no integer, or the axis comes first, as it did before TensorFlow 1.0.
    """
    is_old = isinstance(value, int) and not isinstance(axis, int)
    refuse_old_order("split", is_old, "tf.split(value, num_or_size_splits, axis)")
    value, axis = operand(value, caller="split"), integer("split: axis", axis)
    parts = integers("split: num_or_size_splits", num_or_size_splits)
    lengths = _lengths(value.shape, axis, parts)
    before = (slice(None),) * (axis % len(value.shape))
    ends = zip(lengths, accumulate(lengths), strict=True)
    places = [(*before, slice(end - length, end)) for length, end in ends]
    found: Any = operation("split", name, _parts, value, places)  # a Symbol of each part
    return list(found)


def _lengths(shape: Shape, axis: int, parts: int | tuple[int, ...]) -> list[int]:
    """The sizes of the parts of an axis."""
    rank = 0 if shape is None else len(shape)
    if shape is not None and not -rank <= axis < rank:
        raise ShapeError(f"split: there is no axis {axis}. Received: shape {shape}.")
    total = None if shape is None else shape[axis]
    if isinstance(parts, int):
        lengths = [(total or 0) // max(parts, 1)] * parts
    else:
        rest = (total or 0) - sum(size for size in parts if size != -1)
        lengths = [rest if size == -1 else size for size in parts]
    if total is None or sum(lengths) != total or min(lengths, default=-1) < 0:
        raise ShapeError(
            f"split: an axis of size {total} cannot be cut into {parts} "
            f"{'equal parts' if isinstance(parts, int) else 'as sizes'}. Received: shape "
            f"{shape}, axis {axis}."
        )
    return lengths


def _parts(x: Any, places: list[tuple[slice, ...]]) -> tuple[Any, ...]:
    return tuple([x[place] for place in places])


def identity(input: Any, name: str | None = None) -> Symbol:
    """The same value."""
    x = operand(input)
    return operation("Identity", name, elementwise.astype, x, dtype=x.dtype)


def stop_gradient(input: Any, name: str | None = None) -> Symbol:
    """The same value, which gradients do not see: by what it depends on they are None."""
    x, name = operand(input), name or "StopGradient"
    # Gradients stop at what depends on the session.
    return defer_in_session(_stopped, x, name=name, shape=x.shape, dtype=x.dtype)


def _stopped(keeping: Any, x: Any) -> Any:
    return primitives.stop_gradient(x)
