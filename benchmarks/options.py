"""What all measurements take from the command line, and how it is parsed."""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.backends import BACKENDS
from tinygrad_mnist.environment import available_threads


@dataclass(frozen=True)
class Options:
    """Which backends to measure, with which numbers of threads, in how many rounds.

    A measurement whose default is no backends has no choice of them.
    """

    backends: Sequence[str]
    threads: Sequence[int] = (1,)
    rounds: int = 30


def positive(text: str) -> int:
    """Parse a whole number that is at least 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, received {text!r}")
    return number


def processors(text: str) -> int:
    """Parse a number of processors, which are there."""
    number, available = positive(text), available_threads()
    if number > available:
        raise argparse.ArgumentTypeError(
            f"expected at most {available}, the processors this process may use, received {number}"
        )
    return number


def usable(threads: Sequence[int]) -> tuple[int, ...]:
    """Return those numbers of processors that are there."""
    return tuple(number for number in threads if number <= available_threads())


def writable_file(text: str) -> Path:
    """Parse the path of a file that can be written: found out now, not after the race."""
    path = Path(text)
    if path.exists() and not path.is_file():
        raise argparse.ArgumentTypeError(f"{path} is not a regular file; name another")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}; create it first")
    _prove_writable(path.parent)
    return path


def writable_folder(text: str) -> Path:
    """Parse the path of a folder that files can be written to, and make it if it is not there."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"the folder {path} cannot be made ({error.strerror}); name another"
        ) from error
    _prove_writable(path)
    return path


def _prove_writable(folder: Path) -> None:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"the folder {folder} cannot be written to ({error.strerror}); name another"
        ) from error


class Distinct(argparse.Action):
    """Takes each of the values once, in the order in which they were first given."""

    def __call__(
        self, _: Any, namespace: argparse.Namespace, values: Any, __: str | None = None
    ) -> None:
        """Put the values into ``namespace``."""
        setattr(namespace, self.dest, list(dict.fromkeys(values)))


def add_options(
    parser: argparse.ArgumentParser, rounds: str, defaults: Options | None = None
) -> None:
    """Add the options; ``rounds`` says what a round is. Without defaults they are None."""

    def add(name: str, text: str, **details: Any) -> None:
        default = getattr(defaults, name, None)
        shown = " ".join(map(str, default)) if isinstance(default, Sequence) else default
        told = f"{text} (default: {shown})" if defaults else text
        parser.add_argument(f"--{name}", default=default, help=told, **details)

    names = ", ".join(BACKENDS)
    several = {"nargs": "+", "action": Distinct}
    if defaults and not defaults.backends:
        parser.set_defaults(backends=())
    else:
        add("backends", f"any of {names}", choices=BACKENDS, metavar="NAME", **several)
    add("threads", "numbers of processors", type=processors, metavar="N", **several)
    add("rounds", rounds, type=positive, metavar="N")
    parser.add_argument(
        "--json", type=writable_file, metavar="FILE", help="write the figures to this file as well"
    )
