"""The command ``check``: the network's gradients on real digits, against differences."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tinygrad_mnist import loop, mnist, nn
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.testing import Report, check_grads
from tinygrad_mnist.training import Settings

EXAMPLES = 16
WRONG = 1


class Cost:
    """The network's cost on some digits as a function of its parameters."""

    def __init__(self, seed: int, data_dir: Path | None = None) -> None:
        generator = np.random.default_rng(seed)
        data = mnist.load(data_dir, generator=generator)
        self.images, self.labels = data.train.next_batch(EXAMPLES)
        self.model = nn.MLP(Settings().sizes, generator=generator)
        self.names = list(self.model.named_parameters())
        self.parameters: list[Array] = [p.numpy() for p in self.model.parameters()]
        # A bias that starts at zero would leave what it does at other values unseen.
        for parameter in self.parameters:
            if not parameter.any():
                parameter += generator.normal(0.0, 0.1, parameter.shape)

    def __call__(self, *parameters: Tensor) -> Any:
        """Return the mean cross entropy: the network's own forward pass, given its parameters."""
        rest: list[Any] = list(parameters)
        for _, layer in self.model.modules():
            if isinstance(layer, nn.Linear):
                layer.weight, layer.bias = rest.pop(0), rest.pop(0)
        return loop.cross_entropy(self.labels, self.model(self.images))


def check(options: argparse.Namespace) -> int:
    """Print a verdict per parameter; return 0 only if all gradients were seen to be right."""
    if options.seed < 0:
        raise ArgumentError(f"The seed must not be negative. Received: {options.seed}.")
    start = time.perf_counter()
    cost = Cost(options.seed, options.data_dir)
    print(
        f"gradients of the {'-'.join(map(str, Settings().sizes))} network's cost on {EXAMPLES} "
        f"digits, seed {options.seed}, against central differences in float64"
    )
    with threadpool_limits(1, user_api="blas"):  # at this size a second thread only waits
        report = check_grads(cost, *cost.parameters, order=1, seed=options.seed)
    _print_table(cost, report)
    print(f"{report.verdict}: {report.verdict.meaning}" if report.passed else report)
    told, agreed = tensorflows_opinion(cost)
    print(f"{told}\n({time.perf_counter() - start:.1f} s)")
    return 0 if report.passed and agreed else WRONG


def tensorflows_opinion(cost: Cost) -> tuple[str, bool]:
    """Return what TensorFlow says of every operation and gradient, and whether it agrees.

    Where it is not installed that is said, and nothing disagrees.
    """
    try:
        with no_standard_error():  # some of what it says at its start no setting silences
            crosscheck = import_module("reference_tf.crosscheck")
    except ImportError as error:
        return f"TensorFlow was not asked ({error}): pip install 'tinygrad-mnist[tf]'", True
    judged = crosscheck.compare(cost, *cost.parameters)
    return str(judged) if judged.agrees else f"TensorFlow departs: {judged}", judged.agrees


@contextmanager
def no_standard_error() -> Iterator[None]:
    """Drop what the process, its C++ libraries too, writes to standard error in the block."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _print_table(cost: Cost, report: Report) -> None:
    print(f"{'parameter':<18}{'shape':<12}{'verdict':<18}{'worst error':>12}{'bound':>10}")
    for name, array, argument in zip(cost.names, cost.parameters, report.arguments, strict=True):
        row = f"{name:<18}{array.shape!s:<12}{argument.verdict!s:<18}"
        if argument.worst:
            row += f"{argument.worst.error:>12.1e}{argument.worst.bound:>10.1e}"
        print(row)
