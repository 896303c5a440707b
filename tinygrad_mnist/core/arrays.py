"""What may become the array of a tensor, how it is kept from changing, and how errors describe it.

>>> described(np.zeros((2, 3)))
'array of shape (2, 3) and dtype float64'
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.errors import DTypeError, IndexingError, ShapeError

CACHE_LINE = 64
"""Bytes. A vector instruction on memory that begins elsewhere touches two lines each time."""

SCALARS = frozenset({bool, int, float})
"""Types that go to kernels as they are, so that they do not widen a dtype (NEP 50)."""


def real(data: Any, what: str = "The data") -> Array:
    """The data as an array of booleans, integers or real numbers, not copied if it is one."""
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"{what} cannot be made an array: {plainly(error)}.") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"{what} must be booleans, integers or real numbers. Received: {described(data)}."
        )
    return array


def held(array: Any) -> Any:
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
    array = held(array)
    array.flags.writeable = False
    return array


def allocated(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Zeros to write into that begin where a cache line does, as NumPy's own seldom do."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + CACHE_LINE, np.uint8)
    start = -address(raw) % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def address(array: Array) -> int:
    """Where the memory of an array begins."""
    return int(array.__array_interface__["data"][0])


def described(value: Any) -> str:
    """How an error message calls an operand."""
    if hasattr(value, "label"):  # a Tensor
        return str(value.label)
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape} and dtype {value.dtype}"
    return f"{type(value).__name__} {' '.join(repr(value).split()):.60}"


_PLAIN = (
    (r"operands could not be broadcast together.*", "the shapes do not broadcast"),
    (
        r".* in its core dimension .*\(size (\d+) is different from (\d+)\)",
        r"the inner sizes, \2 and \1, differ",
    ),
    (r".* does not have enough dimensions .*", "it takes no scalars"),
    (r"setting an array element with a sequence.*", "its rows differ in length"),
)
"""What NumPy says of shapes, by a pattern, and what is said here."""


def plainly(error: Exception) -> str:
    """What NumPy complains of, without the signatures of its functions and without a full stop.

    >>> plainly(ValueError("operands could not be broadcast together with shapes (3,) (4,) "))
    'the shapes do not broadcast'
    """
    said = str(error).strip().rstrip(".")
    for pattern, plain in _PLAIN:
        if re.fullmatch(pattern, said, flags=re.DOTALL):
            return re.sub(pattern, plain, said, flags=re.DOTALL)
    return said


_KINDS = {
    IndexError: IndexingError,
    TypeError: DTypeError,
    OverflowError: DTypeError,
    ZeroDivisionError: ShapeError,
}


def explained(
    error: Exception, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]
) -> Exception:
    """The kernel's complaint, with the primitive and what it received."""
    kind = next((kind for base, kind in _KINDS.items() if isinstance(error, base)), ShapeError)
    if isinstance(error, np.exceptions.AxisError):
        kind = ShapeError
    received = ", ".join(map(described, operands))
    options = "".join(f", {name}={value!r:.60}" for name, value in static.items())
    return kind(f"{primitive.name}: {plainly(error)}. Received: {received}{options}.")
