"""The race: start every process, check that their costs agree, and time them in alternating rounds.

The rounds alternate so that a machine that warms up or is shared slows all backends alike; only
one process computes at any time.
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
from benchmarks.supervisor import Child, UnmeasuredError, start
from benchmarks.workload import Workload

MEASURED = "measured"
COMPARED = {"step 1": 1, "steps 2 to 19": 18, "step 20": 1}
STEPS_PER_ROUND = 200
# Of the largest networks a round makes fewer, and of the very largest still these.
FLOPS_PER_ROUND = 10_000_000_000
LEAST_STEPS_PER_ROUND = 3
# A training is begun anew before its 1,000th step or so. From there on some of Adam's means, those
# of weights whose gradient has become zero, have decayed to subnormal numbers, which slow NumPy by
# a third: the figures would depend on the number of rounds. Long trainings are for ``train``. The
# phases are measured in so few steps of each round that three rounds still fit.
ROUNDS_PER_TRAINING = 3
STEPS_IN_PHASES = 50
# After a turn of the others a process' arrays have left the caches.
UNTIMED_STEPS = 5
# The helper threads of OpenBLAS spin for about 100 ms (2**28 clock ticks) after their last product,
# and would take a processor from the next process.
SETTLE_SECONDS = 0.15
THREAD_COUNTS = ("threads", "inter_op_threads")
"""Where the description of a library says how many threads it has."""


class RefusedError(UnmeasuredError):
    """The backend computes other costs than the reference, or on more threads than it may."""

    outcome = "refused"


@dataclass
class Row:
    """One backend at one number of threads: its figures, or the reason why there are none.

    ``module`` is the backend's, and ``blas`` the variables set for its BLAS library. ``outcome`` is
    "measured", "skipped", "refused" or "died", and ``problem`` the sentence that explains the last
    three. ``description`` is the process' (see ``benchmarks.processes.steps``); ``costs`` are those
    of ``COMPARED``: of the first step, timed with the building of the trainer, and of the others,
    the warm-up. ``seconds_per_step`` has one entry a round, and so have the ``phases`` of a step
    that falls into some.
    """

    backend: str
    module: str
    threads: int
    blas: Mapping[str, str] = field(default_factory=dict)
    outcome: str = MEASURED
    problem: str = ""
    description: dict[str, Any] = field(default_factory=dict)
    costs: list[float] = field(default_factory=list)
    first_step_seconds: float = math.nan
    warm_up_seconds: float = math.nan
    seconds_per_step: list[float] = field(default_factory=list)
    phases: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def noting_failure(self) -> Iterator[None]:
        """Turn an ``UnmeasuredError`` into this row's outcome, so that the race goes on."""
        try:
            yield
        except UnmeasuredError as error:
            self.outcome, self.problem = error.outcome, str(error)

    def describe(self, child: Child) -> None:
        """Take down what the process is; raise ``RefusedError`` if it has too many threads."""
        self.description = child.receive()
        check_threads(self.description["blas"], self.threads)

    def warm_up(self, child: Child, workload: Path) -> None:
        """Build the trainer; run and time the compared steps."""
        build_seconds = child.ask("build", str(workload))["seconds"]
        first, *others = [child.ask("run", count) for count in COMPARED.values()]
        self.costs = [first["cost"], *(answer["cost"] for answer in others)]
        self.first_step_seconds = build_seconds + first["seconds"]
        self.warm_up_seconds = sum(answer["seconds"] for answer in others)

    def run_round(self, child: Child, steps: int) -> None:
        """Time one round of steps."""
        child.ask("run", min(steps, UNTIMED_STEPS))
        self.seconds_per_step.append(child.ask("run", steps)["seconds"] / steps)

    def run_phases(self, child: Child, steps: int) -> None:
        """Time the phases of one round of steps, if the backend's step falls into phases."""
        for name, seconds in child.ask("phases", steps).items():
            self.phases.setdefault(name, []).append(seconds / steps)


def check_threads(libraries: Sequence[Mapping[str, Any]], threads: int) -> None:
    """Raise ``RefusedError`` if a described library computes on more threads than these.

    >>> check_threads([{"library": "openblas", "threads": 8}], 1)
    Traceback (most recent call last):
    benchmarks.race.RefusedError: openblas reports 8 threads, and asked for were 1.
    """
    for library in libraries:
        for name in THREAD_COUNTS:
            if (library.get(name) or 0) > threads:
                raise RefusedError(
                    f"{library['library']} reports {library[name]} {name.replace('_', ' ')}, and "
                    f"asked for were {threads}."
                )


def check_costs(costs: Sequence[float], expected: Sequence[float], tolerance: float = 1e-4) -> None:
    """Raise ``RefusedError`` if a compared cost is not the reference's, to a relative tolerance.

    >>> check_costs([2.3, 1.9, 1.5], [2.3, 1.9, 1.6])
    Traceback (most recent call last):
    benchmarks.race.RefusedError: its cost of step 20 is 1.5 and that of numpy is 1.6.
    """
    if not expected:
        raise RefusedError(f"{REFERENCE} has no costs to compare it with.")
    for steps, cost, other in zip(COMPARED, costs, expected, strict=True):
        if not math.isclose(cost, other, rel_tol=tolerance):
            raise RefusedError(
                f"its cost of {steps} is {cost:.7g} and that of {REFERENCE} is {other:.7g}."
            )


@contextmanager
def started(rows: Sequence[Row]) -> Iterator[list[tuple[Row, Child]]]:
    """Start the process of each row; yield those that could be, with their rows."""
    with ExitStack() as stack:
        children = []
        for row in tqdm(rows, "starting", leave=False, disable=None):
            with row.noting_failure():
                starting = start("steps", row.module, threads=row.threads, blas=row.blas)
                child = stack.enter_context(starting)
                row.describe(child)
                children.append((row, child))
        yield children


def run_race(
    runners: Sequence[tuple[Row, Child]],
    rounds: int,
    workload: Workload,
    tolerance: float = 1e-4,
    phases: bool = False,
) -> None:
    """Fill the rows of started processes with the figures of one workload, if asked with phases.

    A backend that cannot be measured costs the others nothing: its row says why. The costs are
    compared with those of the first row of ``numpy``.
    """
    steps = min(STEPS_PER_ROUND, max(LEAST_STEPS_PER_ROUND, FLOPS_PER_ROUND // workload.flops))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workload.npz")
        workload.save(path)
        for row, child in runners:
            with row.noting_failure():
                row.warm_up(child, path)
        expected = next((row.costs for row, _ in runners if row.backend == REFERENCE), [])
        for row, child in _racing(runners):
            with row.noting_failure():
                if row.backend != FLOOR:
                    check_costs(row.costs, expected, tolerance)
                prepare(child, steps)
        for number in tqdm(range(rounds), "rounds", leave=False, disable=None):
            if number and number % ROUNDS_PER_TRAINING == 0:
                for row, child in _racing(runners):
                    with row.noting_failure():
                        child.ask("build", str(path))
                        prepare(child, steps)
            for row, child in _racing(runners):
                with row.noting_failure():
                    row.run_round(child, steps)
                    if phases:
                        row.run_phases(child, min(steps, STEPS_IN_PHASES))
                if row.threads > 1:
                    time.sleep(SETTLE_SECONDS)


def prepare(child: Child, steps: int) -> None:
    """Make untimed steps: a compiler that compiles for each number of them does so now."""
    child.ask("run", min(steps, UNTIMED_STEPS))
    child.ask("run", steps)


def _racing(runners: Sequence[tuple[Row, Child]]) -> Iterator[tuple[Row, Child]]:
    return ((row, child) for row, child in runners if row.outcome == MEASURED)
