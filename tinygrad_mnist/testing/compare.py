"""Comparing a gradient with differences: element by element, or along directions if it is large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.differences import (
    EPSILON,
    Scalar,
    element,
    random_direction,
    slope,
)
from tinygrad_mnist.testing.verdict import Element, Verdict

EVERY_ELEMENT_UP_TO = 256
WHOLE_GRADIENT_UP_TO = 2048
"""Elements of a wrong gradient that are all differentiated, to see the pattern of the error."""
SAMPLED_ELEMENTS = 12
DIRECTIONS = 4
SHRINKS = (1.0, 1 / 8, 1 / 64)
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
) -> list[Element]:
    """Compare a gradient of x's shape with differences; the largest error in bounds comes first.

    Every element of a small array; of a large one random directions, the largest elements and
    some others, and, if a direction disagrees, the element that bisection leads to.
    """
    size = float(np.abs(gradient).max(initial=0.0))
    absolute = ABSOLUTE * min(1.0, size) + TRUNCATION

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
    return sorted(found, key=lambda e: -e.severity)


def numeric_gradient(projection: Projection, x: Array) -> Array:
    """Return the whole gradient by central differences."""
    slopes = [
        slope(projection.value, x, element(x.shape, place), projection.epsilon).central
        for place in np.ndindex(*x.shape)
    ]
    return np.array(slopes).reshape(x.shape)


def judge(elements: list[Element]) -> Verdict:
    """Return the verdict on the comparisons of one argument."""
    if any(e.wrong for e in elements):
        return Verdict.WRONG
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
    for shrink in SHRINKS:
        found = slope(projection.value, x, direction, projection.epsilon, shrink)
        bound = RELATIVE * abs(found.central) + absolute + found.noise
        margin = 4 * bound  # the coefficients of a one-sided slope add up to four times as much
        kink = not abs(found.right - found.left) <= margin
        if not kink and abs(analytic - found.central) <= bound:
            break
    numeric = found.central
    exact = projection.complex_step(x, direction)
    if exact is not None and abs(exact - numeric) <= bound:
        numeric, bound = exact, COMPLEX_RELATIVE * abs(exact) + absolute / 1e3
    return Element(
        index, analytic, numeric, found.left, found.right, margin if kink else bound, kink
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
