"""Indexing: ``x[index]`` with every index NumPy has, and its adjoint.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> np.sum(x[[0, 0, 2]]).backward()  # an element taken twice counts twice
>>> x.grad
array([2., 0., 1.])
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tinygrad_mnist.arguments import without_mask
from tinygrad_mnist.core.primitive import ZERO, Array, primitive
from tinygrad_mnist.dispatch.operators import Operators
from tinygrad_mnist.dispatch.registry import composes
from tinygrad_mnist.errors import UnsupportedError


class Place(Enum):
    """Stands in an index for a part that is an operand."""

    HERE = "HERE"


HERE = Place.HERE


def _is_basic(index: Any) -> bool:
    """Whether the index takes each element at most once, as slices and integers do."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, slice | int | np.integer)
        for part in parts
    ) and not any(isinstance(part, bool) for part in parts)


@primitive(view=True)
def getitem(x: Array, *, index: Any) -> Any:
    """Take elements by a NumPy index: a view for slices and integers, else a copy."""
    taken = x[index]
    return taken if isinstance(taken, np.ndarray) else x[(*np.index_exp[index], ...)]


@primitive()
def gather(x: Array, *indices: Array, index: tuple[Any, ...]) -> Any:
    """Take elements by an index of which some parts, ``HERE`` in the tuple, are operands."""
    return np.asarray(x[_with_operands(index, indices)])


@primitive()
def scatter_add(
    x: Array, *indices: Array, index: Any, shape: tuple[int, ...], out: Array | None = None
) -> Any:
    """Add x into zeros of a shape at an index; what meets at one place is summed."""
    if out is None:
        out = np.empty(shape, x.dtype)
    out[...] = 0
    if _is_basic(index):
        out[index] = x
    else:
        np.add.at(out, _with_operands(index, indices) if indices else index, x)
    return out


def _scatter_add_vjp(ct: Any, y: Any, x: Any, *indices: Any, index: Any, **_: Any) -> Any:
    return gather(ct, *indices, index=index) if indices else ct[index]


getitem.vjp(x=lambda ct, y, x, index: scatter_add(ct, index=index, shape=x.shape))
gather.vjp(
    x=lambda ct, y, x, *indices, index, position: scatter_add(
        ct, *indices, index=index, shape=x.shape
    ),
    indices=ZERO,
)
scatter_add.vjp(x=_scatter_add_vjp, indices=ZERO)


def _with_operands(index: tuple[Any, ...], indices: Sequence[Array]) -> tuple[Any, ...]:
    """The index with the operands where they belong."""
    remaining = iter(indices)
    return tuple(next(remaining) if part is HERE else part for part in index)


def _unchangeable(part: Any) -> Any:
    """A part of an index that no one can change between the forward and the backward pass."""
    if isinstance(part, Operators):  # a mask: how much it takes depends on its values
        return part.numpy()  # type: ignore[attr-defined]
    if not isinstance(part, np.ndarray | list):
        return part
    array = np.array(without_mask("An index", part))
    # A list of nothing is a list of no places, though the array of it is one of floats.
    return array.astype(np.intp) if isinstance(part, list) and not array.size else array


def _is_operand(part: Any) -> bool:
    """Whether a part of an index is a Tensor of places, not a mask."""
    return isinstance(part, Operators) and part.dtype.kind in "iu"  # type: ignore[attr-defined]


@composes(np.ndarray.__getitem__)
def _(x: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    operands = [part for part in parts if _is_operand(part)]
    if operands:
        template = tuple(HERE if _is_operand(part) else _unchangeable(part) for part in parts)
        return gather(x, *operands, index=template)
    return getitem(
        x, index=tuple(map(_unchangeable, parts)) if parts is index else _unchangeable(index)
    )


@composes(np.take)
def _(a: Any, indices: Any, *, axis: int | None = None, mode: str = "raise") -> Any:
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    axis = normalize_axis_index(axis, a.ndim)
    indices = _integers(indices)
    if mode == "clip":
        indices = np.clip(indices, 0, a.shape[axis] - 1)
    elif mode == "wrap":
        indices = np.remainder(indices, a.shape[axis])
    elif mode != "raise":
        raise UnsupportedError(f"np.take has the modes raise, wrap and clip. Received: {mode!r}.")
    return a[(*(slice(None),) * axis, indices)]


@composes(np.repeat)
def _(a: Any, repeats: Any, *, axis: int | None = None) -> Any:
    size = np.size(a) if axis is None else np.shape(a)[normalize_axis_index(axis, np.ndim(a))]
    return np.take(a, np.repeat(np.arange(size), np.asarray(_integers(repeats))), axis)


def _integers(values: Any) -> Any:
    """As an array or Tensor of integers, which truth values are too, and those of an empty list."""
    array: Any = values if isinstance(values, Operators) else np.asarray(values)
    return array.astype(np.intp) if array.dtype == bool or not array.size else array


@primitive(np.diagonal, view=True)
def diagonal(x: Array, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Take a diagonal of two axes, along a new last axis."""
    return np.diagonal(x, offset, axis1, axis2)


def _diagonal_vjp(ct: Any, y: Any, x: Any, **where: int) -> Any:
    places = np.diagonal(np.arange(x.size).reshape(x.shape), **where)
    flat = scatter_add(np.reshape(ct, -1), index=np.ravel(places), shape=(x.size,))
    return np.reshape(flat, x.shape)


diagonal.vjp(x=_diagonal_vjp)


@composes(np.trace)
def _(a: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)
