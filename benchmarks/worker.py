"""The process that runs one backend: ``python -m benchmarks.worker MODULE WORKLOAD``.

It speaks lines of JSON. First, unasked, it describes itself::

    {"import_seconds": 0.08, "build_seconds": 0.001, "versions": {...}, "blas": [...]}

or says ``{"missing": "tensorflow"}`` and ends. Then each number of steps read from standard input
is answered with ``{"seconds": 0.02, "costs": [2.31, ...]}``, until the input ends.
"""

import importlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.backends import Backend

OURS = ("benchmarks", "tinygrad_mnist")


def open_replies() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for replies: what libraries print goes to standard error from now on."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return lambda message: print(json.dumps(message), file=replies)


def blas_libraries() -> list[dict[str, Any]]:
    """Describe the BLAS libraries in this process; version and kernel are None if not told."""
    from threadpoolctl import threadpool_info

    return [
        {
            "library": pool["internal_api"],
            "version": pool["version"],
            "kernel": pool.get("architecture"),
            "threads": pool["num_threads"],
        }
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]


def serve(module: str, workload_path: Path) -> None:
    """Import the backend, describe it, then run as many steps as each request asks for."""
    reply = open_replies()
    started = time.perf_counter()
    try:
        backend: Backend = importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OURS:
            raise
        reply({"missing": package})
        return
    import_seconds = time.perf_counter() - started

    # Imported only now, because it loads NumPy, whose import is part of what was timed.
    from benchmarks.workload import Workload

    workload = Workload.load(workload_path)
    started = time.perf_counter()
    step = backend.make_step(workload.parameters)
    build_seconds = time.perf_counter() - started
    reply(
        {
            "import_seconds": import_seconds,
            "build_seconds": build_seconds,
            "versions": backend.VERSIONS,
            "blas": blas_libraries(),
        }
    )

    # Each batch is an array of its own, as a reader of batches hands them out.
    pairs = zip(workload.images, workload.labels, strict=True)
    batches = itertools.cycle([(images.copy(), labels.copy()) for images, labels in pairs])
    for request in sys.stdin:
        chosen = list(itertools.islice(batches, int(request)))
        started = time.perf_counter()
        costs = [step(images, labels) for images, labels in chosen]
        reply({"seconds": time.perf_counter() - started, "costs": costs})


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
