"""The checker where the usual step is too wide: right gradients pass, wrong ones do not."""

import numpy as np
import pytest

from tinygrad_mnist import primitive
from tinygrad_mnist.testing import Verdict, check_grads
from tinygrad_mnist.testing.differences import converge

STEEP = {
    "log": (lambda x: -np.log(x).sum(), lambda x: -1 / x, 1.0),
    "sqrt": (lambda x: np.sqrt(x).sum(), lambda x: 0.5 / np.sqrt(x), 1.0),
    "power": (lambda x: (x**1.5).sum(), lambda x: 1.5 * np.sqrt(x), 1.0),
    "reciprocal": (lambda x: (1 / x).sum(), lambda x: -1 / x**2, 1.0),
    "sin": (lambda x: np.sin(1 / x).sum(), lambda x: -np.cos(1 / x) / x**2, 0.01),
}
SMALL = [1e-3, 1e-5, 5e-7, 1e-9]


@pytest.mark.parametrize("small", SMALL)
@pytest.mark.parametrize(("function", "gradient", "scale"), STEEP.values(), ids=STEEP)
def test_a_right_gradient_is_ok_where_the_function_is_steep(function, gradient, scale, small):
    x = np.array([max(small, scale / 100), 0.5])
    real = lambda x: function(x.real)  # noqa: E731 - for which there is no complex step
    assert check_grads(function, x, gradient=gradient).verdict is Verdict.OK
    assert check_grads(real, x, gradient=gradient).verdict is Verdict.OK


@pytest.mark.parametrize("small", SMALL)
@pytest.mark.parametrize(("function", "gradient", "scale"), STEEP.values(), ids=STEEP)
def test_a_gradient_one_percent_off_is_wrong_there(function, gradient, scale, small):
    x = np.array([max(small, scale / 100), 0.5])

    def off(x):
        return gradient(x) * np.array([1.01, 1.0])

    real = check_grads(lambda x: function(x.real), x, gradient=off)
    for report in (check_grads(function, x, gradient=off), real):
        assert (report.verdict, report.worst[1].index) == (Verdict.WRONG, (0,))


@pytest.mark.parametrize("far", [1e2, 1e4, 1e5, 1e6, 1e7])
def test_far_from_zero_the_step_is_no_wider_than_a_period(far):
    x = far * np.array([1.0, 0.7])
    sine = lambda x: np.sin(x.real).sum()  # noqa: E731
    assert check_grads(sine, x, gradient=np.cos).verdict is Verdict.OK
    assert check_grads(lambda x: np.sum(np.sin(x)), x).verdict is Verdict.OK
    wrong = check_grads(sine, x, gradient=lambda x: 1.01 * np.cos(x))
    assert wrong.verdict is Verdict.WRONG


@pytest.mark.parametrize("far", [1e13, 1e17])
def test_where_nothing_converges_precision_is_what_limits(far):
    for factor in (1.0, 2.0):
        report = check_grads(
            lambda x: np.sin(x.real).sum(),
            far * np.array([1.0, 0.7]),
            gradient=lambda x, factor=factor: factor * np.cos(x),
        )
        assert report.verdict is Verdict.PRECISION_LIMITED
        assert "no step is small enough ([0])" in report.arguments[0].note


@pytest.mark.parametrize(
    "function",
    [
        lambda x: -np.sum(np.log(x)),
        lambda x: np.sum(np.sqrt(x)),
        lambda x: np.sum(x**1.5),
        lambda x: np.sum(1.0 / x),
    ],
)
def test_the_engines_rules_are_right_there_to_second_order(function):
    for small in SMALL:
        report = check_grads(function, np.array([small, 0.5]))
        assert (report.verdict, report.order, report.rule) == (Verdict.OK, 2, "")


@primitive()
def steep_log(x, *, out=None):
    return np.log(x, out=out)


steep_log.vjp(x=lambda ct, y, x: 1.01 * ct / x)


def test_a_wrong_rule_is_named_there_and_no_right_one_before_it():
    report = check_grads(lambda x: np.sum(np.sqrt(steep_log(np.sqrt(x)) ** 2)), np.full(2, 1e-6))
    assert report.verdict is Verdict.WRONG
    assert " steep_log (test_steps.py:" in report.rule


def test_the_step_of_adam_by_small_moments():
    for seed in range(6):
        generator = np.random.default_rng(seed)
        m, v = generator.standard_normal((3, 4)), generator.random((3, 4)) ** 6
        report = check_grads(lambda m, v: np.sum(m / (np.sqrt(v) + 1e-8)), m, v, seed=seed)
        assert report.verdict is Verdict.OK


def test_hand_written_cross_entropy_on_probabilities_for_many_seeds():
    labels, rows = np.array([0, 1, 2, 3, 0, 1, 2]), np.arange(7)

    def cost(p):
        return -np.log(p[rows, labels]).mean()

    def gradient(p):
        return -np.eye(4)[labels] / p / 7

    for seed in range(40):
        p = np.exp(4 * np.random.default_rng(seed).standard_normal((7, 4)))
        p /= p.sum(1, keepdims=True)
        assert check_grads(cost, p, gradient=gradient, seed=seed).verdict is Verdict.OK
        if seed % 10 == 0:  # to see that this is no rubber stamp
            wrong = check_grads(cost, p, gradient=lambda p: 1.01 * gradient(p), seed=seed)
            assert wrong.verdict is Verdict.WRONG


def test_values_that_move_in_steps_of_their_own_do_not_converge_by_chance():
    """float32's spacing divides the steps, so that two slopes in a row may be equal and wrong."""

    def within(x):
        return np.float64(np.tanh(np.float32(x[0])))

    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal(1)
        report = check_grads(within, x, gradient=lambda x: 1 - np.tanh(x) ** 2)
        assert report.verdict is Verdict.OK


def test_few_points_are_asked_for_where_the_usual_step_is_right():
    calls = []

    def square(x):
        calls.append(x)
        return float(x @ x), float(x @ x)

    x, direction = np.array([0.3, 0.7]), np.array([1.0, 0.0])
    converge(square, x, direction, enough=lambda found: True)
    assert len(calls) == 5
    calls.clear()
    assert converge(square, x, direction).slope.central == pytest.approx(0.6)
    assert len(calls) == 15
