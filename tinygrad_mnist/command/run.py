"""A training run: everything that decides its course, so that it can stop and go on bit for bit.

>>> run = Run(Settings(iterations=3, hidden=(8,), batch_size=16))
>>> first, *rest = run.train()
>>> run.iteration, len(run.costs)
(3, 3)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist import checkpoint, mnist, nn, optim
from tinygrad_mnist.arguments import in_range, integer
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError, CheckpointError, DivergenceError
from tinygrad_mnist.nn import loop
from tinygrad_mnist.nn.loading import mlp_network, saved_network
from tinygrad_mnist.replay.capture import capture

OPTIMIZERS = {"adam": optim.Adam, "momentum": optim.Momentum, "sgd": optim.SGD}
ONE_THREAD_BELOW = 20_000_000
"""Multiply-adds in a step's largest matrix product from which a second BLAS thread pays: on two
cores it was measured to save 6 % of the time at 6 million (our network) and 24 % at 26 million."""
MOST_ITERATIONS = 1_000_000_000
MOST_PARAMETERS = 1_000_000_000
"""More than this is a slip of the pen, and would take the machine's memory before it failed."""


@dataclass(frozen=True)
class Settings:
    """What decides the course of a run: equal settings and data give the same bits.

    ``threads`` are BLAS threads; None stands for as many as pay at this size. ``classes`` is how
    many the data have, and ``transpose`` turns their pictures.

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
    classes: int = 10
    transpose: bool = False

    def __post_init__(self) -> None:
        if self.optimizer not in list(OPTIMIZERS):
            raise ArgumentError(
                f"optimizer must be one of {', '.join(OPTIMIZERS)}. Received: "
                f"{self.optimizer!r:.40}."
            )
        counts = [("number of iterations", self.iterations), ("batch size", self.batch_size)]
        counts += [("number of threads", 1 if self.threads is None else self.threads)]
        counts += [("number of classes", self.classes)]
        counts += [("hidden layer size", size) for size in self.hidden]
        for name, value in counts:
            integer(f"The {name}", value, least=1)
        if not isinstance(self.transpose, bool):
            raise ArgumentError(f"transpose is True or False. Received: {self.transpose!r:.40}.")
        if self.iterations > MOST_ITERATIONS:
            raise ArgumentError(
                f"The number of iterations must be at most {MOST_ITERATIONS:,}. Received: "
                f"{self.iterations!r:.60}."
            )
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
        return [784, *self.hidden, self.classes]

    def blas_threads(self, available: int) -> int:
        """Return the threads asked for, else as many as pay at this size."""
        largest = self.batch_size * max(a * b for a, b in pairwise(self.sizes))
        return self.threads or (available if largest >= ONE_THREAD_BELOW else 1)


class LastCheckpoint(NamedTuple):
    """Where a run can go on from: the file, how many steps it has, and for which settings."""

    path: Path
    iteration: int
    settings: Settings


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

    ``last`` is the last checkpoint that it wrote or was resumed from; None before the first.

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
        self.data = mnist.load(
            data_dir,
            generator=generator,
            classes=settings.classes,
            transpose=settings.transpose,
        )
        if settings.batch_size > self.data.train.num_examples:
            raise ArgumentError(
                f"A batch cannot be larger than the {self.data.train.num_examples:,} training "
                f"examples. Received: {settings.batch_size:,}."
            )
        self.model = nn.MLP(settings.sizes, generator=generator)
        self.model.classes = self.data.classes
        self.optimizer = OPTIMIZERS[settings.optimizer](
            self.model.parameters(), learning_rate=settings.learning_rate
        )
        self.costs: list[float] = []
        self.last: LastCheckpoint | None = None
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
            "network": self.model.network(),
            "classes": list(self.data.classes),
        }
        checkpoint.save(path, arrays, description)
        self.last = LastCheckpoint(path, self.iteration, self.settings)


def settings_of(description: dict[str, Any]) -> Settings:
    """Return the settings a checkpoint was made with.

    Raises
    ------
    CheckpointError, ArgumentError
        If there are none, one is missing, unknown or no setting at all.
    """
    stored = description.get("settings")
    if not isinstance(stored, dict):
        raise CheckpointError("it holds no training run.")
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(stored.keys() - known):
        raise CheckpointError(
            f"it has the setting {unknown[0]!r:.40}, which this version does not know; use the one "
            "that wrote it."
        )
    if missing := sorted(known - {"classes", "transpose"} - stored.keys()):  # which came later
        raise CheckpointError(f"it lacks the setting {missing[0]}.")
    if not isinstance(stored["hidden"], list):
        raise CheckpointError(f"its hidden layers are {stored['hidden']!r:.40}, no list of sizes.")
    return Settings(**{**stored, "hidden": tuple(stored["hidden"])})


def resume(path: Path, data_dir: Path | None = None, *, eager: bool = False) -> Run:
    """Return the run of a checkpoint, as it was when that was written.

    Raises
    ------
    CheckpointError
        If the checkpoint is unusable, or the data are not those of the run.
    """
    with checkpoint.reading(path) as saved:
        state = _read_state(saved)
        run = Run(state.settings, data_dir, eager=eager)
        if run.data.checksums != saved.description["checksums"]:
            raise CheckpointError(
                "the run was trained on other data files than these. Name the folder of its data "
                "with --data-dir."
            )
        run.data.train.load_state_dict(state.order.state_dict())
    run.model.load_state_dict(state.model.state_dict())
    run.optimizer.load_state_dict(state.optimizer.state_dict())
    run.costs = state.costs.tolist()
    if path.is_file():  # what came through a pipe is gone
        run.last = LastCheckpoint(path, run.iteration, run.settings)
    return run


def trained_model(path: Path) -> nn.Sequential:
    """Return the network of a checkpoint of a run, or of what ``Sequential.save`` wrote.

    Raises
    ------
    CheckpointError
        If the checkpoint is unusable.
    """
    with checkpoint.reading(path) as saved:
        if saved.description.keys() <= {"format", "version", "network", "classes"}:
            return saved_network(saved, saved.description.get("network"))
        return _read_state(saved).model


class _State(NamedTuple):
    """What a checkpoint holds of a run; ``order`` walks through examples that are not there."""

    settings: Settings
    model: nn.Sequential
    optimizer: optim.Optimizer
    order: Dataset
    costs: Array


def _read_state(saved: checkpoint.Saved) -> _State:
    """Return the state of a run, in which nothing contradicts anything.

    Raises
    ------
    CheckpointError, ArgumentError
        If something is missing, or is not what it should be.
    """
    description = saved.description
    settings = settings_of(description)
    kinds = {"iteration": int, "optimizer": dict, "data": dict, "checksums": dict}
    for key, kind in kinds.items():
        if type(description.get(key)) is not kind:
            raise CheckpointError(f"its {key} is {description.get(key)!r:.60}, no {kind.__name__}.")
    digests = list(description["checksums"].values())
    if len(digests) != 4 or not all(re.fullmatch("[0-9a-f]{64}", str(one)) for one in digests):
        raise CheckpointError("its checksums are not those of four data files.")
    network = mlp_network(settings.sizes)
    if description.get("network", network) != network:  # early versions did not write it
        raise CheckpointError("its parameters are those of another network than its settings.")
    model = saved_network(saved, network)  # first: what the file does not hold takes no memory
    optimizer = OPTIMIZERS[settings.optimizer](model.parameters(), settings.learning_rate)
    size = (sum(parameter.size for parameter in optimizer.parameters),)
    slots = {name: saved.array(f"slot/{name}", size, np.float32) for name in optimizer.slot_names}
    optimizer.load_state_dict({**description["optimizer"], **slots})
    order = saved.array("order", dtype=np.int64)
    if not order.size:
        raise CheckpointError("its order is of no examples.")
    examples = Dataset(np.empty((order.size, 0)), np.empty(order.size))
    examples.load_state_dict({**description["data"], "order": order})
    costs = saved.array("costs", (description["iteration"],), np.float32)
    if not np.isfinite(costs).all() or any(np.isnan(slot).any() for slot in slots.values()):
        raise CheckpointError("its costs or its optimizer's slots are infinite or undefined.")
    state = _State(settings, model, optimizer, examples, costs)
    _demand_agreement(state)
    return state


def _demand_agreement(state: _State) -> None:
    """Raise CheckpointError if what a checkpoint says twice is not the same."""
    settings, iteration, data = state.settings, len(state.costs), state.order
    position = data.cursor % data.num_examples
    said = {
        "learning rates": (settings.learning_rate, state.optimizer.learning_rate),
        "numbers of steps": (iteration, state.optimizer.iterations),
        "numbers of examples seen": (
            iteration * settings.batch_size,
            data.epochs_completed * data.num_examples + position,
        ),
    }
    for what, (one, other) in said.items():
        if one != other:
            raise CheckpointError(f"it has two {what}, {one:,} and {other:,}.")
    if not 0 < iteration <= settings.iterations:
        raise CheckpointError(f"it is at iteration {iteration:,} of {settings.iterations:,}.")
