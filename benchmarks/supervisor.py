"""The parent's side of a worker: start it in a pinned environment, ask it for steps, see it die."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# glibc may give a freed array back to the system and fault it in again a moment later. Whether it
# does depends on what the process freed before, and triples the time of a step that allocates. So
# workers keep their memory: the reference at its best, and the same figures every time.
MEMORY_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
KEPT_BYTES = 2**30


class UnmeasuredError(Exception):
    """A backend has no figures: ``outcome`` is the word for it, the message the reason."""

    outcome: str


class SkippedError(UnmeasuredError):
    """The backend's package is not installed."""

    outcome = "skipped"


class DiedError(UnmeasuredError):
    """The worker ended before it had answered."""

    outcome = "died"


class Worker:
    """A conversation with a running worker process, which writes its errors to ``errors``.

    ``description`` is what the worker said of itself (see ``benchmarks.worker``). Every exchange
    raises ``DiedError`` if the worker has ended.
    """

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self._process = process
        self._errors = errors
        self.description = self._receive()
        if "missing" in self.description:
            package = self.description["missing"]
            raise SkippedError(f"it needs {package}, which is not installed.")

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Run ``steps`` training steps; return the seconds they took together, and their costs."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{steps}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None
        reply = self._receive()
        return reply["seconds"], reply["costs"]

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._death()
        message: dict[str, Any] = json.loads(line)
        return message

    def _death(self) -> DiedError:
        status = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors if line.strip()]
        last = said[-1].rstrip(".") if said else "it left no message"
        return DiedError(f"its worker ended with exit status {status}: {last}.")


@contextmanager
def start_worker(module: str, threads: int, workload: Path) -> Iterator[Worker]:
    """Start a worker for a backend's module; at the end close its input and wait for it.

    Raises ``SkippedError`` if the backend's package is missing and ``DiedError`` if it ends.
    """
    pinned = dict.fromkeys(THREAD_VARIABLES, str(threads))
    kept = dict.fromkeys(MEMORY_VARIABLES, str(KEPT_BYTES))
    # A file, because nobody reads a pipe while the worker computes, and a full pipe would block it.
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", module, str(workload)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env=os.environ | pinned | kept,
        )
        try:
            yield Worker(process, errors)
        finally:
            process.communicate()
