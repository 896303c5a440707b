"""The process that trains: ``... .training MODULE FOLDER SEED ITERATIONS THREADS``.

It does what a user's script does: import, read the data, build, train. After every so many steps
it looks at the accuracy on the test set and replies how long all such looks have taken so far::

    {"iterations": 200, "cost": 0.61, "accuracy": 0.91, "paused": 0.04}

It ends after the given number of iterations, or when its input ends.
"""

import select
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.processes.child import load_backend, open_replies, pin

STEPS_BETWEEN_LOOKS = 200


def train(module: str, folder: Path, seed: int, iterations: int) -> None:
    """Train, replying after every ``STEPS_BETWEEN_LOOKS`` steps."""
    reply = open_replies()
    backend, description = load_backend(module, reply)
    reply(description)

    import numpy as np

    from benchmarks.workload import BATCH_SIZE, LAYERS, accuracy_of, initial_parameters

    images, labels, test_images, test_labels = (
        np.load(folder / f"{name}.npy", mmap_mode="r")
        for name in ("images", "labels", "test_images", "test_labels")
    )
    generator = np.random.default_rng(seed)
    trainer = backend.make_trainer(initial_parameters(LAYERS, generator))
    batches = endless_batches(generator, len(images), BATCH_SIZE)
    paused = 0.0
    for done in range(0, iterations, STEPS_BETWEEN_LOOKS):
        count = min(STEPS_BETWEEN_LOOKS, iterations - done)
        cost = run(trainer, images, labels, list(islice(batches, count)))
        started = time.perf_counter()
        accuracy = accuracy_of(trainer.parameters(), test_images, test_labels)
        paused += time.perf_counter() - started
        reply({"iterations": done + count, "cost": cost, "accuracy": accuracy, "paused": paused})
        if select.select([sys.stdin], [], [], 0)[0]:
            return


def endless_batches(generator: Any, examples: int, size: int) -> Iterator[Any]:
    """Yield the numbers of a batch's examples, which are shuffled anew in every epoch.

    Those that do not fill a batch at an epoch's end are left out.
    """
    while True:
        order = generator.permutation(examples)
        for start in range(0, examples - size + 1, size):
            yield order[start : start + size]


def run(trainer: Any, images: Any, labels: Any, chosen: list[Any]) -> float:
    """Make a step for each batch of chosen examples; return their mean cost."""
    if hasattr(trainer, "steps"):
        numbers = [batch.tolist() for batch in chosen]
        costs = trainer.steps(images[numbers], labels[numbers])
    else:
        costs = [trainer.step(images[batch], labels[batch]) for batch in chosen]
    return float(sum(costs) / len(costs))


if __name__ == "__main__":
    module, folder, seed, iterations, threads = sys.argv[1:]
    pin(int(threads))
    train(module, Path(folder), int(seed), int(iterations))
