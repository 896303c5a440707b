"""The matrix products alone: a step of one part."""

from typing import Any

from benchmarks.backends.floor import VERSIONS, make_trainer
from benchmarks.profiles import PRODUCTS
from benchmarks.profiles.stopwatch import Batches, Stopwatch

__all__ = ["REMAINDER", "VERSIONS", "make_trainer", "parts"]
REMAINDER = PRODUCTS


def parts(trainer: Any, batches: Batches, watch: Stopwatch) -> dict[str, float]:
    """Tell nothing apart."""
    return {}
