"""Comparing a gradient with differences: element by element, or along directions if it is large."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.differences import (
    EPSILON,
    Scalar,
    element,
    random_direction,
    slope,
)
from tinygrad_mnist.testing.noise import COARSEST, measured_noise
from tinygrad_mnist.testing.verdict import Element, Verdict

EVERY_ELEMENT_UP_TO = 256
WHOLE_GRADIENT_UP_TO = 2048
"""Elements of a wrong gradient that are all differentiated, to see the pattern of the error."""
SAMPLED_ELEMENTS = 12
DIRECTIONS = 4
SHRINKS = (1.0, 1 / 8, 1 / 64)
JUMP = 0.5 / SHRINKS[-1]
"""Slopes over a jump grow as the step shrinks, at a kink they stay, under a root they grow by 8."""
RELATIVE, ABSOLUTE = 1e-5, 1e-7
"""Bounds of a central difference in float64, beside rounding: measured errors are below 1e-8."""
TRUNCATION = 1e-10
"""h² f''' / 6 is 6e-12 f''': what a derivative that is zero may be off by."""
COMPLEX_RELATIVE = 1e-8
"""The complex step is exact to rounding; a gradient may lose half of the digits."""
CONVINCING = 1e-2
"""If rounding allows more than this part of the largest derivative, agreement proves nothing."""


@dataclass(frozen=True)
class Projection:
    """``sum(cotangent * f)`` as a function of one argument, and its complex step if it has one."""

    value: Scalar
    epsilon: float = EPSILON
    complex_step: Callable[[Array, Array], float | None] = lambda x, direction: None


def compare(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> tuple[list[Element], Projection]:
    """Compare a gradient of x's shape with differences; the largest error in bounds comes first.

    Every element of a small array; of a large one random directions, the largest elements and
    some others, and, if a direction disagrees, the element that bisection leads to. Where
    something disagrees the noise of the function is measured; if there is more than its dtypes
    explain, all is compared again, and the projection returned is the one that knows of it.
    """
    found = _compared(projection, x, gradient, generator)
    if any(e.wrong or e.shrunk for e in found):
        noisy = with_measured_noise(projection, x, gradient, generator)
        if noisy.epsilon > projection.epsilon:
            return _compared(noisy, x, gradient, generator), noisy
    return found, projection


def with_measured_noise(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> Projection:
    """Return the projection with the rounding error that its values show at x."""
    noise = measured_noise(lambda moved: projection.value(moved)[0], x, generator)
    if not noise.level:
        return projection
    # The value may be small by cancellation; over a unit the function moves by its gradient.
    size = float(np.abs(gradient).max(initial=0.0))
    epsilon = min(noise.level / max(noise.largest, size, projection.value(x)[1]), COARSEST)

    def value(moved: Array) -> tuple[float, float]:
        result, terms = projection.value(moved)
        return result, max(terms, noise.level / epsilon)

    return replace(projection, value=value, epsilon=epsilon)


def absolute_tolerance(gradient: Array) -> float:
    """Return what a central difference may be off by beside rounding and a relative error."""
    return ABSOLUTE * min(1.0, float(np.abs(gradient).max(initial=0.0))) + TRUNCATION


def _compared(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> list[Element]:
    absolute = absolute_tolerance(gradient)

    def measured(direction: Array, index: tuple[int, ...] | None) -> Element:
        slopes = float(np.vdot(direction, gradient))
        return _measure(projection, x, direction, slopes, absolute, index)

    if x.size <= EVERY_ELEMENT_UP_TO:
        places = list(np.ndindex(*x.shape))
        found = [measured(element(x.shape, place), place) for place in places]
    else:
        directions = [random_direction(generator, x.shape) for _ in range(DIRECTIONS)]
        # Along the signs of the gradient all that it has adds up: the clearest signal.
        directions[0] = np.copysign(directions[0], gradient)
        found = [measured(direction, None) for direction in directions]
        flat = np.abs(gradient).ravel().argsort()[-SAMPLED_ELEMENTS // 2 :].tolist()
        flat += generator.integers(0, x.size, SAMPLED_ELEMENTS // 2).tolist()
        wrong = [d for d, e in zip(directions, found, strict=True) if e.wrong]
        if wrong:
            flat.append(_bisected(lambda d: measured(d, None).error, wrong[0]))
        places = [tuple(int(i) for i in np.unravel_index(k, x.shape)) for k in flat]
        found += [measured(element(x.shape, place), place) for place in dict.fromkeys(places)]
    return sorted(found, key=lambda e: (not (e.wrong and e.measured), -e.severity))


def numeric_gradient(projection: Projection, x: Array) -> Array:
    """Return the whole gradient by central differences."""
    slopes = [
        slope(projection.value, x, element(x.shape, place), projection.epsilon).central
        for place in np.ndindex(*x.shape)
    ]
    return np.array(slopes).reshape(x.shape)


def judge(elements: list[Element]) -> Verdict:
    """Return the verdict on the comparisons of one argument."""
    if any(e.wrong and e.measured for e in elements):
        return Verdict.WRONG
    if not all(e.measured for e in elements):
        return Verdict.NON_FINITE
    if any(e.kink for e in elements):
        return Verdict.KINK
    size = max((abs(e.numeric) for e in elements), default=0.0)
    widest = max((e.bound for e in elements), default=0.0)
    doubtful = widest > max(CONVINCING * size, 1e-6)
    return Verdict.PRECISION_LIMITED if doubtful else Verdict.OK


def _measure(
    projection: Projection,
    x: Array,
    direction: Array,
    analytic: float,
    absolute: float,
    index: tuple[int, ...] | None,
) -> Element:
    """Compare one derivative, with smaller steps while a kink may lie within the step."""
    steepness: list[float] = []
    for shrink in SHRINKS:
        found = slope(projection.value, x, direction, projection.epsilon, shrink)
        bound = RELATIVE * abs(found.central) + absolute + found.noise
        margin = 4 * bound  # the coefficients of a one-sided slope add up to four times as much
        kink = not abs(found.right - found.left) <= margin
        if not kink and abs(analytic - found.central) <= bound:
            break
        steepness.append(abs(found.left) + abs(found.right))
    disagreed = len(steepness) == len(SHRINKS)
    jumps = disagreed and steepness[-1] > JUMP * steepness[0] and steepness[-1] > margin
    numeric = math.inf if jumps else found.central
    exact = projection.complex_step(x, direction)
    if exact is not None and abs(exact - numeric) <= bound:
        numeric, bound = exact, COMPLEX_RELATIVE * abs(exact) + absolute / 1e3
    allowed = margin if kink else bound
    return Element(
        index, analytic, numeric, found.left, found.right, allowed, kink, shrunk=shrink < 1
    )


def _bisected(error: Callable[[Array], float], direction: Array) -> int:
    """Follow the half of a direction with the larger error down to one element."""
    places = np.arange(direction.size)
    while len(places) > 1:
        halves = np.array_split(places, 2)
        errors = []
        for half in halves:
            part = np.zeros(direction.size)
            part[half] = direction.ravel()[half]
            errors.append(error(part.reshape(direction.shape)))
        places = halves[int(np.nan_to_num(errors, nan=np.inf).argmax())]
    return int(places[0])
