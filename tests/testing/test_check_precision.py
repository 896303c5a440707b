"""The checker where rounding, jumps and wider steps decide: noise, and the Taylor remainder."""

import math

import numpy as np
import pytest

from tinygrad_mnist.testing import Verdict, check_grads

from .examples import BATCH, SQUARE, X, normal, squares


def test_rounding_that_would_hide_an_error_is_said():
    def far(x):
        return 1e8 + np.abs(x).sum()  # which the complex step cannot look through

    assert check_grads(far, X, gradient=np.sign).verdict is Verdict.PRECISION_LIMITED
    assert not check_grads(far, X, gradient=np.sign).passed


def float32_within(x):
    """It is handed float64 and returns float64, but knows seven digits only."""
    return np.float64(np.sum(np.tanh(x.astype(np.float32))))


def slope_of_tanh(x):
    return 1 - np.tanh(x) ** 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [1, 3, 40, 1000])
def test_a_function_that_rounds_within_is_not_called_wrong(size, seed):
    x = np.random.default_rng(seed).standard_normal(size)
    report = check_grads(float32_within, x, gradient=slope_of_tanh)
    assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)
    assert "good to" in report.arguments[0].note
    assert report.worst[1].bound > 1e-5  # no more is claimed than the values bear


@pytest.mark.parametrize("size", [1, 3, 40, 1000])
@pytest.mark.parametrize("factor", [2, -1, 0])
def test_a_clearly_wrong_gradient_of_a_function_that_rounds_within_is_wrong(size, factor):
    x = np.random.default_rng(0).standard_normal(size)
    report = check_grads(float32_within, x, gradient=lambda x: factor * slope_of_tanh(x))
    assert report.verdict is Verdict.WRONG
    assert report.taylor == pytest.approx(1, abs=0.1)


def test_cancellation_within_is_precision_limited():
    def cancelling(x):
        return float32_within(x + 1e-3) - float32_within(x)

    def gradient(x):
        return slope_of_tanh(x + 1e-3) - slope_of_tanh(x)

    assert check_grads(cancelling, X, gradient=gradient).verdict is Verdict.PRECISION_LIMITED


def test_the_taylor_remainder_is_a_second_opinion_for_every_verdict():
    right = check_grads(squares, X, gradient=lambda x: 2 * x)
    assert right.taylor == pytest.approx(2, abs=0.1)
    assert "Taylor remainder falls like h^2.0" in str(right)
    kink = check_grads(lambda x: np.abs(x).sum(), np.zeros(1), gradient=np.zeros_like)
    assert (kink.verdict, kink.taylor) == (Verdict.KINK, pytest.approx(1))
    linear = check_grads(lambda x: 3 * x.sum(), X, gradient=lambda x: np.full_like(x, 3))
    assert math.isnan(linear.taylor)
    network = check_grads(lambda a, b: np.tanh(a @ b), BATCH, SQUARE)
    assert all(argument.taylor > 1.9 for argument in network.arguments)


def test_what_only_wider_steps_see_is_not_called_ok():
    """Within a difference's step float16 stands still: as if a gradient of zero were right."""

    def float16_within(x):
        return np.tanh(x.astype(np.float16)).astype(np.float64).sum()

    report = check_grads(float16_within, np.array([0.4, -0.7, 1.1]), gradient=np.zeros_like)
    assert report.verdict is Verdict.PRECISION_LIMITED
    assert report.worst[1].numeric == 0
    assert "over wider steps the Taylor remainder falls like h^" in report.arguments[0].note


def test_an_error_that_the_taylor_remainder_does_not_show_is_said_to_be_small():
    report = check_grads(squares, X, gradient=lambda x: 2.000001 * x)
    assert (report.verdict, report.taylor) == (Verdict.WRONG, pytest.approx(2, abs=0.1))
    assert "too small for the Taylor remainder" in report.arguments[0].note


@pytest.mark.parametrize("function", [np.floor, np.sign, lambda x: np.round(x * 50) / 50])
def test_steps_and_kinks_are_not_taken_for_noise(function):
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal((5, 8))
        assert check_grads(function, x, seed=seed).verdict is Verdict.OK
        assert check_grads(lambda x: np.abs(x) + np.sin(x), x, seed=seed).verdict is Verdict.OK


def test_a_float32_gradient_that_loses_its_digits_is_precision_limited():
    def function(x):
        return ((x + 1e6) - 1e6).sum()

    def gradient(x):
        return (x + 1e6) - (x + 1e6) + ((x + 1e6) - 1e6) / x  # 1, if there are digits enough

    x = np.array([0.3, 0.7], np.float32)
    assert check_grads(function, x, gradient=gradient).verdict is Verdict.PRECISION_LIMITED


def test_the_complex_step_sees_what_differences_cannot():
    def offset(x):
        return 1e8 + (x**2).sum()

    assert check_grads(offset, X, gradient=lambda x: 2 * x).verdict is Verdict.OK
    slightly = check_grads(squares, X, gradient=lambda x: 2.000001 * x)
    assert slightly.verdict is Verdict.WRONG


def test_half_of_the_digits_of_the_arguments_dtype_are_asked_of_a_gradient():
    assert check_grads(np.tanh, X.astype(np.float16)).verdict is Verdict.OK


def test_a_clean_function_is_not_said_to_be_noisy():
    large = normal(100, 30)
    report = check_grads(lambda x: np.tanh(x).sum(), large, gradient=lambda x: 2 * x)
    assert (report.verdict, report.arguments[0].note) == (Verdict.WRONG, "")


def of_log(x):
    return np.log(1 + x * x).mean()


def slope_of_log(x):
    return 2 * x / (1 + x * x) / x.size


POINT = np.random.default_rng(0).standard_normal(3)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_a_function_of_float16_within_is_not_called_wrong(scale):
    """Its values stand still but over wide steps, which noise must be looked for in."""
    for function, gradient in [(of_log, slope_of_log), (squares, lambda x: 2 * x)]:
        report = check_grads(
            lambda x, f=function: np.float64(f(x.astype(np.float16))),
            scale * POINT,
            gradient=gradient,
        )
        assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)


def test_values_of_seven_decimals_are_judged_along_more_directions_than_one():
    def read_from_a_log(x):
        return np.round(squares(x.real) * 1e7) / 1e7

    assert check_grads(read_from_a_log, POINT, gradient=lambda x: 2 * x).verdict is Verdict.OK
    assert check_grads(read_from_a_log, POINT, gradient=np.zeros_like).verdict is Verdict.WRONG


def test_float16_that_hardly_moves_accuses_no_gradient():
    def offset(x):
        return np.float64(100 + np.tanh(x.astype(np.float16)).sum())

    x = 1e-3 * np.random.default_rng([1, 3]).standard_normal(3)
    report = check_grads(offset, x, gradient=slope_of_tanh, seed=1)
    assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)


def sum_of_exps(x):
    return np.exp(x).sum()


DECIMALS = {
    "relu": (lambda x: np.maximum(x, 0).sum(), lambda x: (x > 0) * 1.0, 7, 1.0, 4),
    "relu's kinks": (lambda x: np.maximum(x, 0).sum(), lambda x: (x > 0) * 1.0, 5, 1e-3, 3),
    "floor": (lambda x: np.floor(3 * x).sum() + x.sum(), np.ones_like, 5, 1.0, 4),
    "log": (lambda x: np.log(sum_of_exps(x)), lambda x: np.exp(x) / sum_of_exps(x), 5, 1e-3, 3),
}


@pytest.mark.parametrize(
    ("function", "gradient", "decimals", "scale", "size"), DECIMALS.values(), ids=DECIMALS
)
def test_values_of_few_decimals_accuse_no_gradient(function, gradient, decimals, scale, size):
    def rounded(x):
        return np.round(function(x.real) * 10**decimals) / 10**decimals

    for seed in range(2):
        x = scale * np.random.default_rng([seed, size]).standard_normal(size)
        report = check_grads(rounded, x, gradient=gradient, seed=seed)
        assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED, Verdict.KINK)


def test_values_good_to_seven_digits_are_judged_though_no_slopes_agree():
    def solved(function):
        """What an iteration that stops at a tolerance leaves is not smooth."""
        return lambda x: function(x.real) * (1 + 1e-7 * np.sin(1e15 * x.real.sum()))

    assert check_grads(solved(squares), POINT, gradient=lambda x: 2 * x).verdict is Verdict.OK
    wrong = check_grads(solved(squares), POINT, gradient=lambda x: 2.1 * x)
    assert wrong.verdict is Verdict.WRONG
    x = np.random.default_rng([2, 1]).standard_normal(1)
    bent = solved(lambda x: np.sin(1e4 * x).sum())
    right = check_grads(bent, x, gradient=lambda x: 1e4 * np.cos(1e4 * x), seed=2)
    assert right.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)


def test_values_that_are_small_by_cancellation_do_not_hide_an_error():
    def narrow(x):
        return np.float64(of_log(x.astype(np.float32)))

    x = 1e-3 * np.random.default_rng([0, 4]).standard_normal(4)
    report = check_grads(narrow, x, gradient=lambda x: -slope_of_log(x))
    assert report.verdict is Verdict.WRONG


def test_the_noise_that_was_measured_bounds_small_values_too():
    def narrow(x):
        return np.float64((x.astype(np.float32) ** 3).sum())

    for seed in (1, 2):
        x = 1e-3 * np.random.default_rng([seed, 3]).standard_normal(3)
        report = check_grads(narrow, x, gradient=lambda x: 3 * x * x, seed=seed)
        assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)


def test_a_narrow_result_of_wide_arguments_has_no_digits_to_lose_in_them():
    def slopes(cotangent, x):
        return cotangent * slope_of_tanh(x)

    report = check_grads(lambda x: np.tanh(x).astype(np.float32), X, vjp=slopes)
    assert report.verdict is Verdict.OK


@pytest.mark.parametrize("function", [squares, lambda x: np.abs(x).sum(), np.linalg.norm])
def test_no_gradient_is_not_right_because_float16_stands_still(function):
    def within(x):
        return np.float64(function(x.astype(np.float16)))

    report = check_grads(within, POINT, gradient=np.zeros_like)
    assert report.verdict is Verdict.PRECISION_LIMITED
    assert "over wider steps the Taylor remainder falls like h^" in report.arguments[0].note


def test_a_gradient_that_would_move_the_values_is_not_right_because_they_stand_still():
    """A small cost on a large offset, as a penalty is: any step is lost in rounding."""
    x = 1e-4 * POINT

    def off(x):
        gradient = slope_of_log(x)
        gradient[np.abs(gradient).argmax()] += 0.01
        return gradient

    report = check_grads(lambda x: 1e10 + of_log(x.real), x, gradient=off)
    assert report.verdict is Verdict.PRECISION_LIMITED
