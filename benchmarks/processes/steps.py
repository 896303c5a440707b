"""The process that runs one backend: ``python -m benchmarks.processes.steps MODULE THREADS``.

It describes itself, and then answers each line of JSON from standard input, until that ends::

    {"import_seconds": 0.08, "versions": {...}, "blas": [...]}
    {"build": "workload.npz"}   {"seconds": 0.001}
    {"run": 19}                 {"seconds": 0.02, "cost": 1.72}, the mean cost of the steps
    {"phases": 100}             {"forward": 0.01, "backward": 0.02, "update": 0.01}, or {}
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.processes.child import load_backend, open_replies, pin


class Steps:
    """A backend's training of a workload, whose batches are taken in turn."""

    def __init__(self, backend: Any, path: str) -> None:
        # Imported only now, because it loads NumPy, whose import is part of what was timed.
        from benchmarks.workload import Workload

        workload = Workload.load(Path(path))
        self._images, self._labels = workload.images, workload.labels
        self._position = 0
        started = time.perf_counter()
        self._trainer = backend.make_trainer(workload.parameters)
        self.build_seconds = time.perf_counter() - started
        # Each batch is an array of its own, as a reader of batches hands them out.
        pairs = zip(self._images, self._labels, strict=True)
        self._batches = [(images.copy(), labels.copy()) for images, labels in pairs]

    def _next(self, count: int) -> list[int]:
        start = self._position
        self._position += count
        return [number % len(self._batches) for number in range(start, start + count)]

    def run(self, count: int) -> tuple[float, float]:
        """Make steps; return the seconds they took together and their mean cost."""
        chosen = self._next(count)
        if hasattr(self._trainer, "steps"):
            images, labels = self._images[chosen], self._labels[chosen]
            started = time.perf_counter()
            costs = self._trainer.steps(images, labels)
        else:
            step, batches = self._trainer.step, [self._batches[number] for number in chosen]
            started = time.perf_counter()
            costs = [step(images, labels) for images, labels in batches]
        seconds = time.perf_counter() - started
        return seconds, float(sum(costs) / len(costs))

    def phases(self, count: int) -> dict[str, float]:
        """Make steps; return the seconds each phase took, or nothing if there are no phases."""
        if not hasattr(self._trainer, "forward"):
            return {}
        names = ("forward", "backward", "update")
        seconds = dict.fromkeys(names, 0.0)
        for number in self._next(count):
            arguments: tuple[Any, ...] = self._batches[number]
            for name in names:
                started = time.perf_counter()
                arguments = (getattr(self._trainer, name)(*arguments),)
                seconds[name] += time.perf_counter() - started
        return seconds


def serve(module: str) -> None:
    """Import the backend, describe the process, and answer requests."""
    reply = open_replies()
    backend, description = load_backend(module, reply)
    reply(description)
    steps = None
    for line in sys.stdin:
        ((request, argument),) = json.loads(line).items()
        if request == "build":
            steps = None  # the memory of the last workload is let go first
            steps = Steps(backend, argument)
            reply({"seconds": steps.build_seconds})
        elif steps and request == "run":
            seconds, cost = steps.run(argument)
            reply({"seconds": seconds, "cost": cost})
        elif steps:
            reply(steps.phases(argument))


if __name__ == "__main__":
    pin(int(sys.argv[2]))
    serve(sys.argv[1])
