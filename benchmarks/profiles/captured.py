"""Our captured step: every instruction of its plan timed in its place, and the call around it."""

from collections.abc import Callable

from benchmarks.backends.captured import VERSIONS, CapturedTrainer, make_trainer
from benchmarks.profiles import FEEDING, FINDING, HANDING_OUT, UNEXPLAINED, part_of
from benchmarks.profiles.stopwatch import Batches, Stopwatch
from tinygrad_mnist.replay.plan import Plan

__all__ = ["REMAINDER", "VERSIONS", "make_trainer", "parts"]
REMAINDER = UNEXPLAINED
RUNNING = "going from one instruction to the next, and reading the clock"


def parts(trainer: CapturedTrainer, batches: Batches, watch: Stopwatch) -> dict[str, float]:
    """Make dissected steps; return the seconds of each part."""
    watch_plan(trainer.plan, watch)
    seconds = watch.medians(watch.timed(trainer.step, always(FINDING)), batches)
    del seconds[RUNNING]
    return seconds


def watch_plan(plan: Plan, watch: Stopwatch) -> None:
    """Have a plan's instructions timed from now on, and its methods that a replay calls."""
    instructions = iter(plan.instructions)
    for _, thunks in plan.phases:
        for position, thunk in enumerate(thunks):
            instruction = next(instructions)
            shapes = [slot.shape for slot in (*instruction.reads, instruction.result)]
            part = part_of(instruction.primitive.name, shapes)
            thunks[position] = watch.timed(thunk, always(part))
    for name, part in {"feed": FEEDING, "run": RUNNING, "finish": HANDING_OUT}.items():
        setattr(plan, name, watch.timed(getattr(plan, name), always(part)))


def always(part: str) -> Callable[..., str]:
    """Return the function that names this part, whatever its arguments are."""
    return lambda *_, **__: part
