"""One derivative, by an element or along a direction, measured by differences and compared.

>>> def square(x):
...     return float(x[0] ** 2), float(x[0] ** 2)
>>> x, direction = np.array([3.0]), np.array([1.0])
>>> found = measure(Projection(square), x, direction, analytic=6.0, absolute=0.0)
>>> found.wrong, round(found.numeric, 6)
(False, 6.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.convergence import RELATIVE, ROUGHLY, SIDES, Estimate, converge
from tinygrad_mnist.testing.differences import COMPLEX_STEP, EPSILON, Scalar, Slope, moved_size
from tinygrad_mnist.testing.verdict import Element

ABSOLUTE = 1e-7
"""What every derivative may be off by, relative to the largest: truncation where one is zero."""
COMPLEX_RELATIVE = 1e-8
"""The complex step is exact to rounding; a gradient may lose half of the digits."""
COMPLEX_ABSOLUTE = 1e-3
"""How much less than a difference it is off by where the derivative is zero."""
NEGLIGIBLE = 1e-6
"""So much is proof enough of a second derivative: it may vanish where the first is about 1."""
MANIFEST = 100
"""An error of so many bounds is not due to noise, at a step where slopes agree."""


@dataclass(frozen=True)
class Projection:
    """``sum(cotangent * f)`` as a function of one argument, and its complex step if it has one.

    Bounds that are ``negligible`` need not be small beside the derivatives.
    """

    value: Scalar
    epsilon: float = EPSILON
    complex_step: Callable[[Array, Array], float | None] = lambda x, direction: None
    negligible: float = 0.0


def absolute_tolerance(gradient: Array) -> float:
    """Return what a central difference may be off by beside rounding and a relative error."""
    return ABSOLUTE * min(1.0, float(np.abs(gradient).max(initial=0.0)))


def measure(
    projection: Projection,
    x: Array,
    direction: Array,
    analytic: float,
    absolute: float,
    index: tuple[int, ...] | None = None,
) -> Element:
    """Compare one derivative: if the usual step disagrees, at the step where slopes converge."""

    def allowed(found: Slope) -> float:
        return RELATIVE * abs(found.central) + absolute + found.noise

    def agrees(found: Slope) -> bool:
        smooth = abs(found.gap) <= SIDES * allowed(found)
        return smooth and abs(analytic - found.central) <= allowed(found)

    estimate = converge(projection.value, x, direction, projection.epsilon, agrees)
    found, usual = estimate.slope, estimate.usual
    bound = allowed(found) + estimate.truncation
    if not found.steepness:
        bound = max(bound, EPSILON)  # what stands still may have been rounded to it
    kink = estimate.converged and not abs(found.gap) <= SIDES * bound
    numeric = math.inf if estimate.jump else found.central
    exact, close = _complex_step(projection, x, direction, estimate, absolute)
    if abs(exact - numeric) <= bound:
        numeric, bound = exact, close
    elif kink:
        bound *= SIDES
    elif not estimate.converged:
        bound = math.inf
    else:
        bound += abs(found.gap) / 2  # a kink that rounding hides moves it that far
        if abs(analytic - exact) <= close and abs(analytic - numeric) < MANIFEST * bound:
            bound = math.inf  # the differences are alone
    # Values that move in steps of their own may have told more over the usual step; and what
    # cancels in them is no less wrong in a complex step, if that is alone.
    astray = kink or not abs(analytic - numeric) <= bound
    roughly = abs(analytic - usual.central) <= ROUGHLY * abs(analytic)
    unsure = found.step < usual.step and (not found.steepness or (astray and roughly))
    return Element(index, analytic, numeric, found.left, found.right, bound, kink, unsure)


def _complex_step(
    projection: Projection, x: Array, direction: Array, estimate: Estimate, absolute: float
) -> tuple[float, float]:
    """Return the derivative by the complex step and its bound; NaN if the function takes none."""
    exact = projection.complex_step(x, direction)
    if exact is None:
        return math.nan, math.nan
    # Its rounding is that of a difference over a step of 1, or of the argument's size.
    found, size = estimate.slope, max(1.0, moved_size(x, direction))
    own = found.noise * found.step / size + estimate.truncation * COMPLEX_STEP / found.step
    exact = exact if abs(exact) > own else 0.0
    return exact, COMPLEX_RELATIVE * abs(exact) + COMPLEX_ABSOLUTE * absolute + own
