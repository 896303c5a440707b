"""The test accuracies of both systems, trained from the same seeds, and how far they differ.

>>> measured = Accuracies("function", 1000, ((0.96, 0.95), (0.94, 0.95)))
>>> f"{measured.difference:.3f}, {measured.error_of_pairs:.3f}"
'0.000, 0.010'
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from reference_tf.interface import Array, Trainer, trainer
from tinygrad_mnist.command.run import Run, Settings
from tinygrad_mnist.files import write_whole


@dataclass(frozen=True)
class Accuracies:
    """What was trained, and a pair of test accuracies, ours and TensorFlow's, for each seed."""

    api: str
    iterations: int
    pairs: tuple[tuple[float, float], ...]

    @property
    def means(self) -> Array:
        """Our mean and TensorFlow's."""
        return np.asarray(np.mean(self.pairs, axis=0))

    @property
    def difference(self) -> float:
        """How much larger our mean is."""
        return float(self.means[0] - self.means[1])

    @property
    def spread(self) -> Array:
        """Our standard deviation from seed to seed, and TensorFlow's."""
        return np.asarray(np.std(self.pairs, axis=0, ddof=1))

    @property
    def error_of_samples(self) -> float:
        """The standard error of the difference of two samples of independent seeds."""
        return float(np.sqrt(np.sum(self.spread**2) / len(self.pairs)))

    @property
    def error_of_pairs(self) -> float:
        """That of the differences of pairs, which is smaller: a seed gives both the same start."""
        return float(np.diff(self.pairs).std(ddof=1) / np.sqrt(len(self.pairs)))

    def write(self, path: Path) -> None:
        """Write them as JSON, whole or not at all."""
        write_whole(path, (json.dumps(asdict(self), indent=1) + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> Accuracies:
        """Return what was written."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**stored, "pairs": tuple(map(tuple, stored["pairs"]))})


def start(api: str, settings: Settings) -> tuple[Run, Trainer]:
    """Return a run of ours, for its data, and the same network in TensorFlow."""
    run = Run(settings)
    initial = [parameter.numpy() for parameter in run.model.parameters()]
    return run, trainer(api, initial, settings.learning_rate)


def costs(run: Run, network: Trainer) -> Iterator[float]:
    """Train the network to the run's last iteration, yielding the cost of each step's batch."""
    for _ in range(run.settings.iterations):
        yield network.step(*run.data.train.next_batch(run.settings.batch_size))


def pairs(api: str, settings: Settings, seeds: int) -> Iterator[tuple[float, float]]:
    """Train both from each seed; yield our accuracy and TensorFlow's."""
    for seed in range(seeds):
        run, network = start(api, replace(settings, seed=seed))
        for _ in costs(run, network):
            pass
        ours = Run(run.settings)
        for _ in ours.train():
            pass
        test = run.data.test
        yield ours.accuracies()["test"], float(network.accuracy(test.images, test.labels))
