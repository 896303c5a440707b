"""Elements at a kink, moved together: each may be given a slope that is possible for it alone.

``max`` of two equal numbers may give either of them 1, but not both: moved together, they raise
the maximum by 1.

>>> x, generator = np.array([1.0, 1.0]), np.random.default_rng(0)
>>> alone = [Element((i,), 1.0, 0.5, 0.0, 1.0, 1e-6, kink=True) for i in range(2)]
>>> largest = Contraction(lambda arrays: arrays[0].max(), [x], np.array(1.0), epsilon=2e-16)
>>> found = contradiction(largest, {0: np.array([1.0, 1.0])}, {0: alone}, generator)
>>> round(found.along.analytic, 3), round(found.along.numeric, 3)
(2.0, 1.0)
>>> contradiction(largest, {0: np.array([0.5, 0.5])}, {0: alone}, generator)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.compare import Contraction, Projection, absolute_tolerance, measure
from tinygrad_mnist.testing.differences import slope, usual_step
from tinygrad_mnist.testing.verdict import Element

DIRECTIONS = 4
"""All ones, and random signs."""
NEARBY = 10
"""Steps to a point whose slopes are asked for."""
TRIES = 8
"""From how many places the way to such a point is looked for."""
CURVE = 1e-2
"""How much of a slope may be lost on the way there, beside the kink."""


class Contradiction(NamedTuple):
    """A direction along which the slopes of some elements do not add up to a possible one.

    There are so many ``kinks``, of elements of the arguments at these positions.
    """

    along: Element
    kinks: int
    arguments: list[int]


def contradiction(
    contraction: Contraction,
    gradients: Mapping[int, Array],
    compared: Mapping[int, Sequence[Element]],
    generator: np.random.Generator,
) -> Contradiction | None:
    """Return a direction along which the gradient is no subgradient, if one is found.

    Parameters
    ----------
    gradients, compared
        Of the arguments at these positions, the latter one by one; those at a kink are moved.
    """
    places = _places(compared)
    if len(places) < 2:
        return None
    projection, x = _by_elements(contraction, places)
    gradient = np.array([gradients[i][index] for i, index in places], np.float64)
    absolute = math.sqrt(x.size) * absolute_tolerance(gradient)
    directions = [generator.choice([-1.0, 1.0], x.size) for _ in range(DIRECTIONS - 1)]
    for direction in [np.ones(x.size), *directions]:
        along = measure(projection, x, direction, float(direction @ gradient), absolute)
        if along.wrong and along.measured and not _possible(along, projection, x, direction):
            return Contradiction(along, len(places), sorted({i for i, _ in places}))
    return None


def possible(
    contraction: Contraction, compared: Mapping[int, Sequence[Element]], position: int, one: Element
) -> bool:
    """Whether a slope by one element that is none of its own is one where others leave their kinks.

    Of three equal numbers that are sorted, each may be the one in the middle, though moved alone
    it becomes the first or the last. A direction is not judged, beside its elements.
    """
    if one.index is None:
        return one.kink
    places = [place for place in _places(compared) if place != (position, one.index)]
    if not places:
        return False
    projection, x = _by_elements(contraction, [(position, one.index), *places])
    return _possible(one, projection, x, np.eye(1, x.size)[0])


Place = tuple[int, tuple[int, ...]]
"""The position of an argument, and the index of an element of it."""


def _places(compared: Mapping[int, Sequence[Element]]) -> list[Place]:
    """Return where the elements at a kink are."""
    kinks = [(i, e) for i, elements in compared.items() for e in elements if e.kink]
    return [(i, e.index) for i, e in kinks if e.index is not None]


def _by_elements(contraction: Contraction, places: Sequence[Place]) -> tuple[Projection, Array]:
    """Return it as a function of some elements of its arguments, and the elements."""

    def moved(elements: Array) -> tuple[float, float]:
        copies = {i: np.array(contraction.arrays[i], np.float64) for i, _ in places}
        for (i, index), x in zip(places, elements, strict=True):
            copies[i][index] = x
        return contraction(copies)

    x = np.array([contraction.arrays[i][index] for i, index in places], np.float64)
    return Projection(moved, contraction.epsilon), x


def _possible(along: Element, projection: Projection, x: Array, direction: Array) -> bool:
    """Whether a slope that is none of the point's own is one of a point nearby.

    Where convex and concave kinks are added up, what is right for each need not lie between the
    sum's slopes: relu(a) - relu(b) along (1, 1) has none but 0. The elements are moved to one side
    of their kinks or the other, one after the other, as long as the slope comes closer.
    """
    generator = np.random.default_rng(0)
    step = usual_step(x, direction, projection.epsilon)
    sign = 1.0 if along.analytic > max(along.left, along.right, along.numeric) else -1.0
    bends = CURVE * abs(along.analytic)

    def reached(moves: Array) -> float:
        at = x + moves
        return sign * slope(projection.value, at, direction, step, projection.epsilon).central

    for _ in range(TRIES):
        offset = NEARBY * step * generator.uniform(0.5, 1.5, x.size)  # no two are equal again
        moves = offset * generator.choice([-1.0, 1.0], x.size)
        farthest = reached(moves)
        for i in range(x.size):
            moves[i] *= -1
            slope_there = reached(moves)
            if slope_there <= farthest:
                moves[i] *= -1
            farthest = max(farthest, slope_there)
        if farthest >= sign * along.analytic - along.bound - bends:
            return True
    return False
