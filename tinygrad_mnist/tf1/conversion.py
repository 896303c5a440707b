"""The dtypes by their TensorFlow names, and what TensorFlow takes for a dtype or for a constant.

>>> as_dtype("float"), as_array([1.5, 2]).dtype, as_array(3).dtype
(dtype('float32'), dtype('float32'), dtype('int32'))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import DTypeError, ShapeError, plainly

float16 = np.dtype(np.float16)
float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
int8 = np.dtype(np.int8)
int16 = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
bool = np.dtype(np.bool_)
string = np.dtype(object)
"""Of constants that can be fetched, and no more."""

_NAMED = {"float": float32, float: float32, "string": string}
"""What is another dtype to NumPy, whose float has 64 bits, or none."""

_NARROWED = {float64: float32, int64: int32}
"""What TensorFlow makes of Python's numbers; arrays keep their dtype."""

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
"""By the kind of a dtype: the lower can be converted to the higher."""


def as_dtype(type_value: Any) -> np.dtype[Any]:
    """Return the dtype that TensorFlow takes this for: ``"float"`` is float32.

    Raises
    ------
    DTypeError
        If it is no dtype.
    """
    if isinstance(type_value, (str, type)) and type_value in _NAMED:
        return _NAMED[type_value]
    try:
        found: np.dtype[Any] = np.dtype(type_value)
        return found
    except TypeError:
        raise DTypeError(
            f"A dtype was expected, such as tf.float32 or 'float'. Received: {type_value!r}."
        ) from None


def as_array(value: Any, dtype: Any = None, name: str = "A constant") -> Array:
    """Return what ``tf.constant`` holds: Python's numbers become float32 and int32.

    With a dtype it is converted: to float from all, to integers from what is whole. Of Python's
    numbers, floats are not taken for integers.

    Raises
    ------
    DTypeError
        If it holds other things than numbers and booleans, or what the dtype cannot hold.
    ShapeError
        If its rows differ in length.
    """
    try:
        array = np.asarray(plain(name, value))
    except ValueError as error:
        raise ShapeError(f"{name} cannot be made an array: {plainly(error)}.") from None
    if array.dtype.kind not in _RANK:
        others = "strings" if array.dtype.kind in "SU" else f"values of dtype {array.dtype}"
        raise DTypeError(
            f"{name} holds numbers or booleans; {others} are not supported. "
            f"Received: {value!r:.60}."
        )
    of_numpy = isinstance(value, np.ndarray | np.generic)
    wanted = array.dtype if dtype is None else as_dtype(dtype)
    if dtype is None and not of_numpy:
        wanted = _NARROWED.get(wanted, wanted)
    fitting = _RANK[array.dtype.kind] <= _RANK.get(wanted.kind, -1)
    if fitting or (of_numpy and array.dtype.kind == "f" and wanted.kind in "iu"):
        with np.errstate(invalid="ignore"):
            converted = array.astype(wanted, copy=False)
        if wanted.kind == "f" or np.array_equal(converted, array):
            return converted
    raise DTypeError(
        f"{name} of dtype {wanted} was expected. Received: {value!r:.60} of dtype "
        f"{array.dtype}. Convert it with np.asarray(value, dtype) or tf.cast."
    )


def as_text(value: Any, dtype: Any = None) -> Array | None:
    """Return strings, or lists of them, in an array of bytes; None of anything else.

    >>> as_text(["a", b"b"])
    array([b'a', b'b'], dtype=object)
    """
    try:
        is_text = np.asarray(value).dtype.kind in "SU"
    except ValueError:  # rows that differ in length
        is_text = False
    if not is_text or (dtype is not None and as_dtype(dtype) != string):
        return None
    array = np.array(value, object)
    array.flat[:] = [each.encode() if isinstance(each, str) else each for each in array.flat]
    return array if all(isinstance(each, bytes) for each in array.flat) else None


def same_values(given: Array, dtype: np.dtype[Any]) -> Array | None:
    """Return an array in another dtype, or None if more than precision would be lost.

    Whole floats in range are integers, 0 and 1 are booleans, and numbers may be written in words of
    digits or be Python's objects.

    >>> same_values(np.array([1.0, 2.0]), int32), same_values(np.array([1.5, 2.0]), int32)
    (array([1, 2], dtype=int32), None)
    """
    try:
        if given.dtype.kind == "O":
            given = np.asarray(given.tolist())
        if given.dtype.kind in "SU" and dtype.kind != "b":
            given = given.astype(f"{dtype.kind}8")
        if given.dtype.kind not in _RANK:
            return None
        with np.errstate(over="raise", invalid="ignore"):
            array = given.astype(dtype, copy=False)
    except (ValueError, ArithmeticError):
        return None
    return array if dtype.kind == "f" or np.array_equal(array, given) else None
