"""The process that measures the memory of a training: ``... .memory MODULE WORKLOAD THREADS``.

After its description it replies, in bytes above what it had before the trainer was built::

    {"system": [8000000, 1900000], "traced": [7000000, 1850000]}

each the peak of the first steps, building and compiling included, and that of some steps later.
``system`` is resident memory, null where the system does not tell; ``traced`` what Python's
allocators and NumPy gave out, in a second training, because tracing slows it.
"""

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.processes.child import load_backend, open_replies, pin

PROCESS = Path("/proc/self")


def tells_of_memory() -> bool:
    """Return whether the system has an account of this process' memory."""
    return (PROCESS / "clear_refs").exists() and "VmHWM" in _status()


def _status() -> str:
    return (PROCESS / "status").read_text(encoding="utf-8")


def resident_peak() -> int:
    """Return the peak of resident memory since this was last called."""
    lines = _status().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    (PROCESS / "clear_refs").write_text("5", encoding="utf-8")  # forgets the peak so far
    return peak


def traced_peak() -> int:
    """Return the peak of traced memory since this was last called."""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    return peak


def peaks_of_training(backend: Any, workload: Any, peak: Callable[[], int]) -> list[int]:
    """Build a trainer and make a step for each batch, twice; return both peaks."""
    peak()  # forgets the peak of all that was before
    before = peak()
    trainer = backend.make_trainer(workload.parameters)
    peaks = []
    for _ in range(2):
        if hasattr(trainer, "steps"):
            trainer.steps(workload.images, workload.labels)
        else:
            for images, labels in zip(workload.images, workload.labels, strict=True):
                trainer.step(images, labels)
        peaks.append(peak() - before)
    return peaks


def measure(module: str, path: Path) -> None:
    """Import the backend, describe the process, train twice, and reply."""
    reply = open_replies()
    backend, description = load_backend(module, reply)
    reply(description)

    from benchmarks.workload import Workload

    workload = Workload.load(path)
    system = peaks_of_training(backend, workload, resident_peak) if tells_of_memory() else None
    tracemalloc.start()
    reply({"system": system, "traced": peaks_of_training(backend, workload, traced_peak)})


if __name__ == "__main__":
    module, path, threads = sys.argv[1:]
    pin(int(threads))
    measure(module, Path(path))
