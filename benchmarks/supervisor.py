"""The parent's side of a process: start it in a pinned environment, ask it, see it die."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
# glibc may give a freed array back to the system and fault it in again a moment later. Whether it
# does depends on what the process freed before, and triples the time of a step that allocates. So
# workers keep their memory: the reference at its best, and the same figures every time.
MEMORY_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
KEPT_BYTES = 2**30
# TensorFlow's own choice, which the oracle of reference_tf turns off to have sums in one order. And
# all compute on the same processor: a library that finds a graphics card would take that.
AT_ITS_BEST = {"TF_ENABLE_ONEDNN_OPTS": "1", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
# What an interrupted process has to end by itself.
SECONDS_TO_END = 2.0


class UnmeasuredError(Exception):
    """A backend has no figures: ``outcome`` is the word for it, the message the reason."""

    outcome: str


class SkippedError(UnmeasuredError):
    """The backend's package is not installed."""

    outcome = "skipped"


class DiedError(UnmeasuredError):
    """The process ended before it had answered."""

    outcome = "died"


class Child:
    """A conversation with a running process, which writes its errors to ``errors``.

    Every exchange raises ``DiedError`` if the process has ended.
    """

    def __init__(self, process: "subprocess.Popen[str]", errors: IO[str]) -> None:
        self._process = process
        self._errors = errors

    def ask(self, request: str, argument: Any) -> dict[str, Any]:
        """Send a request and return the answer."""
        line = json.dumps({request: argument})
        try:
            print(line, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise self._death() from None
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """Return the next message. Raises ``SkippedError`` if it is that a package is missing."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise self._death()
        message: dict[str, Any] = json.loads(line)
        if "missing" in message:
            raise SkippedError(f"it needs {message['missing']}, which is not installed.")
        return message

    def _death(self) -> DiedError:
        status = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors if line.strip()]
        last = said[-1].rstrip(".") if said else "it left no message"
        return DiedError(f"its process ended with exit status {status}: {last}.")


@contextmanager
def start(
    name: str,
    *arguments: str,
    threads: int,
    blas: Mapping[str, str] | None = None,
    keep_memory: bool = True,
) -> Iterator[Child]:
    """Start a module of ``benchmarks.processes``; at the end close its input and wait for it.

    After an exception nobody wants its answers, and it is stopped.

    Its arguments are the given ones and the number of threads; ``blas`` are further variables of
    its environment; ``keep_memory`` says whether it keeps what it has freed.
    """
    variables = dict.fromkeys(THREAD_VARIABLES, str(threads))
    if keep_memory:
        variables |= dict.fromkeys(MEMORY_VARIABLES, str(KEPT_BYTES))
    command = [sys.executable, "-m", f"benchmarks.processes.{name}", *arguments, str(threads)]
    # A file, because nobody reads a pipe while the process computes, and a full pipe would block.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            cwd=ROOT,
            env=os.environ | variables | AT_ITS_BEST | dict(blas or {}),
        )
        try:
            yield Child(process, errors)
        except BaseException:
            stop(process)
            raise
        finally:
            process.communicate()


def stop(process: "subprocess.Popen[str]") -> None:
    """Terminate a process, and kill it if it takes its time or the user is impatient."""
    process.terminate()
    try:
        process.wait(SECONDS_TO_END)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
