"""Guesses at what is wrong, and what no guess is made from."""

import numpy as np
import pytest
from numpy.random import default_rng

from tinygrad_mnist.testing import Element, cause

SHAPE = (30, 20)
RIGHT = default_rng(0).standard_normal(SHAPE)
FREE = default_rng(1).standard_normal((64, 64))


def sampled(numeric, *places):
    """Return the gradient where it is differentiated: 40 places at random and some more."""
    found = np.full(numeric.shape, np.nan)
    drawn = default_rng(2).integers(0, min(numeric.shape), (40, 2))
    for place in (*map(tuple, drawn), *places):
        found[place] = numeric[place]
    return found


def test_one_wrong_element_is_no_factor_of_one():
    wrong = RIGHT.copy()
    wrong[7, 3] *= 1.01
    told = cause.guess(wrong, sampled(RIGHT, (7, 3)))
    assert "compared elements are right, those at [7, 3] are not" in told
    assert "times" not in told


def test_no_factor_is_told_that_rounds_to_one():
    assert cause.guess(RIGHT * (1 + 1e-7), RIGHT, bound=np.full(SHAPE, 1e-9)) == ""


@pytest.mark.parametrize(("factor", "told"), [(2, "it is 2 times"), (1.05, "it is 1.05 times")])
def test_a_factor_is_seen_through_the_noise_of_float32(factor, told):
    for seed in range(2, 5):
        noisy = RIGHT + 1e-3 * default_rng(seed).standard_normal(SHAPE)
        assert cause.guess(factor * RIGHT, noisy, bound=np.full(SHAPE, 5e-3)).startswith(told)


def test_what_noise_hides_is_not_held_to_be_right():
    """Elements that are near zero agree with anything."""
    small = RIGHT * np.where(default_rng(2).random(SHAPE) < 0.5, 1e-4, 1)
    shuffled = default_rng(2).permutation(small.ravel()).reshape(SHAPE)
    assert cause.guess(shuffled, small, bound=np.full(SHAPE, 1e-2)) == ""


def test_a_gradient_within_the_bounds_needs_no_cause():
    assert cause.guess(RIGHT + 1e-3, RIGHT, bound=np.full(SHAPE, 2e-3)) == ""


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        (FREE.T, FREE, "it is transposed"),
        (RIGHT.T, RIGHT, "it is transposed"),
        (RIGHT.T.reshape(SHAPE), RIGHT, "it is transposed: its elements are those"),
        (RIGHT, np.broadcast_to(RIGHT.sum(0), SHAPE), "a sum is left out over axis 0"),
        (RIGHT / 5, RIGHT, "it is 1/5 times the right one; is 5 the size of an axis"),
        (RIGHT * 64, RIGHT, "it is 64 times the right one; is 64 the size of an axis"),
        (np.stack([RIGHT, 2 * RIGHT]), 3 * RIGHT, "missing unbroadcast"),
        (0 * RIGHT, RIGHT, "it is zero"),
    ],
)
def test_a_sample_of_a_large_gradient_shows_the_pattern(wrong, right, told):
    assert cause.guess(wrong, sampled(right)).startswith(told)
    assert cause.guess(wrong, right).startswith(told)


def test_a_column_of_zeros_is_named():
    wrong = RIGHT.copy()
    wrong[:, 5] = 0
    told = "compared elements are right, but all of [:, 5] is zero: its contribution was never"
    assert told in cause.guess(wrong, sampled(RIGHT, (21, 5)))
    assert "570 of 600 elements are right, but all of [:, 5] is zero" in cause.guess(wrong, RIGHT)


def test_a_sum_too_many_takes_the_whole_gradient_to_see():
    wrong = np.broadcast_to(RIGHT.sum(1, keepdims=True), SHAPE)
    assert cause.guess(wrong, RIGHT) == "it is summed over axis 1, which it should not be"
    assert cause.guess(wrong, sampled(RIGHT)) == ""


def test_nothing_is_guessed_where_nothing_was_differentiated():
    assert cause.guess(RIGHT, np.full(SHAPE, np.nan)) == ""
    assert cause.guess(np.full(SHAPE, np.inf), RIGHT) == ""
    assert cause.guess(np.zeros(0), np.zeros(0)) == ""


def test_what_is_no_subgradient_at_a_kink_is_told():
    at_kink = Element((0,), 1.5, 0.0, 1.0, -1.0, 1e-6, kink=True)
    right = Element((1,), 1.0, 1.0, 1.0, 1.0, 1e-6)
    wrong = Element((2,), 2.0, 1.0, 1.0, 1.0, 1e-6)
    told = "at [0] it is 1.5, but must lie between the slopes -1 and 1"
    assert told in cause.no_subgradient([at_kink, right])
    assert cause.no_subgradient([at_kink, wrong]) == ""
    assert cause.no_subgradient([right]) == ""
    along = Element(None, 5.0, 0.0, -1.0, 1.0, 1e-6, kink=True)
    assert "along a direction it is 5" in cause.no_subgradient([along])
    assert told in cause.no_subgradient([along, at_kink])
