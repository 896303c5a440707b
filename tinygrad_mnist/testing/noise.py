"""How much the values of a function jitter, whatever the dtype they are returned in.

A function that takes float64 and returns float64 may compute in float32 between. High differences
of its values at close points tell: what is smooth disappears from them, noise does not (Moré and
Wild, Estimating computational noise, SIAM Journal on Scientific Computing 33, 2011, 1292-1314).

>>> x = np.array([0.3, 0.7])
>>> def narrow(x):
...     return float(np.float32(x.sum())), float(abs(x).sum())
>>> noise = measured_noise(narrow, x, np.random.default_rng(0))
>>> 1e-8 < noise.level < 1e-7  # float32 has a spacing of 6e-8 to 1.2e-7 about 1
True
"""

from __future__ import annotations

from math import comb, sqrt
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.differences import Scalar

DIRECTIONS = 2
"""Along one of them the values may happen to move by whole roundings."""
POINTS = 25
SPACINGS = (1e-6, 1e-9, 1e-4, 1e-2)
"""Tried in turn: over a wide one the function may bend too much, within the spacing of a narrow
dtype its values do not move at all."""
ORDERS = range(4, 9)
COARSEST = 1e-3
"""The largest relative rounding error that is believed in: float16's."""
ERRATIC = 10 * COARSEST
"""Values that jitter more do not round: the function is too rough for the spacings."""
BENT = 8
"""Over twice the spacing noise stays as it is; what bends grows by 2 to the order, 16 at least."""
MEDIAN = 0.6745
"""The median of the absolute value of a normal variable of deviation 1."""


class Noise(NamedTuple):
    """The standard deviation of what is not smooth in some values, and the largest of them."""

    level: float = 0.0
    largest: float = 0.0


def measured_noise(function: Scalar, x: Array, generator: np.random.Generator) -> Noise:
    """Return the noise of a function's values beside x.

    Its level is 0 where the values do not move, are exact, or are not finite.
    """
    return max(_noise_along(_direction(generator, x), function, x) for _ in range(DIRECTIONS))


def _direction(generator: np.random.Generator, x: Array) -> Array:
    """Return steps for all elements, away from x: a kink at x itself is not among the points."""
    signs, sizes = generator.choice([-1.0, 1.0], x.shape), generator.uniform(0.5, 1.5, x.shape)
    steps: Array = signs * sizes * np.maximum(1.0, np.abs(x))
    return steps


def _noise_along(direction: Array, function: Scalar, x: Array) -> Noise:
    for spacing in SPACINGS:
        values = np.array([function(x + i * spacing * direction)[0] for i in range(1, POINTS + 1)])
        if not np.isfinite(values).all():
            return Noise()
        level, largest = _deviation(values), float(np.abs(values).max())
        if level and _deviation(values[::2]) < BENT * level:
            return Noise(level, largest)
    return Noise(_rare_moves(values), largest)


def _rare_moves(values: Array) -> float:
    """Return the rounding of values that mostly stand still; larger moves are jumps."""
    moves = np.abs(np.diff(values))
    least = float(moves.min(initial=np.inf, where=moves > 0))
    return least / sqrt(12) if least < COARSEST * np.abs(values).max() else 0.0


def _deviation(values: Array) -> float:
    """Return the smallest estimate of any order: noise is in all of them, a trend in the low."""
    levels = []
    for order in ORDERS:
        # The median, for a kink or a jump among the points is not noise.
        middle = float(np.median(np.abs(np.diff(values, order))))
        levels.append(middle / (MEDIAN * sqrt(comb(2 * order, order))))
    return min(levels)
