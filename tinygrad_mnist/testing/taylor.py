"""The Taylor remainder: a second opinion on a gradient, from steps wider than a difference's.

``f(x + h d) - f(x) - h gradient·d`` falls like h² if the gradient is right, like h if it is wrong.

>>> def square(x):
...     return float(x[0] ** 2), float(x[0] ** 2)
>>> x, direction = np.array([3.0]), np.array([1.0])
>>> round(remainder(square, x, direction, derivative=6.0).exponent, 2)
2.0
>>> round(remainder(square, x, direction, derivative=5.0).exponent, 2)
1.0
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.differences import EPSILON, ROUNDINGS, Scalar, moved_size, usual_step

RATIO = 5.0
WIDEST = 0.2


class Remainder(NamedTuple):
    """How the remainder falls, and the error of the derivative that it shows.

    Attributes
    ----------
    exponent
        The power of h with which it falls: 2 or more if the derivative is right, 1 if it is wrong
        or a kink is within the steps. NaN where rounding or the tolerance hides the remainder, as
        where the function is linear.
    error
        What is odd in the remainder, by h, at the wider of the smallest two steps that show it.
    """

    exponent: float = math.nan
    error: float = math.nan


def remainder(
    function: Scalar,
    x: Array,
    direction: Array,
    derivative: float,
    epsilon: float = EPSILON,
    tolerance: float = 0.0,
) -> Remainder:
    """Look at what the first-order Taylor polynomial leaves out on both sides of x.

    Parameters
    ----------
    derivative
        The one in question, along the direction.
    epsilon
        The relative rounding error of the function; the smallest step follows it.
    tolerance
        An error of the derivative that is not to be looked at.
    """
    here, scale = function(x)
    steps, odd, even = [], [], []
    step, widest = usual_step(x, direction, epsilon), WIDEST * max(1.0, moved_size(x, direction))
    while step <= widest:
        above = function(x + step * direction)[0] - here
        below = function(x - step * direction)[0] - here
        slope, curve = abs((above - below) / 2 - step * derivative), abs(above + below) / 2
        if step * tolerance + ROUNDINGS * epsilon * scale < slope + curve < math.inf:
            steps.append(step)
            odd.append(slope)
            even.append(curve)
        step *= RATIO
    if len(steps) < 2:
        return Remainder()
    left_out = np.add(odd, even)
    exponent = np.log(left_out[1] / left_out[0]) / np.log(steps[1] / steps[0])
    return Remainder(float(exponent), odd[1] / steps[1])
