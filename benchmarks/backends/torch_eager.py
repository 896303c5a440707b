"""PyTorch, eager: autograd and ``torch.optim.Adam``."""

import math
from collections.abc import Sequence
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]

from benchmarks.workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Array

VERSIONS = {"torch": str(torch.__version__)}
LIBRARIES = {"MKL": torch.backends.mkl, "oneDNN": torch.backends.mkldnn}
BLAS = {
    "library": " and ".join(name for name, each in LIBRARIES.items() if each.is_available()),
    "kernel": torch.backends.cpu.get_cpu_capability(),
    "threads": torch.get_num_threads(),
}


class TorchTrainer:
    """A ``Trainer`` by ``backward()`` and an optimizer, whose options may be given."""

    def __init__(self, parameters: Sequence[Array], **options: Any) -> None:
        self._parameters = [torch.tensor(parameter, requires_grad=True) for parameter in parameters]
        self._adam = torch.optim.Adam(
            self._parameters, LEARNING_RATE, betas=(BETA1, BETA2), **options
        )
        self._count = 0

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        return self.update(self.backward(self.forward(images, labels)))

    def forward(self, images: Array, labels: Array) -> Any:
        """Record the cost."""
        *hidden, (last_weights, last_bias) = zip(
            self._parameters[::2], self._parameters[1::2], strict=True
        )
        outputs = torch.from_numpy(images)
        for weights, bias in hidden:
            outputs = torch.relu(torch.addmm(bias, outputs, weights))
        logits = torch.addmm(last_bias, outputs, last_weights)
        return torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))

    def backward(self, cost: Any) -> Any:
        """Leave the gradients on the parameters; return the cost."""
        self._adam.zero_grad()
        cost.backward()
        return cost

    def update(self, cost: Any) -> float:
        """Update the parameters; return the cost."""
        # PyTorch adds epsilon after the root's bias is corrected, the others before.
        self._count += 1
        self._adam.param_groups[0]["eps"] = EPSILON / math.sqrt(1 - BETA2**self._count)
        self._adam.step()
        return float(cost.item())

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return [parameter.detach().numpy() for parameter in self._parameters]


make_trainer = TorchTrainer
