"""Short measurements: the tests ask whether they work, never how fast anything is."""

import pytest

from benchmarks import memory, race, scale, train
from benchmarks.workload import LAYERS, Workload

from .tiny_workloads import make_workload


@pytest.fixture
def workload() -> Workload:
    return make_workload(LAYERS)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, small networks, few iterations."""
    monkeypatch.setattr(race, "STEPS_PER_ROUND", 2)
    monkeypatch.setattr(race, "UNTIMED_STEPS", 1)
    monkeypatch.setattr(race, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(scale, "AXES", {"batch": (2,), "width": (16, 512)})
    monkeypatch.setattr(train, "MOST_ITERATIONS", 3)
    monkeypatch.setattr(memory, "BATCH_SIZES", (8,))
