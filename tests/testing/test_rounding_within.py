"""The checker where the argument is rounded or cancelled within the function, or it jumps."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor
from tinygrad_mnist.testing import Verdict, check_grads

NOT_ACCUSED = {Verdict.OK, Verdict.PRECISION_LIMITED}


@pytest.mark.parametrize(
    ("frequency", "x"), [(1e4, -39644.96326409), (100.0, -33878482.85579292), (10.0, 1e8 + 0.3)]
)
def test_a_right_gradient_of_a_fast_sine_far_away_is_not_accused(frequency, x):
    def sine(x):
        return np.sin(frequency * x).sum()

    def slope(x):
        return frequency * np.cos(frequency * x)

    x = np.array([x])
    assert check_grads(sine, x, gradient=slope).verdict in NOT_ACCUSED
    assert check_grads(lambda x: sine(x.real), x, gradient=slope).verdict in NOT_ACCUSED
    assert check_grads(lambda x: np.sin(frequency * x), x, order=1).verdict in NOT_ACCUSED
    negated = check_grads(sine, x, gradient=lambda x: -slope(x))
    assert not negated.passed


@pytest.mark.parametrize("offset", [1e6, 1e7, 1e8, 1e9, 1e10])
def test_values_that_cancel_are_not_accused(offset):
    x = np.array([1.3, -0.4])
    assert check_grads(lambda x: ((x + offset) - offset).sum(), x).verdict in NOT_ACCUSED
    assert check_grads(lambda x: ((x + offset) - offset) * x, x).verdict in NOT_ACCUSED
    negated = check_grads(
        lambda x: (((x + offset) - offset) * x).sum(), x, gradient=lambda x: -2 * x
    )
    assert not negated.passed


def test_a_small_difference_of_large_values_is_not_accused():
    velocities = np.array([30000.0, 3000.0, 300.0])
    report = check_grads(lambda v: 9e16 * (1 / np.sqrt(1 - (v / 3e8) ** 2) - 1), velocities)
    assert report.verdict in NOT_ACCUSED


@pytest.mark.parametrize("height", [1e-12, 1.0])
def test_values_that_stand_still_prove_nothing(height):
    """That the gradient would move them over a wide step is why they should not."""

    def energy(v):
        return height * 9e16 * (1 / np.sqrt(1 - (v / 3e8) ** 2) - 1).sum()

    def negated(v):
        return -height * v / (1 - (v / 3e8) ** 2) ** 1.5

    v = np.array([1.234e-8, -2.5e-8, 0.8e-8])
    for values in (energy, lambda v: energy(v.real)):
        assert not check_grads(values, v, gradient=negated).passed


def test_where_only_differences_are_astray_the_complex_step_is_believed():
    def energy(v):
        return 1e-12 * 9e16 * (1 / np.sqrt(1 - (v / 3e8) ** 2) - 1).sum()

    def right(v):
        return 1e-12 * v / (1 - (v / 3e8) ** 2) ** 1.5

    report = check_grads(energy, np.array([1.234e-4, -2.5e-4, 0.8e-4]), gradient=right)
    assert report.verdict in NOT_ACCUSED


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("size", "verdict"), [(1e2, {Verdict.OK}), (1e3, NOT_ACCUSED)])
def test_the_noise_of_float32_within_is_counted_once(size, verdict, seed):
    """It has the rounding of the argument in it already."""

    def sine(x):
        return np.sin(x.astype(np.float32)).astype(np.float64).sum()

    x = size * np.array([1.234, -2.5, 0.8])
    assert check_grads(sine, x, gradient=np.cos, seed=seed).verdict in verdict
    negated = check_grads(sine, x, gradient=lambda x: -np.cos(x), seed=seed)
    assert negated.verdict is Verdict.WRONG


def test_where_no_rule_is_wrong_and_the_remainder_concurs_nothing_is():
    """So coarse are the steps of this one that no step of a difference spans many."""
    report = check_grads(lambda x: ((x + 1e12) - 1e12) * x, np.array([1.3, -0.4]))
    assert (report.verdict, report.rule, report.cause) == (Verdict.PRECISION_LIMITED, "", "")
    assert "every rule agrees with its kernel" in report.arguments[0].note
    detached = check_grads(lambda x: x * x.numpy(), np.array([1.3, -0.4]))
    assert (detached.verdict, detached.rule[:4]) == (Verdict.WRONG, "none")
    off_the_tape = check_grads(lambda x: Tensor(2 * x.numpy()), np.ones(2))
    assert (off_the_tape.verdict, off_the_tape.rule[:4]) == (Verdict.WRONG, "none")


@pytest.mark.parametrize("far", [1e4 + 0.3, 1e5 + 0.3, 1e8 + 0.3, 1e9 + 0.25])
def test_jumps_that_a_step_spans_are_no_slope(far):
    def steps(x):
        return np.floor(x).sum() + x.sum()

    x = np.array([far])
    assert check_grads(lambda x: np.floor(x) + x, x).verdict in NOT_ACCUSED
    assert check_grads(steps, x, gradient=np.ones_like).verdict in NOT_ACCUSED
    assert not check_grads(steps, x, gradient=lambda x: np.full_like(x, 2)).passed


def test_very_many_jumps_in_a_step_accuse_no_gradient():
    for function in (np.floor, np.round):
        report = check_grads(
            lambda x, function=function: function(x).sum() + x.sum(),
            np.array([1e11 + 0.25]),
            gradient=np.ones_like,
        )
        assert report.verdict in NOT_ACCUSED


def test_a_kink_of_the_first_derivative_closer_than_rounding_shows():
    def ratio(x):
        return x / (1.0 + np.abs(x))

    for x in ([1.9e-18, 1.6e-16, -1.1e-18], [1e-12, -1e-13, 1e-14]):
        assert check_grads(ratio, np.array(x)).verdict is not Verdict.WRONG
