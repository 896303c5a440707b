"""Central differences in float64, which know a kink when they see one.

For a scalar function of arrays. Five points around each element; where a parabola through them
leaves more than 1 % of their range, or some are finite and some not, the function has no
derivative there and the element is refused.
"""

from dataclasses import dataclass

import judges
import numpy as np

POINTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
# The projection of five values on what no parabola through them explains.
_PARABOLA = np.linalg.qr(np.vander(POINTS, 3))[0]
UNEXPLAINED = np.eye(5) - _PARABOLA @ _PARABOLA.T
STEP = 6e-6
EPSILON = np.finfo(np.float64).eps


@dataclass
class Difference:
    """An estimated gradient, its absolute tolerance, and which elements have none."""

    estimate: np.ndarray
    noise: np.ndarray
    refused: np.ndarray

    def check(self, gradient, what):
        """Compare with a gradient where there is one; rtol 1e-5, atol 1e-7 + 50 eps scale / h."""
        assert gradient.shape == self.estimate.shape, what
        error = np.abs(gradient - self.estimate)
        allowed = 1e-5 * np.abs(self.estimate) + 1e-7 + self.noise
        wrong = ~self.refused & ~(error <= allowed)
        judges.note((error / allowed)[~self.refused])
        assert not wrong.any(), (
            f"{what}: at {np.argwhere(wrong)[0]} the gradient is {gradient[wrong][0]!r}, "
            f"differences give {self.estimate[wrong][0]!r} within {allowed[wrong][0]:.1e}"
        )


def differences(function, operands, position):
    """Differentiate ``function(operands) -> (value, scale)`` by one operand.

    The scale is the sum of the absolute terms of the value: rounding is in proportion to it.
    """
    operands = list(operands)
    x = operands[position]
    estimate, noise = np.zeros(x.shape), np.zeros(x.shape)
    refused = np.zeros(x.shape, bool)
    for place in np.ndindex(*x.shape):
        h = STEP * max(1.0, abs(x[place]))
        values, at, scale = [], [], 0.0
        for offset in POINTS:
            moved = x.copy()
            moved[place] += offset * h
            operands[position] = moved
            value, scale = function(operands)
            values.append(value)
            at.append(moved[place])
        values = np.array(values)
        noise[place] = 50 * EPSILON * scale / h
        if not np.isfinite(values).all():
            refused[place] = True
            continue
        estimate[place] = (values[3] - values[1]) / (at[3] - at[1])
        bend = np.abs(UNEXPLAINED @ values).max()
        refused[place] = bend > 0.01 * np.ptp(values) + 50 * EPSILON * scale
    return Difference(estimate, noise, refused)


def dotted(cotangent, y):
    """``sum(cotangent * y)`` and the sum of its absolute terms."""
    terms = cotangent * y
    return terms.sum(), np.abs(terms).sum()


class Refusals:
    """Counts elements without a derivative: more than one in five, and the test tests nothing."""

    def __init__(self):
        self.refused = self.total = 0

    def add(self, difference):
        self.refused += int(difference.refused.sum())
        self.total += difference.refused.size

    def check(self):
        assert self.total, "no element was ever drawn"
        assert self.refused <= 0.2 * self.total, f"{self.refused} of {self.total} refused"
