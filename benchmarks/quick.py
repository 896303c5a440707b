"""Check within a minute that the engine is as fast as it should be, next to NumPy in the same run.

The ratios are wide: they fail when something is wrong, not when a machine is busy.
"""

import argparse
from collections.abc import Mapping

from threadpoolctl import threadpool_limits

from benchmarks.backends import REFERENCE, module_of
from benchmarks.backends.captured import CapturedTrainer
from benchmarks.backends.eager import EagerTrainer
from benchmarks.race import MEASURED, Row, run_race, started
from benchmarks.workload import Workload, mnist_workload
from tinygrad_mnist.environment import blas_environment

SUMMARY = "check in a minute that nothing has become slow, and that replay is exact"
LIMITS: Mapping[str, float] = {"captured": 1.2, "eager": 1.5}
ROUNDS = 30
REPLAYED_STEPS = 1_000


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing: the check is always the same."""


def run(_: argparse.Namespace) -> int:
    """Check both; return 1 if something is wrong, after a sentence that says what."""
    workload = mnist_workload()
    problem = departure(workload) or slowness(workload)
    print(problem or "Nothing has become slow, and the replay is exact.")
    return int(bool(problem))


def slowness(workload: Workload) -> str:
    """Race; say what was slower than its limit, or return nothing.

    The fastest rounds are compared: what else the machine does can only slow a round down.
    """
    names = [REFERENCE, *LIMITS]
    rows = [Row(name, module_of(name), 1, blas_environment()) for name in names]
    with started(rows) as runners:
        run_race(runners, ROUNDS, workload)
    reference = rows[0]
    for row in rows:
        if row.outcome != MEASURED:
            return f"{row.backend} was not measured: {row.problem}"
    for row in rows[1:]:
        ratio = min(row.seconds_per_step) / min(reference.seconds_per_step)
        limit = LIMITS[row.backend]
        print(f"{row.backend}: {ratio:.2f} of the hand-written NumPy's time, at most {limit}.")
        if not ratio <= limit:
            return (
                f"A step of {row.backend} took {ratio:.2f} of the hand-written NumPy's time, and "
                f"more than {limit} is too slow."
            )
    return ""


def departure(workload: Workload) -> str:
    """Train eagerly and by replay; say where they differ in a bit, or return nothing."""
    with threadpool_limits(1, user_api="blas"):
        eager, captured = (make(workload.parameters) for make in (EagerTrainer, CapturedTrainer))
        for number in range(REPLAYED_STEPS):
            position = number % len(workload.images)
            images, labels = workload.images[position], workload.labels[position]
            costs = eager.step(images, labels), captured.step(images, labels)
            if costs[0] != costs[1]:
                return f"The replay departs from the eager engine at step {number + 1}: {costs}."
    pairs = zip(eager.parameters(), captured.parameters(), strict=True)
    if any(ours.tobytes() != replayed.tobytes() for ours, replayed in pairs):
        return f"After {REPLAYED_STEPS:,} steps a parameter of the replay is not the eager one."
    print(f"replay: {REPLAYED_STEPS:,} steps equal to the eager ones, bit for bit.")
    return ""
