"""Elements at a kink, moved together: each may be given a slope that is possible for it alone.

``max`` of two equal numbers may give either of them 1, but not both: moved together, they raise
the maximum by 1.

>>> def largest(arrays):
...     return float(arrays[0].max()), float(abs(arrays[0].max()))
>>> x, generator = np.array([1.0, 1.0]), np.random.default_rng(0)
>>> alone = [Element((i,), 1.0, 0.5, 0.0, 1.0, 1e-6, kink=True) for i in range(2)]
>>> found = contradiction(largest, [x], [np.array([1.0, 1.0])], [alone], 2e-16, generator)
>>> round(found.along.analytic, 3), round(found.along.numeric, 3)
(2.0, 1.0)
>>> contradiction(largest, [x], [np.array([0.5, 0.5])], [alone], 2e-16, generator)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.compare import Projection, absolute_tolerance, measure
from tinygrad_mnist.testing.differences import slope, usual_step
from tinygrad_mnist.testing.verdict import Element

DIRECTIONS = 4
"""All ones, and random signs."""
NEARBY = 10
"""Steps to a point whose slopes are asked for."""
CURVE = 1e-2
"""How much of a slope may be lost on the way there, beside the kink."""

Place = tuple[int, tuple[int, ...]]
"""The number of an argument, and an index."""
Value = Callable[[Sequence[Array]], tuple[float, float]]


class Contradiction(NamedTuple):
    """A direction along which the slopes of some elements do not add up to a possible one."""

    along: Element
    places: list[Place]


def contradiction(
    value: Value,
    arrays: Sequence[Array],
    gradients: Sequence[Array],
    kinks: Sequence[Sequence[Element]],
    epsilon: float,
    generator: np.random.Generator,
) -> Contradiction | None:
    """Return a direction along which the gradient is no subgradient, if one is found.

    Parameters
    ----------
    value
        The result and the sum of its absolute terms, of all arrays.
    kinks
        The elements at a kink, of every array.
    epsilon
        The relative rounding error of the function.
    """
    places = [(k, e.index) for k, found in enumerate(kinks) for e in found if e.index is not None]
    if len(places) < 2:
        return None

    def moved(elements: Array) -> tuple[float, float]:
        copies = [a.copy() for a in arrays]
        for (k, index), x in zip(places, elements, strict=True):
            copies[k][index] = x
        return value(copies)

    x = np.array([arrays[k][index] for k, index in places], np.float64)
    gradient = np.array([gradients[k][index] for k, index in places], np.float64)
    absolute = math.sqrt(x.size) * absolute_tolerance(gradient)
    projection = Projection(moved, epsilon)
    directions = [generator.choice([-1.0, 1.0], x.size) for _ in range(DIRECTIONS - 1)]
    for direction in [np.ones(x.size), *directions]:
        along = measure(projection, x, direction, float(direction @ gradient), absolute)
        if along.wrong and along.measured and not _possible(along, projection, x, direction):
            return Contradiction(along, places)
    return None


def _possible(along: Element, projection: Projection, x: Array, direction: Array) -> bool:
    """Whether a slope that is none of the point's own is one of a point nearby.

    Where convex and concave kinks are added up, what is right for each need not lie between the
    sum's slopes: relu(a) - relu(b) along (1, 1) has none but 0. The elements are moved to one side
    of their kinks or the other, one after the other, as long as the slope comes closer.
    """
    generator = np.random.default_rng(0)
    step = usual_step(x, direction, projection.epsilon)
    offset = NEARBY * step * generator.uniform(0.5, 1.5, x.size)  # no two are equal again
    sign = 1.0 if along.analytic > max(along.left, along.right, along.numeric) else -1.0

    def reached(sides: Array) -> float:
        at = x + sides * offset
        return sign * slope(projection.value, at, direction, step, projection.epsilon).central

    sides = generator.choice([-1.0, 1.0], x.size)
    farthest = reached(sides)
    for i in range(x.size):
        sides[i] *= -1
        slope_there = reached(sides)
        if slope_there <= farthest:
            sides[i] *= -1
        farthest = max(farthest, slope_there)
    bends = CURVE * abs(along.analytic)
    return bool(farthest >= sign * along.analytic - along.bound - bends)
