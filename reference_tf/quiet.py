"""Silence for libraries that write to standard error as they start, whatever they are told.

TensorFlow's C++ libraries do as they are imported, which no setting prevents:

>>> with no_standard_error():
...     print("a warning", file=sys.stderr)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_standard_error() -> Iterator[None]:
    """Drop what the process, its C++ libraries too, writes to standard error in the block."""
    if sys.stderr is None:  # closed, as by 2>&-
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
