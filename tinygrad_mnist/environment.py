"""What a figure depends on: the versions, the BLAS library and its kernel, the threads.

>>> sorted(versions())[:2]
['matplotlib', 'numpy']
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
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


AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
"""What OpenBLAS' SkylakeX kernels need of a processor."""


def better_kernel(kernel: str, flags: set[str]) -> str | None:
    """Return the OpenBLAS kernel that is faster than this one on a processor with these flags.

    None if there is none. OpenBLAS goes by a processor's model, and takes its AVX2 kernels on
    models with AVX-512 that it does not know, or that once were slow with it.

    >>> better_kernel("Haswell", AVX512 | {"avx2"})
    'SkylakeX'
    """
    return "SkylakeX" if kernel in ("Haswell", "Zen") and flags >= AVX512 else None


def processor_flags() -> set[str]:
    """Return what this machine's processor can do, in Linux' words; empty on other systems."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    found = (line.partition(":")[2] for line in lines if line.startswith("flags"))
    return set(next(found, "").split())


def blas_environment() -> dict[str, str]:
    """Return the environment in which a new process' NumPy would have better BLAS kernels.

    Empty if there are none, or if the user has chosen some. A library that is loaded cannot
    change its kernels any more, so this process keeps what it has.
    """
    if "OPENBLAS_CORETYPE" in os.environ:
        return {}
    library = blas()
    openblas = library["library"] == "openblas"
    kernel = better_kernel(library["kernel"], processor_flags()) if openblas else None
    return {"OPENBLAS_CORETYPE": kernel} if kernel else {}


def available_threads() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
