"""Train in whole processes: the time to 1,000 iterations and to accuracies on the test set."""

import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.backends import BACKENDS, FLOOR, REFERENCE, module_of
from benchmarks.options import Options
from benchmarks.processes.training import STEPS_BETWEEN_LOOKS
from benchmarks.race import MEASURED, RefusedError, Row
from benchmarks.records import (
    Record,
    absences,
    libraries_of,
    make_record,
    measured,
    quartiles,
    title_of,
)
from benchmarks.supervisor import start
from benchmarks.table import Table
from tinygrad_mnist import mnist
from tinygrad_mnist.environment import blas_environment

SUMMARY = "train in whole processes, to 1,000 iterations and to accuracies"
DEFAULTS = Options(
    [
        "numpy",
        "captured",
        "tf_session",
        "tf_function",
        "keras_fit",
        "tf_loop",
        "torch_fused",
        "jax_jit",
    ],
    rounds=5,
)
ROUND = "seeds, counted from 0; each backend trains once with each"
ACCURACIES = (0.95, 0.97, 0.98)
SHORT = 1_000
MOST_ITERATIONS = 10_000
TOLERANCE = 1e-3
CAPTION = (
    "Whole processes, from their start on: Python, imports, reading the data, building, tracing, "
    f"training. Medians over the seeds, in seconds; a run ends at {ACCURACIES[-1]:.0%} on the test "
    f"set or after {MOST_ITERATIONS:,} iterations. The accuracy is looked at every "
    f"{STEPS_BETWEEN_LOOKS} steps, no finer; the time of looking is not counted. In brackets: the "
    'seeds that reached it, where not all did; "-" where the median seed did not. Unlike in step, '
    "the C library's memory settings are left alone."
)

Curve = list[dict[str, float]]


def measure(options: Options) -> list[Record]:
    """Train with each backend and seed; return a record for each backend."""
    names = [name for name in BACKENDS if name in {REFERENCE, *options.backends} - {FLOOR}]
    better = blas_environment()
    rows = [
        Row(name, module_of(name), threads, better) for threads in options.threads for name in names
    ]
    curves: dict[int, list[Curve]] = {id(row): [] for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder))
        for seed in tqdm(range(options.rounds), "seeds", leave=False, disable=None):
            expected = math.nan
            for row in rows:
                if row.outcome == MEASURED:
                    with row.noting_failure():
                        curve = train(row, Path(folder), seed)
                        expected = curve[0]["cost"] if row.backend == REFERENCE else expected
                        check_cost(curve[0]["cost"], expected)
                        curves[id(row)].append(curve)
    return [make_record(row, _figures(curves[id(row)])) for row in rows]


def write_data(folder: Path) -> None:
    """Write MNIST as the arrays that the processes map into their memory."""
    data = mnist.load(one_hot=True)
    np.save(folder / "images.npy", data.train.images)
    np.save(folder / "labels.npy", data.train.labels.astype(np.float32))
    np.save(folder / "test_images.npy", data.test.images)
    np.save(folder / "test_labels.npy", np.argmax(data.test.labels, axis=1))


def train(row: Row, folder: Path, seed: int) -> Curve:
    """Train in one process; return what it was at each look: iterations, seconds, accuracy."""
    curve: Curve = []
    arguments = (row.module, str(folder), str(seed), str(MOST_ITERATIONS))
    started = time.perf_counter()
    # As a user starts them: without what keeps a step's freed memory for the next one.
    with start(
        "training", *arguments, threads=row.threads, blas=row.blas, keep_memory=False
    ) as child:
        row.describe(child)
        while not curve or (
            curve[-1]["iterations"] < MOST_ITERATIONS and curve[-1]["accuracy"] < ACCURACIES[-1]
        ):
            look = child.receive()
            look["seconds"] = time.perf_counter() - started - look.pop("paused")
            curve.append(look)
    return curve


def check_cost(cost: float, expected: float) -> None:
    """Raise ``RefusedError`` if the mean cost of the first steps is not the reference's."""
    if not math.isclose(cost, expected, rel_tol=TOLERANCE):
        raise RefusedError(
            f"the mean cost of its first steps is {cost:.7g} and that of {REFERENCE} is "
            f"{expected:.7g}."
        )


def seconds_to(accuracy: float, curve: Curve) -> float:
    """Return when a run first had this accuracy: infinite if never.

    >>> seconds_to(0.95, [{"accuracy": 0.94, "seconds": 1.0}, {"accuracy": 0.96, "seconds": 2.0}])
    2.0
    """
    return next((look["seconds"] for look in curve if look["accuracy"] >= accuracy), math.inf)


def seconds_at(iterations: int, curve: Curve) -> float:
    """Return when a run had made this many iterations, or had ended."""
    done = [look["seconds"] for look in curve if look["iterations"] <= iterations]
    return done[-1] if done else curve[0]["seconds"]


def _figures(curves: list[Curve]) -> Record:
    if not curves:
        return {}
    figures: Record = quartiles("seconds_to_1000", [seconds_at(SHORT, curve) for curve in curves])
    for accuracy in ACCURACIES:
        seconds = [seconds_to(accuracy, curve) for curve in curves]
        median = float(np.median(seconds))
        name = f"{accuracy:.0%}"
        figures[f"seconds_to_{name}"] = median if math.isfinite(median) else None
        figures[f"reached_{name}"] = sum(map(math.isfinite, seconds))
    return figures | {"seeds": len(curves), "curves": curves}


def table(records: Sequence[Record]) -> Table:
    """Lay out the measured records; the notes say why the others are missing."""
    headings = ("backend", "threads", f"{SHORT:,} iterations", "quartiles")
    aims = [f"{accuracy:.0%}" for accuracy in ACCURACIES]
    rows = [
        (
            title_of(record),
            str(record["threads"]),
            f"{record['seconds_to_1000']:.2f}",
            f"{record['seconds_to_1000_q1']:.2f} to {record['seconds_to_1000_q3']:.2f}",
            *(reached(record, aim) for aim in aims),
            f"{record['import_seconds']:.2f}",
            libraries_of(record),
        )
        for record in measured(records)
    ]
    more = (*(f"to {aim}" for aim in aims), "of which import", "running on")
    return Table((*headings, *more), rows, absences(records))


def reached(record: Record, aim: str) -> str:
    """Return the cell of an accuracy such as 95%: the median time, and how many reached it."""
    seconds, count = record[f"seconds_to_{aim}"], record[f"reached_{aim}"]
    some = "" if count == record["seeds"] else f" ({count} of {record['seeds']})"
    return ("-" if seconds is None else f"{seconds:.2f}") + some
