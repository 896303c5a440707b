"""What a figure depends on: the versions, the BLAS library and its kernel, the threads.

>>> sorted(versions())[:2]
['matplotlib', 'numpy']
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

import threadpoolctl

PACKAGES = ("numpy", "matplotlib", "pillow", "threadpoolctl", "tqdm")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of those it uses."""
    import tinygrad_mnist

    own = {"python": platform.python_version(), "tinygrad_mnist": tinygrad_mnist.__version__}
    return own | {package: version(package) for package in PACKAGES}


def blas() -> dict[str, Any]:
    """Return the BLAS library in use: its name, version, kernel, and number of threads."""
    for library in threadpoolctl.threadpool_info():
        if library["user_api"] == "blas":
            return {
                "library": library["internal_api"],
                "version": library["version"],
                "kernel": library.get("architecture", "unknown"),
                "threads": library["num_threads"],
            }
    return {"library": "unknown", "version": "unknown", "kernel": "unknown", "threads": 0}


def available_threads() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
