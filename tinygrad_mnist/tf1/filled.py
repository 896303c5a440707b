"""Arrays of one value, and ranges, by their TensorFlow names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.tf1.arrays import constant, stop_gradient
from tinygrad_mnist.tf1.dtypes import as_array, as_dtype, float32
from tinygrad_mnist.tf1.known import number, sizes
from tinygrad_mnist.tf1.shapes import is_known
from tinygrad_mnist.tf1.symbol import Symbol, operand, operation
from tinygrad_mnist.tf1.variables import fits


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Symbol:
    """A constant of zeros."""
    return constant(np.zeros(sizes("zeros: shape", shape), as_dtype(dtype)), name=name or "zeros")


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Symbol:
    """A constant of ones."""
    return constant(np.ones(sizes("ones: shape", shape), as_dtype(dtype)), name=name or "ones")


def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Symbol:
    """Zeros of the shape, and unless another is given the dtype, of an operand."""
    return _like("zeros_like", name, 0, tensor, dtype)


def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Symbol:
    """Ones of the shape, and unless another is given the dtype, of an operand."""
    return _like("ones_like", name, 1, tensor, dtype)


def _like(kind: str, name: str | None, value: int, tensor: Any, dtype: Any) -> Symbol:
    x = operand(tensor, caller=kind)
    dtype = x.dtype if dtype is None else as_dtype(dtype)
    if is_known(x):
        return constant(np.full(x.shape, value, dtype), name=name or kind)
    return operation(kind, name, _filled, stop_gradient(x), value, dtype)


def _filled(x: Any, value: int, dtype: Any) -> Any:
    return np.full(x.shape, value, dtype)


def fill(dims: Any, value: Any, name: str | None = None) -> Symbol:
    """One value, a number or a Symbol of one, in each element of a shape.

    Raises
    ------
    ShapeError
        If the value is not a scalar.
    """
    scalar = operand(value, caller="Fill")
    if not fits(scalar.shape, ()):
        raise ShapeError(f"Fill takes a scalar as value. Received: shape {scalar.shape}.")
    return operation("Fill", name, np.broadcast_to, scalar, sizes("Fill: dims", dims))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Symbol:
    """Numbers from a start, 0 if only the limit is given, in steps up to and without the limit.

    Raises
    ------
    ArgumentError
        If one is no number, or the steps do not lead to the limit.
    """
    given = (0, start, delta) if limit is None else (start, limit, delta)
    bounds = [as_array(number("range: a bound", value), dtype, "range: a bound") for value in given]
    are_scalars = not any(bound.ndim for bound in bounds)
    first, last, step = (bound.item() for bound in bounds) if are_scalars else (0, 0, 0)
    if not step or not 0 <= (last - first) * step < math.inf:
        raise ArgumentError(
            "range takes a start, a limit, and steps other than 0 that lead from the one to the "
            f"other. Received: {given!r:.60}."
        )
    widest = max((bound.dtype for bound in bounds), key=lambda d: (d.kind == "f", d.itemsize))
    numbers: Any = np.arange(first, last, step, dtype=widest)
    return constant(numbers, name=name or "range")
