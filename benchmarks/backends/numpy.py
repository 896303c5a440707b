"""Hand-written NumPy: the step as a competent person writes it, with no engine at all.

It is the reference for speed and for costs, so its gradients are tested against differences.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.workload import BETA1, BETA2, EPSILON, Array, learning_rate_at

VERSIONS = {"numpy": np.__version__}


class Forward(NamedTuple):
    """What the backward pass needs of the forward pass: each layer's inputs, and the labels."""

    cost: float
    inputs: list[Array]
    probabilities: Array
    labels: Array


def forward(parameters: Sequence[Array], images: Array, labels: Array) -> Forward:
    """Compute the mean cross entropy of a batch. Any floating dtype will do."""
    *hidden, (last_weights, last_bias) = zip(parameters[::2], parameters[1::2], strict=True)
    inputs = [images]
    for weights, bias in hidden:
        inputs.append(np.maximum(inputs[-1] @ weights + bias, 0))
    logits = inputs[-1] @ last_weights + last_bias
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    cost = np.mean(np.log(totals[:, 0]) - (labels * shifted).sum(axis=1))
    return Forward(float(cost), inputs, exponentials / totals, labels)


def backward(parameters: Sequence[Array], forward: Forward) -> list[Array]:
    """Return the gradient of the cost for each parameter, of its shape and dtype."""
    cotangent = (forward.probabilities - forward.labels) / len(forward.labels)
    gradients: list[Array] = []
    for layer in reversed(range(len(forward.inputs))):
        inputs = forward.inputs[layer]
        gradients[:0] = [inputs.T @ cotangent, cotangent.sum(axis=0)]
        if layer:
            cotangent = (cotangent @ parameters[2 * layer].T) * (inputs > 0)
    return gradients


class Adam:
    """Adam, array by array."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._parameters = parameters
        self._means = [np.zeros_like(parameter) for parameter in parameters]
        self._squares = [np.zeros_like(parameter) for parameter in parameters]
        self._count = 0

    def update(self, gradients: Sequence[Array]) -> None:
        """Update the parameters in place."""
        self._count += 1
        rate = learning_rate_at(self._count)
        for parameter, gradient, mean, square in zip(
            self._parameters, gradients, self._means, self._squares, strict=True
        ):
            mean += (1 - BETA1) * (gradient - mean)
            square += (1 - BETA2) * (gradient * gradient - square)
            parameter -= rate * mean / (np.sqrt(square) + EPSILON)


class NumpyTrainer:
    """A ``Trainer`` that allocates every result anew."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._parameters = [parameter.copy() for parameter in parameters]
        self._adam = Adam(self._parameters)

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        forwarded = self.forward(images, labels)
        self.update(self.backward(forwarded))
        return forwarded.cost

    def forward(self, images: Array, labels: Array) -> Forward:
        """Compute the cost."""
        return forward(self._parameters, images, labels)

    def backward(self, forwarded: Forward) -> list[Array]:
        """Return the gradients."""
        return backward(self._parameters, forwarded)

    def update(self, gradients: list[Array]) -> None:
        """Update the parameters."""
        self._adam.update(gradients)

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return self._parameters


make_trainer = NumpyTrainer
