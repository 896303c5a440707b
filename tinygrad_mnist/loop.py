"""The training loop: the one that ``Sequential.fit`` and the command share.

>>> import numpy as np
>>> from itertools import islice
>>> from tinygrad_mnist import nn, optim
>>> from tinygrad_mnist.dataset import Dataset
>>> model = nn.MLP([2, 2])
>>> data = Dataset(np.eye(2, dtype=np.float32), np.array([0, 1]))
>>> costs = training(model, optim.Adam(model.parameters(), 0.1), data, batch_size=2)
>>> first, *_, last = islice(costs, 20)
>>> last < first
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tape import no_grad
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.ops.activation import (
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from tinygrad_mnist.optim import Optimizer

ROWS_AT_ONCE = 5000
"""How many examples a forward pass without gradients takes: bounds its memory."""


def cross_entropy(labels: Array, logits: Any) -> Any:
    """Return the mean softmax cross entropy.

    Labels are class numbers (integers) of shape (n,), or weights per class of shape (n, classes).
    """
    if np.asarray(labels).dtype.kind in "iu":
        return np.mean(sparse_softmax_cross_entropy_with_logits(labels, logits))
    return np.mean(softmax_cross_entropy_with_logits(labels, logits))


def training(
    model: Callable[[Any], Any],
    optimizer: Optimizer,
    data: Dataset,
    batch_size: int,
    loss: Callable[[Array, Any], Any] = cross_entropy,
) -> Iterator[float]:
    """Train without end, one step a batch, yielding the batch's cost before its update.

    Between two yields lies exactly one whole step, so the state is consistent wherever it stops.
    """
    while True:
        inputs, labels = data.next_batch(batch_size)
        inputs.setflags(write=False)  # spares the tape a copy
        labels.setflags(write=False)
        cost = loss(labels, model(inputs))
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        yield cost.item()


class Evaluation(NamedTuple):
    """The cost and the fraction of right answers over a set of examples."""

    cost: float
    accuracy: float


def outputs(model: Callable[[Any], Any], inputs: Array) -> Array:
    """Return the model's outputs for all rows of an array, computed a block of rows at a time."""
    with no_grad():
        blocks = [
            np.asarray(model(inputs[start : start + ROWS_AT_ONCE]))
            for start in range(0, len(inputs), ROWS_AT_ONCE)
        ]
    return np.concatenate(blocks)


def classes(labels: Array) -> Array:
    """Return the class numbers of labels given as such, or as one row of weights per example."""
    return labels if labels.ndim == 1 else np.argmax(labels, axis=-1)


def evaluate(
    model: Callable[[Any], Any],
    inputs: Array,
    labels: Array,
    loss: Callable[[Array, Any], Any] = cross_entropy,
) -> Evaluation:
    """Return the cost and the accuracy of a model over examples.

    Raises
    ------
    ArgumentError
        If there are no examples.
    """
    if not len(inputs):
        raise ArgumentError(f"There is nothing to evaluate: inputs of shape {inputs.shape}.")
    logits = outputs(model, inputs)
    with no_grad():
        cost = float(loss(labels, logits))
    return Evaluation(cost, float(np.mean(np.argmax(logits, axis=-1) == classes(labels))))
