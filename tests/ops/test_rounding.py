"""Derivatives at all magnitudes, within 32 units of rounding of a wider dtype's."""

import numpy as np
import pytest

import tinygrad_mnist as tm
from tinygrad_mnist import Tensor, gradients

WIDER = {np.float32: np.float64, np.float64: np.longdouble}
POSITIVE = 10.0 ** np.linspace(-37, 37, 1500)
ALL = np.concatenate([-POSITIVE, POSITIVE])
ABOVE_MINUS_ONE = np.concatenate([-1 + POSITIVE[POSITIVE < 1], POSITIVE])


def logistic(x):
    return 1 / (1 + np.exp(-x))


# name: function, its derivative, points
TABLE = {
    "reciprocal": (np.reciprocal, lambda x: -1 / x / x, ALL),
    "one over x": (lambda x: 1 / x, lambda x: -1 / x / x, ALL),
    "square": (np.square, lambda x: 2 * x, ALL),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * np.sqrt(x)), POSITIVE),
    "x**3": (lambda x: x**3, lambda x: 3 * x * x, ALL),
    "x**-1.5": (lambda x: x**-1.5, lambda x: -1.5 / x / x / np.sqrt(x), POSITIVE),
    "exp": (np.exp, np.exp, ALL),
    "expm1": (np.expm1, np.exp, ALL),
    "log": (np.log, lambda x: 1 / x, POSITIVE),
    "log1p": (np.log1p, lambda x: 1 / (1 + x), ABOVE_MINUS_ONE),
    "sin": (np.sin, np.cos, ALL[abs(ALL) < 1e3]),
    "cos": (np.cos, lambda x: -np.sin(x), ALL[abs(ALL) < 1e3]),
    "arctan2 of (x, 2)": (lambda x: np.arctan2(x, 2.0), lambda x: 2 / (x * x + 4), ALL),
    "arctan2 of (2, x)": (lambda x: np.arctan2(2.0, x), lambda x: -2 / (x * x + 4), ALL),
    "arctan2 of (x, 2x)": (lambda x: np.arctan2(x, 2 * x.data), lambda x: 1 / x / 2.5, ALL),
    "hypot of (x, 2x)": (lambda x: np.hypot(x, 2 * x.data), lambda x: np.sign(x) / 5**0.5, ALL),
    "sigmoid": (tm.sigmoid, lambda x: logistic(x) * logistic(-x), ALL),
    "softplus": (tm.softplus, logistic, ALL),
    "elu": (tm.elu, lambda x: np.exp(np.minimum(x, 0)), ALL),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_derivative_at_all_magnitudes(row):
    call, derivative, points = row
    for dtype, wider in WIDER.items():
        x = Tensor(points, dtype, requires_grad=True)
        with np.errstate(all="ignore"):
            (found,) = gradients(y := call(x), [x], np.ones(y.shape))
            exact = derivative(x.data.astype(wider))
            error = np.abs(found - exact) / np.abs(exact)
        limits = np.finfo(dtype)
        normal = (abs(exact) < limits.max) & (abs(exact) > 16 * limits.tiny)
        assert normal.sum() > 500
        assert np.all(error[normal] <= 32 * limits.eps / 2), dtype
