"""The gradient by every operand is what differences of plain NumPy say, whatever the cotangent."""

import numpy as np

from tinygrad_mnist import gradients

from .cases import SMOOTH, over
from .contract import applied, cotangent_of, gradients_of, holds
from .differences import EPSILON, STEP, Refusals, differences, dotted


@over(SMOOTH)
def test_gradient_equals_differences(case):
    refusals = Refusals()

    @holds(case)
    def _(sample):
        inputs, y = applied(case, sample)
        cotangent = cotangent_of(y, sample.rng())
        found = gradients(y, inputs, cotangent)

        def value(operands):
            return dotted(cotangent, case.reference(*operands, **sample.static))

        for position, gradient in zip(sample.tracked, found, strict=True):
            with np.errstate(all="ignore"):
                difference = differences(value, sample.operands, position)
            refusals.add(difference)
            difference.check(gradient, f"{case.name}, operand {position}")

    refusals.check()


@over(SMOOTH)
def test_adjoint_identity(case):
    """<u, J v> by a difference along v equals <J' u, v>: larger operands, for three calls."""

    @holds(case, share=0.5, sides=(0, 5))
    def _(sample):
        rng = sample.rng()
        inputs, y = applied(case, sample)
        cotangent = cotangent_of(y, rng)
        directions = [rng.uniform(-1, 1, x.shape) for x in inputs]
        found = gradients(y, inputs, cotangent)
        right = sum(np.sum(g * v) for g, v in zip(found, directions, strict=True))
        steps = dict(zip(sample.tracked, directions, strict=True))

        def value(offset):
            moved = [
                x + offset * STEP * steps[i] if i in steps else x
                for i, x in enumerate(sample.operands)
            ]
            return dotted(cotangent, case.reference(*moved, **sample.static))

        with np.errstate(all="ignore"):
            (minus, _), (here, scale), (plus, _) = value(-1), value(0), value(1)
        noise = 50 * EPSILON * scale / STEP
        one_sided = (plus - here) / STEP, (here - minus) / STEP
        if abs(one_sided[0] - one_sided[1]) > 1e-2 * abs(right) + noise + 1e-3:
            return  # a kink in between
        left = (plus - minus) / (2 * STEP)
        size = sum(np.sum(np.abs(g * v)) for g, v in zip(found, directions, strict=True))
        assert abs(left - right) <= 1e-5 * size + 1e-7 + noise


@over(SMOOTH)
def test_gradient_is_linear_in_the_cotangent_and_zero_for_zero(case):
    @holds(case, share=0.5)
    def _(sample):
        rng = sample.rng()
        _, y = applied(case, sample)
        u, w = cotangent_of(y, rng), cotangent_of(y, rng)
        of_both = gradients_of(case, sample, 2.0 * u - 3.0 * w)
        of_one, of_other, of_zero = (gradients_of(case, sample, c) for c in (u, w, 0.0 * u))
        for both, one, other, zero in zip(of_both, of_one, of_other, of_zero, strict=True):
            # Each is a sum of up to 3**4 products of the largest parts met here.
            parts = np.abs(one).max(initial=1.0) + np.abs(other).max(initial=1.0)
            terms = 1.0 + np.abs(u).sum() + np.abs(w).sum()
            np.testing.assert_allclose(
                both, 2.0 * one - 3.0 * other, rtol=1e-12, atol=1e-13 * parts * terms
            )
            assert not zero.any()


@over(SMOOTH)
def test_float32_gradient_has_a_bounded_error_and_its_dtype(case):
    """Against our own float64 on the very same numbers, by a normwise forward bound."""

    @holds(case, share=0.3)
    def _(sample):
        rounded = type(sample)(
            tuple(
                np.asarray(x.astype(np.float32), np.float64) if x.dtype.kind == "f" else x
                for x in sample.operands
            ),
            sample.static,
            sample.seed,
        )
        inputs, y = applied(case, rounded, np.float32)
        cotangent = cotangent_of(y, sample.rng(), np.float32)
        found = gradients(y, inputs, cotangent)
        exact = gradients_of(case, rounded, cotangent.astype(np.float64))
        # |J|, its largest element, from one cotangent per element of the result.
        largest = 0.0
        for place in np.ndindex(*y.shape):
            one = np.zeros(y.shape)
            one[place] = 1.0
            for row in gradients_of(case, rounded, one):
                largest = max(largest, np.abs(row).max(initial=0.0))
        size = max([1.0, *(np.abs(x).max(initial=0.0) for x in rounded.operands)])
        bound = 32 * 2.0**-24 * np.abs(cotangent).sum() * max(1.0, largest) * size
        for gradient, wide, x in zip(found, exact, inputs, strict=True):
            assert gradient.dtype == np.float32
            assert gradient.shape == x.shape
            assert np.all(np.abs(gradient - wide) <= bound)
