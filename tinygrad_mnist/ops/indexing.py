"""Indexing: ``x[index]`` with every index NumPy has, and its adjoint.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> np.sum(x[[0, 0, 2]]).backward()  # an element taken twice counts twice
>>> x.grad
array([2., 0., 1.])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.core.operators import Operators
from tinygrad_mnist.core.primitive import Array, composes, primitive


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
    return np.asarray(x[index])


@primitive()
def scatter_add(x: Array, *, index: Any, shape: tuple[int, ...], out: Array | None = None) -> Any:
    """Add x into zeros of a shape at an index; what meets at one place is summed."""
    if out is None:
        out = np.empty(shape, x.dtype)
    out[...] = 0
    if _is_basic(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


getitem.vjp(x=lambda ct, y, x, index: scatter_add(ct, index=index, shape=x.shape))
scatter_add.vjp(x=lambda ct, y, x, index, shape: ct[index])


def _frozen(part: Any) -> Any:
    """A part of an index that no one can change between the forward and the backward pass."""
    if isinstance(part, Operators):
        return np.array(part.detach())  # type: ignore[attr-defined]
    return np.array(part) if isinstance(part, np.ndarray | list) else part


@composes(np.ndarray.__getitem__)
def _(x: Any, index: Any) -> Any:
    index = tuple(map(_frozen, index)) if isinstance(index, tuple) else _frozen(index)
    return getitem(x, index=index)
