"""The user's lines: where in the user's own files something was applied."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType

import numpy as np

from tinygrad_mnist.core import tape

INTERNAL = (f"{Path(__file__).parent}{os.sep}", f"{Path(np.__file__).parent}{os.sep}")
"""Where the frames are that no user wrote."""

_said: ContextVar[str | None] = ContextVar("said", default=None)
"""What to say instead of looking for the user's line."""


@contextmanager
def said_of(line: str) -> Iterator[None]:
    """Have what is applied in the block said to be of this line of the user's."""
    before = _said.get()
    _said.set(line)
    try:
        yield
    finally:
        _said.set(before)


def users_line() -> str:
    """Return ``file:line`` of the innermost frame outside this package and NumPy."""
    said = _said.get()
    if said is not None:
        return said
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith(INTERNAL):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame else "unknown"


class Lines(tape.Watcher):
    """Notes the user's line of each node that is made, by the node's id."""

    def __init__(self) -> None:
        self.noted: dict[int, str] = {}

    def recorded(self, node: tape.Node) -> None:
        """Note where in the user's files this was applied."""
        self.noted[node.id] = users_line()
        super().recorded(node)


@contextmanager
def source_lines() -> Iterator[dict[int, str]]:
    """Note for each node recorded in the block, by its id, the user's line.

    >>> from tinygrad_mnist import Tensor
    >>> with source_lines() as lines:
    ...     y = Tensor(2.0, requires_grad=True) * 3.0
    >>> lines[y.node.id]
    '<doctest tinygrad_mnist.lines.source_lines[1]>:2'
    """
    lines = Lines()
    with tape.watching(lines):
        yield lines.noted
