"""The process that dissects one backend's step: ``... .profile MODULE WORKLOAD THREADS``.

After its description it answers each line of standard input with a round: a new training, ordinary
steps, then dissected ones. The reply has the median seconds of an ordinary step, and of each part
of a dissected one (see ``benchmarks.profiles``)::

    {"step": 5.7e-4, "parts": {"square roots": 4e-5, ...}, "remainder": "not explained"}
"""

import sys
from pathlib import Path
from typing import Any

from benchmarks.processes.child import load_backend, open_replies, pin

WARM_UP_STEPS = 20
STEP = "step"


def one_round(profile: Any, workload: Any) -> dict[str, Any]:
    """Train anew, and time ordinary and dissected steps, one a batch of each."""
    from benchmarks.profiles.stopwatch import Stopwatch

    # Each batch is an array of its own, as a reader of batches hands them out.
    pairs = zip(workload.images, workload.labels, strict=True)
    batches = [(images.copy(), labels.copy()) for images, labels in pairs]
    trainer = profile.make_trainer(workload.parameters)
    watch = Stopwatch()
    step = watch.timed(trainer.step, lambda *_: STEP)
    watch.medians(step, batches[:WARM_UP_STEPS])
    whole = watch.medians(step, batches)[STEP]
    parts = profile.parts(trainer, batches, watch)
    return {"step": whole, "parts": parts, "remainder": profile.REMAINDER}


def serve(module: str, path: Path) -> None:
    """Import the profile, describe the process, and answer requests."""
    reply = open_replies()
    profile, description = load_backend(module, reply)
    reply(description)

    from benchmarks.workload import Workload

    workload = Workload.load(path)
    for _ in sys.stdin:
        reply(one_round(profile, workload))


if __name__ == "__main__":
    module, path, threads = sys.argv[1:]
    pin(int(threads))
    serve(module, Path(path))
