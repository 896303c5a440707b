"""The checker on functions that compute in float32 only: measured noise, and the remainder."""

import numpy as np
import pytest

from tinygrad_mnist import softmax_cross_entropy_with_logits
from tinygrad_mnist.testing import Verdict, assert_grads, check_grads


class Network:
    """A hand-written network of one hidden layer that knows float32 only."""

    def __init__(self, seed, kinked):
        generator = np.random.default_rng(seed)
        self.kinked = kinked
        self.images = generator.standard_normal((8, 6), np.float32)
        self.labels = np.eye(3, dtype=np.float32)[generator.integers(0, 3, 8)]
        self.weights = [
            generator.standard_normal(shape, np.float32) / 2 for shape in [(6, 7), (7, 3)]
        ]

    def forward(self, a, b):
        before = self.images @ a.astype(np.float32)
        hidden = np.maximum(before, 0) if self.kinked else np.tanh(before)
        logits = hidden @ b.astype(np.float32)
        logits -= logits.max(1, keepdims=True)
        return before, hidden, logits - np.log(np.exp(logits).sum(1, keepdims=True))

    def cost(self, a, b):
        return -(self.labels * self.forward(a, b)[2]).sum(1).mean()

    def gradient(self, a, b):
        before, hidden, logs = self.forward(a, b)
        error = (np.exp(logs) - self.labels) / np.float32(8)
        slopes = before > 0 if self.kinked else 1 - hidden**2
        inner = (error @ b.astype(np.float32).T) * slopes
        return (self.images.T @ inner).astype(a.dtype), (hidden.T @ error).astype(b.dtype)


@pytest.mark.parametrize("seed", range(10))
def test_a_right_gradient_of_a_float32_network_is_ok(seed):
    network = Network(seed, kinked=False)
    report = assert_grads(network.cost, *network.weights, gradient=network.gradient)
    assert report.verdict is Verdict.OK


def test_it_is_said_that_the_bound_is_of_measured_noise():
    network = Network(0, kinked=False)

    def lifted(a, b):
        return np.float32(3) + network.cost(a, b)

    report = assert_grads(lifted, *network.weights, gradient=network.gradient)
    assert any("rounds as float32 does" in argument.note for argument in report.arguments)


@pytest.mark.parametrize("seed", range(10))
def test_kinks_that_rounding_hides_are_not_called_wrong(seed):
    network = Network(seed, kinked=True)
    report = check_grads(network.cost, *network.weights, gradient=network.gradient)
    assert report.verdict in (Verdict.OK, Verdict.PRECISION_LIMITED)


@pytest.mark.parametrize("kinked", [False, True])
@pytest.mark.parametrize("factor", [1.05, 1.2])
@pytest.mark.parametrize("seed", range(5))
def test_a_gradient_that_is_a_few_percent_off_is_wrong(seed, factor, kinked):
    network = Network(seed, kinked)

    def off(a, b):
        return [np.float32(factor) * g for g in network.gradient(a, b)]

    report = check_grads(network.cost, *network.weights, gradient=off)
    assert report.verdict is Verdict.WRONG
    assert report.taylor < 1.5


def test_the_engine_in_float32_is_ok_to_second_order():
    network = Network(0, kinked=False)
    images, labels = network.images, network.labels

    def cost(a):
        logits = images @ a.astype(np.float32)
        return np.mean(softmax_cross_entropy_with_logits(labels, logits))

    report = assert_grads(cost, np.random.default_rng(0).standard_normal((6, 3)))
    assert (report.verdict, report.order) == (Verdict.OK, 2)
