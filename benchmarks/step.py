"""Time one training step: forward pass, backward pass and Adam update of one batch."""

from collections.abc import Sequence

import numpy as np

from benchmarks.backends import BACKENDS, FLOOR, REFERENCE, module_of
from benchmarks.options import Options
from benchmarks.race import MEASURED, STEPS_PER_ROUND, Row, run_race, started
from benchmarks.records import (
    Record,
    absences,
    libraries_of,
    make_record,
    measured,
    quartiles,
    title_of,
)
from benchmarks.table import Table
from benchmarks.workload import BATCH_SIZE, LAYERS, mnist_workload
from tinygrad_mnist.environment import blas_environment

SUMMARY = "time one training step"
DEFAULTS = Options(list(BACKENDS))
ROUND = f"alternating rounds of {STEPS_PER_ROUND} steps"
CAPTION = (
    f"One training step of {'-'.join(map(str, LAYERS))}, batch {BATCH_SIZE}, float32, Adam: median "
    "and quartiles of the rounds, in microseconds. Import, first step (building and tracing "
    "included) and warm-up (the 19 steps after it) are in milliseconds. Forward, backward and "
    "update are timed in rounds of their own, where they are calls of their own; the step of a "
    "compiled backend is one call and has no such parts. Keras' fit, and loops that are compiled "
    f"as a whole, are called for {STEPS_PER_ROUND} steps at a time. The C library is told to keep "
    "freed memory, which spares them all page faults."
)
ALWAYS = (FLOOR, REFERENCE)


def rows_of(options: Options) -> list[Row]:
    """Return the rows to race: those asked for, the reference and the floor.

    Where the BLAS library's choice of kernels was overruled, NumPy and ours also run with its own.
    """
    names = [name for name in BACKENDS if name in (*ALWAYS, *options.backends)]
    better = blas_environment()
    rows = []
    for threads in options.threads:
        rows += [Row(name, module_of(name), threads, better) for name in names]
        if better:
            with_numpy = [name for name in names if BACKENDS[name].family in FAMILIES_ON_NUMPY]
            rows += [Row(name, module_of(name), threads) for name in with_numpy]
    return rows


FAMILIES_ON_NUMPY = ("floor", "numpy", "ours")


def measure(options: Options) -> list[Record]:
    """Race the backends; return a record for each row."""
    rows = rows_of(options)
    with started(rows) as runners:
        run_race(runners, options.rounds, mnist_workload(), phases=True)
    return make_records(rows)


def make_records(rows: Sequence[Row]) -> list[Record]:
    """Make a record of each row.

    The ratios compare medians at the same number of threads and with the same BLAS kernels, and
    are None without the other row.
    """
    medians = {
        (row.backend, *_settings(row)): float(np.median(row.seconds_per_step))
        for row in rows
        if row.outcome == MEASURED
    }
    return [make_record(row, _figures(row, medians)) for row in rows]


def _settings(row: Row) -> tuple[int, str]:
    return row.threads, str(row.blas)


def _figures(row: Row, medians: dict[tuple[str, int, str], float]) -> Record:
    if row.outcome != MEASURED:
        return {}
    median = float(np.median(row.seconds_per_step))
    reference, floor = (medians.get((name, *_settings(row))) for name in (REFERENCE, FLOOR))
    return {
        **quartiles("microseconds", row.seconds_per_step, 1e6),
        "rounds": len(row.seconds_per_step),
        "rounds_microseconds": [round(each * 1e6, 1) for each in row.seconds_per_step],
        "ratio_to_numpy": reference and median / reference,
        "ratio_to_floor": floor and median / floor,
        "phases": {name: float(np.median(each)) * 1e6 for name, each in row.phases.items()},
        "first_step_seconds": row.first_step_seconds,
        "warm_up_seconds": row.warm_up_seconds,
    }


HEADINGS = (
    "backend",
    "threads",
    "µs/step",
    "quartiles",
    "of NumPy",
    "of floor",
    "forward, backward, update",
    "import ms",
    "first ms",
    "warm-up ms",
    "running on",
)


def table(records: Sequence[Record]) -> Table:
    """Lay out the measured records; the notes say why the others are missing."""
    return Table(HEADINGS, [_cells(record) for record in measured(records)], absences(records))


def _cells(record: Record) -> tuple[str, ...]:
    ratios = (record["ratio_to_numpy"], record["ratio_to_floor"])
    whole = sum(record["phases"].values())
    shares = [f"{part / whole:.0%}" for part in record["phases"].values()]
    return (
        title_of(record),
        str(record["threads"]),
        f"{record['microseconds']:,.0f}",
        f"{record['microseconds_q1']:,.0f} to {record['microseconds_q3']:,.0f}",
        *("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        ", ".join(shares) or "-",
        f"{record['import_seconds'] * 1e3:,.0f}",
        f"{record['first_step_seconds'] * 1e3:,.1f}",
        f"{record['warm_up_seconds'] * 1e3:,.1f}",
        libraries_of(record),
    )
