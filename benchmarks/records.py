"""A record is a row of figures that stands alone: what was measured, and on what.

A measurement is a list of records. What could not be measured is a record too, with its reason.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.backends import BACKENDS
from benchmarks.race import MEASURED, Row
from tinygrad_mnist.files import write_whole

Record = dict[str, Any]


def make_record(row: Row, figures: Record) -> Record:
    """Join a row's description, or the reason why it has no figures, and its figures."""
    record: Record = {"backend": row.backend, "threads": row.threads, "outcome": row.outcome}
    if row.outcome != MEASURED:
        return record | {"problem": row.problem}
    described = {name: row.description[name] for name in ("import_seconds", "versions", "blas")}
    return record | figures | described | machine.describe()


def quartiles(name: str, values: Sequence[float], scale: float = 1.0) -> Record:
    """Return the median of some values as ``name``, and their quartiles as name_q1 and name_q3."""
    q1, median, q3 = np.quantile(np.array(values) * scale, [0.25, 0.5, 0.75])
    return {name: float(median), f"{name}_q1": float(q1), f"{name}_q3": float(q3)}


def measured(records: Sequence[Record]) -> list[Record]:
    """Return the records that have figures."""
    return [record for record in records if record["outcome"] == MEASURED]


def on_fewest_threads(records: Sequence[Record]) -> list[Record]:
    """Return the records that have figures, of the smallest number of threads among them."""
    found = measured(records)
    fewest = min((record["threads"] for record in found), default=0)
    return [record for record in found if record["threads"] == fewest]


def threads_of(records: Sequence[Record]) -> str:
    """Say how many threads.

    >>> threads_of([{"threads": 1}]), threads_of([{"threads": 2}, {"threads": 1}])
    ('1 thread', '1 and 2 threads')
    """
    counts = sorted({record["threads"] for record in records})
    return " and ".join(map(str, counts)) + (" thread" if counts == [1] else " threads")


def title_among(record: Record, records: Sequence[Record]) -> str:
    """Return the title of a record, with its BLAS kernel if others of its backend are there."""
    several = sum(other["backend"] == record["backend"] for other in records) > 1
    return title_of(record) + (f" ({record['blas'][0].get('kernel')})" if several else "")


def title_of(record: Record) -> str:
    """Return what a table calls the record's backend.

    >>> title_of({"backend": "numpy"})
    'NumPy by hand'
    """
    return BACKENDS[record["backend"]].title


def absences(records: Sequence[Record]) -> list[str]:
    """Say of each record without figures why it has none."""
    return [
        f"{title_of(record)} ({record['backend']}), threads {record['threads']}, "
        f"{record['outcome']}: {record['problem']}"
        for record in records
        if record["outcome"] != MEASURED
    ]


def libraries_of(record: Record) -> str:
    """Return what the record's backend ran on: versions, BLAS library and kernel."""
    versions = [f"{name} {version}" for name, version in record["versions"].items()]
    blas = [
        " ".join(filter(None, (each["library"], each.get("version"), each.get("kernel"))))
        for each in record["blas"]
    ]
    return ", ".join(versions + blas)


def ran_on(records: Sequence[Record]) -> list[str]:
    """Say in one sentence what the measured records ran on, which a table has no column for."""
    libraries = dict.fromkeys(libraries_of(record) for record in measured(records))
    return [f"Run on {'; '.join(libraries)}."] if libraries else []


def write_json(content: Any, path: Path) -> None:
    """Write records as JSON; readers see the old file or the whole new one.

    Raises ``OutputError`` if the file cannot be written.
    """
    write_whole(path, f"{json.dumps(content, indent=1)}\n".encode())
