"""The step at which differences converge: smaller and smaller ones, until two slopes agree.

How small a step must be depends on the function: ``log`` at 1e-5 needs one far below that.

>>> def logarithm(x):
...     return float(np.log(x[0])), float(abs(np.log(x[0])))
>>> x, direction = np.array([1e-5]), np.array([1.0])
>>> round(slope(logarithm, x, direction, step=4e-6).central)
105912
>>> with np.errstate(invalid="ignore"):
...     found = converge(logarithm, x, direction)
>>> round(found.slope.central)
100000
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.differences import EPSILON, Scalar, Slope, slope, usual_step

SHRINK = 8.0
SLOPES = 24
"""Steps down to 1e-26 are tried where the argument is that small."""
FAR, ROUGHLY = 512, 0.25
"""How much smaller the step that must concur is, and how well it must."""
SPACINGS = 1024
"""A step spans as many spacings of the argument at least."""
RELATIVE = 1e-5
"""Of a central difference in float64, beside rounding: measured errors are below 1e-8."""
SIDES = 4
"""The coefficients of a one-sided slope add up to four times as much as the central one's."""
JUMP = 1e-2
"""The height of a jump is the same for every step, up to what the function does beside it."""


class Estimate(NamedTuple):
    """A slope at the step where it is best, and how far truncation may move it.

    It has ``converged`` if the slope at the step before agrees with it. At a ``jump`` slopes grow
    without end.
    """

    slope: Slope
    truncation: float
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
    as those of float32, may agree by chance.
    """
    step = usual_step(x, direction, epsilon)
    size = np.abs(x[direction != 0]).max(initial=0.0)
    smallest = SPACINGS * EPSILON * size / np.abs(direction).max(initial=0.0)
    found: list[Slope] = []
    while len(found) < SLOPES and (step >= smallest or not found):
        found.append(slope(function, x, direction, step, epsilon))
        if enough(found[-1]):
            return Estimate(found[-1], 0.0)
        if len(found) > 1 and _agree(*found[-2:]) and _sides_agree(*found[-2:]):
            far = slope(function, x, direction, max(step / FAR, smallest), epsilon)
            if _concurs(found[-1], far):
                return Estimate(found[-1], _change(*found[-2:]))
        step /= SHRINK
    return _best(found)


def _best(found: Sequence[Slope]) -> Estimate:
    """Return the slope that moved least; a cusp's has converged, though not those of its sides."""
    heights = np.array([s.steepness * s.step for s in found[-3:]])
    if len(heights) == 3 and np.ptp(heights) <= JUMP * heights.min() and heights.any():
        return Estimate(found[-1], 0.0, converged=False, jump=True)
    if len(found) > 1 and _agree(*found[-2:]):
        return Estimate(found[-1], _change(*found[-2:]))
    finite = [pair for pair in pairwise(found) if np.isfinite(_change(*pair))]
    if not finite:
        return Estimate(found[-1], 0.0, converged=False)
    before, best = min(finite, key=lambda pair: _change(*pair) + pair[1].noise)
    return Estimate(best, _change(before, best), converged=False)


def _change(before: Slope, after: Slope) -> float:
    return abs(after.central - before.central)


def _agree(before: Slope, after: Slope) -> bool:
    return _change(before, after) <= RELATIVE * after.steepness + after.noise


def _concurs(found: Slope, far: Slope) -> bool:
    return abs(far.central - found.central) <= ROUGHLY * found.steepness + SIDES * far.noise


def _sides_agree(before: Slope, after: Slope) -> bool:
    tolerance = SIDES * (RELATIVE * after.steepness + after.noise)
    return max(abs(after.left - before.left), abs(after.right - before.right)) <= tolerance
