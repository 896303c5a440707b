"""The command ``check``: the network's gradients on real digits, against two judges."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from tinygrad_mnist import mnist, nn
from tinygrad_mnist.arguments import integer
from tinygrad_mnist.command.run import Settings
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.nn import loop
from tinygrad_mnist.testing import Report, check_grads

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
    integer("The seed", options.seed, least=0)
    start = time.perf_counter()
    cost = Cost(options.seed, options.data_dir)
    print(
        f"gradients of the {'-'.join(map(str, Settings().sizes))} network's cost on {EXAMPLES} "
        f"digits, seed {options.seed}, against central differences in float64"
        f"{' and TensorFlow' * (find_spec('tensorflow') is not None)}",
        flush=True,
    )
    with threadpool_limits(1, user_api="blas"):  # at this size a second thread only waits
        report = check_grads(cost, *cost.parameters, order=1, seed=options.seed)
    opinion = tensorflows_opinion(cost)
    _print_table(cost, report, opinion.worst)
    print(f"{report.verdict}: {report.verdict.meaning}" if report.passed else report)
    print(f"{opinion.told}\n({time.perf_counter() - start:.1f} s)")
    return 0 if report.passed and opinion.agrees else WRONG


class TensorflowsOpinion(NamedTuple):
    """What TensorFlow says of every operation and gradient.

    ``worst`` has the largest error of each parameter's gradient as a part of its bound. It is
    empty where TensorFlow is not installed, which agrees with everything, or the sweep broke off.
    """

    told: str
    agrees: bool
    worst: Mapping[str, float]


def tensorflows_opinion(cost: Cost) -> TensorflowsOpinion:
    """Ask TensorFlow, if it is installed."""
    try:
        quiet = import_module("reference_tf.quiet")
        with quiet.no_standard_error():  # some of what it says at its start no setting silences
            crosscheck = import_module("reference_tf.crosscheck")
    except ImportError as error:
        told = f"TensorFlow was not asked ({error}): pip install tensorflow"
        return TensorflowsOpinion(told, True, {})
    judged = crosscheck.compare(cost, *cost.parameters)
    told = str(judged) if judged.agrees else f"TensorFlow departs: {judged}"
    names = {f"argument {place}": name for place, name in enumerate(cost.names)}
    worst = {names[row.name]: row.worst for row in judged.leaves}
    return TensorflowsOpinion(told, judged.agrees, worst)


def _print_table(cost: Cost, report: Report, worst: Mapping[str, float]) -> None:
    """Print a row for each parameter; with a last column if TensorFlow has judged any."""
    above, below = (f"{'TensorFlow':>13}", f"{'of bound':>13}") if worst else ("", "")
    print(f"{'':<48}{'differences':>22}{above}")
    print(f"{'parameter':<18}{'shape':<12}{'verdict':<18}{'worst error':>12}{'bound':>10}{below}")
    for name, array, argument in zip(cost.names, cost.parameters, report.arguments, strict=True):
        found = argument.worst
        differences = (
            f"{found.error:>12.1e}{found.bound:>10.1e}" if found else f"{'-':>12}{'-':>10}"
        )
        theirs = f"{worst[name]:>13.2g}" if name in worst else f"{'-':>13}" * bool(worst)
        print(f"{name:<18}{array.shape!s:<12}{argument.verdict!s:<18}{differences}{theirs}")
