"""Our engine, run eagerly: the tape is recorded and swept anew in every step."""

from collections.abc import Sequence

import numpy as np

from benchmarks.backends import Step
from benchmarks.workload import LAYERS, LEARNING_RATE, Array
from tinygrad_mnist import nn, optim, softmax_cross_entropy_with_logits

VERSIONS = {"numpy": np.__version__}


def make_step(parameters: Sequence[Array]) -> Step:
    """Build the step; see ``benchmarks.backends.Backend``."""
    model = nn.MLP(LAYERS, generator=np.random.default_rng(0))
    for parameter, value in zip(model.parameters(), parameters, strict=True):
        parameter.assign(value)
    optimizer = optim.Adam(model.parameters(), learning_rate=LEARNING_RATE)

    def step(images: Array, labels: Array) -> float:
        images.setflags(write=False)  # as the training loop does: spares the tape a copy
        labels.setflags(write=False)
        cost = np.mean(softmax_cross_entropy_with_logits(labels, model(images)))
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return float(cost)

    return step
