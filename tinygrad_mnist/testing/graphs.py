"""Expression graphs to be drawn at random: data, a list of steps, and a function of arrays.

Operations are defined on all values of all shapes drawn, so that every list of steps is a graph,
and a graph that fails can lose any of its steps.

>>> graph = Graph(((), (2, 2), (2, 2)), (("matmul", 0, 1), ("tanh", 0)), seed=0)
>>> graph(*graph.leaves).shape
(2, 2)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.ops import activation

Shape = tuple[int, ...]
Step = tuple[Any, ...]

SHAPES: tuple[Shape, ...] = ((), (1, 2), (2, 1), (2, 2))
LARGEST = 4.0
"""A larger value is followed by its tanh: of repeated squares no digits would be left."""


def _of_matrices(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that needs axes; of a scalar its sine."""
    return lambda x: function(x) if x.ndim else np.sin(x)


def _matrix_product(a: Any, b: Any) -> Any:
    return a @ b if a.ndim and b.ndim and a.shape[1] == b.shape[0] else a * b


def _joined(a: Any, b: Any) -> Any:
    rows = (a.shape, b.shape) == ((1, 2), (1, 2))
    return np.concatenate((a, b)) if rows else a - b


UNARY: dict[str, Callable[[Any], Any]] = {
    "negative": np.negative,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "square": np.square,
    "exp": lambda x: np.exp(-np.square(x)),
    "sqrt": lambda x: np.sqrt(1 + np.square(x)),
    "log": lambda x: np.log(2 + np.sin(x)),
    "absolute": np.absolute,
    "relu": activation.relu,
    "sigmoid": activation.sigmoid,
    "softplus": activation.softplus,
    "softmax": _of_matrices(activation.softmax),
    "log_softmax": _of_matrices(lambda x: activation.log_softmax(x, axis=0)),
    "logsumexp": _of_matrices(lambda x: activation.logsumexp(x, axis=1, keepdims=True)),
    "sum": _of_matrices(lambda x: np.sum(x, axis=0, keepdims=True)),
    "sum of all": np.sum,
    "mean": _of_matrices(lambda x: np.mean(x, axis=1, keepdims=True)),
    "max": _of_matrices(lambda x: np.max(x, axis=1, keepdims=True)),
    "prod": _of_matrices(lambda x: np.prod(x, axis=0, keepdims=True)),
    "var": _of_matrices(lambda x: np.var(x, axis=0, keepdims=True)),
    "cumsum": _of_matrices(lambda x: np.cumsum(x, axis=0)),
    "transpose": np.transpose,
    "reshape": lambda x: np.reshape(x, x.shape[::-1]),
    "flip": _of_matrices(lambda x: np.flip(x, 1)),
    "row twice": _of_matrices(lambda x: x[[0, 0]]),
    "column": _of_matrices(lambda x: x[:, -1:]),
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: a / (2 + np.sin(b)),
    "power": lambda a, b: (1 + np.square(a)) ** np.tanh(b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": lambda a, b: np.where(a > 0.5, a, b),
    "matmul": _matrix_product,
    "concatenate": _joined,
}
OPERATIONS: dict[str, Callable[..., Any]] = {**UNARY, **BINARY}


@dataclass(frozen=True)
class Graph:
    """A random expression: a function of three arrays, and the arrays to call it with.

    Attributes
    ----------
    shapes, seed, dtype
        Of the leaves, which are standard normal numbers.
    steps
        ``(operation, how far back its operand is, ...)``: 0 is the last result.
    bounded
        The steps that are followed by a tanh, because at the leaves they give large values. Which
        they are is part of the expression: it branches on no value.
    """

    shapes: tuple[Shape, ...]
    steps: tuple[Step, ...]
    seed: int
    dtype: npt.DTypeLike = np.float64
    bounded: frozenset[int] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        values: list[Any] = list(self.leaves)
        large = set()
        for number in range(len(self.steps)):
            values.append(self._applied(number, values))
            if np.max(np.abs(values[-1])) > LARGEST:
                large.add(number)
                values[-1] = np.tanh(values[-1])
        object.__setattr__(self, "bounded", frozenset(large))

    @property
    def leaves(self) -> tuple[Array, ...]:
        """The arrays to call it with, new ones each time."""
        generator = np.random.default_rng(self.seed)
        return tuple(np.asarray(generator.standard_normal(s), self.dtype) for s in self.shapes)

    def __call__(self, *leaves: Any) -> Any:
        """Evaluate on arrays or Tensors."""
        values = list(leaves)
        for number in range(len(self.steps)):
            value = self._applied(number, values)
            values.append(np.tanh(value) if number in self.bounded else value)
        return values[-1]

    def _applied(self, number: int, values: Sequence[Any]) -> Any:
        name, *back = self.steps[number]
        operands = (values[-1 - min(distance, len(values) - 1)] for distance in back)
        return OPERATIONS[name](*operands)
