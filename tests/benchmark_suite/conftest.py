"""Short measurements: the tests ask whether they work, never how fast anything is."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import small_runs

from benchmarks import memory, overhead, quote, race, scale, train
from benchmarks.workload import LAYERS, Workload, training_examples
from tinygrad_mnist import mnist

from .tiny_workloads import make_workload


@pytest.fixture
def workload() -> Workload:
    return make_workload(LAYERS)


@pytest.fixture(scope="session")
def figures() -> dict[str, Any]:
    """The figures of the committed run."""
    found: dict[str, Any] = json.loads(quote.FIGURES.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, small networks and matrices, short chains, few iterations."""
    monkeypatch.setattr(race, "STEPS_PER_ROUND", 2)
    monkeypatch.setattr(race, "UNTIMED_STEPS", 1)
    monkeypatch.setattr(race, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(scale, "AXES", {"batch": (2,), "width": (16, 512)})
    monkeypatch.setattr(scale, "PEAK_SIZE", 128)
    monkeypatch.setattr(overhead, "SHAPES", {"multiply": [(), (10,)], "matmul": [(32, 32)]})
    monkeypatch.setattr(overhead, "DEPTHS", (100, 1_000))
    monkeypatch.setattr(train, "MOST_ITERATIONS", 3)
    monkeypatch.setattr(memory, "BATCH_SIZES", (8,))


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set in the layout of MNIST, of which most is the validation set."""
    return small_runs.write_data(tmp_path_factory.mktemp("mnist"))


@pytest.fixture
def quickly_loaded(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MNIST takes a while to load and to hand over to the processes; this is the small one."""
    monkeypatch.setattr(mnist, "load", partial(mnist.load, small_mnist))
    training_examples.cache_clear()
    yield
    training_examples.cache_clear()
