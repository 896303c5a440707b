"""Every command, run with the smallest counts, and what it does with bad options."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from benchmarks import overhead, quick, scale, step, train
from benchmarks.__main__ import main
from benchmarks.backends import BACKENDS
from benchmarks.options import usable
from benchmarks.race import Row
from benchmarks.workload import Workload
from tinygrad_mnist.errors import DataError

Run = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def run(short: None, quickly_loaded: None, tmp_path: Path) -> Run:
    """Return what runs a command and reads its figures."""

    def run(command: str) -> list[dict[str, Any]]:
        path = tmp_path / "figures.json"
        assert main([*command.split(), "--json", str(path)]) == 0
        records: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return records

    return run


def test_step(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    counts = usable((1, 2))
    records = run(f"step --backends captured --rounds 2 --threads {' '.join(map(str, counts))}")
    assert [(record["backend"], record["threads"]) for record in records] == [
        (name, threads) for threads in counts for name in ("floor", "numpy", "captured")
    ]
    for record in records:
        assert record["outcome"] == "measured"
        assert all(blas["threads"] <= record["threads"] for blas in record["blas"])
    assert "tinygrad_mnist, captured" in capsys.readouterr().out


def test_train(run: Run) -> None:
    records = run("train --backends captured --rounds 2")
    assert [record["backend"] for record in records] == ["numpy", "captured"]
    for record in records:
        assert record["seeds"] == 2
        assert record["seconds_to_95%"] is None
        assert record["reached_95%"] == 0
        for curve in record["curves"]:
            assert curve[-1]["iterations"] == 3
            assert curve[-1]["seconds"] > 0
    first, second = (record["curves"][0][0] for record in records)
    assert second["cost"] == pytest.approx(first["cost"], rel=1e-5)


def test_overhead(run: Run) -> None:
    records = run("overhead --rounds 1")
    operations = [record for record in records if "operation" in record]
    for way in overhead.WAYS:
        assert all(record[f"{way}_microseconds"] > 0 for record in operations)
    shapes = [(name, shape) for name in overhead.SHAPES for shape in overhead.SHAPES[name]]
    measured = [(record["operation"], tuple(record["shape"])) for record in operations]
    assert measured == shapes
    depths = [record["depth"] for record in records if "depth" in record]
    assert depths == list(overhead.DEPTHS)
    table = overhead.table(records)
    assert table.rows[0][0] == "multiply, scalar"
    *_, chain, growth, libraries = table.notes
    assert chain.startswith("A chain of 1,000, threads 1: ")
    assert growth.startswith("A node costs ")
    assert growth.endswith(" times as much at depth 1,000 as at 100 (threads 1).")
    assert libraries.startswith("Run on numpy ")


def test_scale(run: Run) -> None:
    records = run("scale --backends captured --rounds 1")
    points = [("batch", 2), ("width", 16), ("width", 512)]
    assert [(record["backend"], record["axis"], record["value"]) for record in records] == [
        (name, *point) for point in points for name in ("floor", "numpy", "captured")
    ]
    assert all(record["gflops"] > 0 and record["peak_gflops"] > 0 for record in records)
    wide, libraries = scale.table(records).notes
    assert wide.startswith("Width 512, threads 1: captured reaches ")
    assert libraries.startswith("Run on numpy ")


def test_memory(run: Run) -> None:
    numpy, eager = run("memory --backends numpy eager --rounds 1")
    # Three arrays for each parameter at least: itself, and Adam's two.
    for record in (numpy, eager):
        assert record["traced_later_bytes"] >= 3 * 4 * 109_386
        assert record["traced_first_bytes"] >= 3 * 4 * 109_386
    outputs = 4 * 8 * (128 + 64 + 10)
    assert numpy["alive_bytes"] == eager["alive_bytes"] == 4 * 4 * 109_386 + outputs


@pytest.mark.tf
@pytest.mark.usefixtures("short")
def test_every_backend_that_is_installed_agrees() -> None:
    pytest.importorskip("tensorflow")
    records = step.measure(step.Options(list(BACKENDS), [1], 1))
    outcomes = {record["backend"]: record["outcome"] for record in records}
    for name, entry in BACKENDS.items():
        allowed = {"measured", "skipped"} if entry.family == "others" else {"measured"}
        assert outcomes[name] in allowed, records


@pytest.mark.usefixtures("short", "quickly_loaded")
def test_quick(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(quick, "ROUNDS", 2)
    monkeypatch.setattr(quick, "REPLAYED_STEPS", 20)
    monkeypatch.setattr(quick, "LIMITS", {"captured": 1e6, "eager": 1e6})
    assert main(["quick"]) == 0
    assert capsys.readouterr().out.endswith("Nothing has become slow, and the replay is exact.\n")


@pytest.mark.usefixtures("quickly_loaded")
def test_quick_notices_what_is_slow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The race itself is run above; here it has its figures."""
    seconds = {"numpy": [2.0, 1.0], "captured": [1.2, 9.0], "eager": [1.6, 1.7]}

    def run_race(runners: list[tuple[Row, None]], rounds: int, workload: Workload) -> None:
        for row, _ in runners:
            row.seconds_per_step = seconds[row.backend]

    monkeypatch.setattr(quick, "started", lambda rows: nullcontext([(row, None) for row in rows]))
    monkeypatch.setattr(quick, "run_race", run_race)
    monkeypatch.setattr(quick, "REPLAYED_STEPS", 1)
    assert main(["quick"]) == 1
    *_, captured, eager, problem = capsys.readouterr().out.splitlines()
    assert captured == "captured: 1.20 of the hand-written NumPy's time, at most 1.2."
    assert eager == "eager: 1.60 of the hand-written NumPy's time, at most 1.5."
    assert problem.startswith("A step of eager took 1.60 of the hand-written NumPy's time, and ")
    assert problem.endswith(" more than 1.5 is too slow.")


@pytest.mark.usefixtures("quickly_loaded")
def test_quick_notices_a_replay_that_departs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Departing(quick.EagerTrainer):
        def step(self, images: Any, labels: Any) -> float:
            return super().step(images, labels) * (1 + 1e-7)

    monkeypatch.setattr(quick, "CapturedTrainer", Departing)
    assert main(["quick"]) == 1
    assert capsys.readouterr().out.startswith(
        "The replay departs from the eager engine at step 1: "
    )


@pytest.mark.parametrize(("outcome", "status"), [("skipped", 0), ("refused", 1), ("died", 1)])
def test_a_refused_backend_fails_the_command(
    outcome: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"backend": "eager", "threads": 1, "outcome": outcome, "problem": "it is a test."}
    monkeypatch.setattr(step, "measure", lambda options: [record])
    assert main(["step"]) == status
    line = f"tinygrad_mnist, eager (eager), threads 1, {outcome}: it is a test.\n"
    assert capsys.readouterr().out.endswith(line)


def test_a_cost_that_is_another_is_refused() -> None:
    train.check_cost(2.3001, 2.3)
    with pytest.raises(train.RefusedError, match=r"the mean cost of its first steps is 2\.31 and"):
        train.check_cost(2.31, 2.3)


def test_an_interruption_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(step, "measure", interrupted)
    assert main(["step"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_an_error_of_the_package_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged(_: Any) -> None:
        raise DataError("A file is damaged; fetch it again.")

    monkeypatch.setattr(step, "measure", damaged)
    assert main(["step"]) == 1
    assert capsys.readouterr().err == "A file is damaged; fetch it again.\n"
