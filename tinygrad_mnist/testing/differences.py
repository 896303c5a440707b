"""Slopes by differences: central and one-sided from five points, and the complex step.

The usual step is the cube root of the rounding error, times the element's size where that is
above one. In float64 it is 6e-6.

>>> x, direction = np.array([0.0]), np.array([1.0])
>>> step = usual_step(x, direction)
>>> found = slope(lambda x: (float(abs(x[0])), float(abs(x[0]))), x, direction, step)
>>> round(found.left, 6), round(found.right, 6)
(-1.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array

EPSILON = float(np.finfo(np.float64).eps)
ROUNDINGS = 50
"""How many roundings of the sum of absolute terms a value may carry."""
ARGUMENT_ROUNDINGS = 2
"""How many the argument may meet within the function, which move the value along its slope."""
COMPLEX_STEP = 1e-30

Scalar = Callable[[Array], tuple[float, float]]
"""A function of an array: its value, and the sum of its absolute terms, which rounding follows."""


class Slope(NamedTuple):
    """Estimates of one derivative at one step, and how far rounding can move the central one."""

    central: float
    left: float
    right: float
    noise: float
    step: float

    @property
    def steepness(self) -> float:
        """The size of the one-sided slopes, which do not cancel at a kink."""
        return abs(self.left) + abs(self.right)

    @property
    def gap(self) -> float:
        """How far apart the one-sided slopes are: 0, but for rounding, where there is no kink."""
        return self.right - self.left


def usual_step(x: Array, direction: Array, epsilon: float = EPSILON) -> float:
    """Return the step at which truncation and rounding are about equal, of a tame function."""
    return float(epsilon ** (1 / 3) * max(1.0, moved_size(x, direction)))


def moved_size(x: Array, direction: Array) -> float:
    """Return the size of the largest element that a direction moves."""
    return float(np.abs(x[direction != 0]).max(initial=0.0))


def slope(
    function: Scalar, x: Array, direction: Array, step: float, epsilon: float = EPSILON
) -> Slope:
    """Differentiate at x along a direction from five points.

    Parameters
    ----------
    step
        The distance of neighbouring points, in lengths of the direction.
    epsilon
        The relative rounding error of the function.
    """
    length = np.vdot(direction, direction)
    values, taken, scale = [], [], 0.0
    for offset in (-2, -1, 0, 1, 2):
        moved = x + offset * step * direction
        value, terms = function(moved)
        values.append(value)
        taken.append(float(np.vdot(moved - x, direction) / length))  # x + step is rounded
        scale = max(scale, terms)
    below2, below, here, above, above2 = values
    central = (above - below) / (taken[3] - taken[1])
    # Second order, so that curvature does not look like a kink; of differences, so that values
    # that are equal give exactly 0.
    left = (4 * (here - below) - (here - below2)) / (2 * (taken[2] - taken[1]))
    right = (4 * (above - here) - (above2 - here)) / (2 * (taken[3] - taken[2]))
    # Of the argument by float64's: what it meets in a narrower dtype is in the function's own.
    shift = ARGUMENT_ROUNDINGS * EPSILON * moved_size(x, direction)
    lost = ROUNDINGS * epsilon * scale
    lost += shift and shift * max(abs(central), abs(left), abs(right))
    return Slope(central, left, right, lost / step, step)


def element(shape: tuple[int, ...], index: tuple[int, ...]) -> Array:
    """Return the direction of one element."""
    direction = np.zeros(shape)
    direction[index] = 1.0
    return direction


def random_direction(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return a direction of length about 1 in which no element counts much less than another."""
    signs = generator.choice([-1.0, 1.0], shape)
    magnitudes: Array = generator.uniform(0.5, 1.5, shape) / np.sqrt(max(1, signs.size))
    return signs * magnitudes
