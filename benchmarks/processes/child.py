"""What the processes share: their pinning, the clocked import of a backend, their replies."""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

OURS = ("benchmarks", "tinygrad_mnist", "reference_tf")

Reply = Callable[[dict[str, Any]], None]


def pin(threads: int) -> None:
    """Keep to as many processors as there are threads: no library asks for more than it may have.

    The last ones, since the system prefers the first. Only Linux can; others go by the environment.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def open_replies() -> Reply:
    """Keep standard output for replies: what libraries print goes to standard error from now on."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return lambda message: print(json.dumps(message), file=replies)


def load_backend(module: str, reply: Reply) -> tuple[Any, dict[str, Any]]:
    """Import a backend; return it and the description of this process.

    If the backend's package is missing, reply so and end the process.
    """
    started = time.perf_counter()
    try:
        backend = importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OURS:
            raise
        reply({"missing": package})
        sys.exit()
    return backend, {
        "import_seconds": time.perf_counter() - started,
        "versions": backend.VERSIONS,
        "blas": [backend.BLAS] if hasattr(backend, "BLAS") else blas_libraries(),
    }


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
