"""The training loop: the one that ``Sequential.fit`` and the command share.

>>> import numpy as np
>>> from itertools import islice
>>> from tinygrad_mnist import nn, optim
>>> from tinygrad_mnist.dataset import Dataset
>>> model = nn.MLP([2, 2])
>>> data = Dataset(np.eye(2, dtype=np.float32), np.array([0, 1]))
>>> step = training_step(model, optim.Adam(model.parameters(), 0.1))
>>> first, *_, last = islice(training(step, data, batch_size=2), 20)
>>> last < first
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.arguments import plain, real
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.ops.activation import (
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from tinygrad_mnist.optim import Optimizer

BAR = "{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
"""What a progress bar shows: without a rate, it is a bar on forty columns too."""
ROWS_AT_ONCE = 5000
"""How many examples a forward pass without gradients takes: bounds its memory."""


def cross_entropy(labels: Array, logits: Any) -> Any:
    """Return the mean softmax cross entropy, in the dtype of the logits.

    Labels are class numbers (integers) of shape (n,), or weights per class of shape (n, classes).

    Raises
    ------
    ShapeError
        If the shapes do not fit, or a class number is not a class.
    DTypeError
        If class numbers are not integers.
    """
    labels = labels if isinstance(labels, Tensor) else np.asarray(plain("The labels", labels))
    if logits.ndim != 2 or labels.shape not in (logits.shape, logits.shape[:1]):
        raise ShapeError(
            "The cross entropy takes logits (n, classes) with class numbers (n,) or weights per "
            f"class (n, classes). Received: logits {logits.shape}, labels {labels.shape}."
        )
    if labels.ndim == 1:
        if labels.dtype.kind not in "iu":
            raise DTypeError(
                f"Class numbers must be integers. Received labels of dtype {labels.dtype}: convert "
                "them with .astype(int), or give one row of weights per example."
            )
        return np.mean(sparse_softmax_cross_entropy_with_logits(labels, logits))
    if labels.dtype != logits.dtype:  # integers or float64 would make all that follows float64
        labels = labels.astype(logits.dtype)
    return np.mean(softmax_cross_entropy_with_logits(labels, logits))


Step = Callable[[Any, Any], Tensor]


def training_step(
    model: Callable[[Any], Any],
    optimizer: Optimizer,
    loss: Callable[[Any, Any], Any] = cross_entropy,
) -> Step:
    """Return ``step(inputs, labels)``, which updates the model and returns the cost before.

    It can be captured.
    """

    def step(inputs: Any, labels: Any) -> Tensor:
        cost = loss(labels, model(inputs))
        if not isinstance(cost, Tensor):
            raise ArgumentError(
                "The loss must return a scalar Tensor computed from the model's outputs. "
                f"Received: {type(cost).__name__}."
            )
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost

    return step


def training(step: Step, data: Dataset, batch_size: int) -> Iterator[float]:
    """Train without end, one step a batch, yielding the cost of each.

    Between two yields lies exactly one whole step, so the state is consistent wherever it stops.
    """
    while True:
        inputs, labels = data.next_batch(batch_size)
        inputs.setflags(write=False)  # spares the tape a copy
        labels.setflags(write=False)
        # The cost is let go before the yield: its graph's memory serves the next step.
        yield step(inputs, labels).item()


class Evaluation(NamedTuple):
    """The cost and the fraction of right answers over a set of examples.

    A right answer is a class whose output is the largest; the accuracy is nan where outputs and
    labels are not about two or more classes, as in a regression.
    """

    cost: float
    accuracy: float


def outputs(model: Callable[[Any], Any], inputs: Array) -> Array:
    """Return the model's outputs for all rows of an array, computed a block of rows at a time.

    Raises
    ------
    ShapeError, DTypeError
        If the inputs are no array of real numbers with one row per example.
    """
    inputs = rows("inputs", inputs)
    with no_grad():
        blocks = [
            real(model(inputs[start : start + ROWS_AT_ONCE]), "The model's output")
            for start in range(0, max(len(inputs), 1), ROWS_AT_ONCE)
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
        If there are no examples, or the loss is not a scalar.
    ShapeError, DTypeError
        If there is not one label per example, or they are no numbers.
    """
    inputs, labels = examples(inputs, labels)
    logits = outputs(model, inputs)
    with no_grad():
        cost = real(loss(labels, logits), "The loss")
    if cost.size != 1:
        raise ArgumentError(f"The loss must be a scalar. Received: an array of shape {cost.shape}.")
    return Evaluation(float(cost.item()), _accuracy(labels, logits))


def _accuracy(labels: Array, logits: Array) -> float:
    about_classes = logits.ndim == 2 and logits.shape[1] > 1
    numbers = labels.ndim == 1 and labels.dtype.kind in "iu"
    if not about_classes or not (numbers or labels.shape == logits.shape):
        return math.nan
    return float(np.mean(np.argmax(logits, axis=-1) == classes(labels)))


def examples(inputs: Any, labels: Any) -> tuple[Array, Array]:
    """Return inputs and labels as arrays.

    Raises
    ------
    ArgumentError
        If there are none.
    ShapeError, DTypeError
        If there is not one label per example, or they are no numbers.
    """
    inputs, labels = rows("inputs", inputs), rows("labels", labels)
    if len(inputs) != len(labels):
        raise ShapeError(
            "There must be one label per example. Received: inputs of shape "
            f"{inputs.shape}, labels of shape {labels.shape}."
        )
    if not len(inputs):
        raise ArgumentError(f"There are no examples: inputs of shape {inputs.shape}.")
    return inputs, labels


def rows(name: str, values: Any) -> Array:
    """Return values as an array of real numbers with at least one axis.

    Raises
    ------
    ShapeError, DTypeError
        If they are none.
    """
    try:
        with no_grad():
            array: Array = np.asarray(plain(f"The {name}", values))
    except ValueError as error:
        raise ShapeError(f"The {name} cannot be made an array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"The {name} must be real numbers. Received: dtype {array.dtype}.")
    if not array.ndim:
        raise ShapeError(f"The {name} must have one row per example. Received: a single number.")
    return array
