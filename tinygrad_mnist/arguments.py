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
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number < high:
        raise ArgumentError(f"{name} must be a number in [{low:g}, {high:g}). Received: {value!r}.")
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
