"""HIPS autograd: gradients of a NumPy function, and a hand-written Adam."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import autograd  # type: ignore[import-not-found, unused-ignore]
import autograd.numpy as anp  # type: ignore[import-not-found, unused-ignore]

from benchmarks.backends.numpy import Adam
from benchmarks.workload import Array

VERSIONS = {"autograd": version("autograd"), "numpy": version("numpy")}


def cost_of(parameters: Sequence[Any], images: Any, labels: Any) -> Any:
    """Return the mean cross entropy of a batch."""
    *hidden, (last_weights, last_bias) = zip(parameters[::2], parameters[1::2], strict=True)
    for weights, bias in hidden:
        images = anp.maximum(anp.dot(images, weights) + bias, 0)
    logits = anp.dot(images, last_weights) + last_bias
    shifted = logits - anp.max(logits, axis=1, keepdims=True)
    totals = anp.sum(anp.exp(shifted), axis=1)
    return anp.mean(anp.log(totals) - anp.sum(labels * shifted, axis=1))


class AutogradTrainer:
    """A ``Trainer`` by ``value_and_grad``."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._parameters = [parameter.copy() for parameter in parameters]
        self._adam = Adam(self._parameters)
        self._differentiate = autograd.value_and_grad(cost_of)

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        cost, gradients = self._differentiate(self._parameters, images, labels)
        self._adam.update(gradients)
        return float(cost)

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return self._parameters


make_trainer = AutogradTrainer
