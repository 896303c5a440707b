"""The tape: the list of applied primitives, and the sweep that differentiates along it.

A node remembers what was applied to what; nodes refer to their operands, never the reverse, so a
dead loss frees its graph. ``reverse_sweep`` walks the nodes newest first and yields one step per
node; everything that differentiates, explains or checks a gradient reads those steps.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import ZERO, Array, Primitive
from tinygrad_mnist.errors import RuleError, StaleGraphError

clock = itertools.count(1)
"""One clock for node creation and parameter assignment: it orders the sweep and dates the reads."""


class _Graveyard(threading.local):
    """What dead nodes referred to, to be let go one after the other."""

    digging = False

    def __init__(self) -> None:
        self.remains: list[Any] = []


_graveyard = _Graveyard()


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
    wrap = type(output).of if record or watcher.get().rules_on_tensors else None
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
    elif wrap:  # the same arrays, but as Tensors, so that the watcher sees the rules
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


class Watcher:
    """Who is told what happens while it watches: the one seam through which others see the engine.

    Watchers nest. Each method passes on to the one around it, and does, where there is none, what
    is done when nobody watches: one that overrides a method calls ``super()``'s unless it consumes
    what it is told.
    """

    outer: Watcher | None = None

    @property
    def rules_on_tensors(self) -> bool:
        """Whether rules run on Tensors though nothing records them, to be told of in `applied`."""
        return self.outer is not None and self.outer.rules_on_tensors

    def applied(
        self,
        primitive: Primitive,
        operands: Sequence[Any],
        arrays: Sequence[Any],
        static: dict[str, Any],
        value: Array,
    ) -> None:
        """A primitive was applied to operands, which the kernel saw as these arrays."""
        if self.outer:
            self.outer.applied(primitive, operands, arrays, static, value)

    def recorded(self, node: Node) -> None:
        """A node was made of what was applied last."""
        if self.outer:
            self.outer.recorded(node)

    def assigned(self, parameter: Any, value: Any) -> None:
        """A parameter was assigned an array or a Tensor."""
        if self.outer:
            self.outer.assigned(parameter, value)

    def written(self, parameter: Any) -> None:
        """The memory of a parameter is about to be written to."""
        if self.outer:
            self.outer.written(parameter)

    def asked(self, tensor: Any, what: str) -> None:
        """Python asks a Tensor for its value, by ``what``."""
        if self.outer:
            self.outer.asked(tensor, what)

    def gradient(self, leaf: Any) -> Any:
        """Return the gradient of a leaf; one that is a function is made now."""
        if self.outer:
            return self.outer.gradient(leaf)
        if callable(leaf._grad):
            leaf._grad = leaf._grad()
        return leaf._grad

    def set_gradients(self, leaves: Sequence[Any], values: Sequence[Any]) -> None:
        """Set the gradients of leaves, all or, if it is interrupted, none."""
        if self.outer:
            self.outer.set_gradients(leaves, values)
        else:  # Python looks for signals between its own instructions, and here is one
            deque(map(setattr, leaves, itertools.repeat("_grad"), values), maxlen=0)

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Say of what is applied in the block that it is part of the backward or update phase."""
        return self.outer.phase(name) if self.outer else nullcontext()

    def host(self, source: Callable[[], Any]) -> Array:
        """Return what Python computes."""
        return self.outer.host(source) if self.outer else np.array(source())


NOBODY = Watcher()

watcher: ContextVar[Watcher] = ContextVar("watcher", default=NOBODY)
"""Who watches. Like what follows, each thread and each asynchronous task has its own."""

no_grad_depth: ContextVar[int] = ContextVar("no_grad_depth", default=0)
"""How many `no_grad` blocks are open: nothing is recorded unless it is 0."""


@contextmanager
def watching(inner: Watcher) -> Iterator[None]:
    """Have somebody watch the block; who watches already is told by them."""
    inner.outer = watcher.get()
    watcher.set(inner)
    try:
        yield
    finally:
        watcher.set(inner.outer)


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the block, or inside the function it decorates.

    The earlier state comes back however the block is left.

    >>> from tinygrad_mnist import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     (x * x).requires_grad
    False
    """
    no_grad_depth.set(no_grad_depth.get() + 1)
    try:
        yield
    finally:
        no_grad_depth.set(no_grad_depth.get() - 1)
