"""Our engine, run eagerly: the tape is recorded and swept anew in every step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.workload import LEARNING_RATE, Array, layers_of
from tinygrad_mnist import Tensor, nn, optim, softmax_cross_entropy_with_logits

VERSIONS = {"numpy": np.__version__}


class EagerTrainer:
    """A ``Trainer`` by the tape."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._model = nn.MLP(layers_of(parameters), generator=np.random.default_rng(0))
        for parameter, value in zip(self._model.parameters(), parameters, strict=True):
            parameter.assign(value)
        self._optimizer = optim.Adam(self._model.parameters(), learning_rate=LEARNING_RATE)

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        return self.update(self.backward(self.forward(images, labels)))

    def forward(self, images: Array, labels: Array) -> Tensor:
        """Record the cost."""
        images.setflags(write=False)  # as the training loop does: spares the tape a copy
        labels.setflags(write=False)
        cost: Any = np.mean(softmax_cross_entropy_with_logits(labels, self._model(images)))
        return cost  # type: ignore[no-any-return]

    def backward(self, cost: Tensor) -> Tensor:
        """Leave the gradients on the parameters; return the cost."""
        self._optimizer.zero_grad()
        cost.backward()
        return cost

    def update(self, cost: Tensor) -> float:
        """Update the parameters; return the cost."""
        self._optimizer.step()
        return float(cost.item())

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return [parameter.numpy() for parameter in self._model.parameters()]


make_trainer = EagerTrainer
