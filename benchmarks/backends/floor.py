"""The matmul floor: a step's matrix products into ready buffers, and nothing else.

Eight for the network of MNIST: three forward, five backward, for the cotangent of the images is
not needed. No implementation on the same BLAS can be faster. It trains nothing and has no cost, so
it is never compared.
"""

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.workload import Array

VERSIONS = {"numpy": np.__version__}


class FloorTrainer:
    """A ``Trainer`` that does not; its cost is not a number."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._parameters = parameters
        self._weights = parameters[::2]
        self._gradients = [np.empty_like(weights) for weights in self._weights]
        self._buffers: list[tuple[Array, Array]] = []

    def step(self, images: Array, labels: Array) -> float:
        """Multiply."""
        if not self._buffers:
            # The values do not matter, but they must be ordinary: subnormal numbers are slow.
            shapes = [(len(images), weights.shape[1]) for weights in self._weights]
            ones = [np.ones(shape, np.float32) for shape in shapes]
            self._buffers = [(outputs, outputs.copy()) for outputs in ones]
        inputs = [images, *(outputs for outputs, _ in self._buffers)]
        for layer, weights in enumerate(self._weights):
            np.matmul(inputs[layer], weights, out=inputs[layer + 1])
        # The outer product of two vectors takes NumPy's matmul four times as long.
        product = np.multiply if len(images) == 1 else np.matmul
        for layer in reversed(range(len(self._weights))):
            cotangent = self._buffers[layer][1]
            product(inputs[layer].T, cotangent, out=self._gradients[layer])
            if layer:
                np.matmul(cotangent, self._weights[layer].T, out=self._buffers[layer - 1][1])
        return math.nan

    def parameters(self) -> Sequence[Array]:
        """Return what it was given."""
        return self._parameters


make_trainer = FloorTrainer
