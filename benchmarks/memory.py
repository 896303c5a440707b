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
    "gradients, Adam's two slots, and each layer's outputs."
)


def measure(options: Options) -> list[Record]:
    """Train a little with each backend and batch size; return a record for each."""
    better, records = blas_environment(), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workload.npz")
        for batch_size in BATCH_SIZES:
            workload = mnist_workload(batch_size=batch_size, batches=STEPS)
            workload.save(path)
            for threads in options.threads:
                for name in tqdm(
                    options.backends, f"batch {batch_size}", leave=False, disable=None
                ):
                    row = Row(name, module_of(name), threads, better)
                    peaks: list[Record] = []
                    for _ in range(options.rounds):
                        with row.noting_failure():
                            peaks.append(_peaks(row, path))
                    figures = _figures(peaks, workload) if row.outcome == MEASURED else {}
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
        row.description = child.receive()
        return child.receive()


def _figures(peaks: Sequence[Record], workload: Workload) -> Record:
    figures = {"batch_size": workload.images.shape[1], "alive_bytes": alive(workload)}
    for account in ACCOUNTS:
        both = zip(*(peak[account] for peak in peaks), strict=True)
        figures[f"{account}_first_bytes"], figures[f"{account}_later_bytes"] = map(max, both)
    return figures


def table(records: Sequence[Record]) -> Table:
    """Lay out the measured records; the notes say why the others are missing."""
    names = ("alive", *(f"{account}_{when}" for account in ACCOUNTS for when in ("first", "later")))
    rows = [
        (
            title_of(record),
            str(record["threads"]),
            f"{record['batch_size']:,}",
            *(f"{record[f'{name}_bytes'] / 1e6:.2f}" for name in names),
            libraries_of(record),
        )
        for record in measured(records)
    ]
    return Table(HEADINGS, rows, absences(records))


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
