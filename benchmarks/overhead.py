"""Measure what the engine adds to NumPy: by the protocol, by the tape and in a replay."""

import json
from collections.abc import Sequence

from benchmarks import machine
from benchmarks.options import Options
from benchmarks.race import MEASURED
from benchmarks.records import Record, quartiles
from benchmarks.supervisor import start
from benchmarks.table import Table
from tinygrad_mnist.environment import blas_environment

SUMMARY = "measure what the engine adds to an operation of NumPy"
DEFAULTS = Options([], rounds=15)
ROUND = "alternating rounds"
SHAPES = {
    "multiply": [(), (10,), (32, 32), (128, 128), (1024, 1024)],
    "matmul": [(32, 32), (128, 128), (1024, 1024)],
}
DEPTHS = (10, 100, 1_000, 10_000, 100_000)
CAPTION = (
    "Microseconds for an operation on float32 arrays: NumPy alone; on Tensors without recording "
    "(protocol); recorded (tape); as an instruction of a captured function (replay). Below, chains "
    "of scalar operations. Medians."
)


def measure(options: Options) -> list[Record]:
    """Return a record for each operation and shape, and for each depth."""
    records = []
    for threads in options.threads:
        arguments = [json.dumps(each) for each in (options.rounds, SHAPES, DEPTHS)]
        blas = blas_environment()
        with start("overhead", *arguments, threads=threads, blas=blas) as child:
            described = child.receive() | {"threads": threads, "outcome": MEASURED}
            while message := child.receive():
                for name, seconds in message.pop("seconds").items():
                    message |= quartiles(f"{name}_microseconds", seconds, 1e6)
                records.append(message | described | machine.describe())
    return records


WAYS = ("NumPy", "protocol", "tape", "replay")


def table(records: Sequence[Record]) -> Table:
    """Lay the records out: an operation or a depth a row."""
    rows = [
        (
            f"{record['operation']}, {'x'.join(map(str, record['shape'])) or 'scalar'}",
            str(record["threads"]),
            *(f"{record[f'{way}_microseconds']:,.2f}" for way in WAYS),
        )
        for record in records
        if "operation" in record
    ]
    chains = [_chain(record) for record in records if "depth" in record]
    return Table(("operation", "threads", *WAYS), rows, chains)


def _chain(record: Record) -> str:
    seconds = [record[f"{part}_microseconds"] for part in ("record", "sweep")]
    return (
        f"A chain of {record['depth']:,}: {seconds[0]:.2f} µs a node to record and "
        f"{seconds[1]:.2f} to sweep, {1e6 / sum(seconds):,.0f} nodes a second."
    )
