"""Shapes by their TensorFlow names: other ones for the same elements, and what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.tf1.arrays import constant
from tinygrad_mnist.tf1.dtypes import as_dtype, int32
from tinygrad_mnist.tf1.known import integer, integers
from tinygrad_mnist.tf1.operands import either
from tinygrad_mnist.tf1.symbol import Symbol, operand, operation


def transpose(a: Any, perm: Any = None, name: str | None = None) -> Symbol:
    """Permute the axes; reverse them if no permutation is given."""
    perm = None if perm is None else integers("transpose: perm", perm)
    return operation("transpose", name, np.transpose, operand(a), axes=perm)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Symbol:
    """Arrange the elements in another shape, of which one size may be -1."""
    shape = integers("Reshape: shape", shape)
    return operation("Reshape", name, np.reshape, operand(tensor), shape)


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Symbol:
    """Drop axes of size 1: those given, or all."""
    axis = either(axis, squeeze_dims, "axis and squeeze_dims")
    found = () if axis is None else integers("Squeeze: axis", axis)
    axes = None if found == () else found  # of which an empty list is another name
    return operation("Squeeze", name, np.squeeze, operand(input), axis=axes)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Symbol:
    """Insert an axis of size 1.

    Raises
    ------
    ArgumentError
        If no axis is given, or several.
    """
    axis = either(axis, dim, "axis and dim")
    found = None if axis is None else integers("ExpandDims: axis", axis)
    if isinstance(found, tuple) and len(found) == 1:
        (found,) = found  # which TensorFlow takes here, and nowhere else
    axis = integer("ExpandDims: axis", found)
    return operation("ExpandDims", name, np.expand_dims, operand(input), axis=axis)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Symbol:
    """The sizes of the axes: a constant if they are known, else what they are in a run."""
    x = operand(input, caller="Shape")
    return _told("Shape", name, np.shape, x, out_type, is_known(x))


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Symbol:
    """The number of elements: a constant if it is known, else what it is in a run."""
    x = operand(input, caller="Size")
    return _told("Size", name, np.size, x, out_type, is_known(x))


def rank(input: Any, name: str | None = None) -> Symbol:
    """The number of axes: a constant if it is known, else what it is in a run."""
    x = operand(input, caller="Rank")
    return _told("Rank", name, np.ndim, x, int32, x.shape is not None)


def is_known(x: Any) -> bool:
    """Whether all sizes of a Symbol or an array are known when the graph is built."""
    return x.shape is not None and None not in x.shape


def _told(
    kind: str, name: str | None, function: Callable[[Any], Any], x: Any, dtype: Any, known: bool
) -> Symbol:
    """What a function tells of a shape; only a constant can stand where a size must be known."""
    dtype = as_dtype(dtype)
    if known:
        return constant(_as_array(function, x, dtype), name=name or kind)
    return operation(kind, name, _as_array, function, x, dtype)


def _as_array(function: Callable[[Any], Any], x: Any, dtype: Any) -> Any:
    return np.asarray(function(x)).astype(dtype)
