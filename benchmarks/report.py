"""What is said of a race: a record for each row, and the records as a table or as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.backends import FLOOR, REFERENCE
from benchmarks.race import MEASURED, Row
from tinygrad_mnist.errors import OutputError

Record = dict[str, Any]

HEADINGS = (
    "backend",
    "threads",
    "µs/step",
    "[q1, q3]",
    f"/ {REFERENCE}",
    f"/ {FLOOR}",
    "import ms",
    "first step ms",
    "warm-up ms",
    "running on",
)


def make_records(rows: Sequence[Row], machine: Mapping[str, str | int]) -> list[Record]:
    """Make of each row a flat record that stands alone; ``machine`` is added to each.

    The ratios compare medians at the same number of threads, and are None without the other row.
    """
    medians = {
        (row.backend, row.threads): float(np.median(row.seconds_per_step))
        for row in rows
        if row.outcome == MEASURED
    }
    return [_record(row, medians) | dict(machine) for row in rows]


def _record(row: Row, medians: Mapping[tuple[str, int], float]) -> Record:
    record = {"backend": row.backend, "threads": row.threads, "outcome": row.outcome}
    if row.outcome != MEASURED:
        return record | {"problem": row.problem}
    median = medians[row.backend, row.threads]
    reference = medians.get((REFERENCE, row.threads))
    floor = medians.get((FLOOR, row.threads))
    q1, q3 = np.quantile(row.seconds_per_step, [0.25, 0.75])
    return record | {
        "microseconds": median * 1e6,
        "microseconds_q1": float(q1) * 1e6,
        "microseconds_q3": float(q3) * 1e6,
        "rounds": len(row.seconds_per_step),
        "ratio_to_numpy": reference and median / reference,
        "ratio_to_floor": floor and median / floor,
        "import_seconds": row.description["import_seconds"],
        "first_step_seconds": row.first_step_seconds,
        "warm_up_seconds": row.warm_up_seconds,
        "versions": row.description["versions"],
        "blas": row.description["blas"],
    }


def format_table(records: Sequence[Record]) -> str:
    """Lay the measured records out in aligned columns; below them, why the others are missing."""
    cells = [HEADINGS, *(_cells(record) for record in records if record["outcome"] == MEASURED)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for name, *figures, libraries in cells:
        padded = [text.rjust(width) for text, width in zip(figures, widths[1:-1], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *padded, libraries]))
    lines += [_absence(record) for record in records if record["outcome"] != MEASURED]
    return "\n".join(lines)


def _absence(record: Record) -> str:
    name = f"{record['backend']}, threads {record['threads']}"
    return f"{name}, {record['outcome']}: {record['problem']}"


def _cells(record: Record) -> tuple[str, ...]:
    ratios = (record["ratio_to_numpy"], record["ratio_to_floor"])
    versions = [f"{name} {version}" for name, version in record["versions"].items()]
    blas = [
        " ".join(filter(None, (each["library"], each["version"], each["kernel"])))
        for each in record["blas"]
    ]
    return (
        record["backend"],
        str(record["threads"]),
        f"{record['microseconds']:.1f}",
        f"[{record['microseconds_q1']:.1f}, {record['microseconds_q3']:.1f}]",
        *("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        f"{record['import_seconds'] * 1e3:.0f}",
        f"{record['first_step_seconds'] * 1e3:.1f}",
        f"{record['warm_up_seconds'] * 1e3:.1f}",
        ", ".join(versions + blas),
    )


def write_json(records: Sequence[Record], path: Path) -> None:
    """Write the records as a JSON list; readers see the old file or the whole new one.

    Raises ``OutputError`` if the file cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"The figures could not be written to {path}: {error}.") from error
