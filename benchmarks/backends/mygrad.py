"""MyGrad: tensors with ``backward()``, and a hand-written Adam."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import mygrad  # type: ignore[import-not-found, unused-ignore]
from mygrad.nnet import logsoftmax, relu  # type: ignore[import-not-found, unused-ignore]

from benchmarks.backends.numpy import Adam
from benchmarks.workload import Array

VERSIONS = {"mygrad": version("mygrad"), "numpy": version("numpy")}


class MygradTrainer:
    """A ``Trainer`` by MyGrad's tape."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._parameters = [mygrad.tensor(parameter) for parameter in parameters]
        self._adam = Adam([parameter.data for parameter in self._parameters])

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        return self.update(self.backward(self.forward(images, labels)))

    def forward(self, images: Array, labels: Array) -> Any:
        """Record the cost."""
        *hidden, (last_weights, last_bias) = zip(
            self._parameters[::2], self._parameters[1::2], strict=True
        )
        outputs = images
        for weights, bias in hidden:
            outputs = relu(mygrad.matmul(outputs, weights) + bias)
        logits = mygrad.matmul(outputs, last_weights) + last_bias
        return -mygrad.mean(mygrad.sum(labels * logsoftmax(logits), axis=1))

    def backward(self, cost: Any) -> Any:
        """Leave the gradients on the parameters; return the cost."""
        cost.backward()
        return cost

    def update(self, cost: Any) -> float:
        """Update the parameters; return the cost."""
        self._adam.update([parameter.grad for parameter in self._parameters])
        return float(cost)

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return [parameter.data for parameter in self._parameters]


make_trainer = MygradTrainer
