"""``python -m reference_tf``: train the network in TensorFlow, and print like our own command.

The data, the initial weights and the order of the batches are those of ``tinygrad-mnist train``
with the same settings: a training run of ours is made, and its network handed to TensorFlow.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from reference_tf import accuracies
from reference_tf.accuracies import Accuracies
from reference_tf.interface import APIS
from reference_tf.quiet import no_standard_error
from tinygrad_mnist.command.run import Settings
from tinygrad_mnist.errors import TinygradError
from tinygrad_mnist.files import prove_writable
from tinygrad_mnist.interruption import terminable

LOG_EVERY = 100
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """Make the parser."""
    command = argparse.ArgumentParser(prog="python -m reference_tf", description=__doc__)
    default = Settings()
    command.add_argument("--api", choices=APIS, default="function", help="default: function")
    command.add_argument("--iterations", type=int, default=default.iterations, metavar="N")
    command.add_argument("--batch-size", type=int, default=default.batch_size, metavar="N")
    command.add_argument("--learning-rate", type=float, default=default.learning_rate, metavar="X")
    command.add_argument(
        "--hidden", type=int, nargs="+", default=default.hidden, metavar="N", help="layer sizes"
    )
    seeds = command.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, default=default.seed, metavar="N")
    seeds.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="train ours and TensorFlow's from the seeds 0 to N - 1 and compare test accuracies",
    )
    command.add_argument(
        "--json", type=Path, metavar="FILE", help="with --seeds: store the accuracies in a file"
    )
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, 2 after an error, 130 if interrupted."""
    command = parser()
    options = vars(command.parse_args(arguments))
    api, seeds, stored = (options.pop(name) for name in ("api", "seeds", "json"))
    if importlib.util.find_spec("tensorflow") is None:
        command.error("TensorFlow is not installed; pip install tensorflow.")
    if seeds is not None and seeds < 2:
        command.error(f"A standard error needs at least 2 seeds. Received: {seeds}.")
    if stored is not None and seeds is None:
        command.error(f"--json stores what --seeds measures; add --seeds N. Received: {stored}.")
    try:
        if stored is not None:
            prove_writable(stored)
        with terminable():
            with no_standard_error():
                import_module("tensorflow")
            settings = Settings(**{**options, "hidden": tuple(options["hidden"])})
            if seeds is None:
                train(api, settings)
            else:
                compare_accuracies(api, settings, seeds, stored)
    except TinygradError as error:
        command.error(str(error))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    return 0


def train(api: str, settings: Settings) -> None:
    """Train one network, printing costs and accuracies."""
    run, network = accuracies.start(api, settings)
    print(
        f"{'-'.join(map(str, settings.sizes))}, adam, learning rate {settings.learning_rate:g}, "
        f"batches of {settings.batch_size} of {run.data.train.num_examples:,} examples, seed "
        f"{settings.seed}, TensorFlow {api}"
    )
    begun = time.perf_counter()
    for iteration, cost in enumerate(accuracies.costs(run, network)):
        if iteration % LOG_EVERY == 0:
            print(f"iteration {iteration:>6}  cost {cost:.4f}", flush=True)
    print(f"trained in {time.perf_counter() - begun:.2f} s")
    for name in ("train", "validation", "test"):
        part = getattr(run.data, name)
        print(f"{name + ' accuracy':<20}{network.accuracy(part.images, part.labels):8.2%}")


def compare_accuracies(api: str, settings: Settings, seeds: int, stored: Path | None) -> None:
    """Print, and store if asked to, the test accuracies of both from each seed."""
    pairs = []
    print(f"seed      ours  {api:>8}  difference")
    for seed, (ours, theirs) in enumerate(accuracies.pairs(api, settings, seeds)):
        pairs.append((ours, theirs))
        print(f"{seed:>4}  {ours:8.2%}  {theirs:8.2%}  {ours - theirs:+10.2%}", flush=True)
    measured = Accuracies(api, settings.iterations, tuple(pairs))
    mine, other = measured.means
    print(f"mean  {mine:8.2%}  {other:8.2%}  {measured.difference:+10.3%}")
    print(
        f"standard error {measured.error_of_samples:.3%} of two samples, "
        f"{measured.error_of_pairs:.3%} of pairs"
    )
    if stored is not None:
        measured.write(stored)


if __name__ == "__main__":
    sys.exit(main())
