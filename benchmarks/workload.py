"""What every backend computes: the network, Adam's constants, the first weights, the batches.

The parent prepares one ``Workload`` and hands it to the workers as a file, so that none of them
pays for reading MNIST.

>>> [parameter.shape for parameter in initial_parameters(np.random.default_rng(0))]
[(784, 128), (128,), (128, 64), (64,), (64, 10), (10,)]
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

LAYERS = (784, 128, 64, 10)
BATCH_SIZE = 64
LEARNING_RATE = 0.001
BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-8


@dataclass(frozen=True)
class Workload:
    """The arrays a backend starts from.

    ``parameters`` are W1, b1, W2, b2, W3, b3, weights as (inputs, outputs); ``images`` has the
    shape (batches, examples, 784) and ``labels`` (batches, examples, 10), one-hot. All are float32.
    """

    parameters: list[Array]
    images: Array
    labels: Array

    def save(self, path: Path) -> None:
        """Write the arrays to ``path``, an ``.npz`` file."""
        np.savez(path, self.images, self.labels, *self.parameters)

    @classmethod
    def load(cls, path: Path) -> "Workload":
        """Read back what ``save`` wrote."""
        with np.load(path) as archive:
            images, labels, *parameters = archive.values()
        return cls(parameters, images, labels)


def initial_parameters(generator: np.random.Generator) -> list[Array]:
    """Draw the Glorot uniform weights, float32; the biases are zero."""
    parameters: list[Array] = []
    for inputs, outputs in itertools.pairwise(LAYERS):
        limit = np.sqrt(6 / (inputs + outputs))
        weights = generator.uniform(-limit, limit, (inputs, outputs))
        parameters += [weights.astype(np.float32), np.zeros(outputs, np.float32)]
    return parameters
