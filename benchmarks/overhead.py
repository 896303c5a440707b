"""Measure what the engine adds to NumPy: by the protocol, by the tape and in a replay."""

import json
from collections.abc import Sequence

from benchmarks import machine
from benchmarks.options import Options
from benchmarks.race import MEASURED
from benchmarks.records import Record, quartiles, ran_on
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
    "Microseconds for an operation on float32 arrays: NumPy alone, into a new array and into a "
    "ready one (out=), as a replay does; on Tensors without recording (protocol); recorded (tape); "
    "as an instruction of a captured function (replay). Below, chains of scalar operations, with "
    "Python's cyclic garbage collector switched off: with it, recording takes longer, because it "
    "looks through the nodes that are alive. Medians."
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


WAYS = {
    "NumPy": "NumPy",
    "NumPy_out": "NumPy, out=",
    "protocol": "protocol",
    "tape": "tape",
    "replay": "replay",
}
USUAL_DEPTH = 100


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
    notes = [*chains, *_growths(records), *ran_on(records)]
    return Table(("operation", "threads", *WAYS.values()), rows, notes)


def _chain(record: Record) -> str:
    return (
        f"A chain of {record['depth']:,}, threads {record['threads']}: "
        f"{record['record_microseconds']:.2f} µs a node to record and "
        f"{record['sweep_microseconds']:.2f} to sweep, {1e6 / _per_node(record):,.0f} nodes a "
        "second."
    )


def _growths(records: Sequence[Record]) -> list[str]:
    """Compare what a node costs in the deepest chain and in one of the usual depth."""
    per_node = {
        (record["threads"], record["depth"]): _per_node(record)
        for record in records
        if "depth" in record
    }
    deepest = max((depth for _, depth in per_node), default=USUAL_DEPTH)
    return [
        f"A node costs {per_node[threads, deepest] / seconds:.2f} times as much at depth "
        f"{deepest:,} as at {depth:,} (threads {threads})."
        for (threads, depth), seconds in per_node.items()
        if depth == USUAL_DEPTH
    ]


def _per_node(record: Record) -> float:
    return float(record["record_microseconds"] + record["sweep_microseconds"])
