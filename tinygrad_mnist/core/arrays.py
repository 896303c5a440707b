"""What may become the array of a tensor, and how it is kept from changing.

>>> read_only(np.zeros(2)).flags.writeable
False
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.primitive import Array

CACHE_LINE = 64
"""Bytes. A vector instruction on memory that begins elsewhere touches two lines each time."""

SCALARS = frozenset({bool, int, float})
"""Types that go to kernels as they are, so that they do not widen a dtype (NEP 50)."""


def read_only(array: Any) -> Any:
    """The operand itself if nobody can ever write into it, else a copy of it in such memory.

    An array that owns its memory can be made writable again; one that lies in bytes cannot.
    """
    if type(array) in SCALARS or is_unchangeable(array):
        return array
    if not array.flags.forc:
        array = array.copy(order="K")  # elements stay in the order in which they were read
    return np.ndarray(array.shape, array.dtype, array.ravel("K").tobytes(), 0, array.strides)


def is_unchangeable(array: Array) -> bool:
    """Whether the memory of an array is that of bytes, and no way into it is open."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    return isinstance(owner, bytes)


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Zeros to write into that begin where a cache line does, as NumPy's own seldom do."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + CACHE_LINE, np.uint8)
    start = -address(raw) % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def address(array: Array) -> int:
    """Where the memory of an array begins."""
    return int(array.__array_interface__["data"][0])
