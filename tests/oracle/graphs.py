"""Random expression graphs that hypothesis draws whole, and shrinks to the smallest that differs.

A graph is data, a list of steps, and a function of Tensors: ``graph(*leaves)``. Each step applies
an operation to earlier results, three times in ten to any of them, else to one of the last three,
so that nodes are reused and paths have unequal lengths. Operations are defined on all values of
all shapes drawn, so that every list of steps is a graph.
"""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import tinygrad_mnist as tm

SHAPES = ((), (1, 2), (2, 1), (2, 2))


def matrix_product(a, b):
    return a @ b if a.ndim and b.ndim and a.shape[1] == b.shape[0] else a * b


def of_matrices(function):
    """A function that needs axes; of a scalar its sine."""
    return lambda x: function(x) if x.ndim else np.sin(x)


UNARY = {
    "negative": np.negative,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "square": np.square,
    "exp": lambda x: np.exp(-np.square(x)),
    "sqrt": lambda x: np.sqrt(1 + np.square(x)),
    "log": lambda x: np.log(2 + np.sin(x)),
    "absolute": np.absolute,
    "relu": tm.relu,
    "sigmoid": tm.sigmoid,
    "softplus": tm.softplus,
    "softmax": of_matrices(tm.softmax),
    "log_softmax": of_matrices(lambda x: tm.log_softmax(x, axis=0)),
    "logsumexp": of_matrices(lambda x: tm.logsumexp(x, axis=1, keepdims=True)),
    "sum": of_matrices(lambda x: np.sum(x, axis=0, keepdims=True)),
    "sum of all": np.sum,
    "mean": of_matrices(lambda x: np.mean(x, axis=1, keepdims=True)),
    "max": of_matrices(lambda x: np.max(x, axis=1, keepdims=True)),
    "prod": of_matrices(lambda x: np.prod(x, axis=0, keepdims=True)),
    "var": of_matrices(lambda x: np.var(x, axis=0, keepdims=True)),
    "cumsum": of_matrices(lambda x: np.cumsum(x, axis=0)),
    "transpose": np.transpose,
    "reshape": lambda x: np.reshape(x, x.shape[::-1]),
    "flip": of_matrices(lambda x: np.flip(x, 1)),
    "row twice": of_matrices(lambda x: x[[0, 0]]),
    "column": of_matrices(lambda x: x[:, -1:]),
}
BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: a / (2 + np.sin(b)),
    "power": lambda a, b: (1 + np.square(a)) ** np.tanh(b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": lambda a, b: np.where(a > 0.5, a, b),
    "matmul": matrix_product,
    "concatenate": lambda a, b: (
        np.concatenate((a, b)) if (a.shape, b.shape) == ((1, 2), (1, 2)) else a - b
    ),
}


@dataclass(frozen=True)
class Graph:
    """Leaves of these shapes, filled from a seed, and steps ``(operation, how far back, ...)``."""

    shapes: tuple
    steps: tuple
    seed: int
    dtype: type

    def leaves(self):
        rng = np.random.default_rng(self.seed)
        return [np.asarray(rng.standard_normal(shape), self.dtype) for shape in self.shapes]

    def __call__(self, *leaves):
        values = list(leaves)
        for name, *back in self.steps:
            operands = [values[-1 - min(distance, len(values) - 1)] for distance in back]
            value = (UNARY | BINARY)[name](*operands)
            # So that repeated squares stay where both systems' errors are bounded.
            values.append(np.tanh(value) if np.max(np.abs(value.data)) > 4 else value)
        return values[-1]


# Three in ten to any earlier result, the others to one of the last three.
DISTANCE = st.sampled_from((*(0, 1, 2) * 19, *range(25)))
# What all shrinks to is no step at all: so a failing graph loses every step that it does not need.
STEP = st.one_of(
    st.tuples(st.sampled_from(("nothing", *UNARY)), DISTANCE),
    st.tuples(st.sampled_from(tuple(BINARY)), DISTANCE, DISTANCE),
)
STEPS = st.lists(STEP, min_size=8, max_size=25).map(
    lambda steps: tuple(step for step in steps if step[0] != "nothing")
)
GRAPHS = st.builds(
    Graph,
    st.tuples(*[st.sampled_from(SHAPES)] * 3),
    STEPS,
    st.integers(0, 2**32 - 1),
    st.sampled_from((np.float64, np.float32)),
)
