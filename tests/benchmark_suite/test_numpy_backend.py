"""The yardstick itself: its gradients against differences, its update against the formula."""

import numpy as np
import pytest

from benchmarks.backends.numpy import backward, forward, make_trainer
from benchmarks.workload import LAYERS, Array, initial_parameters


def cost_and_gradients(
    parameters: list[Array], images: Array, labels: Array
) -> tuple[float, list[Array]]:
    forwarded = forward(parameters, images, labels)
    return forwarded.cost, backward(parameters, forwarded)


@pytest.fixture
def batch() -> tuple[list[Array], Array, Array]:
    """Parameters in float64, and five examples."""
    generator = np.random.default_rng(3)
    parameters: list[Array] = [
        (parameter + 0.01 * generator.standard_normal(parameter.shape)).astype(np.float64)
        for parameter in initial_parameters(LAYERS, generator)
    ]
    return parameters, generator.random((5, 784)), np.eye(10)[generator.integers(0, 10, 5)]


@pytest.mark.parametrize("index", range(6), ids=["W1", "b1", "W2", "b2", "W3", "b3"])
def test_gradients_agree_with_central_differences(
    index: int, batch: tuple[list[Array], Array, Array]
) -> None:
    parameters, images, labels = batch
    _, gradients = cost_and_gradients(parameters, images, labels)
    generator = np.random.default_rng(index)
    for _ in range(5):
        direction = generator.standard_normal(parameters[index].shape)
        costs = []
        for distance in (1e-6, -1e-6):
            moved = list(parameters)
            moved[index] = parameters[index] + distance * direction
            costs.append(cost_and_gradients(moved, images, labels)[0])
        difference = (costs[0] - costs[1]) / 2e-6
        assert np.vdot(gradients[index], direction) == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_the_first_update_is_adam_with_epsilon_hat(
    batch: tuple[list[Array], Array, Array],
) -> None:
    parameters, images, labels = batch
    step = make_trainer(parameters).step
    cost, gradients = cost_and_gradients(parameters, images, labels)
    assert step(images, labels) == cost

    rate = 0.001 * np.sqrt(1 - 0.999) / (1 - 0.9)
    updated = [
        parameter - rate * (0.1 * gradient) / (np.sqrt(0.001 * gradient**2) + 1e-8)
        for parameter, gradient in zip(parameters, gradients, strict=True)
    ]
    assert step(images, labels) == pytest.approx(
        cost_and_gradients(updated, images, labels)[0], rel=1e-9
    )


def test_the_step_computes_in_float32_and_keeps_the_callers_arrays() -> None:
    parameters = initial_parameters(LAYERS, np.random.default_rng(0))
    before = [parameter.copy() for parameter in parameters]
    images, labels = np.ones((2, 784), np.float32), np.eye(10, dtype=np.float32)[:2]
    _, gradients = cost_and_gradients(parameters, images, labels)
    assert {gradient.dtype for gradient in gradients} == {np.dtype(np.float32)}
    make_trainer(parameters).step(images, labels)
    for parameter, original in zip(parameters, before, strict=True):
        np.testing.assert_array_equal(parameter, original)
