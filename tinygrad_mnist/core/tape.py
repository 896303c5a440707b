"""The tape: the list of applied primitives, and the sweep that differentiates along it.

A node remembers what was applied to what. Nodes refer to their operands, never the reverse, so a
dead loss frees its graph. `reverse_sweep` starts at an output and yields a step for each node:
everything that differentiates, explains or checks a gradient reads these steps.

Nothing marks a Tensor as the one "being differentiated": a sweep goes by the identity of nodes and
leaves alone. So where a derivative is taken inside another one, of which each perturbs its own
variable, the two cannot be mixed up ("perturbation confusion"):

>>> from tinygrad_mnist import Tensor, gradients
>>> x, y = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
>>> (inner,) = gradients(x + y, [y], record=True)  # d(x + y)/dy = 1, whatever x is
>>> gradients(x * inner, [x])                      # d(x * 1)/dx
[array(1.)]
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import ZERO, Array, Primitive
from tinygrad_mnist.errors import RuleError, StaleGraphError

clock = itertools.count(1)
"""One clock for node creation and parameter assignment: it orders the sweep and dates the reads."""


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


class _Graveyard(threading.local):
    """What dead nodes referred to, to be let go one after the other."""

    digging = False

    def __init__(self) -> None:
        self.remains: list[Any] = []


_graveyard = _Graveyard()


class Step(NamedTuple):
    """One step of a sweep: a node, its cotangent, and what it passes to its operands.

    ``contributions`` are ``(position, operand, contribution)``, each of its operand's shape and
    dtype. The sweep reads the list when the next step is asked for, so whoever changes it before
    changes what flows on.
    """

    node: Node
    cotangent: Any
    contributions: list[tuple[int, Any, Any]]


def reverse_sweep(
    output: Any,
    seed: Any,
    *,
    inputs: Iterable[Any] | None = None,
    cotangents: dict[int, tuple[Any, Any]] | None = None,
    record: bool = False,
) -> Generator[Step, None, None]:
    """Differentiate from ``output`` to the leaves, yielding a step per node, newest node first.

    A node may pass its cotangent on only when it is complete, that is when every node that used
    its result has contributed. Those are all younger, so the newest node that waits is complete.

    Parameters
    ----------
    output
        A Tensor.
    seed
        Its cotangent, of its shape and dtype: an array, or a Tensor if ``record``.
    inputs
        The Tensors to go to: a step is made only of what they lead to the output through. What is
        left out is not looked at, so neither a rule that it lacks nor a parameter that was assigned
        since is an error. None: go to every leaf.
    cotangents
        Where what arrives is added up, by `key`. When the sweep is over, this holds each leaf that
        it came to and its cotangent.
    record
        Run the rules on Tensors, so that the steps are themselves recorded (higher order).

    Raises
    ------
    RuleError
        If a rule is missing, or its result cannot be summed down to the operand's shape.
    StaleGraphError
        If a parameter was assigned after the graph read it.
    """
    leading = None if inputs is None else _leading(output, inputs)
    arrived = {} if cotangents is None else cotangents
    arrived[key(output)] = output.node or output, seed
    newest_first = [-output.node.id] if output.node else []
    while newest_first:
        node, cotangent = arrived.pop(-heapq.heappop(newest_first))
        step = Step(node, cotangent, _contributions(node, cotangent, leading, record))
        yield step
        for _, operand, contribution in step.contributions:
            identity = key(operand)
            if identity in arrived:
                # Never in place: a rule may hand the same array to two operands.
                contribution = as_array(arrived[identity][1] + contribution)
            elif operand.node:
                heapq.heappush(newest_first, -identity)
            arrived[identity] = operand.node or operand, contribution


def key(tensor: Any) -> int:
    """What a cotangent is added up by: the node's number, or a negative one for a leaf."""
    return tensor.node.id if tensor.node else -id(tensor)


def _leading(output: Any, inputs: Iterable[Any]) -> set[int] | None:
    """The keys of the inputs and of what was computed from them; None if every leaf is an input."""
    leading = {key(tensor) for tensor in inputs}
    uses: dict[int, list[int]] = {}
    pending, every_leaf = [output.node] if output.node else [], True
    while pending:
        node = pending.pop()
        for _, operand in node.tracked:
            identity = key(operand)
            if identity in uses:
                uses[identity].append(node.id)
                continue
            uses[identity] = [node.id]
            if operand.node:
                pending.append(operand.node)
            elif identity not in leading:
                every_leaf = False
    if every_leaf:
        return None
    upwards = [*leading]
    while upwards:
        users = uses.pop(upwards.pop(), ())
        leading.update(users)
        upwards += users
    return leading


def _contributions(
    node: Node, cotangent: Any, leading: set[int] | None, record: bool
) -> list[tuple[int, Any, Any]]:
    """What the rules of a node's operands make of its cotangent, each fitted to its operand."""
    tracked = node.tracked
    if leading is not None:
        tracked = [(position, operand) for position, operand in tracked if key(operand) in leading]
    for parameter in node.reads if tracked else ():
        if parameter.assigned_at > node.id:
            raise StaleGraphError(
                f"{parameter.label} was assigned after {node.primitive.name} used it, so this "
                "graph's gradient would mix old and new values. Run the forward pass again "
                "before backward()."
            )
    contributions = apply_rules(node, cotangent, tracked, record=record)
    for index, (position, operand, contribution) in enumerate(contributions):
        like = operand.data
        if contribution.shape != like.shape or contribution.dtype != like.dtype:
            fitted = _fit(contribution, like, node.primitive, position)
            contributions[index] = position, operand, fitted
    return contributions


def apply_rules(
    node: Node, cotangent: Any, tracked: Iterable[tuple[int, Any]], *, record: bool = False
) -> list[tuple[int, Any, Any]]:
    """Return ``(position, operand, contribution)`` of tracked operands, just as a rule returned it.

    It may still have the shape that its operand was broadcast to, or another dtype. Rules are given
    the arrays, so that nothing is recorded; to record, the Tensors themselves; and if a watcher
    asks for it, constant Tensors of the arrays.

    Raises
    ------
    RuleError
        If the primitive has no rules.
    """
    primitive, static = node.primitive, node.static
    operands: Sequence[Any] = node.arrays
    y: Any = node.value
    if record or watcher.get().rules_on_tensors:
        wrap = type(node.tracked[0][1]).of
        y = wrap(node.value, node if record else None)
        operands = [
            wrap(array, None) if hasattr(operand, "node") and not record else operand
            for operand, array in zip(node.operands, node.arrays, strict=True)
        ]
    contributions = []
    for position, operand in tracked:
        rule = primitive.rule_of(position)
        if rule is not ZERO:
            if primitive.variadic:
                static = {**node.static, "position": position}
            contribution = as_array(rule(cotangent, y, *operands, **static))
            contributions.append((position, operand, contribution))
    return contributions


def as_array(value: Any) -> Any:
    """The value, or an array of a scalar: what NumPy makes of 0-d arrays, or a rule returned."""
    return np.asarray(value) if isinstance(value, _SCALARS) else value


_SCALARS = (np.generic, float, int)


def _fit(cotangent: Any, like: Array, primitive: Primitive, position: int) -> Any:
    """Sum a cotangent down to its operand's shape and cast it to its dtype.

    An operand that was broadcast was used once in each place it was repeated to, and what is used
    several times gets the sum of its cotangents. Doing it here once spares every rule.
    """
    fitted = as_array(_sum_down(cotangent, like.shape))
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

    def applied(self, primitive: Any, operands: Any, arrays: Any, static: Any, value: Any) -> None:
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
