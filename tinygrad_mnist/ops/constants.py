"""Functions whose result does not change with small changes of their operands.

What Python is to decide by is asked for at once, which a capture refuses.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, np.nan], requires_grad=True)
>>> np.ones_like(x) * np.isclose(x, x, equal_nan=True)
Tensor([1., 1.], dtype=float64)
>>> np.allclose(x, x)
False
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.primitive import ZERO, Array, primitive
from tinygrad_mnist.dispatch.registry import composes


# Arrays like others.
@primitive()
def full_like(
    x: Array,
    fill_value: Array,
    *,
    dtype: npt.DTypeLike | None = None,
    shape: int | tuple[int, ...] | None = None,
) -> Any:
    """Repeat a value to the shape of x; of x only the shape and the dtype count."""
    return np.full_like(x, fill_value, dtype, shape=shape)


full_like.vjp(x=ZERO, fill_value=lambda ct, y, x, fill_value, dtype, shape: ct)


@composes(np.full_like)
def _(a: Any, fill_value: Any, *, dtype: Any = None, shape: Any = None) -> Any:
    return full_like(a.detach(), fill_value, dtype=dtype, shape=shape)


@composes(np.zeros_like)
def _(a: Any, *, dtype: Any = None, shape: Any = None) -> Any:
    return np.full_like(a, 0, dtype=dtype, shape=shape)


@composes(np.ones_like)
def _(a: Any, *, dtype: Any = None, shape: Any = None) -> Any:
    return np.full_like(a, 1, dtype=dtype, shape=shape)


# Questions of each element.
@primitive(np.isclose)
def isclose(
    a: Array, b: Array, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether abs(a - b) <= atol + rtol * abs(b)."""
    return np.isclose(a, b, rtol, atol, equal_nan)


isclose.vjp(a=ZERO, b=ZERO)


@composes(np.isreal)
def _(x: Any) -> Any:
    return np.ones_like(x, dtype=np.bool_)


@composes(np.iscomplex)
def _(x: Any) -> Any:
    return np.zeros_like(x, dtype=np.bool_)


# Counts and places.
@composes(np.count_nonzero)
def _(a: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sum(np.not_equal(a, 0), axis=axis, keepdims=keepdims)


@primitive()
def searchsorted(a: Array, v: Array, *, side: str = "left") -> Any:
    """Where elements of v belong in the sorted vector a."""
    return np.searchsorted(a, v, side)  # type: ignore[call-overload]


searchsorted.vjp(a=ZERO, v=ZERO)


@composes(np.searchsorted)
def _(a: Any, v: Any, *, side: str = "left", sorter: Any = None) -> Any:
    return searchsorted(a if sorter is None else np.take(a, sorter), v, side=side)


# Answers of Python's own.
@composes(np.allclose)
def _(a: Any, b: Any, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    return bool(np.all(np.isclose(a, b, rtol, atol, equal_nan)))


@composes(np.array_equal)
def _(a1: Any, a2: Any, *, equal_nan: bool = False) -> bool:
    return np.shape(a1) == np.shape(a2) and bool(np.all(_same(a1, a2, equal_nan)))


@composes(np.array_equiv)
def _(a1: Any, a2: Any) -> bool:
    try:
        np.broadcast_shapes(np.shape(a1), np.shape(a2))
    except ValueError:
        return False
    return bool(np.all(np.equal(a1, a2)))


def _same(a: Any, b: Any, equal_nan: bool) -> Any:
    nans = np.logical_and(np.not_equal(a, a), np.not_equal(b, b)) if equal_nan else False
    return np.logical_or(np.equal(a, b), nans)


def _asked(function: Any) -> None:
    """Have a function of values alone, whose result has no shape that could be known before."""

    @composes(function)
    def _(a: Any) -> Any:
        return function(a.numpy())


_asked(np.nonzero)
_asked(np.flatnonzero)
_asked(np.argwhere)


# Questions of dtypes.
@composes(np.isrealobj)
def _(x: Any) -> bool:
    return True


@composes(np.iscomplexobj)
def _(x: Any) -> bool:
    return False
