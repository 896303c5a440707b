"""Records, tables and JSON, made from rows written by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import tinygrad_mnist
from benchmarks import step
from benchmarks.race import Row
from benchmarks.records import on_fewest_threads, ran_on, title_among, write_json
from tinygrad_mnist.errors import OutputError

DESCRIPTION = {
    "import_seconds": 0.07,
    "versions": {"numpy": "2.0"},
    "blas": [{"library": "openblas", "version": "0.3", "kernel": "Haswell", "threads": 1}],
}


PHASES = {"forward": [1e-4] * 3, "backward": [1e-4, 2e-4, 9e-4], "update": [1e-4] * 3}


OTHERS = DESCRIPTION | {
    "versions": {"torch": "2.13"},
    "blas": [{"library": "MKL and oneDNN", "kernel": "AVX512", "threads": 1}],
}


def row(backend: str, *microseconds: float, blas: dict[str, str] | None = None) -> Row:
    return Row(
        backend,
        "",
        threads=1,
        blas=blas or {},
        description=DESCRIPTION,
        first_step_seconds=0.002,
        warm_up_seconds=0.0101,
        seconds_per_step=[each * 1e-6 for each in microseconds],
        phases=PHASES if backend == "eager" else {},
    )


ROWS = [
    row("floor", 200, 200, 200),
    row("numpy", 400, 300, 500),
    row("eager", 450, 440, 460),
    Row("keras_fit", "", 1, outcome="skipped", problem="it needs keras, which is not installed."),
]


def test_a_record_stands_alone() -> None:
    record = step.make_records(ROWS)[1]
    assert record["microseconds"] == pytest.approx(400)
    assert record["microseconds_q1"] == pytest.approx(350)
    assert record["microseconds_q3"] == pytest.approx(450)
    assert record["ratio_to_numpy"] == 1
    assert record["ratio_to_floor"] == pytest.approx(2)
    assert record["rounds"] == 3
    assert record["rounds_microseconds"] == [400, 300, 500]
    assert record["tinygrad_mnist"] == tinygrad_mnist.__version__
    assert record["blas"] == DESCRIPTION["blas"]
    assert record["processor"]


def test_the_table_of_steps() -> None:
    table = step.table(step.make_records(ROWS))
    assert [cells[0] for cells in table.rows] == [
        "the matrix products alone",
        "NumPy by hand",
        "tinygrad_mnist, eager",
    ]
    assert table.rows[2][1:] == (
        *("1", "450", "445 to 455", "1.12", "2.25", "25%, 50%, 25%", "70", "2.0", "10.1"),
        "numpy 2.0, openblas 0.3 Haswell",
    )
    assert table.notes == [
        "Keras, fit (keras_fit), threads 1, skipped: it needs keras, which is not installed."
    ]
    assert len({len(line) for line in table.text().splitlines()[:-1]}) == 1
    assert {line.count("|") for line in table.markdown().splitlines()[:5]} == {12}


def test_a_ratio_needs_the_other_row_with_the_same_kernels() -> None:
    (record,) = step.make_records(ROWS[2:3])
    assert record["ratio_to_numpy"] is record["ratio_to_floor"] is None
    assert "-" in step.table([record]).rows[0]

    chosen = {"OPENBLAS_CORETYPE": "SkylakeX"}
    faster = [row("numpy", 200, blas=chosen), row("eager", 300, blas=chosen)]
    records = step.make_records([*ROWS, *faster])
    ratios = [each["ratio_to_numpy"] for each in records if each["backend"] == "eager"]
    assert ratios == pytest.approx([1.125, 1.5])
    assert title_among(records[1], records) == "NumPy by hand (Haswell)"
    assert title_among(records[0], records) == "the matrix products alone"


def test_a_better_kernel_is_raced_beside_that_of_openblas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    better = {"OPENBLAS_CORETYPE": "SkylakeX"}
    monkeypatch.setattr(step, "blas_environment", lambda: better)
    rows = step.rows_of(step.Options(["captured", "tf_eager"], [1], 1))
    assert [(row.backend, bool(row.blas)) for row in rows] == [
        *(("floor", True), ("numpy", True), ("captured", True), ("tf_eager", True)),
        *(("floor", False), ("numpy", False), ("captured", False)),
    ]


def test_the_fewest_threads() -> None:
    records = [{"threads": count, "outcome": "measured"} for count in (2, 4, 2)]
    skipped = {"threads": 1, "outcome": "skipped"}
    assert on_fewest_threads([*records, skipped]) == [records[0], records[2]]
    assert on_fewest_threads([skipped]) == []


def test_json_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old", encoding="utf-8")
    records = step.make_records(ROWS)
    write_json(records, path)
    assert json.loads(path.read_text(encoding="utf-8")) == records
    assert list(tmp_path.iterdir()) == [path]


def test_json_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"Cannot write .*figures\.json: No such file"):
        write_json([], tmp_path / "missing" / "figures.json")


def test_figures_that_cannot_be_written_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError):
        write_json([], tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_records_ran_on_is_one_sentence() -> None:
    records = step.make_records([*ROWS, replace(ROWS[0], description=OTHERS)])
    assert ran_on(records) == [
        "Run on numpy 2.0, openblas 0.3 Haswell; torch 2.13, MKL and oneDNN AVX512."
    ]
    assert ran_on(records[3:4]) == []
