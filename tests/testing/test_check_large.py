"""Causes told of arrays too large to be differentiated whole, and of functions that refuse."""

import time

import numpy as np
import pytest

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.testing import Verdict, check_grads

from .examples import normal, squares

LARGE = normal(784, 128)
SQUARE = normal(64, 64)


def one_off(x):
    gradient = 2 * x
    gradient[17, 33] *= 1.01
    return gradient


def without_a_column(x):
    gradient = 2 * x
    gradient[:, 5] = 0
    return gradient


WRONG = {
    "one element": (squares, LARGE, one_off, "those at [17, 33] are not"),
    "a column": (squares, LARGE, without_a_column, "all of [:, 5] is zero"),
    "transposed": (squares, SQUARE, lambda x: 2 * x.T, "it is transposed"),
    "reshaped": (squares, LARGE, lambda x: 2 * x.T.reshape(x.shape), "it is transposed: its"),
    "shape": (squares, LARGE, lambda x: 2 * x.T, "it is transposed"),
    "a sum": (lambda x: (x.sum(0) ** 2).sum() / 2, SQUARE, lambda x: x, "left out over axis 0"),
    "a factor": (squares, LARGE, lambda x: 2 * x / 784, "1/784 times the right one; 784 is"),
    "no subgradient": (
        lambda x: np.maximum(x, 0).sum(),
        np.where(SQUARE < 0, 0, SQUARE),
        lambda x: np.where(x > 0, 1.0, 5.0),
        "no subgradient at a kink",
    ),
}


@pytest.mark.parametrize(("function", "x", "gradient", "cause"), WRONG.values(), ids=WRONG)
def test_the_pattern_of_a_large_gradient_is_seen_in_a_sample(function, x, gradient, cause):
    started = time.process_time()
    report = check_grads(function, x, gradient=gradient)
    assert cause in report.cause
    assert time.process_time() - started < 5


def test_a_network_in_float32_has_its_factor_named():
    images, weights = normal(16, 20), 0.2 * normal(20, 10)
    images, weights = images.astype(np.float32), weights.astype(np.float32)

    def loss(w):
        return (np.tanh(images @ w.astype(np.float32)) ** 2).mean()

    def doubled(w):
        hidden = np.tanh(images @ w.astype(np.float32))
        return 2 * images.T @ (2 * hidden * (1 - hidden**2) / hidden.size)

    report = check_grads(loss, weights, gradient=doubled)
    assert (report.verdict, report.cause[:13]) == (Verdict.WRONG, "it is 2 times")


def test_functions_and_gradients_that_insist_on_float32_are_given_it():
    def narrow(x):
        assert x.dtype == np.float32
        return x

    x = np.array([0.5, -1.0], np.float32)
    assert check_grads(lambda x: squares(narrow(x)), x, gradient=lambda x: 2 * x).passed
    assert check_grads(squares, x, gradient=lambda x: 2 * narrow(x)).passed
    report = check_grads(lambda x: squares(narrow(x)), x, gradient=lambda x: 3 * x)
    assert report.verdict is Verdict.WRONG


def test_a_function_that_raises_outside_its_domain_has_no_slope_at_its_edge():
    def roots(x):
        if (x < 0).any():
            raise ValueError("negative input")
        return np.sqrt(x).sum()

    def slopes(x):
        return 0.5 / np.sqrt(np.maximum(x, 1e-300))

    report = check_grads(roots, np.array([0.0, 1.0]), gradient=slopes)
    assert report.verdict is Verdict.NON_FINITE
    assert report.arguments[0].note.startswith("no slope ([0])")
    assert check_grads(roots, np.array([0.5, 1.0]), gradient=slopes).passed
    with pytest.raises(ArgumentError, match=r"vjp.* raised TypeError"):
        check_grads(lambda x: 2 * x, np.ones(2), vjp=lambda x: x)
