"""The command ``tinygrad-mnist``: what it takes, and how it fails.

Every error is one sentence on the error stream and the exit status 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

import numpy as np

import tinygrad_mnist
from tinygrad_mnist.command import checking, commands
from tinygrad_mnist.command.run import OPTIMIZERS, Settings
from tinygrad_mnist.environment import blas, blas_environment
from tinygrad_mnist.errors import TinygradError
from tinygrad_mnist.streams import complain, print_all_characters

LONGEST_COUNT = 1000
"""Digits; of some thousands Python makes no number."""
DESCRIPTION = "An autodiff engine in plain NumPy, and the MNIST network it trains."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, 2 after an error, 130 if interrupted."""
    if arguments is None:
        print_all_characters()
    try:
        options = parser().parse_args(arguments)
        if arguments is None and options.command is commands.train:
            _choose_faster_kernels(sys.stderr if options.json else sys.stdout)
        with np.errstate(all="ignore"):  # a run that goes wrong says so in a sentence of its own
            status: int = options.command(options)
        sys.stdout.flush()
        return status
    except TinygradError as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("There is not enough memory for that; take smaller layers or batches.")
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return commands.INTERRUPTED
    except OSError as error:  # of our output: one of a file has become a TinygradError
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # its reader, such as head, has had enough
            return commands.INTERRUPTED
        return _refuse(f"Cannot write the output: {error.strerror}.")


def _choose_faster_kernels(said_on: TextIO) -> None:
    """Start this process again where OpenBLAS has faster kernels for the processor than it chose.

    It chooses when NumPy loads, which is before any of our code runs.
    """
    better = blas_environment()
    if better:
        setting = " ".join(f"{name}={value}" for name, value in better.items())
        print(
            f"OpenBLAS chose its {blas()['kernel']} kernels, and this processor has faster ones: "
            f"starting again with {setting}",
            file=said_on,
            flush=True,
        )
        program = [sys.executable, "-m", "tinygrad_mnist", *sys.argv[1:]]
        os.execve(sys.executable, program, {**os.environ, **better})


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        sys.exit(_refuse(f"{message[0].upper()}{message[1:]}; see {self.prog} --help."))


def _refuse(message: str) -> int:
    complain(message)
    return commands.REFUSED


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > LONGEST_COUNT or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not an integer of at least 1")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; ``command`` is the function to call."""
    top = _Parser(prog="tinygrad-mnist", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=tinygrad_mnist.__version__)
    subcommands = top.add_subparsers(required=True, metavar="COMMAND", title="commands")
    _add_train(subcommands)

    evaluate = subcommands.add_parser(
        "evaluate", help="accuracy of a checkpoint on the test set, class by class"
    )
    evaluate.set_defaults(command=commands.evaluate)
    evaluate.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    evaluate.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_DIR)
    _add_transpose(evaluate)
    evaluate.add_argument(
        "--out", type=Path, metavar="DIR", help="for the picture; default: beside the checkpoint"
    )

    predict = subcommands.add_parser("predict", help="which class pictures show")
    predict.set_defaults(command=commands.predict)
    predict.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    predict.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE", help="- is standard input"
    )

    check = subcommands.add_parser(
        "check", help="whether the network's gradients are right, against differences"
    )
    check.set_defaults(command=checking.check)
    check.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_DIR)
    check.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of weights and directions (default 0)"
    )

    for command in (evaluate, predict):
        _add_json(command)
    info = subcommands.add_parser("info", help="versions, BLAS library, threads, data checksums")
    info.set_defaults(command=commands.info)
    _add_json(info)
    return top


DATA_DIR = (
    "a folder with four IDX files, such as Fashion-MNIST's, or one of several data sets in it, as "
    "DIR/emnist-letters; default: the MNIST of the package"
)


def _add_transpose(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--transpose",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="turn pictures whose columns were written as rows (default: of EMNIST's files)",
    )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the answer as JSON")


def _add_train(subcommands: argparse._SubParsersAction[_Parser]) -> None:
    train = subcommands.add_parser("train", help="train the network; write figures and pictures")
    train.set_defaults(command=commands.train)
    # No defaults here: a resumed run takes from its checkpoint what is not given.
    defaults = Settings()

    def setting(name: str, text: str, **details: object) -> None:
        default = getattr(defaults, name.replace("-", "_"))
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        train.add_argument(f"--{name}", help=f"{text} (default {shown})", **details)  # type: ignore[arg-type]

    setting("iterations", "the step to stop at", type=_count, metavar="N")
    setting("batch-size", "examples a step", type=_count, metavar="N")
    setting("learning-rate", "size of a step", type=float, metavar="RATE")
    setting("hidden", "sizes of the hidden layers", type=_count, nargs="+", metavar="N")
    setting("optimizer", "update rule", choices=list(OPTIMIZERS))
    setting("seed", "of the weights and the shuffling", type=int, metavar="N")
    train.add_argument(
        "--threads", type=_count, metavar="N", help="of BLAS (default: as many as pay at this size)"
    )
    train.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_DIR)
    train.add_argument(
        "--classes",
        type=_count,
        metavar="N",
        help="how many the data have (default: what the names of EMNIST's files say, else 10)",
    )
    _add_transpose(train)
    train.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the results (default: a new one in runs/, or that of the checkpoint)",
    )
    train.add_argument(
        "--resume", type=Path, metavar="CHECKPOINT", help="go on from a checkpoint, bit for bit"
    )
    train.add_argument(
        "--checkpoint-every",
        type=_count,
        metavar="N",
        help=f"iterations between checkpoints (default {commands.CHECKPOINT_EVERY})",
    )
    train.add_argument(
        "--log-every",
        type=_count,
        metavar="N",
        help=f"iterations between lines of output (default {commands.LOG_EVERY})",
    )
    _add_json(train)
    train.add_argument("--no-plots", action="store_true", help="write no pictures")
    train.add_argument(
        "--eager",
        action="store_true",
        help="record each step on the tape, instead of replaying the first: same bits, slower",
    )
