"""The race end to end: real worker processes, a tiny workload, and backends that misbehave."""

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from benchmarks import race as race_module
from benchmarks import report
from benchmarks.backends import BACKENDS
from benchmarks.race import Row, race
from benchmarks.supervisor import DiedError, start_worker
from benchmarks.workload import Workload, initial_parameters

MACHINE = {"processor": "abacus", "processors": 1, "system": "wood", "python": "3"}

FAKES = {
    "drifting": """
        from benchmarks.backends import numpy
        VERSIONS = {}
        def make_step(parameters):
            step = numpy.make_step(parameters)
            costs = iter([1.0] * 3 + [1.01] * 100)
            return lambda images, labels: step(images, labels) * next(costs)
        """,
    "absent": "import a_package_nobody_has.core",
    "unbuildable": """
        VERSIONS = {}
        def make_step(parameters):
            raise ValueError("no such layer")
        """,
    "short_lived": """
        import os
        from benchmarks.backends import numpy
        VERSIONS = {}
        def make_step(parameters):
            step = numpy.make_step(parameters)
            lives = iter(range(25))
            return lambda images, labels: step(images, labels) if next(lives) < 24 else os._exit(7)
        """,
    "talkative": """
        import os
        from benchmarks.backends.numpy import VERSIONS, make_step
        print("a banner")
        os.write(1, b"another, from C")
        """,
    "broken": "import benchmarks.no_such_module",
}


@pytest.fixture
def workload() -> Workload:
    generator = np.random.default_rng(1)
    images = generator.random((2, 64, 784), dtype=np.float32)
    labels = np.eye(10, dtype=np.float32)[generator.integers(0, 10, (2, 64))]
    return Workload(initial_parameters(generator), images, labels)


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Backends by name, written where the workers find them."""
    for name, source in FAKES.items():
        (tmp_path / f"fake_{name}.py").write_text(textwrap.dedent(source))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return {name: f"fake_{name}" for name in FAKES}


@pytest.fixture(autouse=True)
def _short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_module, "STEPS_PER_ROUND", 2)
    monkeypatch.setattr(race_module, "UNTIMED_STEPS", 1)
    monkeypatch.setattr(race_module, "SETTLE_SECONDS", 0)


def test_an_honest_race_measures_every_row(workload: Workload) -> None:
    contestants = {name: BACKENDS[name] for name in ("floor", "numpy", "eager")}
    rows = race(contestants, [1, 2], rounds=3, workload=workload)
    assert [(row.backend, row.threads) for row in rows] == [
        (name, threads) for threads in (1, 2) for name in contestants
    ]
    for row in rows:
        assert row.outcome == "measured", row.problem
        assert len(row.seconds_per_step) == 3
        assert min(row.seconds_per_step) > 0
    assert rows[1].costs[-1] < rows[1].costs[0]

    for record in report.make_records(rows, MACHINE):
        assert record["processor"] == "abacus"
        assert record["versions"] == {"numpy": np.__version__}
        assert all(blas["threads"] <= record["threads"] for blas in record["blas"])
        assert json.loads(json.dumps(record)) == record


def test_a_backend_that_misbehaves_is_named_and_the_race_goes_on(
    workload: Workload, fakes: dict[str, str]
) -> None:
    names = ("absent", "drifting", "short_lived", "talkative")
    contestants = {"numpy": BACKENDS["numpy"]} | {name: fakes[name] for name in names}
    rows = {row.backend: row for row in race(contestants, [1], rounds=2, workload=workload)}

    assert rows["numpy"].outcome == rows["talkative"].outcome == "measured"
    assert rows["absent"].outcome == "skipped"
    assert rows["absent"].problem == "it needs a_package_nobody_has, which is not installed."
    assert rows["drifting"].outcome == "refused"
    assert rows["drifting"].problem.startswith("its cost at step 4 is ")
    assert rows["drifting"].seconds_per_step == []
    assert rows["short_lived"].outcome == "died"
    assert rows["short_lived"].problem == (
        "its worker ended with exit status 7: it left no message."
    )


@pytest.mark.parametrize(
    ("name", "last_words"),
    [
        ("unbuildable", "ValueError: no such layer."),
        ("broken", "ModuleNotFoundError: No module named 'benchmarks.no_such_module'."),
    ],
)
def test_a_worker_that_dies_at_its_start_says_so_in_one_sentence(
    name: str, last_words: str, workload: Workload, fakes: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "workload.npz"
    workload.save(path)
    with pytest.raises(DiedError) as death, start_worker(fakes[name], 1, path):
        pass
    assert str(death.value) == f"its worker ended with exit status 1: {last_words}"


def test_without_the_reference_nothing_is_believed(
    workload: Workload, fakes: dict[str, str]
) -> None:
    contestants = {"numpy": fakes["unbuildable"], "other": BACKENDS["numpy"]}
    reference, other = race(contestants, [1], rounds=1, workload=workload)
    assert (reference.outcome, other.outcome) == ("died", "refused")
    assert other.problem == "numpy has no costs to compare it with."


def test_a_cost_that_is_not_a_number_is_refused() -> None:
    row = Row("numpy", 1)
    with row.noting_failure():
        race_module.check_costs([float("nan")], [2.3])
    assert row.outcome == "refused"
