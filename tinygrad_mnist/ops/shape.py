"""Shapes: views of the same elements, and joining arrays.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
>>> y = np.reshape(x, 3)
>>> y.backward(np.array([1.0, 10.0, 100.0]))
>>> x.grad
array([[  1.,  10., 100.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tinygrad_mnist.core.primitive import Array, primitive
from tinygrad_mnist.dispatch.registry import composes
from tinygrad_mnist.errors import UnsupportedError

Shape = int | tuple[int, ...]
Axis = int | tuple[int, ...] | None


@primitive(np.reshape, view=True, renamed={"newshape": "shape"})
def reshape(x: Array, *, shape: Shape, order: str = "C") -> Any:
    """Arrange the elements in another shape; order "F" counts the first index fastest."""
    _refuse_order_in_memory("np.reshape", order)
    return np.reshape(x, shape, order)  # type: ignore[call-overload]


reshape.vjp(x=lambda ct, y, x, shape, order: np.reshape(ct, x.shape, order=order))


@primitive(np.transpose, view=True)
def transpose(x: Array, *, axes: tuple[int, ...] | None = None) -> Any:
    """Permute the axes, or reverse them if axes is None."""
    return np.transpose(x, axes)


def _transpose_vjp(ct: Any, y: Any, x: Any, axes: tuple[int, ...] | None) -> Any:
    if axes is None:
        return np.transpose(ct)
    order = normalize_axis_tuple(axes, x.ndim)
    return np.transpose(ct, tuple(order.index(axis) for axis in range(x.ndim)))


transpose.vjp(x=_transpose_vjp)


@primitive(np.squeeze, view=True)
def squeeze(x: Array, *, axis: Axis = None) -> Any:
    """Drop axes of size 1."""
    return np.squeeze(x, axis=axis)


squeeze.vjp(x=lambda ct, y, x, axis: np.reshape(ct, x.shape))


@primitive(np.expand_dims, view=True)
def expand_dims(x: Array, *, axis: int | tuple[int, ...]) -> Any:
    """Insert axes of size 1."""
    return np.expand_dims(x, axis)


expand_dims.vjp(x=lambda ct, y, x, axis: np.reshape(ct, x.shape))


@primitive(np.broadcast_to, view=True)
def broadcast_to(x: Array, *, shape: Shape) -> Any:
    """Repeat along new axes and axes of size 1; the sweep sums the cotangent back."""
    return np.broadcast_to(x, shape)


broadcast_to.vjp(x=lambda ct, y, x, shape: ct)


@primitive(np.flip, view=True)
def flip(x: Array, *, axis: Axis = None) -> Any:
    """Reverse the order along axes."""
    return np.flip(x, axis)


flip.vjp(x=lambda ct, y, x, axis: np.flip(ct, axis))


@primitive(np.concatenate)
def concatenate(*arrays: Array, axis: int | None = 0, out: Array | None = None) -> Any:
    """Join arrays along an axis they have, or flattened if axis is None."""
    return np.concatenate(arrays, axis=axis, out=out)


def _concatenate_vjp(ct: Any, y: Any, *arrays: Any, position: int, axis: int | None) -> Any:
    along = [np.size(a) if axis is None else np.shape(a)[axis] for a in arrays]
    start = sum(along[:position])
    piece = slice(start, start + along[position])
    if axis is None:
        return np.reshape(ct[piece], np.shape(arrays[position]))
    return ct[(slice(None),) * normalize_axis_index(axis, y.ndim) + (piece,)]


concatenate.vjp(arrays=_concatenate_vjp)


@primitive(np.stack)
def stack(*arrays: Array, axis: int = 0, out: Array | None = None) -> Any:
    """Join arrays of one shape along a new axis."""
    return np.stack(arrays, axis=axis, out=out)


stack.vjp(
    arrays=lambda ct, y, *arrays, position, axis: ct[
        (slice(None),) * normalize_axis_index(axis, y.ndim) + (position,)
    ]
)


@composes(np.ravel)
def _(x: Any, *, order: Any = "C") -> Any:
    _refuse_order_in_memory("np.ravel", order)
    return np.reshape(x, -1, order=order)


@composes(np.swapaxes)
def _(x: Any, axis1: int, axis2: int) -> Any:
    order = list(range(x.ndim))
    first, second = normalize_axis_tuple((axis1, axis2), x.ndim, allow_duplicate=True)
    order[first], order[second] = second, first
    return np.transpose(x, tuple(order))


@composes(np.matrix_transpose)
def _(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


@composes(np.moveaxis)
def _(x: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Any:
    # What NumPy does to a stand-in of one byte an axis is the permutation that is meant.
    sizes = np.moveaxis(np.empty(tuple(range(x.ndim)), bool), source, destination).shape
    return np.transpose(x, sizes)


@composes(np.shape)
def _(x: Any) -> tuple[int, ...]:
    return x.shape  # type: ignore[no-any-return]


@composes(np.ndim)
def _(x: Any) -> int:
    return x.ndim  # type: ignore[no-any-return]


@composes(np.size)
def _(x: Any, axis: int | None = None) -> int:
    return x.size if axis is None else x.shape[axis]  # type: ignore[no-any-return]


def _refuse_order_in_memory(function: str, order: str) -> None:
    if order not in ("C", "F"):
        raise UnsupportedError(
            f"{function} on a Tensor takes order='C' or order='F'. Received: {order!r}, which is "
            "an order in memory, and a Tensor is a value."
        )
