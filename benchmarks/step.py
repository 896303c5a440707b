"""Time one training step: forward pass, backward pass and Adam update of one batch."""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import machine, report
from benchmarks.backends import BACKENDS, FLOOR, REFERENCE
from benchmarks.race import STEPS_PER_ROUND, race
from benchmarks.workload import BATCH_SIZE, LAYERS, Workload, initial_parameters
from tinygrad_mnist import mnist

SUMMARY = "time one training step"
ALWAYS = (FLOOR, REFERENCE)
BATCHES = 64


def positive(text: str) -> int:
    """Parse a whole number that is at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, received {text}")
    return number


def file_in_folder(text: str) -> Path:
    """Parse the path of a file whose folder exists: found out now, not after the race."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}; create it first")
    return path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``step``."""
    others = [name for name in BACKENDS if name not in ALWAYS]
    parser.add_argument(
        "--backends",
        nargs="+",
        choices=BACKENDS,
        default=others,
        metavar="NAME",
        help=f"any of {', '.join(others)} (all); {' and '.join(ALWAYS)} always run",
    )
    parser.add_argument(
        "--threads",
        nargs="+",
        type=positive,
        default=[1],
        metavar="N",
        help="numbers of BLAS threads (1)",
    )
    parser.add_argument(
        "--rounds",
        type=positive,
        default=30,
        metavar="N",
        help=f"rounds of {STEPS_PER_ROUND} steps (30)",
    )
    parser.add_argument(
        "--json", type=file_in_folder, metavar="FILE", help="write the figures to this file as well"
    )


def mnist_workload() -> Workload:
    """Take batches from MNIST's training images, and weights that are the same every time."""
    train = mnist.load(one_hot=True).train
    images, labels = zip(*(train.next_batch(BATCH_SIZE) for _ in range(BATCHES)), strict=True)
    parameters = initial_parameters(np.random.default_rng(0))
    return Workload(parameters, np.stack(images), np.stack(labels))


def run(options: argparse.Namespace) -> int:
    """Race, print the table, write the JSON; return 1 if a backend was refused or died."""
    chosen = {
        name: module
        for name, module in BACKENDS.items()
        if name in ALWAYS or name in options.backends
    }
    rows = race(chosen, options.threads, options.rounds, mnist_workload())
    facts = machine.describe()
    records = report.make_records(rows, facts)
    print(
        f"{facts['processor']}, {facts['processors']} processors, {facts['system']}, "
        f"Python {facts['python']}\n"
        f"{'-'.join(map(str, LAYERS))}, batch {BATCH_SIZE}, float32, Adam; "
        f"median and quartiles of {options.rounds} rounds of {STEPS_PER_ROUND} steps\n"
    )
    print(report.format_table(records))
    if options.json:
        report.write_json(records, options.json)
    return int(any(row.outcome in ("refused", "died") for row in rows))
