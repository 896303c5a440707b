"""What the figures were measured on."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from tinygrad_mnist import __version__


def processor_model() -> str:
    """Return the processor's name as the system gives it, or its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def describe() -> dict[str, str | int]:
    """Describe the machine, its processors and its system, and the versions of Python and ours."""
    return {
        "processor": processor_model(),
        "processors": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
        "tinygrad_mnist": __version__,
    }


def sentence(blas: Mapping[str, str], facts: Mapping[str, str | int]) -> str:
    """Say what a described machine is, and which BLAS kernels were chosen for it."""
    chosen = "".join(
        f"; {name}={value}, since OpenBLAS had chosen slower kernels than the processor has"
        for name, value in blas.items()
    )
    return (
        f"{facts['processor']}, {facts['processors']} processors, {facts['system']}, "
        f"Python {facts['python']}{chosen}."
    )
