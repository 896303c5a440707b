"""The user's source: the line where something was applied, and the text of a function."""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

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
    try:
        _said.set(line)
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


class Source(NamedTuple):
    """Where a function was written, and its text; where that cannot be had, the ``reason``.

    The ``name`` is the one that the text defines. A lambda's text is the expression alone, and
    defines none. The decorators of what `functools.wraps` says is decorated are in the text.
    """

    file: str = ""
    line: int = 0
    name: str = ""
    text: str = ""
    reason: str = ""


def source_of(function: Callable[..., Any]) -> Source:
    """Return the source of a function.

    >>> double = lambda x: 2 * x
    >>> source_of(double).text
    'lambda x: 2 * x'
    >>> source_of(abs).reason
    'it is no function written in Python'
    """
    inner = inspect.unwrap(function)
    if not inspect.isfunction(inner):
        return Source(reason="it is no function written in Python")
    code = inner.__code__
    file, line = code.co_filename, code.co_firstlineno
    text = "".join(linecache.getlines(file, inner.__globals__))
    if not text:
        return Source(file, line, reason="its source is in no file")
    found = [node for node in _functions(text) if _begins(node) == (line, code.co_name)]
    if len(found) > 1:  # lambdas of one line
        extent = _extent_of_code(code)
        found = [node for node in found if _extent(node.body) == extent] or found
    if len(found) != 1:
        told = "its line has several lambdas" if found else "it is not in its file, or no longer"
        return Source(file, line, reason=told)
    node = found[0]
    if isinstance(node, ast.Lambda):
        expression = ast.get_source_segment(text, node) or ""
        return Source(file, line, text=f"({expression})" if "\n" in expression else expression)
    first = line if inner is not function else node.lineno
    lines = text.splitlines(keepends=True)[first - 1 : node.end_lineno]
    return Source(file, first, node.name, textwrap.dedent("".join(lines)).rstrip())


Function = ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache(maxsize=32)
def _functions(text: str) -> list[Function]:
    """Return all functions of a file's text, which is parsed once."""
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
    except SyntaxError:  # of a file that has been changed, or is none of Python
        return []


def _begins(node: Function) -> tuple[int, str]:
    """Return the line and the name that the function's code has: its decorators belong to it."""
    if isinstance(node, ast.Lambda):
        return node.lineno, "<lambda>"
    return min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.name


def _extent(node: Any) -> tuple[Any, ...]:
    """Return the place of a node's first and last character, as its code tells."""
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _extent_of_code(code: CodeType) -> tuple[Any, ...]:
    """Return what of the file the instructions were compiled from; nothing before Python 3.11."""
    positions = getattr(code, "co_positions", lambda: ())()
    extents = [((a, c), (b, d)) for a, b, c, d in positions if None not in (a, b, c, d)]
    spans = [(start, end) for start, end in extents if start < end]
    return (min(s for s, _ in spans), max(e for _, e in spans)) if spans else ()
