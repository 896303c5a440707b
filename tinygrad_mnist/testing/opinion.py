"""The verdict on the gradient by one argument: differences, and the Taylor remainder's opinion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.compare import (
    compare,
    comparisons,
    judge,
    only_measured_noise,
    with_measured_noise,
)
from tinygrad_mnist.testing.convergence import RELATIVE, WIDE
from tinygrad_mnist.testing.differences import EPSILON, ROUNDINGS, element, random_direction
from tinygrad_mnist.testing.measure import Projection, absolute_tolerance
from tinygrad_mnist.testing.noise import COARSEST
from tinygrad_mnist.testing.taylor import Remainder, remainder
from tinygrad_mnist.testing.verdict import ArgumentReport, Element, Verdict

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


class Judgement(NamedTuple):
    """A verdict, what it rests on, and what is to be said about it."""

    verdict: Verdict
    elements: list[Element]
    note: str
    straight: Remainder


class Opinion:
    """What differences and the Taylor remainder say of a gradient.

    ``projection`` is the one given, or one that knows of measured noise; ``kinks`` are the
    elements that are found at one.
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
        self.kinks = [e for e in self.elements if e.kink and e.index is not None]
        self.straight = self._remainder(random_direction(wider, x.shape))

    def report(self, name: str, own: Array) -> ArgumentReport:
        """Return the report; ``own`` is the gradient in the argument's own dtype."""
        found = self._judgement()
        if self.contradicted and found.verdict.passed:
            found = found._replace(verdict=Verdict.PRECISION_LIMITED, note=CONTRADICTED)
        if found.verdict is Verdict.OK and own.dtype != np.float64:
            found = self._with_own(found, own)
        elements = tuple(found.elements[:5])
        return ArgumentReport(name, found.verdict, elements, found.note, found.straight.exponent)

    def _judgement(self) -> Judgement:
        verdict, elements, straight = (
            judge(self.elements, self.projection.negligible),
            self.elements,
            self.straight,
        )
        note = ""
        if self.projection.epsilon > 10 * self.rounding:
            note = f"the values are good to {self.projection.epsilon:.0e} only"
        if verdict is Verdict.NON_FINITE:
            note = NO_SLOPE.format(next(e.place for e in elements if not e.measured))
        elif verdict is Verdict.KINK:
            note = f"{len(self.kinks)} of {len(elements)} compared are at a kink"
        elif verdict is Verdict.PRECISION_LIMITED:
            if self._flat():
                return Judgement(Verdict.OK, elements, note, straight)
            if any(e.unbounded for e in elements):
                note = NO_STEP.format(next(e.place for e in elements if e.unbounded))
            return self._sharper() or Judgement(verdict, elements, note, straight)
        elif verdict is Verdict.OK and straight.exponent < LINEAR and self._stepped():
            verdict, note = Verdict.PRECISION_LIMITED, STEPPED.format(straight)
        elif verdict is Verdict.WRONG and straight.exponent > LINEAR:
            note = TINY
        return Judgement(verdict, elements, note, straight)

    def _sharper(self) -> Judgement | None:
        """Judge by measured noise, if the function rounds coarsely and the remainder concurs."""
        if self.projection.epsilon < NARROW:
            return None
        projection = only_measured_noise(self.projection, self.x, self.wider)
        if projection is None:
            return None
        elements = comparisons(projection, self.x, self.gradient, self.wider)
        verdict, straight = judge(elements, projection.negligible), self.straight
        if verdict is Verdict.WRONG and elements[0].index is not None:
            # Along the worst element alone, where curvature hides least.
            straight = self._remainder(element(self.x.shape, elements[0].index))
        linear = straight.exponent < LINEAR
        if verdict is not (Verdict.WRONG if linear else Verdict.OK):
            return None
        dtype = "float32" if self.projection.epsilon < COARSEST / 10 else "float16"
        return Judgement(verdict, elements, ROUNDED.format(dtype), straight)

    def _with_own(self, found: Judgement, own: Array) -> Judgement:
        """Ask half of the digits of its dtype of a gradient that is right in float64."""
        error = np.abs(own - self.gradient).max(initial=0.0)
        half_of_the_digits = np.sqrt(max(np.finfo(own.dtype).eps, EPSILON))
        if error <= half_of_the_digits * np.abs(self.gradient).max(initial=0.0):
            return found
        note = f"right in float64, but {own.dtype} is off by {error:.1e}"
        return found._replace(verdict=Verdict.PRECISION_LIMITED, note=note)

    def _remainder(self, direction: Array) -> Remainder:
        derivative = float(np.vdot(direction, self.gradient))
        tolerance = RELATIVE * abs(derivative) + absolute_tolerance(self.gradient)
        value, epsilon = self.projection.value, self.projection.epsilon
        return remainder(value, self.x, direction, derivative, epsilon, tolerance)

    def _flat(self) -> bool:
        """Whether over a wide step, but for its curve, nothing moves the function by a rounding."""
        step = WIDE * max(1.0, float(np.abs(self.x).max(initial=0.0)))
        along = random_direction(self.wider, self.x.shape), np.copysign(1.0, self.gradient)
        value = self.projection.value
        found = np.array([[value(self.x + t * step * d) for t in (-1, 1)] for d in along])
        values, terms = found[..., 0], found[..., 1]
        moves = max(np.ptp(values, axis=1).max(), step * np.abs(self.gradient).sum())
        return bool(moves <= ROUNDINGS * self.rounding * terms.max())

    def _stepped(self) -> bool:
        """Whether the values jitter and, at the wider steps that this asks for, do not agree."""
        noisy = with_measured_noise(self.projection, self.x, self.gradient, self.wider)
        if not self.projection.epsilon < noisy.epsilon < COARSEST:
            return False  # larger moves are steps of the function's own
        sharper = only_measured_noise(noisy, self.x, self.wider) or noisy
        return judge(comparisons(sharper, self.x, self.gradient, self.wider)) is Verdict.WRONG
