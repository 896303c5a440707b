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

from tinygrad_mnist.arguments import without_mask
from tinygrad_mnist.core.primitive import ZERO, Array, primitive
from tinygrad_mnist.dispatch.operators import Operators
from tinygrad_mnist.dispatch.registry import composes


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
