"""The graph of TensorFlow 1, in which a symbol's dtype is that of what it meets, and operations.

>>> import numpy as np
>>> from tinygrad_mnist.tf1.arrays import constant
>>> with Graph().as_default():
...     x = constant([1.0, 2.0])
>>> (x / np.sqrt(2.0)).dtype, (x * [1.0, 2.0]).dtype
(dtype('float32'), dtype('float32'))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_mnist.tf1 import graph
from tinygrad_mnist.tf1.operands import alike
from tinygrad_mnist.tf1.symbol import Symbol, defer


class Graph(graph.Graph):
    """The symbols that can be run together in one session, as in ``with Graph().as_default()``.

    Where an operator has a symbol and a number, an array or a list, that is converted to the
    symbol's dtype. Symbols of two dtypes are refused.
    """

    def operands(self, operation: str, operands: Sequence[Any]) -> Sequence[Any]:
        """Return the operands in the one dtype that they must have.

        Raises
        ------
        DTypeError
            If two symbols differ in dtype, or something cannot be converted to theirs.
        """
        return alike(operation, *operands)


def get_default_graph() -> graph.Graph:
    """Return the graph that new symbols go to: that of the ``with`` block, else one of this kind.

    The engine's own functions have another one outside of any block.
    """
    return graph.get_default_graph(Graph)


def operation(
    kind: str, name: str | None, function: Callable[..., Any], *operands: Any, **keywords: Any
) -> Symbol:
    """Return the Symbol of one operation, under its own name or, without one, that of its kind."""
    with get_default_graph().as_default():  # which operands that are all arrays need
        symbol: Symbol = defer(function, *operands, name=name or kind, **keywords)
    return symbol
