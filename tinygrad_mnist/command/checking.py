"""The command ``check``: the network's gradients on real digits, against independent judges.

Differences are always asked. So is whoever has registered an entry point of the group
``tinygrad_mnist.judges``: a function ``judge(f, *arrays)`` that returns what it says of f and its
gradients, with ``agrees``, a text, and ``leaves``. A leaf has a ``name``, as "argument 0", and the
``worst`` error as a part of the bound.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
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
JUDGES = "tinygrad_mnist.judges"


class Cost:
    """The network's cost on some digits as a function of its parameters."""

    def __init__(self, seed: int, data_dir: Path | None = None) -> None:
        generator = np.random.default_rng(seed)
        data = mnist.load(data_dir, generator=generator)
        self.images, self.labels = data.train.next_batch(EXAMPLES)
        self.sizes = Settings(classes=len(data.classes)).sizes
        self.model = nn.MLP(self.sizes, generator=generator)
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
        f"gradients of the {'-'.join(map(str, cost.sizes))} network's cost on {EXAMPLES} "
        f"digits, seed {options.seed}, against central differences in float64",
        flush=True,
    )
    with threadpool_limits(1, user_api="blas"):  # at this size a second thread only waits
        report = check_grads(cost, *cost.parameters, order=1, seed=options.seed)
    opinions = {entry.name: opinion_of(entry, cost) for entry in entry_points(group=JUDGES)}
    _print_table(cost, report, {name: one.worst for name, one in opinions.items() if one.worst})
    print(f"{report.verdict}: {report.verdict.meaning}" if report.passed else report)
    for opinion in opinions.values():
        print(opinion.told)
    if not opinions:
        print("TensorFlow was not asked: reference_tf, which asks it, is not installed")
    print(f"({time.perf_counter() - start:.1f} s)")
    agreed = all(opinion.agrees for opinion in opinions.values())
    return 0 if report.passed and agreed else WRONG


class Opinion(NamedTuple):
    """What another judge says of every gradient.

    ``worst`` has the largest error of each parameter's gradient as a part of its bound. It is
    empty where the judge could not be asked, which agrees with everything, or broke off.
    """

    told: str
    agrees: bool
    worst: Mapping[str, float]


def opinion_of(entry: EntryPoint, cost: Cost) -> Opinion:
    """Ask a judge, if what it needs is installed."""
    try:
        judged = entry.load()(cost, *cost.parameters)
    except ImportError as error:
        told = f"{entry.name} was not asked ({error}): pip install {entry.name.lower()}"
        return Opinion(told, True, {})
    told = str(judged) if judged.agrees else f"{entry.name} departs: {judged}"
    names = {f"argument {place}": name for place, name in enumerate(cost.names)}
    worst = {names[row.name]: row.worst for row in judged.leaves}
    return Opinion(told, judged.agrees, worst)


def _print_table(cost: Cost, report: Report, worst: Mapping[str, Mapping[str, float]]) -> None:
    """Print a row for each parameter, with a column for each judge that has judged any."""
    print(f"{'':<48}{'differences':>22}" + "".join(f"{judge:>13}" for judge in worst))
    head = f"{'parameter':<18}{'shape':<12}{'verdict':<18}{'worst error':>12}{'bound':>10}"
    print(head + f"{'of bound':>13}" * len(worst))
    for name, array, argument in zip(cost.names, cost.parameters, report.arguments, strict=True):
        found = argument.worst
        differences = (
            f"{found.error:>12.1e}{found.bound:>10.1e}" if found else f"{'-':>12}{'-':>10}"
        )
        theirs = [f"{of[name]:>13.2g}" if name in of else f"{'-':>13}" for of in worst.values()]
        print(
            f"{name:<18}{array.shape!s:<12}{argument.verdict!s:<18}{differences}", *theirs, sep=""
        )
