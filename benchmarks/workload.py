"""What every backend computes: the network, Adam's constants, the first weights, the batches.

The parent prepares one ``Workload`` and hands it to the workers as a file, so that none of them
pays for reading MNIST.

>>> [parameter.shape for parameter in initial_parameters(LAYERS, np.random.default_rng(0))]
[(784, 128), (128,), (128, 64), (64,), (64, 10), (10,)]
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

LAYERS = (784, 128, 64, 10)
BATCH_SIZE = 64
BATCHES = 64
LEARNING_RATE = 0.001
BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-8


@dataclass(frozen=True)
class Workload:
    """The arrays a backend starts from.

    ``parameters`` are W1, b1, W2, b2, ..., weights as (inputs, outputs); ``images`` has the shape
    (batches, examples, inputs) and ``labels`` (batches, examples, classes), one-hot. All are
    float32.
    """

    parameters: list[Array]
    images: Array
    labels: Array

    @property
    def flops(self) -> int:
        """The floating-point operations of a step's matrix products, two a multiply-add."""
        examples = self.images.shape[1]
        first, *others = (weights.size for weights in self.parameters[::2])
        return int(2 * examples * (2 * first + 3 * sum(others)))

    def save(self, path: Path) -> None:
        """Write the arrays to ``path``, an ``.npz`` file."""
        np.savez(path, self.images, self.labels, *self.parameters)

    @classmethod
    def load(cls, path: Path) -> "Workload":
        """Read back what ``save`` wrote."""
        with np.load(path) as archive:
            images, labels, *parameters = archive.values()
        return cls(parameters, images, labels)


def initial_parameters(layers: Sequence[int], generator: np.random.Generator) -> list[Array]:
    """Draw the Glorot uniform weights, float32; the biases are zero."""
    parameters: list[Array] = []
    for inputs, outputs in itertools.pairwise(layers):
        limit = np.sqrt(6 / (inputs + outputs))
        weights = generator.uniform(-limit, limit, (inputs, outputs))
        parameters += [weights.astype(np.float32), np.zeros(outputs, np.float32)]
    return parameters


def layers_of(parameters: Sequence[Array]) -> list[int]:
    """Return the sizes of the network that has these parameters, inputs and outputs included."""
    return [parameters[0].shape[0], *(bias.shape[0] for bias in parameters[1::2])]


def learning_rate_at(count: int) -> float:
    """Return the rate of step ``count``, from 1, with TensorFlow's epsilon-hat.

    Both bias corrections have moved into it, so that epsilon is added before them.
    """
    return LEARNING_RATE * math.sqrt(1 - BETA2**count) / (1 - BETA1**count)


@cache
def training_examples() -> tuple[Array, Array]:
    """Return MNIST's training images and labels, read once in a process."""
    from tinygrad_mnist import mnist

    train = mnist.load(one_hot=True).train
    return train.images, train.labels


def mnist_workload(
    layers: Sequence[int] = LAYERS, batch_size: int = BATCH_SIZE, batches: int = BATCHES
) -> Workload:
    """Take batches from MNIST's training images; they and the weights are the same every time."""
    from tinygrad_mnist.dataset import Dataset

    train = Dataset(*training_examples())
    images, labels = zip(*(train.next_batch(batch_size) for _ in range(batches)), strict=True)
    parameters = initial_parameters(layers, np.random.default_rng(0))
    return Workload(parameters, np.stack(images), np.stack(labels))


def accuracy_of(
    parameters: Sequence[Array], images: Array, classes: NDArray[np.integer[Any]]
) -> float:
    """Return the fraction of images whose largest output is that of their class."""
    outputs: Any = images
    for layer, (weights, bias) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
        outputs = (np.maximum(outputs, 0) if layer else outputs) @ weights + bias
    return float(np.mean(np.argmax(outputs, axis=1) == classes))
