"""The checker at all scales, of values and of arguments: no verdict depends on a unit."""

import numpy as np
import pytest

from tinygrad_mnist import primitive, sigmoid, softmax, softmax_cross_entropy_with_logits
from tinygrad_mnist.testing import Verdict, check_grads

POINT = np.array([1.234, -2.5, 0.8])
SCALES = [1e-12, 1.0, 1e12]
CLEAN = {
    "sum": (lambda x: x.sum(), np.ones_like),
    "squares": (lambda x: (x**2).sum(), lambda x: 2 * x),
    "mean of fourth powers": (lambda x: (x**4).mean(), lambda x: 4 * x**3 / 3),
    "cubed sizes": (lambda x: (np.abs(x) ** 3).sum(), lambda x: 3 * x * np.abs(x)),
    "absolute": (lambda x: np.abs(x).sum(), np.sign),
    "relu": (lambda x: np.maximum(x, 0).sum(), lambda x: (x > 0) * 1.0),
    "norm": (lambda x: np.sqrt((x * x).sum()), lambda x: x / np.sqrt((x * x).sum())),
    "product": (lambda x: x[0] * x[1] * x[2], lambda x: np.prod(x) / x),
    "roots": (lambda x: np.sqrt(np.abs(x)).sum(), lambda x: 0.5 * x / np.abs(x) ** 1.5),
    "reciprocals": (lambda x: (1 / x).sum(), lambda x: -1 / x**2),
    "maximum": (lambda x: x.max(), lambda x: (x == x.max()) * 1.0),
}
ROUNDED = {
    "sin": (lambda x: np.sin(x).sum(), np.cos),
    "fast sine": (lambda x: np.sin(1e4 * x).sum(), lambda x: 1e4 * np.cos(1e4 * x)),
    "one and squares": (lambda x: 1 + (x**2).sum(), lambda x: 2 * x),
    "log": (lambda x: np.log(1 + x * x).sum(), lambda x: 2 * x / (1 + x * x)),
    "offset": (lambda x: ((x + 1e3) - 1e3).sum(), np.ones_like),
    "offset times": (lambda x: (((x + 1e3) - 1e3) * x).sum(), lambda x: 2 * x),
}


def largest_off(gradient):
    """One element, the largest, is 30% off."""
    off = gradient.copy()
    off[np.abs(off).argmax()] *= 1.3
    return off


WRONG = {
    "negated": np.negative,
    "doubled": lambda gradient: 2 * gradient,
    "an element": largest_off,
    "zero": np.zeros_like,
}


def checked(function, gradient, height, scale, mistake=lambda gradient: gradient):
    """Check without and with a complex step, at a point and a height of such scales."""
    x = scale * POINT
    for values in (function, lambda x: function(x.real)):
        yield check_grads(
            lambda x, values=values: height * values(x),
            x,
            gradient=lambda x: height * mistake(gradient(x)),
        ).verdict


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("height", SCALES)
@pytest.mark.parametrize(("function", "gradient"), CLEAN.values(), ids=CLEAN)
def test_a_right_gradient_is_ok_at_every_scale(function, gradient, height, scale):
    assert set(checked(function, gradient, height, scale)) == {Verdict.OK}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("height", SCALES)
@pytest.mark.parametrize(("function", "gradient"), ROUNDED.values(), ids=ROUNDED)
def test_a_right_gradient_is_never_wrong_where_values_round(function, gradient, height, scale):
    found = set(checked(function, gradient, height, scale))
    assert found <= {Verdict.OK, Verdict.PRECISION_LIMITED}


@pytest.mark.parametrize("mistake", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("height", SCALES)
def test_a_wrong_gradient_never_passes(height, scale, mistake):
    for function, gradient in CLEAN.values():
        assert set(checked(function, gradient, height, scale, mistake)) == {Verdict.WRONG}
    for function, gradient in ROUNDED.values():
        found = set(checked(function, gradient, height, scale, mistake))
        assert found <= {Verdict.WRONG, Verdict.PRECISION_LIMITED}


@pytest.mark.parametrize("seed", range(4))
def test_a_row_that_is_small_beside_the_others_does_not_spoil_them(seed):
    x = np.array([1.234, -2.5, 0.8])
    assert check_grads(lambda x: sigmoid(20 * x), x, seed=seed).passed


@primitive()
def half_square(x, *, out=None):
    return np.square(x, out=out)


half_square.vjp(x=lambda ct, y, x: ct * x)


def test_a_wrong_rule_is_named_however_small_its_contribution():
    for function, x in [
        (half_square, np.array([1e-12, -2e-12])),
        (lambda x: 1e-12 * np.sum(half_square(x)), np.array([1.0, -2.0])),
    ]:
        report = check_grads(function, x)
        assert report.verdict is Verdict.WRONG
        assert " half_square (" in report.rule


FLAT = {
    "square": (lambda x: (x**2).sum(), lambda x: 2 * x),
    "cube": (lambda x: (x**3).sum(), lambda x: 3 * x**2),
    "odd square": (lambda x: (x * np.abs(x)).sum(), lambda x: 2 * np.abs(x)),
    "fourth power": (lambda x: (x**4).sum(), lambda x: 4 * x**3),
}


@pytest.mark.parametrize(("function", "gradient"), FLAT.values(), ids=FLAT)
def test_slopes_that_vanish_with_the_step_have_the_limit_zero(function, gradient):
    x = np.zeros(2)
    assert check_grads(function, x, gradient=gradient).verdict is Verdict.OK
    off = check_grads(function, x, gradient=lambda x: gradient(x) + 1e-9)
    assert off.verdict is Verdict.WRONG


def test_a_gradient_that_is_lost_in_rounding_is_no_error():
    def constant(x):
        return (np.exp(x) / np.exp(x).sum()).sum()

    assert check_grads(constant, POINT, gradient=np.zeros_like).verdict is Verdict.OK
    assert check_grads(lambda x: np.sum(softmax(x)), POINT).verdict is Verdict.OK
    label = np.array([[1.0, 0, 0]])
    for far in (8.0, 20.0, 40.0, 100.0):
        logits = np.array([[far, 1.0, 0.0]])
        report = check_grads(lambda x: softmax_cross_entropy_with_logits(label, x), logits)
        assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)


def test_beside_a_kink_a_function_is_smooth():
    """The usual step reaches over the kink, and a smaller one does not."""
    for offset in (1e-7, 1e-9, 1e-11):
        x = np.array([1 + offset, 1 - offset])
        right = check_grads(lambda x: np.abs(x - 1).sum(), x, gradient=lambda x: np.sign(x - 1))
        wrong = check_grads(lambda x: np.abs(x - 1).sum(), x, gradient=lambda x: np.sign(1 - x))
        assert (right.verdict, wrong.verdict) == (Verdict.OK, Verdict.WRONG)


@pytest.mark.parametrize("name", ["sin", "offset", "offset times"])
def test_what_is_wrong_at_tiny_arguments_is_not_put_down_to_noise(name):
    """The usual step spans all of them, and its slope is nothing like the gradient either."""
    function, gradient = ROUNDED[name]
    assert set(checked(function, gradient, 1.0, 1e-12, np.negative)) == {Verdict.WRONG}
