"""The engine's sweep along a tape, every step beside TensorFlow's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reference_tf import judgement
from reference_tf.interface import Array
from reference_tf.operation import Operation
from reference_tf.verdicts import Comparison, Report, Row
from tinygrad_mnist import Tensor, gradients
from tinygrad_mnist.core.tape import Node, Step, key, reverse_sweep
from tinygrad_mnist.errors import StaleGraphError


class JudgedSweep:
    """The operations of a tape, and what the sweep along it gave.

    Attributes
    ----------
    operations
        By the node's id, oldest first.
    cotangents
        What reached each of them, by the node's id.

    Raises
    ------
    StaleGraphError
        If a parameter was assigned after the tape read it.
    UnsupportedError
        If the table has no equivalent of an operation.
    """

    def __init__(
        self, output: Tensor, upstream: Array, table: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.operations = {node.id: Operation(node, table) for node in _nodes(output)}
        self.cotangents: dict[int, Array] = {}
        self._output, self._upstream = output, upstream
        self._reached = {key(output): output}
        self._received: dict[int, list[Array]] = defaultdict(list)
        self._received[key(output)].append(upstream)
        self._comparisons: dict[int, list[Comparison]] = defaultdict(list)
        self._uses: dict[int, list[Comparison]] = defaultdict(list)
        self._finished = self._run()

    def _run(self) -> bool:
        """Follow the sweep and judge every step; whether it came to its end."""
        sweep = reverse_sweep(self._output, self._upstream)
        while True:
            try:
                step = next(sweep, None)
            except StaleGraphError:
                raise
            except Exception as error:  # whatever a wrong rule may raise
                culprit = max(self._received.keys() - self._comparisons.keys())
                self._comparisons[culprit].append(Comparison("a rule", fault=str(error)))
                return False
            if step is None:
                return True
            self._judge(step)

    def _judge(self, step: Step) -> None:
        node = step.node
        self.cotangents[node.id] = step.cotangent
        given = {position: array for position, _, array in step.contributions}
        summed = judgement.compare_sum("cotangent", step.cotangent, self._received[node.id])
        judged = list(judgement.cotangents(self.operations[node.id], step.cotangent, given))
        self._comparisons[node.id] += [summed, *judged]
        for (_, operand), comparison in zip(node.tracked, judged, strict=True):
            self._uses[key(operand)].append(comparison)
        for _, operand, contribution in step.contributions:
            self._reached[key(operand)] = operand
            self._received[key(operand)].append(contribution)

    def report(self, lines: Mapping[int, str], names: Mapping[int, str]) -> Report:
        """Return a row for each operation, with its line, and for each leaf, with its name."""
        rows = [
            Row(
                number,
                operation.name,
                lines.get(identity, ""),
                (judgement.value(operation), *self._comparisons[identity]),
            )
            for number, (identity, operation) in enumerate(self.operations.items(), start=1)
        ]
        return Report(tuple(rows), tuple(self._leaf_rows(names)) if self._finished else ())

    def _leaf_rows(self, names: Mapping[int, str]) -> Iterator[Row]:
        """Yield the gradient of every leaf beside the sum of what its uses gave it."""
        leaves = [tensor for tensor in self._reached.values() if tensor.node is None]
        found = gradients(self._output, leaves, self._upstream)
        for leaf, gradient in zip(leaves, found, strict=True):
            what = judgement.compare_sum("gradient", gradient, self._received[key(leaf)])
            name = names.get(key(leaf), leaf.label)
            yield Row(0, name, "", (what,), tuple(self._uses[key(leaf)]))


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
