"""Standard output and error where the locale has fewer characters than what is printed."""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path
from typing import TextIO


def print_all_characters() -> None:
    r"""Print names of files as the system has them, and what the encoding lacks as ``\xb5``.

    What is printed to a stream that was closed from the beginning is lost, also where the shell
    has since opened its script in its place.
    """
    for name in ("stdout", "stderr"):
        if not _takes_output(getattr(sys, name)):
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  to the end
            setattr(sys, name, nowhere)
    codecs.register_error("tinygrad_mnist", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tinygrad_mnist")


def _takes_output(stream: TextIO | None) -> bool:
    try:
        if isinstance(stream, io.TextIOWrapper):
            os.write(stream.fileno(), b"")
    except io.UnsupportedOperation:  # it is in memory
        return True
    except OSError:
        return False
    return stream is not None


def complain(message: str) -> None:
    """Print a sentence, in one line, on the error stream."""
    sys.stdout.flush()
    print(f"tinygrad-mnist: {' '.join(message.split())}", file=sys.stderr)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)
