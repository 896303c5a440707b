"""Standard output and error where the locale has fewer characters than what is printed."""

from __future__ import annotations

import codecs
import io
import sys


def print_all_characters() -> None:
    r"""Print names of files as the system has them, and what the encoding lacks as ``\xb5``."""
    codecs.register_error("tinygrad_mnist", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tinygrad_mnist")


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)
