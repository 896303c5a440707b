"""JAX: the step compiled as one function of arrays, called once a batch."""

import os
from collections.abc import Sequence
from typing import Any

import jax  # type: ignore[import-not-found, unused-ignore]
import jax.numpy as jnp  # type: ignore[import-not-found, unused-ignore]

from benchmarks.workload import BETA1, BETA2, EPSILON, Array, learning_rate_at

VERSIONS = {"jax": str(jax.__version__)}
# It has a thread for each processor that it may use, and cannot be asked how many these are.
PINNED = hasattr(os, "sched_getaffinity")
BLAS = {
    "library": "XLA's own",
    "kernel": f"on {jax.default_backend()}",
    "threads": len(os.sched_getaffinity(0)) if PINNED else os.cpu_count(),
}


def cost_of(parameters: Sequence[Any], images: Any, labels: Any) -> Any:
    """Return the mean cross entropy of a batch."""
    *hidden, (last_weights, last_bias) = zip(parameters[::2], parameters[1::2], strict=True)
    for weights, bias in hidden:
        images = jax.nn.relu(images @ weights + bias)
    logits = images @ last_weights + last_bias
    return -jnp.mean(jnp.sum(labels * jax.nn.log_softmax(logits), axis=1))


def initial_state(parameters: Sequence[Array]) -> Any:
    """Return parameters, means and squares."""
    values = [jnp.array(parameter) for parameter in parameters]
    means, squares = ([jnp.zeros_like(value) for value in values] for _ in range(2))
    return values, means, squares


def adam(state: Any, gradients: Sequence[Any], rate: Any) -> Any:
    """Return the state after an update of Adam at a corrected rate."""
    parameters, means, squares = state
    means = [m + (1 - BETA1) * (g - m) for m, g in zip(means, gradients, strict=True)]
    squares = [s + (1 - BETA2) * (g * g - s) for s, g in zip(squares, gradients, strict=True)]
    parameters = [
        p - rate * m / (jnp.sqrt(s) + EPSILON)
        for p, m, s in zip(parameters, means, squares, strict=True)
    ]
    return parameters, means, squares


def updated(state: Any, images: Any, labels: Any, rate: Any) -> tuple[Any, Any]:
    """Return the state after a step, and the cost before it."""
    cost, gradients = jax.value_and_grad(cost_of)(state[0], images, labels)
    return adam(state, gradients, rate), cost


class JitTrainer:
    """A ``Trainer`` that gives its state to each step and takes the next."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._state = initial_state(parameters)
        self._updated = jax.jit(updated, donate_argnums=0)
        self._count = 0

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        self._count += 1
        rate = learning_rate_at(self._count)
        self._state, cost = self._updated(self._state, images, labels, rate)
        return float(cost)

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return [jax.device_get(parameter) for parameter in self._state[0]]


make_trainer = JitTrainer
