"""What a race asks of its processes, which here only take notes."""

from itertools import pairwise
from typing import Any, cast

import pytest

from benchmarks import race
from benchmarks.race import Row, run_race
from benchmarks.supervisor import Child
from benchmarks.workload import Workload


class Notebook:
    """A child that answers at once, each phase with one more second than the last time."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []

    def ask(self, request: str, argument: Any) -> dict[str, Any]:
        self.requests.append((request, argument))
        times = sum(name == "phases" for name, _ in self.requests)
        return {"forward": times} if request == "phases" else {"seconds": 1.0, "cost": 2.0}

    def counts(self, request: str) -> list[int]:
        return [argument for name, argument in self.requests if name == request]


def noted(workload: Workload, rounds: int, phases: bool = False) -> tuple[Row, Notebook]:
    row, child = Row("numpy", "", 1), Notebook()
    run_race([(row, cast(Child, child))], rounds, workload, phases=phases)
    assert row.outcome == "measured", row.problem
    return row, child


def test_a_round_of_the_largest_networks_has_three_steps(
    workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race, "FLOPS_PER_ROUND", 1)
    row, child = noted(workload, 1)
    assert child.counts("run")[-1] == 3
    assert row.seconds_per_step == [1 / 3]


def test_the_phases_of_every_round_are_timed_if_asked_for(workload: Workload) -> None:
    row, child = noted(workload, 2, phases=True)
    assert row.phases == {"forward": [1 / 50, 2 / 50]}
    names = [name for name, _ in child.requests]
    assert names[-6:] == ["run", "run", "phases"] * 2
    assert noted(workload, 2)[0].phases == {}


def test_a_training_is_begun_anew_before_its_thousandth_step(workload: Workload) -> None:
    _, child = noted(workload, 7, phases=True)
    builds = [number for number, (name, _) in enumerate(child.requests) if name == "build"]
    assert len(builds) == 3
    for first, last in pairwise([*builds, len(child.requests)]):
        assert sum(count for _, count in child.requests[first + 1 : last]) < 1_000
