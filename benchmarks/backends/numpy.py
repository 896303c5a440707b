"""Hand-written NumPy: the step as a competent person writes it, with no engine at all.

It is the reference for speed and for costs, so its gradients are tested against differences.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.backends import Step
from benchmarks.workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Array

VERSIONS = {"numpy": np.__version__}


def cost_and_gradients(
    parameters: Sequence[Array], images: Array, labels: Array
) -> tuple[float, list[Array]]:
    """Return the mean cross entropy of a batch and its gradient for each parameter.

    Any floating dtype will do; the gradients have the parameters' shapes and dtype.
    """
    w1, b1, w2, b2, w3, b3 = parameters
    hidden1 = np.maximum(images @ w1 + b1, 0)
    hidden2 = np.maximum(hidden1 @ w2 + b2, 0)
    logits = hidden2 @ w3 + b3

    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    cost = np.mean(np.log(totals[:, 0]) - (labels * shifted).sum(axis=1))

    ct_logits = (exponentials / totals - labels) / len(images)
    ct_hidden2 = (ct_logits @ w3.T) * (hidden2 > 0)
    ct_hidden1 = (ct_hidden2 @ w2.T) * (hidden1 > 0)
    gradients = [
        images.T @ ct_hidden1,
        ct_hidden1.sum(axis=0),
        hidden1.T @ ct_hidden2,
        ct_hidden2.sum(axis=0),
        hidden2.T @ ct_logits,
        ct_logits.sum(axis=0),
    ]
    return float(cost), gradients


def make_step(parameters: Sequence[Array]) -> Step:
    """Build the step; see ``benchmarks.backends.Backend``."""
    parameters = [parameter.copy() for parameter in parameters]
    means = [np.zeros_like(parameter) for parameter in parameters]
    squares = [np.zeros_like(parameter) for parameter in parameters]
    count = 0

    def step(images: Array, labels: Array) -> float:
        nonlocal count
        count += 1
        cost, gradients = cost_and_gradients(parameters, images, labels)
        # TensorFlow's epsilon-hat: the bias corrections move into the rate, epsilon stays outside.
        rate = LEARNING_RATE * (1 - BETA2**count) ** 0.5 / (1 - BETA1**count)
        updates = zip(parameters, gradients, means, squares, strict=True)
        for parameter, gradient, mean, square in updates:
            mean += (1 - BETA1) * (gradient - mean)
            square += (1 - BETA2) * (gradient * gradient - square)
            parameter -= rate * mean / (np.sqrt(square) + EPSILON)
        return cost

    return step
