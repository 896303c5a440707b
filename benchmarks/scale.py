"""Time a training step against batch size, width and depth of the network."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from benchmarks.backends import BACKENDS, FLOOR, OURS, REFERENCE, module_of
from benchmarks.options import Options
from benchmarks.race import MEASURED, Row, run_race, started
from benchmarks.records import (
    Record,
    absences,
    make_record,
    measured,
    quartiles,
    ran_on,
    title_of,
)
from benchmarks.supervisor import start
from benchmarks.table import Table
from benchmarks.workload import BATCH_SIZE, LAYERS, mnist_workload
from tinygrad_mnist.environment import blas_environment

SUMMARY = "time a step against batch size, width and depth"
HAND_WRITTEN = (REFERENCE, "numpy_packed")
DEFAULTS = Options([FLOOR, *HAND_WRITTEN, "captured", "tf_session", "tf_function"], rounds=5)
ROUND = "alternating rounds of up to 200 steps"
AXES = {
    "batch": (1, 4, 16, 64, 256, 1024, 4096),
    "width": (32, 64, 128, 256, 512, 1024, 2048, 4096),
    "depth": (1, 2, 4, 8, 16, 32, 64),
}
PEAK_SIZE = 2048
"""Rows of the square matrices whose product is the measured peak."""
LARGE_WIDTH = 512
MOST_EXAMPLES = 8192
TOLERANCE = 1e-3
"""Of the compared costs: what rounding does grows with every layer."""
CAPTION = (
    f"A training step against the batch size of {'-'.join(map(str, LAYERS))}, against the width of "
    "784-width-width-10, and against the depth of 784-128-...-128-10 with so many hidden layers "
    f"(both with batch {BATCH_SIZE}): median microseconds, the matrix products' GFLOP/s, and the "
    "part of the measured peak of sgemm."
)


def shape_of(axis: str, value: int) -> tuple[Sequence[int], int]:
    """Return the layers and the batch size of a point on an axis.

    >>> shape_of("width", 512)
    ((784, 512, 512, 10), 64)
    """
    if axis == "batch":
        return LAYERS, value
    if axis == "width":
        return (784, value, value, 10), BATCH_SIZE
    return (784, *[128] * value, 10), BATCH_SIZE


def measure(options: Options) -> list[Record]:
    """Race the backends at each point of each axis; return a record for each backend and point."""
    names = list(dict.fromkeys((FLOOR, REFERENCE, *options.backends)))
    better, records = blas_environment(), []
    for threads in options.threads:
        with start("peak", str(PEAK_SIZE), threads=threads, blas=better) as child:
            peak = child.receive()["gflops"]
        rows = [Row(name, module_of(name), threads, better) for name in names]
        with started(rows) as runners:
            records += [make_record(row, {}) for row in rows if row.outcome != MEASURED]
            points = [(axis, value) for axis, values in AXES.items() for value in values]
            for axis, value in tqdm(points, "points", leave=False, disable=None):
                layers, batch_size = shape_of(axis, value)
                batches = max(2, min(64, MOST_EXAMPLES // batch_size))
                workload = mnist_workload(layers, batch_size, batches)
                again = [(replace(row, seconds_per_step=[]), child) for row, child in runners]
                run_race(again, options.rounds, workload, TOLERANCE)
                point = {"axis": axis, "value": value, "peak_gflops": peak}
                records += [
                    make_record(row, point | _figures(row, workload.flops / 1e9))
                    for row, _ in again
                ]
    return records


def _figures(row: Row, gflop: float) -> Record:
    if row.outcome != MEASURED:
        return {}
    gflops = gflop / float(np.median(row.seconds_per_step))
    return {**quartiles("microseconds", row.seconds_per_step, 1e6), "gflops": gflops}


def table(records: Sequence[Record]) -> Table:
    """Lay out the measured records; the notes say why others are missing, and who reaches what."""
    rows = [
        (
            title_of(record),
            str(record["threads"]),
            record["axis"],
            f"{record['value']:,}",
            f"{record['microseconds']:,.0f}",
            f"{record['microseconds_q1']:,.0f} to {record['microseconds_q3']:,.0f}",
            f"{record['gflops']:.1f}",
            f"{record['gflops'] / record['peak_gflops']:.0%}",
        )
        for record in measured(records)
    ]
    headings = ("backend", "threads", "axis", "value", "µs/step", "quartiles", "GFLOP/s", "of peak")
    return Table(headings, rows, [*absences(records), *_wide(records), *ran_on(records)])


def _wide(records: Sequence[Record]) -> list[str]:
    """Say of each wide network which part of the hand-written NumPy's GFLOP/s ours reaches."""
    wide = {
        (record["backend"], record["threads"], record["value"]): record["gflops"]
        for record in measured(records)
        if record["axis"] == "width" and record["value"] >= LARGE_WIDTH
    }
    notes = []
    for (backend, threads, width), gflops in wide.items():
        parts = [
            f"{gflops / wide[name, threads, width]:.0%} of the GFLOP/s of {BACKENDS[name].title}"
            for name in HAND_WRITTEN
            if (name, threads, width) in wide
        ]
        if backend == OURS and parts:
            notes.append(
                f"Width {width:,}, threads {threads}: captured reaches {' and '.join(parts)}."
            )
    return notes
