"""Any function of this engine, judged by TensorFlow operation by operation.

The recorded tape is translated to TensorFlow. Every operation is judged at the operands and the
cotangent that the engine gave it, so that errors do not pile up on the way, the bounds are those
of one operation, and what departs is the culprit and no consequence of it. Three questions decide:
is the value right; is the cotangent of each operand; is what an operation or a leaf gets the sum
of what its uses gave it. If all are answered yes, so is the whole gradient, by induction along
the sweep.

>>> report = compare(lambda x: np.sum(np.tanh(x) * x), np.array([1.0, 2.0]))
>>> report.agrees
True
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from reference_tf.bounds import cotangent_bounds, value_bound, vjp
from reference_tf.equivalents import EQUIVALENTS
from reference_tf.excuses import excuse
from reference_tf.verdicts import Comparison, Report, Row
from tinygrad_mnist import Tensor, gradients
from tinygrad_mnist.core.primitive import ZERO
from tinygrad_mnist.core.tape import Node, reverse_sweep, source_lines
from tinygrad_mnist.errors import GradientError, StaleGraphError, UnsupportedError

Array = npt.NDArray[Any]

_AS_THEY_ARE = {("where", 0), ("sparse_softmax_cross_entropy_with_logits", 0), ("astype", 0)}
"""Operands (primitive, position) whose dtype is not promoted to the result's."""


def compare(
    f: Callable[..., Any],
    *arrays: Any,
    cotangent: Any = None,
    seed: int = 0,
    equivalents: Mapping[str, Callable[..., Any]] | None = None,
) -> Report:
    """Run a function on this engine, differentiate it, and let TensorFlow judge every step.

    Parameters
    ----------
    f
        A function of Tensors that returns one; it may close over Parameters, and may itself call
        ``gradients(..., record=True)``: then what TensorFlow judges is the second order.
    arrays
        The arguments. Those of a floating dtype become leaves, the others constants.
    cotangent
        That of the result; random if left out.
    seed
        Of the random cotangent.
    equivalents
        What TensorFlow calls primitives of your own: name -> ``function(*tensors, **static)``.

    Raises
    ------
    GradientError
        If the result is not a Tensor that requires a gradient.
    UnsupportedError
        If TensorFlow's equivalent of a primitive is not known.
    StaleGraphError
        If f assigns a parameter that it has used.
    """
    arguments = [np.asarray(array) for array in arrays]
    tensors = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in arguments]
    with source_lines() as lines:
        output = f(*tensors)
    if not (isinstance(output, Tensor) and output.requires_grad):
        raise GradientError(
            "crosscheck.compare needs a function that returns a Tensor made of its arguments or "
            f"of Parameters, so that there is a gradient. Received: {output!r:.80}."
        )
    if cotangent is None:
        cotangent = np.random.default_rng(seed).standard_normal(output.shape)
    upstream = np.asarray(cotangent, output.dtype)
    table = {**EQUIVALENTS, **(equivalents or {})}
    operations = {node.id: _Operation(node, table) for node in _nodes(output)}
    with np.errstate(all="ignore"):  # infinities and NaN are compared like other values
        swept = _swept(output, upstream, operations)
        rows = tuple(
            Row(
                number,
                operation.name,
                lines.get(identity, ""),
                (operation.value(), *swept.comparisons[identity]),
            )
            for number, (identity, operation) in enumerate(operations.items(), start=1)
        )
        leaves = _leaf_rows(output, upstream, swept, tensors) if swept.finished else ()
    return Report(rows, tuple(leaves))


class _Operation:
    """A node of the tape as TensorFlow has it."""

    def __init__(self, node: Node, table: Mapping[str, Callable[..., Any]]) -> None:
        self.node = node
        self.name = node.primitive.name
        if self.name not in table:
            raise UnsupportedError(
                f"TensorFlow's equivalent of the primitive {self.name} is not known, so it cannot "
                f"be judged. Pass equivalents={{{self.name!r}: function}}, where "
                "function(*tensors, **static) computes the same with TensorFlow."
            )
        self._equivalent = table[self.name]
        self.operands = [self._operand(*numbered) for numbered in enumerate(node.arrays)]

    def _operand(self, position: int, operand: Any) -> Array:
        """Integers, booleans and Python scalars take the result's dtype, as NumPy has them do."""
        array: Array = np.asarray(operand)
        tracked = any(position == place for place, _ in self.node.tracked)
        if tracked or (self.name, position) in _AS_THEY_ARE:
            return array
        return array.astype(self.node.value.dtype)

    def apply(self, *tensors: Any) -> Any:
        """Run it in TensorFlow, on operands promoted to one dtype."""
        promoted = (
            tensor
            if (self.name, position) in _AS_THEY_ARE
            else tf.cast(tensor, self.node.value.dtype)
            for position, tensor in enumerate(tensors)
        )
        return self._equivalent(*promoted, **self.node.static)

    def value(self) -> Comparison:
        """The node's value beside TensorFlow's."""
        value = self.node.value
        theirs = np.asarray(self.apply(*map(tf.constant, self.operands)))
        bound = value_bound(self.name, self.apply, self.operands, value)
        return _compared("value", value, theirs, bound)

    def cotangents(self, cotangent: Array, given: Mapping[int, Array]) -> Iterator[Comparison]:
        """Yield what the node gives each operand beside what TensorFlow does."""
        theirs = vjp(self.apply, self.operands, cotangent)
        elementwise = self.node.primitive.elementwise
        bounds = cotangent_bounds(self.name, elementwise, self.apply, self.operands, cotangent)
        for position, operand in enumerate(self.node.operands):
            if isinstance(operand, Tensor) and operand.requires_grad:
                ours = given.get(position, np.zeros(operand.shape, operand.dtype))
                name = f"cotangent of {self._operand_name(position)}"
                found = _compared(name, ours, theirs[position], bounds[position])
                if not found.agrees:
                    known = excuse(self.name, position, self.operands, self.node.value, cotangent)
                    found = replace(found, deviation=known)
                yield found

    def _operand_name(self, position: int) -> str:
        names = self.node.primitive.operand_names
        return f"{names[0]}[{position}]" if self.node.primitive.variadic else names[position]


@dataclass
class _Swept:
    """What the sweep gave: comparisons by node, and contributions by node or leaf."""

    comparisons: dict[int, list[Comparison]]
    received: dict[int, list[Array]]
    reached: dict[int, Tensor]
    finished: bool = False


def _swept(output: Tensor, upstream: Array, operations: Mapping[int, _Operation]) -> _Swept:
    """Follow the engine's sweep and judge every step."""
    swept = _Swept(defaultdict(list), defaultdict(list), {_key(output): output})
    swept.received[_key(output)] = [upstream]
    sweep = reverse_sweep(output, upstream)
    while True:
        try:
            step = next(sweep, None)
        except StaleGraphError:
            raise
        except Exception as error:  # whatever a wrong rule may raise
            culprit = max(swept.received.keys() - swept.comparisons.keys())
            swept.comparisons[culprit].append(Comparison("a rule", fault=str(error)))
            return swept
        if step is None:
            break
        node = step.node
        rules = ((place, node.primitive.rule_of(place)) for place, _ in node.tracked)
        places = [place for place, rule in rules if rule is not ZERO]
        given = {p: array for p, (_, array) in zip(places, step.contributions, strict=False)}
        swept.comparisons[node.id] += [
            _summed("cotangent", step.cotangent, swept.received[node.id]),
            *operations[node.id].cotangents(step.cotangent, given),
        ]
        for operand, contribution in step.contributions:
            swept.reached[_key(operand)] = operand
            swept.received[_key(operand)].append(contribution)
    swept.finished = True
    return swept


def _leaf_rows(
    output: Tensor, upstream: Array, swept: _Swept, arguments: Sequence[Tensor]
) -> Iterator[Row]:
    """Yield the gradient of every leaf beside the sum of what its uses gave it."""
    leaves = [tensor for tensor in swept.reached.values() if tensor.node is None]
    names = {_key(tensor): f"argument {place}" for place, tensor in enumerate(arguments)}
    for leaf, gradient in zip(leaves, gradients(output, leaves, upstream), strict=True):
        what = _summed("gradient", gradient, swept.received[_key(leaf)])
        yield Row(0, names.get(_key(leaf), leaf.label), "", (what,))


def _key(tensor: Tensor) -> int:
    """The node's number, or a negative one for a leaf."""
    return tensor.node.id if tensor.node else -id(tensor)


def _nodes(output: Tensor) -> list[Node]:
    """All nodes that the output was made of, oldest first."""
    found: dict[int, Node] = {}
    waiting = [output.node]
    while waiting:
        node = waiting.pop()
        if node is not None and node.id not in found:
            found[node.id] = node
            waiting += [o.node for o in node.operands if isinstance(o, Tensor)]
    return [found[identity] for identity in sorted(found)]


def _summed(what: str, ours: Array, parts: Sequence[Array]) -> Comparison:
    """Compare a sum with TensorFlow's of the same parts."""
    size = np.sum([np.abs(part) for part in parts], axis=0, dtype=np.float64)
    bound = len(parts) * float(np.finfo(ours.dtype).eps) * size
    return _compared(what, ours, np.asarray(tf.add_n(parts)), bound + np.finfo(ours.dtype).tiny)


def _compared(what: str, ours: Array, theirs: Any, bound: Any) -> Comparison:
    """Find the element whose error is largest against its bound."""
    if ours.shape != theirs.shape:
        return Comparison(what, fault=f"shape {ours.shape}, in TensorFlow {theirs.shape}")
    if not ours.size:
        return Comparison(what)
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    error = np.where(same, 0.0, np.abs(ours - theirs))
    error = np.where(np.isnan(error), np.inf, error)
    bound = np.where(np.isnan(bound) | same, 1.0, bound)
    worst = np.unravel_index(np.argmax(error / bound), ours.shape)
    return Comparison(
        what,
        index=tuple(int(i) for i in worst),
        ours=float(ours[worst]),
        theirs=float(theirs[worst]),
        error=float(error[worst]),
        bound=float(bound[worst]),
    )
