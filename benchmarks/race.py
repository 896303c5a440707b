"""The race: start every worker, check that their costs agree, and time them in alternating rounds.

The rounds alternate so that a machine that warms up or is shared slows all backends alike; only
one worker computes at any time.
"""

import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.backends import FLOOR, REFERENCE
from benchmarks.supervisor import UnmeasuredError, Worker, start_worker
from benchmarks.workload import Workload

MEASURED = "measured"
COMPARED_STEPS = 20
TOLERANCE = 1e-4
STEPS_PER_ROUND = 200
# After a turn of the others a worker's arrays have left the caches.
UNTIMED_STEPS = 5
# The helper threads of OpenBLAS spin for about 100 ms (2**28 clock ticks) after their last product,
# and would take a processor from the next worker.
SETTLE_SECONDS = 0.15


class RefusedError(UnmeasuredError):
    """The backend computes other costs than the reference."""

    outcome = "refused"


@dataclass
class Row:
    """One backend at one number of threads: its figures, or the reason why there are none.

    ``outcome`` is "measured", "skipped", "refused" or "died", and ``problem`` the sentence that
    explains the last three. ``description`` is the worker's (see ``benchmarks.worker``); ``costs``
    are those of the compared steps: the first, timed with the building of the step, and the others,
    the warm-up. ``seconds_per_step`` has one entry a round.
    """

    backend: str
    threads: int
    outcome: str = MEASURED
    problem: str = ""
    description: dict[str, Any] = field(default_factory=dict)
    costs: list[float] = field(default_factory=list)
    first_step_seconds: float = math.nan
    warm_up_seconds: float = math.nan
    seconds_per_step: list[float] = field(default_factory=list)

    @contextmanager
    def noting_failure(self) -> Iterator[None]:
        """Turn an ``UnmeasuredError`` into this row's outcome, so that the race goes on."""
        try:
            yield
        except UnmeasuredError as error:
            self.outcome, self.problem = error.outcome, str(error)

    def warm_up(self, worker: Worker) -> None:
        """Run and time the compared steps."""
        self.description = worker.description
        seconds, first_costs = worker.run(1)
        self.first_step_seconds = self.description["build_seconds"] + seconds
        self.warm_up_seconds, costs = worker.run(COMPARED_STEPS - 1)
        self.costs = first_costs + costs

    def run_round(self, worker: Worker) -> None:
        """Time one round."""
        time.sleep(SETTLE_SECONDS)
        worker.run(UNTIMED_STEPS)
        seconds, _ = worker.run(STEPS_PER_ROUND)
        self.seconds_per_step.append(seconds / STEPS_PER_ROUND)


def check_costs(costs: Sequence[float], expected: Sequence[float]) -> None:
    """Raise ``RefusedError`` at the first step whose cost is not the reference's.

    >>> check_costs([2.3, 2.1], [2.3, 2.2])
    Traceback (most recent call last):
    benchmarks.race.RefusedError: its cost at step 2 is 2.1 and that of numpy is 2.2.
    """
    if not expected:
        raise RefusedError(f"{REFERENCE} has no costs to compare it with.")
    for number, (cost, other) in enumerate(zip(costs, expected, strict=True), start=1):
        if not math.isclose(cost, other, rel_tol=TOLERANCE):
            raise RefusedError(
                f"its cost at step {number} is {cost:.7g} and that of {REFERENCE} is {other:.7g}."
            )


def race(
    backends: Mapping[str, str], threads: Sequence[int], rounds: int, workload: Workload
) -> list[Row]:
    """Time each backend (module by name) at each number of threads; return a row for each pair.

    A backend that cannot be measured costs the others nothing: its row says why. The costs are
    compared with those of the first row of ``numpy``.
    """
    rows = [Row(backend, count) for count in threads for backend in backends]
    workers: list[tuple[Row, Worker]] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder, "workload.npz")
        workload.save(path)
        for row in rows:
            with row.noting_failure():
                starting = start_worker(backends[row.backend], row.threads, path)
                worker = stack.enter_context(starting)
                row.warm_up(worker)
                workers.append((row, worker))

        expected = next((row.costs for row in rows if row.backend == REFERENCE), [])
        for row in rows:
            if row.backend != FLOOR and row.outcome == MEASURED:
                with row.noting_failure():
                    check_costs(row.costs, expected)

        for _ in tqdm(range(rounds), unit="round", leave=False, disable=None):
            for row, worker in workers:
                if row.outcome == MEASURED:
                    with row.noting_failure():
                        row.run_round(worker)
    return rows
