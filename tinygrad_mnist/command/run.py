"""A training run: everything that decides its course, so that it can stop and go on bit for bit.

>>> run = Run(Settings(iterations=3, hidden=(8,), batch_size=16))
>>> first, *rest = run.train()
>>> run.iteration, len(run.costs)
(3, 3)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist import checkpoint, mnist, nn, optim
from tinygrad_mnist.arguments import in_range, integer
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import ArgumentError, CheckpointError, DivergenceError
from tinygrad_mnist.nn import loop
from tinygrad_mnist.replay.capture import capture

OPTIMIZERS = {"adam": optim.Adam, "momentum": optim.Momentum, "sgd": optim.SGD}
ONE_THREAD_BELOW = 20_000_000
"""Multiply-adds in a step's largest matrix product from which a second BLAS thread pays: on two
cores it was measured to save 6 % of the time at 6 million (our network) and 24 % at 26 million."""
MOST_PARAMETERS = 1_000_000_000
"""More than this is a slip of the pen, and would take the machine's memory before it failed."""


@dataclass(frozen=True)
class Settings:
    """What decides the course of a run: equal settings and data give the same bits.

    ``threads`` are BLAS threads; None stands for as many as pay at this size.

    Raises
    ------
    ArgumentError
        If one is out of range.
    """

    iterations: int = 1000
    batch_size: int = 64
    learning_rate: float = 0.001
    hidden: tuple[int, ...] = (128, 64)
    optimizer: str = "adam"
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ArgumentError(
                f"optimizer must be one of {', '.join(OPTIMIZERS)}. Received: {self.optimizer!r}."
            )
        counts = [("number of iterations", self.iterations), ("batch size", self.batch_size)]
        counts += [("number of threads", 1 if self.threads is None else self.threads)]
        counts += [("hidden layer size", size) for size in self.hidden]
        for name, value in counts:
            integer(f"The {name}", value, least=1)
        integer("The seed", self.seed, least=0)
        in_range("The learning rate", self.learning_rate, 0.0, float("inf"))
        parameters = sum((inputs + 1) * outputs for inputs, outputs in pairwise(self.sizes))
        if parameters > MOST_PARAMETERS:
            raise ArgumentError(
                f"A network of sizes {'-'.join(map(str, self.sizes))} has {parameters:,} "
                f"parameters; take smaller layers, of at most {MOST_PARAMETERS:,} in all."
            )

    @property
    def sizes(self) -> list[int]:
        """The sizes of the network, inputs and outputs included."""
        return [784, *self.hidden, 10]

    def blas_threads(self, available: int) -> int:
        """Return the threads asked for, else as many as pay at this size."""
        largest = self.batch_size * max(a * b for a, b in pairwise(self.sizes))
        return self.threads or (available if largest >= ONE_THREAD_BELOW else 1)


class Run:
    """A network, its optimizer and its data at some iteration.

    Parameters
    ----------
    settings
        What decides its course.
    data_dir
        Where the data are; None for the MNIST files of the package.
    eager
        Record each step on the tape anew, instead of replaying the first: the same bits, slower.

    ``saved`` is the iteration of the last checkpoint it wrote; 0 before the first.

    Raises
    ------
    ArgumentError
        If there are fewer training examples than a batch takes.
    DataError
        If the data are not what they should be.
    """

    def __init__(
        self, settings: Settings, data_dir: Path | None = None, *, eager: bool = False
    ) -> None:
        generator = np.random.default_rng(settings.seed)
        self.settings = settings
        self.data = mnist.load(data_dir, generator=generator)
        if settings.batch_size > self.data.train.num_examples:
            raise ArgumentError(
                f"A batch cannot be larger than the {self.data.train.num_examples:,} training "
                f"examples. Received: {settings.batch_size:,}."
            )
        self.model = nn.MLP(settings.sizes, generator=generator)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            self.model.parameters(), learning_rate=settings.learning_rate
        )
        self.costs: list[float] = []
        self.saved = 0
        step = loop.training_step(self.model, self.optimizer)
        self._steps = loop.training(
            step if eager else capture(step), self.data.train, settings.batch_size
        )

    @property
    def iteration(self) -> int:
        """How many steps have been done."""
        return len(self.costs)

    def train(self) -> Iterator[float]:
        """Go on to the last iteration of the settings, yielding the cost of each step's batch.

        Raises
        ------
        DivergenceError
            If the cost becomes infinite or NaN.
        """
        while self.iteration < self.settings.iterations:
            cost = next(self._steps)
            self._demand_finite(f"The cost became {cost}", cost)
            self.costs.append(cost)
            yield cost

    def _demand_finite(self, what_happened: str, numbers: float | Array) -> None:
        if not np.isfinite(numbers).all():
            raise DivergenceError(
                f"{what_happened} at iteration {self.iteration}; take a smaller learning rate. "
                f"Received: {self.settings.learning_rate:g}."
            )

    def accuracies(self) -> dict[str, float]:
        """Return the fraction of right answers on each part of the data.

        Raises
        ------
        DivergenceError
            If the network has outgrown its numbers, so that its answers mean nothing.
        """
        accuracies = {}
        for name in ("train", "validation", "test"):
            part = getattr(self.data, name)
            cost, accuracies[name] = self.model.evaluate(part.images, part.labels)
            self._demand_finite(f"The {name} cost became {cost}", cost)
        return accuracies

    def save(self, path: Path) -> None:
        """Write a checkpoint from which ``resume`` goes on bit for bit.

        Raises
        ------
        DivergenceError
            If a parameter has become infinite or NaN: nothing could go on from there.
        OutputError
            If it cannot be written.
        """
        data, optimizer = self.data.train.state_dict(), self.optimizer.state_dict()
        arrays = {f"parameter/{name}": value for name, value in self.model.state_dict().items()}
        for value in arrays.values():
            self._demand_finite("A parameter became infinite or NaN", value)
        arrays |= {f"slot/{name}": optimizer.pop(name) for name in self.optimizer.slot_names}
        arrays |= {"order": data.pop("order"), "costs": np.array(self.costs, np.float32)}
        description = {
            "iteration": self.iteration,
            "settings": asdict(self.settings),
            "optimizer": optimizer,
            "data": data,
            "checksums": self.data.checksums,
        }
        checkpoint.save(path, arrays, description)
        self.saved = self.iteration


def settings_of(path: Path, description: dict[str, Any]) -> Settings:
    """Return the settings a checkpoint was made with."""
    if "settings" not in description:
        raise CheckpointError(f"{path} holds no training run.")
    stored = description["settings"]
    return Settings(**{**stored, "hidden": tuple(stored["hidden"])})


def resume(path: Path, data_dir: Path | None = None, *, eager: bool = False) -> Run:
    """Return the run of a checkpoint, as it was when that was written.

    Raises
    ------
    CheckpointError
        If the checkpoint is unusable, or the data are not those of the run.
    """
    arrays, description = checkpoint.load(path)
    run = Run(settings_of(path, description), data_dir, eager=eager)
    if run.data.checksums != description["checksums"]:
        raise CheckpointError(
            f"The run of {path} was trained on other data files than these. Name the folder of "
            "its data with --data-dir."
        )
    run.model.load_state_dict(_under("parameter/", arrays))
    run.optimizer.load_state_dict({**description["optimizer"], **_under("slot/", arrays)})
    run.data.train.load_state_dict({**description["data"], "order": arrays["order"]})
    run.costs = arrays["costs"].tolist()
    return run


def trained_model(path: Path) -> nn.MLP:
    """Return the network of a checkpoint.

    Raises
    ------
    CheckpointError
        If the checkpoint is unusable.
    """
    arrays, description = checkpoint.load(path)
    model = nn.MLP(settings_of(path, description).sizes)
    model.load_state_dict(_under("parameter/", arrays))
    return model


def _under(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
