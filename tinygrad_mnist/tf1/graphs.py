"""The graph of TensorFlow 1, in which a symbol's dtype is that of what it meets.

>>> import numpy as np
>>> from tinygrad_mnist.tf1.arrays import constant
>>> with Graph().as_default():
...     x = constant([1.0, 2.0])
>>> (x / np.sqrt(2.0)).dtype, (x * [1.0, 2.0]).dtype
(dtype('float32'), dtype('float32'))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_mnist.graph import graph
from tinygrad_mnist.tf1.operands import alike


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


graph.set_default_kind(Graph)
