"""The verdict on the gradient by one argument: differences, and the Taylor remainder's opinion.

A gradient is compared element by element, or along directions if it is large.

>>> def square(x):
...     return float(x[0] ** 2), float(x[0] ** 2)
>>> x, direction = np.array([3.0]), np.array([1.0])
>>> found = measure(Projection(square), x, direction, analytic=6.0, absolute=0.0)
>>> found.wrong, round(found.numeric, 6)
(False, 6.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.differences import (
    COMPLEX_STEP,
    EPSILON,
    RELATIVE,
    ROUGHLY,
    ROUNDINGS,
    SIDES,
    WIDE,
    Estimate,
    Scalar,
    Slope,
    converge,
    element,
    moved_size,
    random_direction,
)
from tinygrad_mnist.testing.noise import COARSEST, ERRATIC, measured_noise
from tinygrad_mnist.testing.taylor import Remainder, remainder
from tinygrad_mnist.testing.verdict import ArgumentReport, Element, Verdict

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
EVERY_ELEMENT_UP_TO = 256
"""Five values of the function an element, at least: more than some thousand take long."""
WHOLE_GRADIENT_UP_TO = 2048
"""Elements of a wrong gradient that are all differentiated, to see the pattern of the error."""
PATTERN_ELEMENTS = 64
"""As many as show a pattern in a larger one."""
SAMPLED_ELEMENTS = 12
"""Half of them the largest, where an error shows best, half at random; directions see the rest."""
DIRECTIONS = 4
"""An error that is as good as at right angles to one of them is not to four."""
CONVINCING = 1e-2
"""If rounding allows more than this part of the largest derivative, agreement proves nothing."""
DEVIATIONS = 10
"""Standard deviations of measured noise that a slope times its step may be off by."""
LINEAR = 1.5
"""A Taylor remainder that falls with a lower power has a part that falls like h: an error, or a
kink within its steps."""
NARROW = 1e-10
"""The rounding error of a function that computes in a dtype narrower than float64, at least."""
STEPPED = (
    "the differences agree, but over wider steps the Taylor remainder falls like "
    "h^{0.exponent:.2f}, as if the derivative were off by {0.error:.1e}: the function moves in "
    "steps, or rounds within"
)
CONTRADICTED = (
    "the differences agree, but over small steps they agree on another derivative: the function "
    "jumps, or rounds within"
)
TINY = "the error is too small for the Taylor remainder to show it"
NO_SLOPE = "no slope ({0}): the function jumps, or is not finite on both sides"
NO_STEP = "no step is small enough ({0}): differences do not converge"
ROUNDED = "the function rounds as {0} does: the bound is of its measured noise"


@dataclass(frozen=True)
class Projection:
    """``sum(cotangent * f)`` as a function of one argument, and its complex step, NaN without one.

    Bounds that are ``negligible`` need not be small beside the derivatives.
    """

    value: Scalar
    epsilon: float = EPSILON
    complex_step: Callable[[Array, Array], float] = lambda x, direction: math.nan
    negligible: float = 0.0


@dataclass(frozen=True)
class Contraction:
    """``sum(cotangent * f(*arrays))``, what is differentiated, where some arrays are moved.

    Rounding follows the sum of absolute terms, and is that of the ``least`` sum at least.
    """

    function: Callable[[Sequence[Any]], Array]
    arrays: Sequence[Any]
    cotangent: Array
    epsilon: float
    least: float = 0.0

    def __call__(self, moved: Mapping[int, Array]) -> tuple[float, float]:
        """Return the value and the sum of absolute terms, with other arrays at some positions."""
        terms = self.cotangent * self.function(self.with_others(moved))
        return float(terms.sum()), max(float(np.abs(terms).sum()), self.least)

    def with_others(self, moved: Mapping[int, Array]) -> list[Any]:
        """Return the arrays with others at some positions, real ones of the same dtypes."""
        arrays = list(self.arrays)
        for i, x in moved.items():
            arrays[i] = x if x.dtype.kind == "c" else x.astype(arrays[i].dtype, copy=False)
        return arrays

    def by(self, position: int) -> Projection:
        """Return it as a function of one argument."""
        return Projection(lambda x: self({position: x}), self.epsilon)


class Opinion:
    """What differences and the Taylor remainder say of a gradient.

    ``projection`` is the one given, or one that knows of measured noise.
    """

    def __init__(
        self,
        projection: Projection,
        x: Array,
        gradient: Array,
        generator: np.random.Generator,
        wider: np.random.Generator,
    ) -> None:
        self.x, self.gradient, self.wider = x, gradient, wider
        self.rounding = projection.epsilon
        found = compare(projection, x, gradient, generator)
        self.elements, self.projection, self.contradicted = found
        self.straight = self._remainder(random_direction(wider, x.shape))

    def report(self, name: str, own: Array) -> ArgumentReport:
        """Return the report; ``own`` is the gradient in the argument's own dtype."""
        verdict = judge(self.elements, self.projection.negligible)
        found = self._report(name, verdict, self.elements)
        if verdict is Verdict.PRECISION_LIMITED:
            found = self._without_doubt(found)
        if self.contradicted and found.verdict.passed:
            found = replace(found, verdict=Verdict.PRECISION_LIMITED, note=CONTRADICTED)
        error = np.abs(own - self.gradient).max(initial=0.0)
        half_of_the_digits = np.sqrt(np.finfo(own.dtype).eps)
        lost = error > half_of_the_digits * np.abs(self.gradient).max(initial=0.0)
        if found.verdict is Verdict.OK and own.dtype != np.float64 and lost:
            note = f"right in float64, but {own.dtype} is off by {error:.1e}"
            found = replace(found, verdict=Verdict.PRECISION_LIMITED, note=note)
        return found

    def _report(self, name: str, verdict: Verdict, elements: list[Element]) -> ArgumentReport:
        """Return the report of a verdict by differences, less one that wider steps contradict."""
        note = ""
        if self.projection.epsilon > 10 * self.rounding:
            note = f"the values are good to {self.projection.epsilon:.0e} only"
        if verdict is Verdict.NON_FINITE:
            note = NO_SLOPE.format(next(e.place for e in elements if not e.measured))
        elif verdict is Verdict.KINK:
            kinks = sum(e.kink and e.index is not None for e in elements)
            note = f"{kinks} of {len(elements)} compared are at a kink"
        elif verdict is Verdict.OK and self.straight.exponent < LINEAR and self._moves_in_steps():
            verdict, note = Verdict.PRECISION_LIMITED, STEPPED.format(self.straight)
        elif verdict is Verdict.WRONG and self.straight.exponent > LINEAR:
            note = TINY
        return ArgumentReport(name, verdict, tuple(elements[:5]), note, self.straight.exponent)

    def _without_doubt(self, found: ArgumentReport) -> ArgumentReport:
        """Return a report of what rounding hides, with a verdict if there is another way to one."""
        if self._stands_still():
            return replace(found, verdict=Verdict.OK)
        unbounded = [e.place for e in self.elements if e.unbounded]
        if unbounded:
            found = replace(found, note=NO_STEP.format(unbounded[0]))
        if self.projection.epsilon < NARROW:
            return found
        # By measured noise, if the function rounds coarsely and the remainder concurs.
        projection = bound_by_noise(self.projection, self.x, self.wider)
        if projection is None:
            return found
        elements = comparisons(projection, self.x, self.gradient, self.wider)
        verdict, exponent = judge(elements, projection.negligible), self.straight.exponent
        if verdict is not (Verdict.WRONG if exponent < LINEAR else Verdict.OK):
            return found
        note = ROUNDED.format("float32" if self.projection.epsilon < COARSEST / 10 else "float16")
        return ArgumentReport(found.name, verdict, tuple(elements[:5]), note, exponent)

    def _remainder(self, direction: Array) -> Remainder:
        derivative = float(np.vdot(direction, self.gradient))
        tolerance = RELATIVE * abs(derivative) + absolute_tolerance(self.gradient)
        value, epsilon = self.projection.value, self.projection.epsilon
        return remainder(value, self.x, direction, derivative, epsilon, tolerance)

    def _stands_still(self) -> bool:
        """Whether over a wide step, but for its curve, nothing moves the function by a rounding."""
        step = WIDE * max(1.0, float(np.abs(self.x).max(initial=0.0)))
        along = random_direction(self.wider, self.x.shape), np.copysign(1.0, self.gradient)
        value = self.projection.value
        found = np.array([[value(self.x + t * step * d) for t in (-1, 1)] for d in along])
        values, terms = found[..., 0], found[..., 1]
        moves = max(np.ptp(values, axis=1).max(), step * np.abs(self.gradient).sum())
        return bool(moves <= ROUNDINGS * self.rounding * terms.max())

    def _moves_in_steps(self) -> bool:
        """Whether the values jitter and, at the wider steps that this asks for, do not agree."""
        noisy = with_measured_noise(self.projection, self.x, self.gradient, self.wider)
        if noisy.epsilon <= self.projection.epsilon:
            return False
        sharper = bound_by_noise(noisy, self.x, self.wider) or noisy
        return judge(comparisons(sharper, self.x, self.gradient, self.wider)) is Verdict.WRONG


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
    may keep slopes from agreeing, or has them agree roughly, it is measured; if there is more than
    the function's dtypes explain, all is compared again, and the projection returned knows of it.
    """
    found = comparisons(projection, x, gradient, generator)
    if any(e.unbounded or e.unsure for e in found):
        noisy = with_measured_noise(projection, x, gradient, generator)
        if noisy.epsilon > projection.epsilon:
            again = comparisons(noisy, x, gradient, generator)
            return Comparison(again, noisy, any(map(_manifest, found)))
    return Comparison(found, projection)


def _manifest(found: Element) -> bool:
    """Whether it is wrong by many bounds where the function moves."""
    moving = found.measured and (found.left or found.right)
    return bool(moving and found.wrong and found.severity >= MANIFEST)


def with_measured_noise(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> Projection:
    """Return the projection with the rounding error that its values show at x."""
    noise = measured_noise(projection.value, x, generator)
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


def bound_by_noise(
    projection: Projection, x: Array, generator: np.random.Generator
) -> Projection | None:
    """Return the projection with bounds from measured noise alone; None if there is none."""
    level = measured_noise(projection.value, x, generator).level
    terms = DEVIATIONS * level / (ROUNDINGS * projection.epsilon)
    if not level:
        return None
    return replace(projection, value=lambda moved: (projection.value(moved)[0], terms))


def comparisons(
    projection: Projection, x: Array, gradient: Array, generator: np.random.Generator
) -> list[Element]:
    """Compare as `compare` does, with the rounding error that the projection is said to have."""
    absolute = absolute_tolerance(gradient)

    def element_along(direction: Array, index: tuple[int, ...] | None) -> Element:
        slopes = float(np.vdot(direction, gradient))
        return measure(projection, x, direction, slopes, absolute, index)

    def at(flat: int) -> Element:
        place = _place(flat, x.shape)
        return element_along(element(x.shape, place), place)

    if x.size <= EVERY_ELEMENT_UP_TO:
        found = [at(flat) for flat in range(x.size)]
    else:
        directions = [random_direction(generator, x.shape) for _ in range(DIRECTIONS)]
        # Along the signs of the gradient all that it has adds up: the clearest signal.
        directions[0] = np.copysign(directions[0], gradient)
        along = [element_along(direction, None) for direction in directions]
        chosen = np.abs(gradient).ravel().argsort()[-SAMPLED_ELEMENTS // 2 :].tolist()
        chosen += generator.integers(0, x.size, SAMPLED_ELEMENTS // 2).tolist()
        wrong = [d for d, e in zip(directions, along, strict=True) if e.wrong]
        if wrong:
            chosen.append(_worst_place(lambda d: element_along(d, None).error, wrong[0]))
        found = [at(flat) for flat in dict.fromkeys(chosen)]
        if not any(e.wrong for e in found):
            along = [_with_bound_at_kink(e) for e in along]
        found += along
    return sorted(found, key=lambda e: (not (e.wrong and e.measured), not e.kink, -e.severity))


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _with_bound_at_kink(along: Element) -> Element:
    """Return a comparison that is not held against the gradient at a kink.

    Kinks of many elements, some convex and some concave, need not have between them what each
    has between its own slopes.
    """
    return replace(along, bound=max(along.bound, along.error)) if along.kink else along


def _worst_place(error: Callable[[Array], float], direction: Array) -> int:
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
    elif not kink and (not estimate.converged or abs(analytic - exact) <= close):
        bound = math.inf  # the differences agree with nothing
    # Values that move in steps of their own may have told more over the usual step; and what
    # cancels in them is no less wrong in a complex step, if that is alone.
    roughly = abs(analytic - usual.central) <= ROUGHLY * abs(analytic)
    astray = roughly and not abs(analytic - numeric) <= bound
    unsure = found.step < usual.step and (not found.steepness or astray)
    return Element(index, analytic, numeric, found.left, found.right, bound, kink, unsure)


def _complex_step(
    projection: Projection, x: Array, direction: Array, estimate: Estimate, absolute: float
) -> tuple[float, float]:
    """Return the derivative by the complex step and its bound; NaN if the function has none."""
    exact = projection.complex_step(x, direction)
    if not math.isfinite(exact):
        return math.nan, math.nan
    # Its rounding is that of a difference over a step of 1, or of the argument's size.
    found, size = estimate.slope, max(1.0, moved_size(x, direction))
    own = found.noise * found.step / size + estimate.truncation * COMPLEX_STEP / found.step
    exact = exact if abs(exact) > own else 0.0
    return exact, COMPLEX_RELATIVE * abs(exact) + COMPLEX_ABSOLUTE * absolute + own


def numeric_gradient(
    projection: Projection, x: Array, elements: Sequence[Element] = ()
) -> tuple[Array, Array]:
    """Return the gradient by central differences, and how far it may be off.

    Of a large one some elements, those that were compared among them; the others are NaN.
    """

    def smooth(found: Slope) -> bool:
        return abs(found.gap) <= SIDES * (RELATIVE * abs(found.central) + found.noise)

    chosen = range(x.size)
    if x.size > WHOLE_GRADIENT_UP_TO:
        chosen = np.random.default_rng(0).integers(0, x.size, PATTERN_ELEMENTS).tolist()
    places = {_place(k, x.shape) for k in chosen}
    places |= {e.index for e in elements if e.index is not None}
    numeric, bound = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    for place in places:
        direction = element(x.shape, place)
        found, truncation, *_ = converge(projection.value, x, direction, projection.epsilon, smooth)
        numeric[place] = found.central
        # At a kink any slope between the two sides will do.
        bound[place] = RELATIVE * abs(found.central) + found.noise + truncation + abs(found.gap) / 2
    return numeric, bound + ABSOLUTE * float(np.abs(numeric[~np.isnan(numeric)]).max(initial=0.0))
