"""A training run: everything that decides its course, so that it can stop and go on bit for bit.

>>> run = Run(Settings(iterations=3, hidden=(8,), batch_size=16))
>>> first, *rest = run.train()
>>> run.iteration, len(run.costs)
(3, 3)
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from tinygrad_mnist import checkpoint, loop, mnist, nn, optim
from tinygrad_mnist.errors import ArgumentError, CheckpointError

OPTIMIZERS = {"adam": optim.Adam, "momentum": optim.Momentum, "sgd": optim.SGD}
ONE_THREAD_BELOW = 30_000_000
"""Multiply-adds in a step's largest matrix product from which a second BLAS thread pays."""


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
        counts += [("number of threads", self.threads or 1)]
        counts += [("hidden layer size", size) for size in self.hidden]
        for name, value in counts:
            if value < 1:
                raise ArgumentError(f"The {name} must be at least 1. Received: {value}.")
        if self.seed < 0:
            raise ArgumentError(f"The seed must not be negative. Received: {self.seed}.")
        optim.in_range("The learning rate", self.learning_rate, 0.0, float("inf"))

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

    Raises
    ------
    DataError
        If the data are not what they should be.
    """

    def __init__(self, settings: Settings, data_dir: Path | None = None) -> None:
        generator = np.random.default_rng(settings.seed)
        self.settings = settings
        self.data = mnist.load(data_dir, generator=generator)
        self.model = nn.MLP(settings.sizes, generator=generator)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            self.model.parameters(), learning_rate=settings.learning_rate
        )
        self.costs: list[float] = []
        self._steps = loop.training(
            self.model, self.optimizer, self.data.train, settings.batch_size
        )

    @property
    def iteration(self) -> int:
        """How many steps have been done."""
        return len(self.costs)

    def train(self) -> Iterator[float]:
        """Go on to the last iteration of the settings, yielding the cost of each step's batch."""
        while self.iteration < self.settings.iterations:
            self.costs.append(next(self._steps))
            yield self.costs[-1]

    def accuracies(self) -> dict[str, float]:
        """Return the fraction of right answers on each part of the data."""
        parts = {
            "train": self.data.train,
            "validation": self.data.validation,
            "test": self.data.test,
        }
        return {
            name: self.model.evaluate(part.images, part.labels).accuracy
            for name, part in parts.items()
        }

    def save(self, path: Path) -> None:
        """Write a checkpoint from which ``resume`` goes on bit for bit.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        data, optimizer = self.data.train.state_dict(), self.optimizer.state_dict()
        arrays = {f"parameter/{name}": value for name, value in self.model.state_dict().items()}
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


def settings_of(path: Path, description: dict[str, Any]) -> Settings:
    """Return the settings a checkpoint was made with."""
    if "settings" not in description:
        raise CheckpointError(f"{path} holds no training run.")
    stored = description["settings"]
    return Settings(**{**stored, "hidden": tuple(stored["hidden"])})


def resume(path: Path, data_dir: Path | None = None) -> Run:
    """Return the run of a checkpoint, as it was when that was written.

    Raises
    ------
    CheckpointError
        If the checkpoint is unusable, or the data are not those of the run.
    """
    arrays, description = checkpoint.load(path)
    run = Run(settings_of(path, description), data_dir)
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


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C or a termination signal has come.

    Inside the block such a signal only sets the answer, so that no step is torn; a second one
    interrupts as usual. Outside the main thread, where Python has no signals, the answer is no.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def remember(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
