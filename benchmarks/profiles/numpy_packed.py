"""Hand-written preallocated NumPy: every function of NumPy it calls is timed in its place."""

from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.backends import numpy_packed
from benchmarks.backends.numpy_packed import VERSIONS, PackedTrainer, make_trainer
from benchmarks.profiles import UNEXPLAINED, part_of
from benchmarks.profiles.stopwatch import Batches, Stopwatch

__all__ = ["REMAINDER", "VERSIONS", "make_trainer", "parts"]
REMAINDER = UNEXPLAINED


class TimedNumpy:
    """NumPy, as far as a step needs it, with every function timed."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        def part(*operands: Any, **options: Any) -> str:
            arrays = [*operands, options.get("out", 0)]
            return part_of(name, [np.shape(array) for array in arrays])

        timed = self._watch.timed(getattr(np, name), part)
        setattr(self, name, timed)  # from now on it is found without asking here
        return timed


def parts(trainer: PackedTrainer, batches: Batches, watch: Stopwatch) -> dict[str, float]:
    """Make dissected steps; return the seconds of each part."""
    with patch.object(numpy_packed, "np", TimedNumpy(watch)):
        return watch.medians(trainer.step, batches)
