"""What all measurements take from the command line, and how it is parsed."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.backends import BACKENDS


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
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, received {text}")
    return number


def file_in_folder(text: str) -> Path:
    """Parse the path of a file whose folder exists: found out now, not after the race."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}; create it first")
    return path


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
    if defaults and not defaults.backends:
        parser.set_defaults(backends=())
    else:
        add("backends", f"any of {names}", nargs="+", choices=BACKENDS, metavar="NAME")
    add("threads", "numbers of processors", nargs="+", type=positive, metavar="N")
    add("rounds", rounds, type=positive, metavar="N")
    parser.add_argument(
        "--json", type=file_in_folder, metavar="FILE", help="write the figures to this file as well"
    )
