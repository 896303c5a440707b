"""The tape: the list of applied primitives, and the sweep that differentiates along it.

A node remembers what was applied to what; nodes refer to their operands, never the reverse, so a
dead loss frees its graph. ``reverse_sweep`` walks the nodes newest first and yields one step per
node; everything that differentiates, explains or checks a gradient reads those steps.
"""

from __future__ import annotations

import heapq
import itertools
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Protocol

import numpy as np

from tinygrad_mnist.core.primitive import ZERO, Array, Primitive
from tinygrad_mnist.errors import RuleError, StaleGraphError

INTERNAL = (f"{Path(__file__).parents[1]}{os.sep}", f"{Path(np.__file__).parent}{os.sep}")
"""Where the frames are that no user wrote."""

clock = itertools.count(1)
"""One clock for node creation and parameter assignment: it orders the sweep and dates the reads."""


class Journal(Protocol):
    """What a captured function is written down in while it runs; see ``graph/journal.py``."""

    def applied(
        self,
        primitive: Primitive,
        operands: Sequence[Any],
        arrays: Sequence[Any],
        static: dict[str, Any],
        value: Array,
    ) -> None:
        """Note that a primitive was applied to operands, which the kernel saw as these arrays."""

    def assigned(self, parameter: Any, value: Any) -> None:
        """Note that a parameter was assigned an array or a Tensor."""

    def computed(self, source: Callable[[], Any], array: Array) -> None:
        """Note that an array was computed by Python, which must do so at each call."""

    def written(self, parameter: Any) -> None:
        """Note that what Python is computing writes into a parameter."""

    def refuse(self, tensor: Any, what: str) -> None:
        """Raise CaptureError if another call would give this tensor another value."""

    def gradient(self, leaf: Any) -> Any:
        """Return the gradient of a leaf, as it is at this place of the function."""

    def set_gradient(self, leaf: Any, value: Any) -> None:
        """Set the gradient of a leaf, from this place of the function on."""

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Mark what is applied in the block as part of the forward, backward or update phase."""


class _Recording(threading.local):
    on = True
    lines: dict[int, str] | None = None
    line: str | None = None  # what to say instead of looking for the user's line
    journal: Journal | None = None
    aside: Journal | None = None  # the journal of the function whose host() value is computed


class Lent(NamedTuple):
    """A gradient that a replay left in its own buffer, to be copied when somebody asks for it."""

    array: Array


class _Graveyard(threading.local):
    """What dead nodes referred to, to be let go one after the other."""

    digging = False

    def __init__(self) -> None:
        self.remains: list[Any] = []


recording = _Recording()
_graveyard = _Graveyard()


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the block, or inside the function it decorates; per thread.

    The earlier state comes back however the block is left.

    >>> from tinygrad_mnist import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     (x * x).requires_grad
    False
    """
    before, recording.on = recording.on, False
    try:
        yield
    finally:
        recording.on = before


@contextmanager
def source_lines() -> Iterator[dict[int, str]]:
    """Note for each node recorded in the block, by its id, the user's line; per thread.

    >>> from tinygrad_mnist import Tensor
    >>> with source_lines() as lines:
    ...     y = Tensor(2.0, requires_grad=True) * 3.0
    >>> lines[y.node.id]
    '<doctest tinygrad_mnist.core.tape.source_lines[1]>:2'
    """
    before, recording.lines = recording.lines, {}
    try:
        yield recording.lines
    finally:
        recording.lines = before


@contextmanager
def said_of(line: str) -> Iterator[None]:
    """Have what is applied in the block said to be of this line of the user's; per thread."""
    before, recording.line = recording.line, line
    try:
        yield
    finally:
        recording.line = before


def users_line() -> str:
    """Return ``file:line`` of the innermost frame outside this package and NumPy."""
    if recording.line is not None:
        return recording.line
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith(INTERNAL):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame else "unknown"


class Node:
    """One applied primitive.

    Attributes
    ----------
    id
        The tick of the clock at its creation: an operand's node is always older.
    primitive, operands, static
        What was applied; operands are Tensors, read-only arrays, or Python scalars as they came.
    arrays
        The operands as the kernel saw them.
    value
        The result, a read-only array.
    tracked
        ``(position, Tensor)`` of the operands that a cotangent flows to.
    reads
        The parameters among the operands.
    """

    __slots__ = (
        "__weakref__",
        "arrays",
        "id",
        "operands",
        "primitive",
        "reads",
        "static",
        "tracked",
        "value",
    )

    def __init__(
        self,
        primitive: Primitive,
        operands: tuple[Any, ...],
        arrays: list[Any],
        static: dict[str, Any],
        value: Array,
        tracked: list[tuple[int, Any]],
        reads: list[Any],
    ) -> None:
        self.id = next(clock)
        self.primitive = primitive
        self.operands = operands
        self.arrays = arrays
        self.static = static
        self.value = value
        self.tracked = tracked
        self.reads = reads

    def __del__(self) -> None:
        # Taken apart recursively, a long chain overflows a small stack: Python 3.13 goes thousands
        # of levels deep before it defers.
        remains = _graveyard.remains
        remains += (self.operands, self.tracked)
        self.operands, self.tracked = (), []
        if not _graveyard.digging:
            _graveyard.digging = True
            while remains:
                remains.pop()
            _graveyard.digging = False


class Step(NamedTuple):
    """One step of a sweep: a node, its cotangent, and what it passes to its operands."""

    node: Node
    cotangent: Any
    contributions: list[tuple[Any, Any]]


def reverse_sweep(output: Any, seed: Any, *, record: bool = False) -> Generator[Step, None, None]:
    """Differentiate from ``output`` to the leaves, yielding a step per node, newest node first.

    Parameters
    ----------
    output
        A Tensor.
    seed
        Its cotangent, of its shape and dtype: an array, or a Tensor if ``record``.
    record
        Run the rules on Tensors, so that the steps are themselves recorded (higher order).

    Raises
    ------
    RuleError
        If a rule is missing, or its result cannot be summed down to the operand's shape.
    StaleGraphError
        If a parameter was assigned after the graph read it.
    """
    wrap = type(output).of if record or recording.journal else None
    pending = {output.node.id: (output.node, seed)} if output.node else {}
    newest_first = [-identity for identity in pending]
    while newest_first:
        node, cotangent = pending.pop(-heapq.heappop(newest_first))
        contributions = _contributions(node, cotangent, wrap, record)
        yield Step(node, cotangent, contributions)
        for operand, contribution in contributions:
            parent = operand.node
            if parent is None:
                continue
            if parent.id in pending:
                # Never in place: a rule may hand the same array to two operands.
                contribution = as_array(pending[parent.id][1] + contribution)
            else:
                heapq.heappush(newest_first, -parent.id)
            pending[parent.id] = parent, contribution


def _contributions(node: Node, cotangent: Any, wrap: Any, record: bool) -> list[tuple[Any, Any]]:
    for parameter in node.reads:
        if parameter.assigned_at > node.id:
            raise StaleGraphError(
                f"{parameter.label} was assigned after {node.primitive.name} used it, so this "
                "graph's gradient would mix old and new values. Run the forward pass again "
                "before backward()."
            )
    primitive, static = node.primitive, node.static
    operands: Sequence[Any] = node.arrays
    y: Any = node.value
    if record:
        operands = node.operands
        y = wrap(node.value, node)
    elif wrap:  # captured: the same arrays, but as Tensors, so that the rules are written down
        operands = [
            wrap(array, None) if hasattr(operand, "node") else array
            for operand, array in zip(node.operands, node.arrays, strict=True)
        ]
        y = wrap(node.value, None)
    result = []
    for position, operand in node.tracked:
        rule = primitive.rule_of(position)
        if rule is ZERO:
            continue
        if primitive.variadic:
            static = {**node.static, "position": position}
        contribution = as_array(rule(cotangent, y, *operands, **static))
        like = operand.data
        if contribution.shape != like.shape or contribution.dtype != like.dtype:
            contribution = as_array(_fit(contribution, like, primitive, position))
        result.append((operand, contribution))
    return result


def as_array(value: Any) -> Any:
    """The value, or an array of a scalar: what NumPy makes of 0-d arrays, or a rule returned."""
    return np.asarray(value) if isinstance(value, np.generic | float | int) else value


def _fit(cotangent: Any, like: Array, primitive: Primitive, position: int) -> Any:
    """Sum a cotangent down to its operand's shape and cast it to its dtype."""
    fitted = _sum_down(cotangent, like.shape)
    if fitted.shape != like.shape:
        name = primitive.operand_name(position)
        raise RuleError(
            f"The rule of {primitive.name} for {name} returned a cotangent of shape "
            f"{cotangent.shape}, which does not sum down to the operand's shape {like.shape}."
        )
    return fitted if fitted.dtype == like.dtype else fitted.astype(like.dtype)


def _sum_down(cotangent: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which broadcasting repeats an array of this shape."""
    leading = cotangent.ndim - len(shape)
    if leading > 0:
        cotangent = cotangent.sum(axis=tuple(range(leading)))
    if leading >= 0 and cotangent.shape != shape:
        stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
        cotangent = cotangent.sum(axis=stretched, keepdims=True)
    return cotangent
