"""Slopes by differences: five points at a step, and smaller steps until two slopes agree.

How small a step must be depends on the function: ``log`` at 1e-5 needs one far below the usual.

>>> def logarithm(x):
...     return float(np.log(x[0])), float(abs(np.log(x[0])))
>>> x, direction = np.array([1e-5]), np.array([1.0])
>>> round(slope(logarithm, x, direction, step=4e-6).central)
105912
>>> with np.errstate(invalid="ignore"):
...     found = converge(logarithm, x, direction)
>>> round(found.slope.central)
100000

The usual step is the cube root of the rounding error, times the element's size where that is
above one. In float64 it is 6e-6.

>>> x, direction = np.array([0.0]), np.array([1.0])
>>> step = usual_step(x, direction)
>>> found = slope(lambda x: (float(abs(x[0])), float(abs(x[0]))), x, direction, step)
>>> round(found.left, 6), round(found.right, 6)
(-1.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
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

SHRINK = 8.0
SLOPES = 24
"""Steps down to 1e-26 are tried where the argument is that small."""
FAR, ROUGHLY = 512, 0.2
"""How much smaller the step that must concur is, and how well it must."""
WIDE = 0.1
"""Jumps may hide in a wider step, as those of ``floor``: though slopes agree, one must concur."""
SPACINGS = 1024
"""A step spans as many spacings of the argument at least."""
RELATIVE = 1e-5
"""Of a central difference in float64, beside rounding: measured errors are below 1e-8."""
SIDES = 4
"""The coefficients of a one-sided slope add up to four times as much as the central one's."""
GAPS = 32
"""A gap of as many times the noise is seen: 2 sides, SIDES each, leave a quarter of it in doubt."""
JUMP = 1e-2
"""The height of a jump is the same for every step, up to what the function does beside it."""


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


class Estimate(NamedTuple):
    """A slope at the step where it is best, and how far truncation may move it.

    It has ``converged`` if the slope at the step before agrees with it. At a ``jump`` slopes grow
    without end. The ``usual`` slope is the one at the first step.
    """

    slope: Slope
    truncation: float
    usual: Slope
    converged: bool = True
    jump: bool = False


def converge(
    function: Scalar,
    x: Array,
    direction: Array,
    epsilon: float = EPSILON,
    enough: Callable[[Slope], bool] = lambda found: False,
) -> Estimate:
    """Shrink the step until two slopes in a row agree, on both sides too, or one is enough.

    A step that is smaller by far must roughly concur: values that move in steps of their own, such
    as those of float32, may agree by chance. A kink must be there at a smaller one still.
    """
    step = usual_step(x, direction, epsilon)
    smallest = SPACINGS * EPSILON * moved_size(x, direction) / np.abs(direction).max()

    def at(step: float) -> Slope:
        return slope(function, x, direction, step, epsilon)

    def concurs(found: Slope) -> bool:
        return _concurs(found, at(max(min(found.step / FAR, WIDE), smallest)))

    found: list[Slope] = []
    while len(found) < SLOPES and (step >= smallest or not found):
        last = at(step)
        found.append(last)
        if enough(last):
            return Estimate(last, 0.0, found[0])
        agree = len(found) > 1 and _agree(*found[-2:]) and _sides_agree(*found[-2:])
        if agree and concurs(last) and _stays(at, last, smallest or _finest(x)):
            return Estimate(last, _change(*found[-2:]), found[0])
        step /= SHRINK
    return _best(found)


def _finest(x: Array) -> float:
    """Return the least step beside the smallest element: none that is 0 tells of a scale."""
    return SPACINGS * EPSILON * float(np.abs(x[x != 0]).min(initial=np.inf))


def _stays(at: Callable[[float], Slope], found: Slope, smallest: float) -> bool:
    """Whether a kink, if there is one, is still there at the smallest step that noise allows.

    A function that is smooth at a tiny argument, or beside a kink, has one at wider steps only.
    """
    while abs(found.gap) > SIDES * (RELATIVE * found.steepness + found.noise):
        step = max(smallest, found.step * GAPS * found.noise / abs(found.gap))
        if step * SHRINK > found.step:
            break
        before, found = found, at(step)
        if not found.gap / before.gap >= 1 / 2:
            return False
    return True


def _best(found: Sequence[Slope]) -> Estimate:
    """Return the slope that moved least; a cusp's has converged, though not those of its sides."""
    last, usual = found[-1], found[0]
    sizes = np.array([s.steepness + abs(s.central) for s in found[-3:]])
    heights = sizes * [s.step for s in found[-3:]]
    if len(heights) == 3 and np.ptp(heights) <= JUMP * heights.min() and heights.any():
        return Estimate(last, 0.0, usual, converged=False, jump=True)
    if len(sizes) == 3 and (sizes[1:] <= sizes[:-1] / 2).all():
        # They vanish with the step, like those of a cube beside 0: no two of them ever agree.
        return Estimate(last._replace(central=0.0), float(sizes[-2]), usual)
    if len(found) > 2 and all(_agree(*pair) for pair in pairwise(found[-3:])):  # not by chance
        return Estimate(last, _change(*found[-2:]), usual)
    finite = [pair for pair in pairwise(found) if np.isfinite(_change(*pair))]
    if not finite:
        return Estimate(last, 0.0, usual, converged=False)
    before, best = min(finite, key=lambda pair: _change(*pair) + pair[1].noise)
    return Estimate(best, _change(before, best), usual, converged=False)


def _change(before: Slope, after: Slope) -> float:
    return abs(after.central - before.central)


def _agree(before: Slope, after: Slope) -> bool:
    return _change(before, after) <= RELATIVE * after.steepness + after.noise


def _concurs(found: Slope, far: Slope) -> bool:
    return abs(far.central - found.central) <= ROUGHLY * found.steepness + SIDES * far.noise


def _sides_agree(before: Slope, after: Slope) -> bool:
    tolerance = SIDES * (RELATIVE * after.steepness + after.noise)
    return max(abs(after.left - before.left), abs(after.right - before.right)) <= tolerance


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
