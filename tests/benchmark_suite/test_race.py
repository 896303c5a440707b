"""The race end to end: real processes, a tiny workload, and backends that misbehave."""

import json
import os
import textwrap
from pathlib import Path

import numpy as np
import pytest

from benchmarks import race as race_module
from benchmarks import step, supervisor
from benchmarks.backends import module_of
from benchmarks.race import Row, run_race, started
from benchmarks.supervisor import start
from benchmarks.workload import Workload

FAKES = {
    "drifting": """
        from benchmarks.backends.numpy import NumpyTrainer
        VERSIONS = {}
        class Drifting(NumpyTrainer):
            def __init__(self, parameters):
                super().__init__(parameters)
                self.factors = iter([1.0] * 3 + [1.01] * 100)
            def step(self, images, labels):
                return super().step(images, labels) * next(self.factors)
        make_trainer = Drifting
        """,
    "careless": """
        from benchmarks.backends.numpy import NumpyTrainer
        VERSIONS = {}
        class Careless(NumpyTrainer):
            def update(self, gradients):
                super().update([1.01 * gradients[0] + 1e-5, *gradients[1:]])
        make_trainer = Careless
        """,
    "absent": "import a_package_nobody_has.core",
    "unbuildable": """
        VERSIONS = {}
        def make_trainer(parameters):
            raise ValueError("no such layer")
        """,
    "short_lived": """
        import os
        from benchmarks.backends.numpy import NumpyTrainer
        VERSIONS = {}
        class ShortLived(NumpyTrainer):
            lives = iter(range(25))
            def step(self, images, labels):
                return super().step(images, labels) if next(self.lives) < 24 else os._exit(7)
        make_trainer = ShortLived
        """,
    "talkative": """
        import os
        from benchmarks.backends.numpy import VERSIONS, make_trainer
        print("a banner")
        os.write(1, b"another, from C")
        """,
    "many": """
        from benchmarks.backends.numpy import NumpyTrainer
        VERSIONS = {}
        BLAS = {"library": "its own", "threads": 1}
        class Many:
            def __init__(self, parameters):
                self.trainer = NumpyTrainer(parameters)
            def steps(self, images, labels):
                costs = [self.trainer.step(*batch) for batch in zip(images, labels)]
                return [sum(costs) / len(costs)]
        make_trainer = Many
        """,
    "broken": "import benchmarks.no_such_module",
    "greedy": """
        VERSIONS = {}
        BLAS = {"library": "Greedy", "threads": 1, "inter_op_threads": 8}
        """,
}


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: None) -> dict[str, str]:
    """Backends' modules by name, written where the processes find them."""
    for name, source in FAKES.items():
        (tmp_path / f"fake_{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return {name: f"fake_{name}" for name in FAKES}


def honest(*names: str) -> dict[str, str]:
    return {name: module_of(name) for name in names}


def race(modules: dict[str, str], rounds: int, workload: Workload) -> list[Row]:
    """Race on one thread; the command ``step`` is tested on two as well."""
    rows = [Row(name, module, 1) for name, module in modules.items()]
    with started(rows) as runners:
        run_race(runners, rounds, workload, phases=True)
    return rows


@pytest.mark.usefixtures("short")
def test_an_honest_race_measures_every_row(workload: Workload) -> None:
    contestants = honest("floor", "numpy", "captured")
    rows = race(contestants, 3, workload)
    assert [row.backend for row in rows] == list(contestants)
    for row in rows:
        assert row.outcome == "measured", row.problem
        assert len(row.seconds_per_step) == 3
        assert min(row.seconds_per_step) > 0
        phases = [] if row.backend == "floor" else ["forward", "backward", "update"]
        assert list(row.phases) == phases
        assert all(len(seconds) == 3 for seconds in row.phases.values())
    assert rows[1].costs[-1] < rows[1].costs[0]

    for record in step.make_records(rows):
        assert record["versions"] == {"numpy": np.__version__}
        assert all(blas["threads"] <= record["threads"] for blas in record["blas"])
        assert {"processor", "processors", "python", "system"} <= record.keys()
        assert json.loads(json.dumps(record)) == record


def test_a_backend_that_misbehaves_is_named_and_the_race_goes_on(
    workload: Workload, fakes: dict[str, str]
) -> None:
    modules = honest("numpy")
    modules |= {name: fakes[name] for name in fakes if name not in ("unbuildable", "broken")}
    rows = {row.backend: row for row in race(modules, 2, workload)}

    assert {rows[name].outcome for name in ("numpy", "talkative", "many")} == {"measured"}
    assert rows["many"].description["blas"] == [{"library": "its own", "threads": 1}]
    assert rows["absent"].outcome == "skipped"
    assert rows["absent"].problem == "it needs a_package_nobody_has, which is not installed."
    assert rows["drifting"].outcome == "refused"
    assert rows["drifting"].problem.startswith("its cost of steps 2 to 19 is ")
    assert rows["careless"].outcome == "refused"
    assert rows["greedy"].outcome == "refused"
    assert rows["greedy"].problem == "Greedy reports 8 inter op threads, and asked for were 1."
    assert rows["drifting"].seconds_per_step == rows["careless"].seconds_per_step == []
    assert rows["short_lived"].outcome == "died"
    assert rows["short_lived"].problem == (
        "its process ended with exit status 7: it left no message."
    )


@pytest.mark.parametrize(
    ("name", "last_words"),
    [
        ("unbuildable", "ValueError: no such layer."),
        ("broken", "ModuleNotFoundError: No module named 'benchmarks.no_such_module'."),
    ],
)
def test_a_process_that_dies_says_so_in_one_sentence(
    name: str, last_words: str, workload: Workload, fakes: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "workload.npz"
    workload.save(path)
    row = Row(name, fakes[name], 1)
    with row.noting_failure(), start("steps", row.module, threads=1) as child:
        child.receive()
        child.ask("build", str(path))
    assert row.outcome == "died"
    assert row.problem == f"its process ended with exit status 1: {last_words}"


def test_without_the_reference_nothing_is_believed(
    workload: Workload, fakes: dict[str, str]
) -> None:
    modules = {"numpy": fakes["unbuildable"], "other": module_of("numpy")}
    reference, other = race(modules, 1, workload)
    assert (reference.outcome, other.outcome) == ("died", "refused")
    assert other.problem == "numpy has no costs to compare it with."


def test_a_cost_that_is_not_a_number_is_refused() -> None:
    row = Row("numpy", "", 1)
    with row.noting_failure():
        race_module.check_costs([float("nan")] * 3, [2.3] * 3)
    assert row.outcome == "refused"


def test_a_process_keeps_to_its_processors_and_is_told_its_environment(
    fakes: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "fake_telling.py").write_text(
        "import os\n"
        "VERSIONS = {name: str(os.environ.get(name)) for name in\n"
        "    ('OMP_NUM_THREADS', 'OPENBLAS_CORETYPE', 'TF_ENABLE_ONEDNN_OPTS',\n"
        "     'CUDA_VISIBLE_DEVICES', 'JAX_PLATFORMS')}\n"
        "if hasattr(os, 'sched_getaffinity'):\n"
        "    VERSIONS['processors'] = str(len(os.sched_getaffinity(0)))\n",
        encoding="utf-8",
    )
    blas = {"OPENBLAS_CORETYPE": "Haswell"}
    with start("steps", "fake_telling", threads=1, blas=blas) as child:
        told = child.receive()["versions"]
    assert told.pop("processors", "1") == "1"
    assert told == {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Haswell",
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
    }


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_interrupted_process_is_stopped_not_waited_for(
    stubborn: bool, fakes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SECONDS_TO_END", 0.05 if stubborn else 60)
    (tmp_path / "fake_slow.py").write_text(
        "import atexit, os, signal, time\n"
        f"signal.signal(signal.SIGTERM, signal.{'SIG_IGN' if stubborn else 'SIG_DFL'})\n"
        "atexit.register(time.sleep, 600)\n"
        "VERSIONS = {'process': str(os.getpid())}\n",
        encoding="utf-8",
    )
    process = 0

    def interrupted() -> None:
        nonlocal process
        with start("steps", "fake_slow", threads=1) as child:
            process = int(child.receive()["versions"]["process"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
