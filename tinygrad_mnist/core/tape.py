"""The tape: the list of applied primitives, and the sweep that differentiates along it.

A node remembers what was applied to what. Nodes refer to their operands, never the reverse, so a
dead loss frees its graph. `reverse_sweep` starts at an output and yields a step for each node:
everything that differentiates, explains or checks a gradient reads these steps.

Derivatives nest safely. A sweep knows variables by identity, so an inner derivative cannot take an
outer variable for its own ("perturbation confusion"):

>>> from tinygrad_mnist import Tensor, gradients
>>> x, y = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
>>> (inner,) = gradients(x + y, [y], record=True)  # 1, whatever x is
>>> gradients(x * inner, [x])
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

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.core.arrays import read_only
from tinygrad_mnist.core.primitive import ZERO, Array, Primitive
from tinygrad_mnist.errors import RuleError, StaleGraphError, description, node_text, step_text

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

    __repr__ = node_text

    def __del__(self) -> None:
        # Taken apart recursively, a long chain overflows a small stack: Python 3.13 goes thousands
        # of levels deep before it defers.
        remains = _graveyard.remains
        remains += (self.operands, self.tracked)
        self.operands, self.tracked = (), []
        if not _graveyard.digging:
            try:  # Ctrl-C may come in between
                _graveyard.digging = True
                while remains:
                    remains.pop()
            finally:
                _graveyard.digging = False


class Step(NamedTuple):
    """One step of a sweep: a node, its cotangent, and what it passes to its operands.

    ``contributions`` are ``(position, operand, contribution)``, each of its operand's shape and
    dtype. The sweep reads the list when the next step is asked for, so whoever changes it before
    changes what flows on.
    """

    node: Node
    cotangent: Any
    contributions: list[tuple[int, Any, Any]]

    def __repr__(self) -> str:
        return step_text(self)


def reverse_sweep(
    output: Any,
    seed: Any,
    *,
    inputs: Iterable[Any] | None = None,
    arrived: dict[int, tuple[Any, Any]] | None = None,
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
        The Tensors to go to: rules run only on the way from the output to one of them. What lies
        elsewhere is not looked at, so neither a rule that is missing there nor a parameter that was
        assigned since is an error. None: go to every leaf.
    arrived
        Where cotangents are added up, by `key`. When the sweep is over, this holds each leaf that
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
    on_the_way = None if inputs is None else _on_the_way(output, inputs)
    arrived = {} if arrived is None else arrived
    arrived[key(output)] = output.node or output, seed
    newest_first = [-output.node.id] if output.node else []
    while newest_first:
        node, cotangent = arrived.pop(-heapq.heappop(newest_first))
        tracked = node.tracked
        if on_the_way is not None:
            tracked = [(position, one) for position, one in tracked if key(one) in on_the_way]
        contributions = []
        if tracked:
            _refuse_stale(node)
            contributions = apply_rules(node, cotangent, tracked, record=record)
        yield Step(node, cotangent, contributions)
        for _, operand, contribution in contributions:
            parent = operand.node
            identity = parent.id if parent else -id(operand)  # as `key`, of which a call takes 1 %
            if identity in arrived:
                # Never in place: a rule may hand the same array to two operands.
                contribution = as_array(arrived[identity][1] + contribution)
            elif parent:
                heapq.heappush(newest_first, -identity)
            arrived[identity] = parent or operand, contribution


def key(tensor: Any) -> int:
    """What cotangents are added up by: the id of the Tensor's node or, of a leaf, minus its own."""
    return tensor.node.id if tensor.node else -id(tensor)


def _on_the_way(output: Any, inputs: Iterable[Any]) -> set[int] | None:
    """The keys of the inputs and of what was computed from them; None if every leaf is an input."""
    found = {key(tensor) for tensor in inputs}
    nodes: dict[int, Node] = {}
    pending, every_leaf = [output.node] if output.node else [], True
    while pending:
        node = pending.pop()
        if node.id not in nodes:
            nodes[node.id] = node
            for _, operand in node.tracked:
                parent = operand.node
                if parent:
                    pending.append(parent)
                elif -id(operand) not in found:
                    every_leaf = False
    if every_leaf:
        return None
    for identity in sorted(nodes):  # operands first
        for _, operand in nodes[identity].tracked:
            if key(operand) in found:
                found.add(identity)
                break
    return found


def _refuse_stale(node: Node) -> None:
    for parameter in node.reads:
        if parameter.assigned_at > node.id:
            raise StaleGraphError(
                f"{parameter.label} was assigned after {node.primitive.name} used it, so this "
                "graph's gradient would mix old and new values. Run the forward pass again "
                "before backward()."
            )


def apply_rules(
    node: Node,
    cotangent: Any,
    tracked: Iterable[tuple[int, Any]],
    *,
    record: bool = False,
    fitted: bool = True,
) -> list[tuple[int, Any, Any]]:
    """Return ``(position, operand, contribution)`` of tracked operands of a node.

    Rules are given the arrays, so that nothing is recorded; to record, the Tensors themselves; and
    if a watcher asks for it, constant Tensors of the arrays. Where they are given Tensors, each
    contribution is one, also of a rule that asks none of them. A contribution is fitted to its
    operand; if not, it is just as the rule returned it, maybe of the shape that the operand was
    broadcast to, or of another dtype.

    Raises
    ------
    RuleError
        If the primitive has no rules, or the result of one does not fit.
    """
    primitive, static = node.primitive, node.static
    operands: Sequence[Any] = node.arrays
    y: Any = node.value
    if on_tensors := record or watcher.get().rules_on_tensors:
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
            contribution, like = as_array(rule(cotangent, y, *operands, **static)), operand._array
            shape = getattr(contribution, "shape", None)
            if fitted and (shape != like.shape or contribution.dtype != like.dtype):
                contribution = _fit(contribution, like, primitive, position)
            if on_tensors and isinstance(contribution, np.ndarray):
                contribution = wrap(read_only(contribution), None)
            contributions.append((position, operand, contribution))
    return contributions


def as_array(value: Any) -> Any:
    """The value; of a scalar, an array: NumPy's arithmetic makes scalars of arrays without axes."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, (np.generic, float, int)):
        return np.asarray(value)
    return np.asarray(plain("A cotangent", value)) if isinstance(value, np.ndarray) else value


def _fit(cotangent: Any, like: Array, primitive: Primitive, position: int) -> Any:
    """Sum a cotangent down to its operand's shape and cast it to its dtype.

    An operand that was broadcast was used once in each place it was repeated to, and what is used
    several times gets the sum of its cotangents. Doing it here once spares every rule.
    """
    if getattr(cotangent, "dtype", np.dtype(object)).kind not in "biuf":
        raise RuleError(
            f"The rule of {primitive.name} for {primitive.operand_name(position)} must return an "
            f"array or a Tensor of real numbers. Received: {description(cotangent)}."
        )
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
    extra = cotangent.ndim - len(shape)
    if extra > 0:
        cotangent = cotangent.sum(axis=tuple(range(extra)))
    if extra >= 0 and cotangent.shape != shape:
        stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
        cotangent = cotangent.sum(axis=stretched, keepdims=True)
    return cotangent


class Watcher:
    """Who is told what happens while it watches: the one seam through which others see the engine.

    Watchers nest. Each method passes on to the watcher around this one and, where there is none,
    does what is done when nobody watches. A method that overrides one calls ``super()``'s, unless
    it consumes what it is told. A watcher watches one block at a time; see `watching`.
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

    def changed(self, owner: Any, what: str) -> None:
        """Python is about to change ``what`` of an object, other than by an assignment."""
        if self.outer:
            self.outer.changed(owner, what)

    def asked(self, tensor: Any, what: str) -> None:
        """Python asks a Tensor for its value, by ``what``."""
        if self.outer:
            self.outer.asked(tensor, what)

    def gradient(self, leaf: Any) -> Any:
        """Return the gradient of a leaf; one that is a function is made now."""
        if self.outer:
            return self.outer.gradient(leaf)
        gradient = leaf._grad
        if callable(gradient):
            leaf._grad = gradient = gradient()
        return gradient

    def set_gradients(self, leaves: Sequence[Any], values: Sequence[Any]) -> None:
        """Set the gradients of leaves, all or, if it is interrupted, none."""
        if self.outer:
            self.outer.set_gradients(leaves, values)
        else:  # Python looks for signals between its own instructions, and here is one
            deque(map(setattr, leaves, itertools.repeat("_grad"), values), maxlen=0)

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Return a block: what is applied in it is part of the backward or the update phase."""
        return self.outer.phase(name) if self.outer else nullcontext()

    def host(self, source: Callable[[], Any]) -> Array:
        """Return what this function computes, which it must do anew whenever that is repeated."""
        return self.outer.host(source) if self.outer else np.array(plain("A value", source()))


NOBODY = Watcher()

watcher: ContextVar[Watcher] = ContextVar("watcher", default=NOBODY)
"""Who watches, in this thread or asynchronous task."""


@contextmanager
def watching(inner: Watcher) -> Iterator[None]:
    """Have somebody watch the block; who watches already is told by them."""
    before, place = watcher.get(), Watcher()
    inner.outer, place.outer = before, inner
    try:
        watcher.set(place)
        yield
    finally:
        watcher.set(before)
        place.outer = before  # a task that was started in the block goes on and is not watched


class _Graveyard(threading.local):
    """What dead nodes referred to, to be let go one after the other."""

    digging = False

    def __init__(self) -> None:
        self.remains: list[Any] = []


_graveyard = _Graveyard()
