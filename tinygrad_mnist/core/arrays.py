"""What may become the array of a tensor, and how it is kept from changing.

>>> read_only(np.zeros(2)).flags.writeable
False
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import DTypeError, ShapeError, description, plainly

CACHE_LINE = 64
"""Bytes. A vector instruction on memory that begins elsewhere touches two lines each time."""

SCALARS = frozenset({bool, int, float})
"""Types that go to kernels as they are, so that they do not widen a dtype (NEP 50)."""


def real(data: Any, what: str = "The data") -> Array:
    """The data as an array of booleans, integers or real numbers, not copied if it is one."""
    if type(data) is not np.ndarray:
        _refuse_other_meaning(data, what)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"{what} cannot be made an array: {plainly(error)}.") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"{what} must be booleans, integers or real numbers. Received: {description(data)}."
        )
    return array


def _refuse_other_meaning(data: Any, what: str) -> None:
    """Raise where the numbers alone would not mean what the object means."""
    masked = sys.modules.get("numpy.ma")  # which NumPy imports only when it is asked for
    if masked is not None and masked.is_masked(data):
        raise DTypeError(
            f"{what} must not be masked: the mask would be lost. Received: {description(data)}. "
            "Use array.filled(value), or np.where to choose."
        )
    if isinstance(data, np.matrix):
        raise DTypeError(
            f"{what} must not be an np.matrix, whose * is a matrix product. Received: "
            f"{description(data)}. Use np.asarray(matrix), and @ for the product."
        )


def read_only(array: Any) -> Any:
    """The operand itself if nobody can write into it, else a read-only copy."""
    if type(array) in SCALARS:
        return array
    owner = array
    while owner is not None:
        if not isinstance(owner, np.ndarray) or owner.flags.writeable:
            array = array.copy(order="K")  # in the order in which it was read
            array.flags.writeable = False
            return array
        owner = owner.base
    return array


def constant(data: Any, dtype: npt.DTypeLike | None) -> Any:
    """The data as a read-only array that nobody else can write into."""
    array = real(data)
    if dtype is not None and array.dtype != dtype:
        array = real(array.astype(dtype))
    return read_only(array)


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Zeros to write into that begin where a cache line does, as NumPy's own seldom do."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + CACHE_LINE, np.uint8)
    start = -address(raw) % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def address(array: Array) -> int:
    """Where the memory of an array begins."""
    return int(array.__array_interface__["data"][0])
