"""Our engine, captured: the first step is written down, the others replay it."""

from collections.abc import Sequence

import numpy as np

from benchmarks.workload import LEARNING_RATE, Array, layers_of
from tinygrad_mnist import capture, nn, optim
from tinygrad_mnist.nn.loop import training_step
from tinygrad_mnist.replay.plan import Plan

VERSIONS = {"numpy": np.__version__}


class CapturedTrainer:
    """A ``Trainer`` by ``capture``; it falls into phases from its second step on."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._model = nn.MLP(layers_of(parameters), generator=np.random.default_rng(0))
        for parameter, value in zip(self._model.parameters(), parameters, strict=True):
            parameter.assign(value)
        optimizer = optim.Adam(self._model.parameters(), learning_rate=LEARNING_RATE)
        self._captured = capture(training_step(self._model, optimizer))

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        cost: float = self._captured(images, labels).item()
        return cost

    @property
    def plan(self) -> Plan:
        """What is replayed."""
        plan: Plan = self._captured.plans[0]
        return plan

    def forward(self, images: Array, labels: Array) -> None:
        """Replay what was written down before the backward pass."""
        self.plan.feed([images, labels])
        self._replay("forward")

    def backward(self, _: None) -> None:
        """Replay the backward pass."""
        self._replay("backward")

    def update(self, _: None) -> None:
        """Replay the optimizer."""
        self._replay("update")
        self.plan.finish()

    def _replay(self, phase: str) -> None:
        with np.errstate(all="ignore"):
            for name, thunks in self.plan.phases:
                if name == phase:
                    for thunk in thunks:
                        thunk()

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return [parameter.numpy() for parameter in self._model.parameters()]


make_trainer = CapturedTrainer
