"""Measure the memory of training: by the operating system's account and by tracemalloc."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from benchmarks.backends import BACKENDS, FLOOR, module_of
from benchmarks.options import Options
from benchmarks.race import MEASURED, Row
from benchmarks.records import Record, absences, libraries_of, make_record, measured, title_of
from benchmarks.supervisor import start
from benchmarks.table import Table
from benchmarks.workload import Workload, layers_of, mnist_workload
from tinygrad_mnist.environment import blas_environment

SUMMARY = "measure the memory of training"
DEFAULTS = Options([name for name in BACKENDS if name != FLOOR], rounds=1)
STEPS = 5
ROUND = "processes per backend and batch size, of which the highest peak counts"
BATCH_SIZES = (64, 1024)
ACCOUNTS = ("traced", "system")
CAPTION = (
    "Peaks of training above what the process had before, in MB: resident memory by the operating "
    "system's account, and what NumPy and Python's allocators gave out (tracemalloc, which does "
    f"not see the memory of other libraries). First: in the first {STEPS} steps, building, tracing "
    f"and compiling included; later: in {STEPS} steps after them. Alive at least: parameters, "
    "gradients, Adam's two slots, and each layer's outputs. \"-\": the system does not tell."
)


def measure(options: Options) -> list[Record]:
    """Train a little with each backend and batch size; return a record for each.

    A backend that could not be measured has one record that says so, and is not tried again.
    """
    better, records = blas_environment(), []
    rows = [
        Row(name, module_of(name), threads, better)
        for threads in options.threads
        for name in options.backends
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workload.npz")
        for batch_size in BATCH_SIZES:
            workload = mnist_workload(batch_size=batch_size, batches=STEPS)
            workload.save(path)
            trying = [row for row in rows if row.outcome == MEASURED]
            for row in tqdm(trying, f"batch {batch_size}", leave=False, disable=None):
                figures: Record = {}
                with row.noting_failure():
                    peaks = [_peaks(row, path) for _ in range(options.rounds)]
                    figures = _figures(peaks, workload)
                records.append(make_record(row, figures))
    return records


def alive(workload: Workload) -> int:
    """Return the bytes that a step cannot do without."""
    parameters = sum(parameter.nbytes for parameter in workload.parameters)
    outputs = 4 * workload.images.shape[1] * sum(layers_of(workload.parameters)[1:])
    return int(4 * parameters + outputs)


def _peaks(row: Row, path: Path) -> Record:
    with start(
        "memory", row.module, str(path), threads=row.threads, blas=row.blas, keep_memory=False
    ) as child:
        row.describe(child)
        return child.receive()


def _figures(peaks: Sequence[Record], workload: Workload) -> Record:
    figures: Record = {"batch_size": workload.images.shape[1], "alive_bytes": alive(workload)}
    for account in ACCOUNTS:
        told = [peak[account] for peak in peaks if peak[account]]
        first, later = map(max, zip(*told, strict=True)) if told else (None, None)
        figures |= {f"{account}_first_bytes": first, f"{account}_later_bytes": later}
    return figures


def table(records: Sequence[Record]) -> Table:
    """Lay out the measured records; the notes say why the others are missing."""
    names = ("alive", *(f"{account}_{when}" for account in ACCOUNTS for when in ("first", "later")))
    rows = [
        (
            title_of(record),
            str(record["threads"]),
            f"{record['batch_size']:,}",
            *(_megabytes(record[f"{name}_bytes"]) for name in names),
            libraries_of(record),
        )
        for record in measured(records)
    ]
    return Table(HEADINGS, rows, absences(records))


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.2f}"


HEADINGS = (
    "backend",
    "threads",
    "batch",
    "alive at least",
    "tracemalloc, first",
    "later",
    "system, first",
    "later",
    "running on",
)
