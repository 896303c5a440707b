"""The tape: the list of applied primitives, and the sweep that differentiates along it.

A node remembers what was applied to what; nodes refer to their operands, never the reverse, so a
dead loss frees its graph. ``reverse_sweep`` walks the nodes newest first and yields one step per
node; everything that differentiates, explains or checks a gradient reads those steps.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import ZERO, Array, Primitive
from tinygrad_mnist.errors import GradientError, RuleError, ShapeError, StaleGraphError

clock = itertools.count(1)
"""One clock for node creation and parameter assignment: it orders the sweep and dates the reads."""


class _Recording(threading.local):
    on = True


recording = _Recording()


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
    wrap = type(output).of if record else None
    pending = {output.node.id: (output.node, seed)} if output.node else {}
    newest_first = [-identity for identity in pending]
    while newest_first:
        node, cotangent = pending.pop(-heapq.heappop(newest_first))
        contributions = _contributions(node, cotangent, wrap)
        yield Step(node, cotangent, contributions)
        for operand, contribution in contributions:
            parent = operand.node
            if parent is None:
                continue
            if parent.id in pending:
                # Never in place: a rule may hand the same array to two operands.
                contribution = _sum(pending[parent.id][1], contribution)
            else:
                heapq.heappush(newest_first, -parent.id)
            pending[parent.id] = parent, contribution


def _contributions(node: Node, cotangent: Any, wrap: Any) -> list[tuple[Any, Any]]:
    for parameter in node.reads:
        if parameter.assigned_at > node.id:
            raise StaleGraphError(
                f"{parameter.label} was assigned after {node.primitive.name} used it, so this "
                "graph's gradient would mix old and new values. Run the forward pass again "
                "before backward()."
            )
    primitive, static = node.primitive, node.static
    operands, y = (node.operands, wrap(node.value, node)) if wrap else (node.arrays, node.value)
    result = []
    for position, operand in node.tracked:
        rule = primitive.rule_of(position)
        if rule is ZERO:
            continue
        if primitive.variadic:
            static = {**node.static, "position": position}
        contribution = rule(cotangent, y, *operands, **static)
        like = operand.data
        if contribution.shape != like.shape or contribution.dtype != like.dtype:
            contribution = _fit(contribution, like, primitive, position)
        if not like.ndim and isinstance(contribution, np.generic):  # NumPy's idea of 0-d arrays
            contribution = np.asarray(contribution)
        result.append((operand, contribution))
    return result


def _sum(total: Any, contribution: Any) -> Any:
    result = total + contribution
    return np.asarray(result) if isinstance(result, np.generic) else result


def _fit(cotangent: Any, like: Array, primitive: Primitive, position: int) -> Any:
    """Sum a cotangent down to its operand's shape and cast it to its dtype."""
    fitted = _sum_down(cotangent, like.shape)
    if fitted.shape != like.shape:
        name = primitive.operand_names[0 if primitive.variadic else position]
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


_deposit = threading.Lock()
"""Two threads may add to the same leaf's gradient at once."""


def backward(output: Any, cotangent: Any = None) -> None:
    """Add the gradient of a Tensor to ``.grad`` of its leaves; see ``Tensor.backward``."""
    seed = _seed(output, cotangent)
    with np.errstate(all="ignore"):  # infinities and NaN are this gradient's honest values
        totals = _totals(output, seed, lambda operand: operand.node is None)
    with _deposit:
        for leaf, total, owned in totals.values():
            if leaf.grad is not None:
                total, owned = _sum(leaf.grad, total), True
            leaf.grad = total if owned else total.copy()


def gradients(
    output: Any, inputs: Sequence[Any], cotangent: Any = None, *, record: bool = False
) -> list[Any]:
    """Return the gradients of a Tensor with respect to leaves or inner Tensors.

    Parameters
    ----------
    output
        A Tensor.
    inputs
        Tensors that require gradients; one that the output does not depend on gets zeros.
    cotangent
        The cotangent of the output; may be left out if it has one element.
    record
        Return Tensors that can be differentiated again, instead of arrays; a cotangent given as
        a Tensor can then be differentiated by too.

    Raises
    ------
    GradientError, ShapeError, StaleGraphError
        As ``Tensor.backward``.

    >>> from tinygrad_mnist import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> (slope,) = gradients(x**3, [x], record=True)
    >>> gradients(slope, [x])
    [array(12.)]
    """
    seed = _seed(output, cotangent)
    if record:
        seed = cotangent if hasattr(cotangent, "node") else _constant_like(output, seed)
    wanted = {_key(tensor) for tensor in inputs}
    with np.errstate(all="ignore"):
        totals = _totals(output, seed, lambda operand: _key(operand) in wanted, record=record)
    found = []
    for tensor in inputs:
        key = _key(tensor)
        if key in totals:
            _, total, owned = totals[key]
            found.append(total if record or owned else total.copy())
            totals[key] = tensor, total, False  # the caller's now: an input given twice gets a copy
        else:
            zeros = np.zeros(tensor.shape, tensor.dtype)
            found.append(_constant_like(output, zeros) if record else zeros)
    return found


def _constant_like(tensor: Any, array: Array) -> Any:
    """The array, which nobody else holds, as a constant Tensor."""
    array.flags.writeable = False
    return tensor.of(array, None)


def _key(tensor: Any) -> int:
    """What a cotangent is accumulated by: negative for leaves, so that it is never a node's id."""
    return tensor.node.id if tensor.node else -id(tensor)


def _totals(
    output: Any, seed: Any, wanted: Callable[[Any], bool], *, record: bool = False
) -> dict[int, tuple[Any, Any, bool]]:
    """Sum the contributions to the wanted operands: ``(operand, total, is it ours alone)``."""
    totals: dict[int, tuple[Any, Any, bool]] = {}
    if wanted(output):
        totals[_key(output)] = output, seed, True
    for step in reverse_sweep(output, seed, record=record):
        for operand, contribution in step.contributions:
            if not wanted(operand):
                continue
            key = _key(operand)
            if key in totals:
                totals[key] = operand, _sum(totals[key][1], contribution), True
            else:
                owned = not record and _is_fresh(contribution, step.cotangent)
                totals[key] = operand, contribution, owned
    return totals


def _is_fresh(contribution: Array, cotangent: Array) -> bool:
    """Whether a rule made this array: of the arrays it was given only one is writable."""
    flags = contribution.flags
    return flags.owndata and flags.writeable and contribution is not cotangent


def _seed(output: Any, cotangent: Any) -> Array:
    """A copy of the cotangent to start with, or one for a scalar."""
    if not output.requires_grad:
        raise GradientError(
            f"{output.label} does not depend on anything that requires a gradient. Make a "
            "Parameter or Tensor(..., requires_grad=True) of what it should be differentiated by, "
            "and do not compute it under no_grad()."
        )
    if cotangent is None:
        if output.size != 1:
            raise GradientError(
                f"{output.label} is not a scalar, so its gradient needs a cotangent: pass one "
                f"of shape {output.shape}, as in backward(np.ones({output.shape})), or reduce "
                "the tensor first with np.sum or np.mean."
            )
        return np.ones(output.shape, output.dtype)
    with no_grad():
        seed = np.array(cotangent)
    if seed.shape != output.shape or seed.dtype.kind not in "biuf":
        raise ShapeError(
            f"The cotangent of {output.label} must be real and of its shape. Received: shape "
            f"{seed.shape}, dtype {seed.dtype}."
        )
    return seed.astype(output.dtype, copy=False)
