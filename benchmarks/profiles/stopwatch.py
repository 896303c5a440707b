"""A stopwatch for the parts of a step: each counts its own time, not that of parts inside it."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

Batches = Sequence[tuple[Any, ...]]
CALIBRATIONS = 1_000


class Stopwatch:
    """Times functions; what it takes to read the clock is measured first, and not counted."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._inside = 0.0
        self._own = 0.0
        nothing = self.timed(lambda *_: None, lambda: "nothing")
        self._own = self.medians(nothing, [()] * CALIBRATIONS)["nothing"]

    def timed(self, function: Callable[..., Any], part_of: Callable[..., str]) -> Any:
        """Return the function, timed; ``part_of`` its arguments says which part a call is of."""

        def timed(*arguments: Any, **options: Any) -> Any:
            outer, self._inside = self._inside, 0.0
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                elapsed = time.perf_counter() - started
                self._seconds[part_of(*arguments, **options)] += elapsed - self._inside - self._own
                self._inside = outer + elapsed

        return timed

    def medians(self, step: Callable[..., Any], batches: Batches) -> dict[str, float]:
        """Make a step for each batch; return the median seconds of each part."""
        steps = []
        for batch in batches:
            self._seconds.clear()
            step(*batch)
            steps.append(dict(self._seconds))
        return {part: median(seconds[part] for seconds in steps) for part in steps[0]}
