"""Reductions over axes, cumulative ones, and those that look for a place.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([[1.0, 3.0], [3.0, 2.0]], requires_grad=True)
>>> np.max(x).backward()  # a tie: the cotangent is shared
>>> x.grad
array([[0. , 0.5],
       [0.5, 0. ]])
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tinygrad_mnist.core.primitive import ZERO, Array, primitive
from tinygrad_mnist.dispatch.registry import composes
from tinygrad_mnist.errors import ShapeError

Axis = int | tuple[int, ...] | None

# Kernels call ufunc.reduce, as np.sum and its like do after some microseconds of Python.


def _axes(x: Any, axis: Axis) -> tuple[int, ...]:
    # NumPy lets axis 0 and -1 of a scalar pass.
    return (
        tuple(range(x.ndim)) if axis is None or not x.ndim else normalize_axis_tuple(axis, x.ndim)
    )


def _count(x: Any, axis: Axis) -> int:
    """How many elements of x each element of the reduction was made of."""
    return x.size if axis is None else math.prod(x.shape[axis] for axis in _axes(x, axis))


def keep_axes(reduced: Any, x: Any, axis: Axis) -> Any:
    """A reduction of x with the reduced axes put back, of size 1."""
    axes = _axes(x, axis)
    return np.reshape(reduced, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _spread(reduced: Any, x: Any, axis: Axis) -> Any:
    """A reduction of x repeated to the shape of x."""
    if axis is None:
        return np.broadcast_to(reduced, x.shape)
    return np.broadcast_to(keep_axes(reduced, x, axis), x.shape)


@primitive(np.sum)
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Sum over axes."""
    return np.add.reduce(x, axis, None, out, keepdims)  # type: ignore[call-overload]


sum.vjp(x=lambda ct, y, x, axis, keepdims: _spread(ct, x, axis))


@primitive(np.mean)
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Average over axes; NaN over no elements."""
    if x.dtype.kind != "f" or x.dtype.itemsize < 4 or not x.size:
        # NumPy adds these up in a wider dtype, and warns where there is nothing to add up.
        return np.positive(np.mean(x, axis=axis, keepdims=keepdims), out=out)
    total = np.asarray(np.add.reduce(x, axis, None, out, keepdims))  # type: ignore[call-overload]
    return np.true_divide(total, np.intp(_count(x, axis)), out=total, casting="unsafe")


mean.vjp(x=lambda ct, y, x, axis, keepdims: _spread(ct * (1.0 / (_count(x, axis) or 1)), x, axis))


@primitive(np.var, renamed={"correction": "ddof"})
def var(
    x: Array,
    *,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    out: Array | None = None,
) -> Any:
    """Variance over axes: the mean squared distance from the mean, over count - ddof."""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims, out=out)


def _var_vjp(ct: Any, y: Any, x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    freedom = _count(x, axis) - ddof
    factor = 2.0 / freedom if freedom > 0 else math.nan
    return factor * keep_axes(ct, x, axis) * (x - np.mean(x, axis=axis, keepdims=True))


var.vjp(x=_var_vjp)


@composes(np.std, renamed={"correction": "ddof"})
def _(x: Any, *, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    if _count(x, axis) == 1 > ddof:  # constant: 0, and its derivative is 0, not 0 / 0
        distance = np.absolute(x - np.mean(x, axis=axis, keepdims=True))
        return np.sum(distance, axis=axis, keepdims=keepdims)
    # Of several equal elements the derivative is NaN, by the root at 0, as TensorFlow's.
    return np.sqrt(np.var(x, axis=axis, ddof=ddof, keepdims=keepdims))


def _extremum_vjp(ct: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Ties share evenly. With NaN the extremum equals no element: NaN for all."""
    extremum = keep_axes(y, x, axis)
    chosen = np.equal(x, extremum)
    count = np.sum(chosen, axis=axis, keepdims=True)  # integers: 70,000 is no float16
    share = keep_axes(ct, x, axis) / np.maximum(count, 1)
    return np.where(chosen, share, np.where(extremum == extremum, 0.0, np.nan))


@primitive((np.max, np.amax))
def max(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Maximum over axes."""
    return np.maximum.reduce(x, axis, None, out, keepdims)  # type: ignore[call-overload]


max.vjp(x=_extremum_vjp)


@primitive((np.min, np.amin))
def min(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Minimum over axes."""
    return np.minimum.reduce(x, axis, None, out, keepdims)  # type: ignore[call-overload]


min.vjp(x=_extremum_vjp)


@primitive(np.prod)
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Product over axes."""
    return np.multiply.reduce(x, axis, None, out, keepdims)  # type: ignore[call-overload]


def _prod_vjp(ct: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Multiply by the product of all *other* elements, which y / x is not where x is zero."""
    axes = _axes(x, axis)
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    kept = tuple(x.shape[i] for i in order[: x.ndim - len(axes)])
    count = _count(x, axis)
    rows = np.reshape(np.transpose(x, order), (*kept, count))
    ones = np.ones((*kept, 1), x.dtype)
    before = np.cumprod(np.concatenate((ones, rows[..., :-1]), axis=-1), axis=-1)[..., :count]
    after = np.cumprod(np.concatenate((ones, rows[..., :0:-1]), axis=-1), axis=-1)[..., :count][
        ..., ::-1
    ]
    others = np.reshape(before * after, tuple(x.shape[i] for i in order))
    return keep_axes(ct, x, axis) * np.transpose(others, tuple(int(i) for i in np.argsort(order)))


prod.vjp(x=_prod_vjp)


@primitive(np.cumsum)
def cumsum(x: Array, *, axis: int | None = None, out: Array | None = None) -> Any:
    """Sum of the elements up to and with each; over the flattened array if axis is None."""
    return np.cumsum(x, axis=axis, out=out)


def _cumsum_vjp(ct: Any, y: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(ct))), x.shape)
    return np.flip(np.cumsum(np.flip(ct, axis), axis=axis), axis)


cumsum.vjp(x=_cumsum_vjp)


@primitive(np.cumprod)
def cumprod(x: Array, *, axis: int | None = None, out: Array | None = None) -> Any:
    """Product of the elements up to and with each; over the flattened array if axis is None."""
    return np.cumprod(x, axis=axis, out=out)


def _cumprod_vjp(ct: Any, y: Any, x: Any, axis: int | None) -> Any:
    """The product of all before x[i], times what the products from i on would be without it.

    Nothing is divided by x, so this is exact where x is zero, where TensorFlow's y / x is not.
    """
    if axis is None or not x.ndim:
        return np.reshape(_cumprod_vjp(ct, y, np.reshape(x, -1), 0), x.shape)
    return _moved_on_by_one(y, axis, 1.0) * _from_the_end(ct, x, axis)


cumprod.vjp(x=_cumprod_vjp)


@primitive()
def linear_recurrence(x: Array, factor: Array, *, axis: int) -> Any:
    """Return ``y[i] = x[i] + factor[i] * y[i - 1]`` along an axis; ``y[0]`` is ``x[0]``.

    The operands have one shape, which is the result's: they are not broadcast. NumPy has no
    function for it, and without one its steps would be thousands of nodes.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    if np.shape(x) != np.shape(factor):
        raise ShapeError(
            "linear_recurrence: x and factor must have one shape, they are not broadcast. "
            f"Received: {np.shape(x)} and {np.shape(factor)}."
        )
    y = np.array(x, np.result_type(x, factor, np.float16))  # integers would wrap
    rows, factors = np.moveaxis(y, axis, 0), np.moveaxis(factor, axis, 0)
    for i in range(1, len(rows)):
        rows[i] += factors[i] * rows[i - 1]
    return y


def _moved_on_by_one(x: Any, axis: int, first: float) -> Any:
    """The elements along an axis moved on by one, behind a first one."""
    axis = normalize_axis_index(axis, x.ndim)
    before = (slice(None),) * axis
    size = (*x.shape[:axis], int(x.shape[axis] > 0), *x.shape[axis + 1 :])
    head = np.full(size, first, x.dtype)
    return np.concatenate((head, x[(*before, slice(-1))]), axis=axis)


def _from_the_end(ct: Any, factor: Any, axis: int) -> Any:
    """Return ``z[i] = ct[i] + factor[i + 1] * z[i + 1]``: the recurrence from its end."""
    factors = _moved_on_by_one(np.flip(factor, axis), axis, 0.0)
    return np.flip(linear_recurrence(np.flip(ct, axis), factors, axis=axis), axis)


linear_recurrence.vjp(
    x=lambda ct, y, x, factor, axis: _from_the_end(ct, factor, axis),
    factor=lambda ct, y, x, factor, axis: (
        _from_the_end(ct, factor, axis) * _moved_on_by_one(y, axis, 0.0)
    ),
)


@primitive(np.sort)
def sort(x: Array, *, axis: int = -1) -> Any:
    """Sort along an axis (None: all elements); equal elements keep their order."""
    return np.sort(x, axis=axis, kind="stable")


def _sort_vjp(ct: Any, y: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return np.reshape(_sort_vjp(ct, y, np.reshape(x, -1), 0), x.shape)
    # The primitive, not np.argsort, which on arrays need not keep the order of ties.
    rank = argsort(argsort(x, axis=axis), axis=axis)
    index: list[Any] = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    index[axis] = rank
    return ct[tuple(index)]


sort.vjp(x=_sort_vjp)


@primitive(np.argsort)
def argsort(x: Array, *, axis: int | None = -1) -> Any:
    """Indices that sort along an axis; equal elements keep their order."""
    return np.argsort(x, axis=axis, kind="stable")


argsort.vjp(x=ZERO)


@primitive(np.argmax)
def argmax(
    x: Array, *, axis: int | None = None, keepdims: bool = False, out: Array | None = None
) -> Any:
    """Index of the first maximum."""
    return np.asarray(np.argmax(x, axis=axis, keepdims=keepdims, out=out))


argmax.vjp(x=ZERO)


@primitive(np.argmin)
def argmin(
    x: Array, *, axis: int | None = None, keepdims: bool = False, out: Array | None = None
) -> Any:
    """Index of the first minimum."""
    return np.asarray(np.argmin(x, axis=axis, keepdims=keepdims, out=out))


argmin.vjp(x=ZERO)


@primitive(np.any)
def any(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Whether any element is true."""
    return np.asarray(np.any(x, axis=axis, keepdims=keepdims, out=out))


any.vjp(x=ZERO)


@primitive(np.all)
def all(x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Any:
    """Whether all elements are true."""
    return np.asarray(np.all(x, axis=axis, keepdims=keepdims, out=out))


all.vjp(x=ZERO)
