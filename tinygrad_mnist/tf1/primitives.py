"""Primitives that only this face needs, as NumPy has them not or computes another thing.

>>> from tinygrad_mnist import Tensor
>>> table = Tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> np.sum(gather(table, np.array([0, 0, 2]))).backward()
>>> table.grad
array([2., 0., 1.])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import ZERO, Array, primitive
from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.ops.indexing import HERE, scatter_add


@primitive()
def gather(x: Array, indices: Array, *, axis: int = 0, out: Array | None = None) -> Any:
    """Take slices along an axis; the shape of the indices takes the place of that axis.

    Raises
    ------
    DTypeError
        If the indices are not integers.
    ShapeError
        If one is out of range. None counts from the end.
    """
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"gather takes integers as indices. Received: {indices.dtype}.")
    size = np.shape(x)[axis]
    outside = indices[(indices < 0) | (indices >= size)]
    if outside.size:
        raise ShapeError(
            f"gather: the index {outside[0]} is not one of an axis of size {size}, numbered from 0."
        )
    return np.take(x, indices, axis=axis, out=out)


def _gather_vjp(ct: Any, y: Any, x: Any, indices: Any, axis: int) -> Any:
    index = (*(slice(None),) * (axis % x.ndim), HERE)
    return scatter_add(ct, indices, index=index, shape=x.shape)


gather.vjp(x=_gather_vjp, indices=ZERO)


@primitive()
def integer_mean(
    x: Array, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Any:
    """Mean of integers over axes, the fraction cut off; 0 over no elements.

    All is done in integers: floating numbers have not all those of 64 bits.
    """
    total = np.asarray(np.sum(x, axis=axis, keepdims=keepdims))
    count = x.size // (total.size or 1) or 1
    mean = total // count
    mean = mean + ((total < 0) & (mean * count != total))  # down to below was too far
    return mean.astype(x.dtype)


integer_mean.vjp(x=ZERO)


@primitive()
def argmax(x: Array, *, axis: int) -> Any:
    """Index of the largest element, which NaN is not; the first, if no element is above the least.

    The least is that of the finite numbers of the dtype, at which TensorFlow begins.
    """
    if x.dtype.kind == "f":
        x = np.fmax(x, np.finfo(x.dtype).min)
    return np.asarray(np.argmax(x, axis=axis))


@primitive()
def argmin(x: Array, *, axis: int) -> Any:
    """Index of the smallest element; else as `argmax`."""
    if x.dtype.kind == "f":
        x = np.fmin(x, np.finfo(x.dtype).max)
    return np.asarray(np.argmin(x, axis=axis))


argmax.vjp(x=ZERO)
argmin.vjp(x=ZERO)


@primitive()
def integer_quotient(a: Array, b: Array) -> Any:
    """The quotient of integers, rounded down.

    Raises
    ------
    ArgumentError
        If one is divided by zero.
    """
    _refuse_zero(b)
    with np.errstate(over="ignore"):  # of the least integer by -1, which has no other quotient
        return np.asarray(np.floor_divide(a, b))


@primitive()
def integer_remainder(a: Array, b: Array) -> Any:
    """What remains of integers after `integer_quotient`, and as that."""
    _refuse_zero(b)
    return np.asarray(np.remainder(a, b))


def _refuse_zero(divisor: Array) -> None:
    if not np.all(divisor):
        raise ArgumentError("an integer was divided by zero.")


integer_quotient.vjp(a=ZERO, b=ZERO)
integer_remainder.vjp(a=ZERO, b=ZERO)


@primitive(view=True)
def stop_gradient(x: Array) -> Any:
    """The same elements, with derivative zero."""
    return np.asarray(x).view()


stop_gradient.vjp(x=ZERO)
