"""Measure the accuracy of the training recipe: its mean and its minimum over seeds."""

import argparse

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.options import positive
from tinygrad_mnist.command.run import Run, Settings

SUMMARY = "train with several seeds and report the accuracy on the test set"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``accuracy``."""
    parser.add_argument(
        "--iterations",
        nargs="+",
        type=positive,
        default=[1000, 10_000],
        metavar="N",
        help="when to look (default: 1000 10000)",
    )
    parser.add_argument(
        "--seeds",
        type=positive,
        default=20,
        metavar="N",
        help="how many, counted from 0 (default: 20)",
    )


def accuracies(iterations: list[int], seed: int) -> list[float]:
    """Train with one seed; return the test accuracy after each number of iterations."""
    run = Run(Settings(iterations=max(iterations), seed=seed, threads=1))
    test = run.data.test
    found = {}
    for _ in run.train():
        if run.iteration in iterations:
            found[run.iteration] = run.model.evaluate(test.images, test.labels).accuracy
    return [found[iteration] for iteration in iterations]


def run(options: argparse.Namespace) -> int:
    """Train with every seed and print a line per number of iterations."""
    with threadpool_limits(1, user_api="blas"):
        rows = [
            accuracies(options.iterations, seed)
            for seed in tqdm(range(options.seeds), "seeds", disable=None)
        ]
    print(f"test accuracy over {options.seeds} seeds\niterations    mean     min     max")
    for iterations, found in zip(options.iterations, np.transpose(rows), strict=True):
        print(f"{iterations:>10,}  {found.mean():6.2%}  {found.min():6.2%}  {found.max():6.2%}")
    return 0
