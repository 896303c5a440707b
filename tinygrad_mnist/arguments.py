"""Numbers and arrays given as arguments: checked once, with one message.

>>> integer("epochs", 3, least=1)
3
>>> in_range("momentum", 0.9, 0.0, 1.0)
0.9
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError, description, plainly


def in_range(name: str, value: float, low: float, high: float) -> float:
    """Return a number of the half-open interval [low, high), or raise ArgumentError."""
    try:
        number = math.nan if isinstance(value, str | bytes | bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number < high:
        raise ArgumentError(
            f"{name} must be a number in [{low:g}, {high:g}). Received: {value!r:.60}."
        )
    return number


def integer(name: str, value: Any, *, least: int) -> int:
    """Return an integer of at least so much, or raise ArgumentError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(
            f"{name} must be an integer of at least {least}. Received: {value!r:.60}."
        )
    return int(value)


def real(data: Any, what: str = "The data") -> NDArray[Any]:
    """The data as an array of booleans, integers or real numbers, not copied if it is one."""
    try:
        array = data if type(data) is np.ndarray else np.asarray(plain(what, data))
    except ValueError as error:
        raise ShapeError(f"{what} cannot be made an array: {plainly(error)}.") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"{what} must be booleans, integers or real numbers. Received: {description(data)}."
        )
    return array


def plain(what: str, data: Any) -> Any:
    """Return data to compute with, or raise DTypeError if a mask or a matrix's ``*`` would be lost.

    >>> plain("The data", np.ones(2))
    array([1., 1.])
    """
    for array in _arrays_of_other_classes(data):
        _refuse_mask(what, array)
        if isinstance(array, np.matrix):
            raise DTypeError(
                f"{what} must not be an np.matrix, whose * is a matrix product. Received: "
                f"{description(array)}. Use np.asarray(matrix), and @ for the product."
            )
    return data


def without_mask(what: str, data: Any) -> Any:
    """Return data, or raise DTypeError if something is masked in an array or in a list of such."""
    for array in _arrays_of_other_classes(data):
        _refuse_mask(what, array)
    return data


def _refuse_mask(what: str, array: NDArray[Any]) -> None:
    masked = sys.modules.get("numpy.ma")  # which NumPy imports only when it is asked for
    if masked is not None and masked.is_masked(array):
        raise DTypeError(
            f"{what} must not be masked: the mask would be lost. Received: {description(array)}. "
            "Use array.filled(value), or np.where to choose."
        )


_USUAL = {bool, int, float, np.ndarray}


def _arrays_of_other_classes(data: Any) -> list[NDArray[Any]]:
    """Return the array, or those in nested lists, if they are of a class of their own."""
    if isinstance(data, np.ndarray):
        return [] if type(data) is np.ndarray else [data]
    if not isinstance(data, (list, tuple)):
        return []
    others = set(map(type, data)) - _USUAL
    members = [member for member in data if type(member) in others] if others else []
    return [array for member in members for array in _arrays_of_other_classes(member)]
