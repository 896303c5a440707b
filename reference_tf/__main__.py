"""``python -m reference_tf``: train the network in TensorFlow, and print like our own command.

The data, the initial weights and the order of the batches are those of ``tinygrad-mnist train``
with the same settings: a training run of ours is made, and its network handed to TensorFlow.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from reference_tf.interface import APIS, Trainer, trainer
from tinygrad_mnist.errors import TinygradError
from tinygrad_mnist.training import Run, Settings

LOG_EVERY = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m reference_tf", description=__doc__)
    default = Settings()
    parser.add_argument("--api", choices=APIS, default="function", help="default: function")
    parser.add_argument("--iterations", type=int, default=default.iterations, metavar="N")
    parser.add_argument("--batch-size", type=int, default=default.batch_size, metavar="N")
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate, metavar="X")
    parser.add_argument(
        "--hidden", type=int, nargs="+", default=default.hidden, metavar="N", help="layer sizes"
    )
    parser.add_argument("--seed", type=int, default=default.seed, metavar="N")
    parser.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="train ours and TensorFlow's from the seeds 0 to N - 1 and compare test accuracies",
    )
    options = vars(parser.parse_args(arguments))
    api, seeds = options.pop("api"), options.pop("seeds")
    if importlib.util.find_spec("tensorflow") is None:
        parser.error("TensorFlow is not installed; pip install 'tinygrad-mnist[tf]'.")
    if seeds is not None and seeds < 2:
        parser.error(f"A standard error needs at least 2 seeds. Received: {seeds}.")
    try:
        settings = Settings(**{**options, "hidden": tuple(options["hidden"])})
        if seeds is None:
            train(api, settings)
        else:
            compare_accuracies(api, settings, seeds)
    except TinygradError as error:
        parser.error(str(error))
    return 0


def start(api: str, settings: Settings) -> tuple[Run, Trainer]:
    """Return a run of ours, for its data, and the same network in TensorFlow."""
    run = Run(settings)
    initial = [parameter.numpy() for parameter in run.model.parameters()]
    return run, trainer(api, initial, settings.learning_rate)


def costs(run: Run, network: Trainer) -> Iterator[float]:
    """Train the network to the run's last iteration, yielding the cost of each step's batch."""
    for _ in range(run.settings.iterations):
        yield network.step(*run.data.train.next_batch(run.settings.batch_size))


def train(api: str, settings: Settings) -> None:
    """Train one network, printing costs and accuracies."""
    run, network = start(api, settings)
    print(
        f"{'-'.join(map(str, settings.sizes))}, adam, learning rate {settings.learning_rate:g}, "
        f"batches of {settings.batch_size} of {run.data.train.num_examples:,} examples, seed "
        f"{settings.seed}, TensorFlow {api}"
    )
    begun = time.perf_counter()
    for iteration, cost in enumerate(costs(run, network)):
        if iteration % LOG_EVERY == 0:
            print(f"iteration {iteration:>6}  cost {cost:.4f}", flush=True)
    print(f"trained in {time.perf_counter() - begun:.2f} s")
    for name in ("train", "validation", "test"):
        part = getattr(run.data, name)
        print(f"{name + ' accuracy':<20}{network.accuracy(part.images, part.labels):8.2%}")


def compare_accuracies(api: str, settings: Settings, seeds: int) -> None:
    """Print the test accuracies of both from each seed, and how far their means are apart.

    The standard error of two samples is that of equal distributions; the one of pairs is smaller,
    as from the same seed both get the same data, weights and batches.
    """
    pairs = []
    print(f"seed      ours  {api:>8}  difference")
    for seed in range(seeds):
        ours, theirs = final_accuracies(api, replace(settings, seed=seed))
        pairs.append((ours, theirs))
        print(f"{seed:>4}  {ours:8.2%}  {theirs:8.2%}  {ours - theirs:+10.2%}", flush=True)
    accuracies = np.array(pairs)
    means, variances = accuracies.mean(axis=0), accuracies.var(axis=0, ddof=1)
    print(f"mean  {means[0]:8.2%}  {means[1]:8.2%}  {means[0] - means[1]:+10.3%}")
    of_samples = np.sqrt(variances.sum() / seeds)
    of_pairs = np.diff(accuracies).std(ddof=1) / np.sqrt(seeds)
    print(f"standard error {of_samples:.3%} of two samples, {of_pairs:.3%} of pairs")


def final_accuracies(api: str, settings: Settings) -> tuple[float, float]:
    """Return our accuracy and TensorFlow's after training from the same start."""
    run, network = start(api, settings)
    for _ in costs(run, network):
        pass
    test = run.data.test
    ours = Run(settings)
    for _ in ours.train():
        pass
    return ours.accuracies()["test"], network.accuracy(test.images, test.labels)


if __name__ == "__main__":
    sys.exit(main())
