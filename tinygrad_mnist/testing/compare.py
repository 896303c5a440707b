"""Comparing a gradient with differences: element by element, or along directions if it is large."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.convergence import RELATIVE, SIDES, converge
from tinygrad_mnist.testing.differences import (
    EPSILON,
    ROUNDINGS,
    Scalar,
    Slope,
    element,
    random_direction,
    usual_step,
)
from tinygrad_mnist.testing.noise import COARSEST, ERRATIC, measured_noise
from tinygrad_mnist.testing.verdict import Element, Verdict

EVERY_ELEMENT_UP_TO = 256
WHOLE_GRADIENT_UP_TO = 2048
"""Elements of a wrong gradient that are all differentiated, to see the pattern of the error."""
PATTERN_ELEMENTS = 64
"""As many as show a pattern in a larger one."""
SAMPLED_ELEMENTS = 12
DIRECTIONS = 4
ABSOLUTE = 1e-7
TRUNCATION = 1e-10
"""h² f''' / 6 is 6e-12 f''': what a derivative that is zero may be off by."""
COMPLEX_RELATIVE = 1e-8
"""The complex step is exact to rounding; a gradient may lose half of the digits."""
CONVINCING = 1e-2
"""If rounding allows more than this part of the largest derivative, agreement proves nothing."""
NEGLIGIBLE = 1e-6
"""So much is proof enough whatever the derivatives are, also where all of them are zero."""
MANIFEST = 100
"""An error of so many bounds is not due to noise, at a step where slopes agree."""
DEVIATIONS = 10
"""Standard deviations of measured noise that a slope times its step may be off by."""


@dataclass(frozen=True)
class Projection:
    """``sum(cotangent * f)`` as a function of one argument, and its complex step if it has one."""

    value: Scalar
    epsilon: float = EPSILON
    complex_step: Callable[[Array, Array], float | None] = lambda x, direction: None


def compare(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> tuple[list[Element], Projection]:
    """Compare a gradient of x's shape with differences: first what is wrong, then kinks.

    Every element of a small array; of a large one random directions, the largest elements and
    some others, and, if a direction disagrees, the element that bisection leads to. Where noise
    may be why something disagrees it is measured; if there is more than the function's dtypes
    explain, all is compared again, and the projection returned is the one that knows of it.
    """
    found = comparisons(projection, x, gradient, generator)
    if any(map(_doubtful, found)):
        noisy = with_measured_noise(projection, x, gradient, generator)
        if noisy.epsilon > projection.epsilon:
            return comparisons(noisy, x, gradient, generator), noisy
    return found, projection


def _doubtful(found: Element) -> bool:
    """Whether noise may be at work: it keeps slopes from agreeing, or has them agree roughly."""
    return found.unbounded or found.still or (found.wrong and found.severity < MANIFEST)


def with_measured_noise(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> Projection:
    """Return the projection with the rounding error that its values show at x."""
    noise = measured_noise(lambda moved: projection.value(moved)[0], x, generator)
    values = max(noise.largest, projection.value(x)[1])
    if not 0 < noise.level < ERRATIC * values:
        return projection
    # The value may be small by cancellation; over a unit the function moves by its gradient.
    size = float(np.abs(gradient).max(initial=0.0))
    epsilon = min(noise.level / max(values, size), COARSEST)

    def value(moved: Array) -> tuple[float, float]:
        result, terms = projection.value(moved)
        return result, max(terms, noise.level / epsilon)

    return replace(projection, value=value, epsilon=epsilon)


def only_measured_noise(
    projection: Projection, x: Array, generator: np.random.Generator
) -> Projection | None:
    """Return the projection with bounds from measured noise alone; None if there is none."""
    level = measured_noise(lambda moved: projection.value(moved)[0], x, generator).level
    terms = DEVIATIONS * level / (ROUNDINGS * projection.epsilon)
    if not level:
        return None
    return replace(projection, value=lambda moved: (projection.value(moved)[0], terms))


def absolute_tolerance(gradient: Array) -> float:
    """Return what a central difference may be off by beside rounding and a relative error."""
    return ABSOLUTE * min(1.0, float(np.abs(gradient).max(initial=0.0))) + TRUNCATION


def comparisons(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> list[Element]:
    """Compare as `compare` does, with the rounding error that the projection is said to have."""
    absolute = absolute_tolerance(gradient)

    def measured(direction: Array, index: tuple[int, ...] | None) -> Element:
        slopes = float(np.vdot(direction, gradient))
        return measure(projection, x, direction, slopes, absolute, index)

    def at(flat: int) -> Element:
        place = _place(flat, x.shape)
        return measured(element(x.shape, place), place)

    if x.size <= EVERY_ELEMENT_UP_TO:
        found = [at(flat) for flat in range(x.size)]
    else:
        directions = [random_direction(generator, x.shape) for _ in range(DIRECTIONS)]
        # Along the signs of the gradient all that it has adds up: the clearest signal.
        directions[0] = np.copysign(directions[0], gradient)
        along = [measured(direction, None) for direction in directions]
        chosen = np.abs(gradient).ravel().argsort()[-SAMPLED_ELEMENTS // 2 :].tolist()
        chosen += generator.integers(0, x.size, SAMPLED_ELEMENTS // 2).tolist()
        wrong = [d for d, e in zip(directions, along, strict=True) if e.wrong]
        if wrong:
            chosen.append(_bisected(lambda d: measured(d, None).error, wrong[0]))
        found = [at(flat) for flat in dict.fromkeys(chosen)]
        if not any(e.wrong for e in found):
            along = [_excused(e) for e in along]
        found += along
    return sorted(found, key=lambda e: (not (e.wrong and e.measured), not e.kink, -e.severity))


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _excused(along: Element) -> Element:
    """Return a comparison that is not held against the gradient at a kink.

    Kinks of many elements, some convex and some concave, need not have between them what each
    has between its own slopes.
    """
    return replace(along, bound=max(along.bound, along.error)) if along.kink else along


def numeric_gradient(
    projection: Projection, x: Array, elements: Sequence[Element] = ()
) -> tuple[Array, Array]:
    """Return the gradient by central differences, and how far it may be off.

    Of a large one some elements, those that were compared among them; the others are NaN.
    """

    def smooth(found: Slope) -> bool:
        allowed = SIDES * (RELATIVE * abs(found.central) + found.noise)
        return abs(found.right - found.left) <= allowed

    chosen = range(x.size)
    if x.size > WHOLE_GRADIENT_UP_TO:
        chosen = np.random.default_rng(0).integers(0, x.size, PATTERN_ELEMENTS).tolist()
    places = {_place(k, x.shape) for k in chosen}
    places |= {e.index for e in elements if e.index is not None}
    numeric, bound = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    for place in places:
        direction = element(x.shape, place)
        found = converge(projection.value, x, direction, projection.epsilon, smooth)
        central, left, right, noise, _ = found.slope
        numeric[place] = central
        # At a kink any slope between the two sides will do.
        bound[place] = RELATIVE * abs(central) + noise + found.truncation + abs(right - left) / 2
    return numeric, bound + TRUNCATION


def judge(elements: list[Element]) -> Verdict:
    """Return the verdict on the comparisons of one argument."""
    if any(e.wrong and e.measured for e in elements):
        return Verdict.WRONG
    if not all(e.measured for e in elements):
        return Verdict.NON_FINITE
    if any(e.unbounded for e in elements):
        return Verdict.PRECISION_LIMITED
    if any(e.kink for e in elements):
        return Verdict.KINK
    size = max((abs(e.numeric) for e in elements), default=0.0)
    widest = max((e.bound for e in elements), default=0.0)
    doubtful = widest > max(CONVINCING * size, NEGLIGIBLE)
    return Verdict.PRECISION_LIMITED if doubtful else Verdict.OK


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
        smooth = abs(found.right - found.left) <= SIDES * allowed(found)
        return smooth and abs(analytic - found.central) <= allowed(found)

    found, truncation, converged, jump = converge(
        projection.value, x, direction, projection.epsilon, agrees
    )
    bound = allowed(found) + truncation
    kink = converged and not abs(found.right - found.left) <= SIDES * bound
    numeric = math.inf if jump else found.central
    exact = projection.complex_step(x, direction)
    if exact is not None and abs(exact - numeric) <= bound:
        numeric, bound = exact, COMPLEX_RELATIVE * abs(exact) + absolute / 1e3
    elif kink:
        bound *= SIDES
    elif not converged:
        bound = math.inf
    else:
        bound += abs(found.right - found.left) / 2  # a kink that rounding hides moves it that far
    still = found.step < usual_step(x, direction, projection.epsilon) and not found.steepness
    return Element(index, analytic, numeric, found.left, found.right, bound, kink, still)


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
