"""Comparing a gradient with differences: element by element, or along directions if it is large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.convergence import RELATIVE, SIDES, converge
from tinygrad_mnist.testing.differences import ROUNDINGS, Slope, element, random_direction
from tinygrad_mnist.testing.measure import (
    ABSOLUTE,
    MANIFEST,
    Projection,
    absolute_tolerance,
    measure,
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
CONVINCING = 1e-2
"""If rounding allows more than this part of the largest derivative, agreement proves nothing."""
DEVIATIONS = 10
"""Standard deviations of measured noise that a slope times its step may be off by."""


class Comparison(NamedTuple):
    """What was compared, with what rounding error, and whether that contradicts what it may be.

    A projection that knows of measured noise is ``contradicted`` if it passes a gradient that is
    manifestly wrong at smaller steps.
    """

    elements: list[Element]
    projection: Projection
    contradicted: bool = False


def compare(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> Comparison:
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
            again = comparisons(noisy, x, gradient, generator)
            return Comparison(again, noisy, any(map(_manifest, found)))
    return Comparison(found, projection)


def _doubtful(found: Element) -> bool:
    """Whether noise may be at work: it keeps slopes from agreeing, or has them agree roughly."""
    return found.unbounded or found.unsure or (found.wrong and found.severity < MANIFEST)


def _manifest(found: Element) -> bool:
    """Whether it is wrong by many bounds where the function moves."""
    moving = found.measured and (found.left or found.right)
    return bool(moving and found.wrong and found.severity >= MANIFEST)


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

    # What cancels in the values cancels in a complex step as well.
    return Projection(value, epsilon, negligible=projection.negligible)


def only_measured_noise(
    projection: Projection, x: Array, generator: np.random.Generator
) -> Projection | None:
    """Return the projection with bounds from measured noise alone; None if there is none."""
    level = measured_noise(lambda moved: projection.value(moved)[0], x, generator).level
    terms = DEVIATIONS * level / (ROUNDINGS * projection.epsilon)
    if not level:
        return None
    return replace(projection, value=lambda moved: (projection.value(moved)[0], terms))


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
    return numeric, bound + ABSOLUTE * float(np.abs(numeric[~np.isnan(numeric)]).max(initial=0.0))


def judge(elements: list[Element], negligible: float = 0.0) -> Verdict:
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
    nothing = not size and not any(e.analytic for e in elements)  # moves, and none is expected to
    convincing = nothing or widest <= max(CONVINCING * size, negligible)
    return Verdict.OK if convincing else Verdict.PRECISION_LIMITED


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
