"""PyTorch, eager, with the Adam that is one kernel."""

from collections.abc import Sequence

from benchmarks.backends import torch_eager
from benchmarks.workload import Array

VERSIONS = torch_eager.VERSIONS
BLAS = torch_eager.BLAS


def make_trainer(parameters: Sequence[Array]) -> torch_eager.TorchTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return torch_eager.TorchTrainer(parameters, fused=True)
