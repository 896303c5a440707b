"""Numbers given as arguments: checked once, with one message.

>>> integer("epochs", 3, least=1)
3
>>> in_range("momentum", 0.9, 0.0, 1.0)
0.9
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_mnist.errors import ArgumentError


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
