"""Records, table and JSON, made from rows written by hand."""

import json
from pathlib import Path

import pytest

from benchmarks.race import Row
from benchmarks.report import format_table, make_records, write_json
from tinygrad_mnist.errors import OutputError

DESCRIPTION = {
    "import_seconds": 0.07,
    "versions": {"numpy": "2.0"},
    "blas": [{"library": "openblas", "version": "0.3", "kernel": "Haswell", "threads": 1}],
}


def row(backend: str, *microseconds: float) -> Row:
    return Row(
        backend,
        threads=1,
        description=DESCRIPTION,
        first_step_seconds=0.002,
        warm_up_seconds=0.0101,
        seconds_per_step=[each * 1e-6 for each in microseconds],
    )


ROWS = [
    row("floor", 200, 200, 200),
    row("numpy", 400, 300, 500),
    row("eager", 450, 440, 460),
    Row("keras", 1, outcome="skipped", problem="it needs keras, which is not installed."),
]


def test_a_record_stands_alone() -> None:
    record = make_records(ROWS, {"processor": "abacus"})[1]
    assert record["microseconds"] == pytest.approx(400)
    assert record["microseconds_q1"] == pytest.approx(350)
    assert record["microseconds_q3"] == pytest.approx(450)
    assert record["ratio_to_numpy"] == 1
    assert record["ratio_to_floor"] == pytest.approx(2)
    assert record["rounds"] == 3
    assert record["blas"] == DESCRIPTION["blas"]
    assert record["processor"] == "abacus"


def test_the_table() -> None:
    lines = format_table(make_records(ROWS, {})).splitlines()
    assert [line.split("  ")[0].rstrip() for line in lines[:4]] == [
        "backend", "floor", "numpy", "eager",
    ]  # fmt: skip
    assert " ".join(lines[3].split()) == (
        "eager 1 450.0 [445.0, 455.0] 1.12 2.25 70 2.0 10.1 numpy 2.0, openblas 0.3 Haswell"
    )
    assert len({line.find("numpy 2.0") for line in lines[1:4]}) == 1
    assert lines[4:] == ["keras, threads 1, skipped: it needs keras, which is not installed."]


def test_a_ratio_needs_the_other_row() -> None:
    (record,) = make_records(ROWS[2:3], {})
    assert record["ratio_to_numpy"] is record["ratio_to_floor"] is None
    assert " - " in format_table([record])


def test_json_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old")
    records = make_records(ROWS, {})
    write_json(records, path)
    assert json.loads(path.read_text(encoding="utf-8")) == records
    assert list(tmp_path.iterdir()) == [path]


def test_json_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="The figures could not be written to"):
        write_json([], tmp_path / "missing" / "figures.json")
