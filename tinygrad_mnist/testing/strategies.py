"""Hypothesis strategies for testing gradients: shapes, layouts, axes, indices, values, graphs.

Draw a shape and a seed and fill by a generator: twice as fast as drawing elements, and without
accidental ties.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import ArgumentError, UnsupportedError
from tinygrad_mnist.ops import activation

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError:
    raise UnsupportedError(
        "tinygrad_mnist.testing.strategies needs hypothesis, which is not installed: "
        "pip install hypothesis."
    ) from None

__all__ = [
    "FAR",
    "LAYOUTS",
    "Graph",
    "axes",
    "broadcastable_shapes",
    "graphs",
    "indices",
    "labels",
    "layouts",
    "matmul_shapes",
    "seeds",
    "values",
]

Shape = tuple[int, ...]
Step = tuple[Any, ...]

FAR = 0.05
"""How far from a kink values are drawn: much further than a step of the differences."""

seeds = st.integers(0, 2**32 - 1)


def broadcastable_shapes(
    count: int, *, min_side: int = 0, max_side: int = 4, max_dims: int = 4
) -> st.SearchStrategy[tuple[Shape, ...]]:
    """Shapes that broadcast together."""
    drawn = hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_side=min_side, max_side=max_side, max_dims=max_dims
    )
    return drawn.map(lambda shapes: shapes.input_shapes)


def matmul_shapes(*, min_side: int = 0, max_side: int = 4) -> st.SearchStrategy[tuple[Shape, ...]]:
    """Shapes of the operands of a matrix product: vectors, matrices and stacks of them."""
    drawn = hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, min_side=min_side, max_side=max_side, max_dims=2
    )
    return drawn.map(lambda shapes: shapes.input_shapes)


@st.composite
def values(
    draw: st.DrawFn, shape: Shape, *, kinks: tuple[float, ...] = (0.0,), scale: float = 2.0
) -> Array:
    """A float64 array of a shape, normal numbers of a scale, none near a kink."""
    array = np.asarray(np.random.default_rng(draw(seeds)).normal(0.0, scale, shape))
    for kink in kinks:
        near = np.abs(array - kink) < FAR
        array = np.where(near, kink + np.where(array < kink, -2, 2) * FAR, array)
    return array


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "C": lambda a: np.ascontiguousarray(a).reshape(a.shape),  # which makes 0-d arrays 1-d
    "Fortran": lambda a: np.asfortranarray(a).reshape(a.shape),
    "strided": lambda a: np.repeat(a[..., None], 2, axis=-1)[..., 0],
    "reversed": lambda a: np.flip(np.flip(a).copy()),
    "read-only": lambda a: _read_only(a.copy()),
}


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


def layouts(array: Array) -> st.SearchStrategy[Array]:
    """The same elements in memory in another order, with gaps, backwards, or read-only."""
    return st.sampled_from(sorted(LAYOUTS)).map(lambda name: LAYOUTS[name](array))


@st.composite
def axes(draw: st.DrawFn, ndim: int) -> int | tuple[int, ...] | None:
    """None, an axis of either sign, or a tuple of them."""
    if not ndim or draw(st.booleans()):
        return None
    some = draw(st.lists(st.integers(0, ndim - 1), unique=True, min_size=1))
    signed = tuple(axis - ndim if draw(st.booleans()) else axis for axis in some)
    return signed[0] if draw(st.booleans()) else signed


def indices(shape: Shape) -> st.SearchStrategy[Any]:
    """An index: basic with new axes and negative steps, masks, integer arrays, or mixtures."""
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    return st.one_of(basic, _masks(shape), _mixtures(shape)) if shape else basic


def _masks(shape: Shape) -> st.SearchStrategy[Array]:
    return seeds.map(lambda seed: np.random.default_rng(seed).random(shape) < 0.5)


@st.composite
def _mixtures(draw: st.DrawFn, shape: Shape) -> Any:
    """For each axis a slice, a number, integers with repeats, or a mask; a new axis, an ellipsis.

    Integers and masks choose the same number of places, so that they go together.
    """
    count = draw(st.integers(0, 2 * max(shape)))
    index = [draw(_parts(size, count)) for size in shape]
    if draw(st.booleans()):  # the last axes left out
        index[draw(st.integers(0, len(shape) - 1)) + 1 :] = [Ellipsis]
    if draw(st.booleans()):
        index.insert(draw(st.integers(0, len(index))), None)
    return tuple(index)


@st.composite
def _parts(draw: st.DrawFn, size: int, count: int) -> Any:
    """Draw the part of an index along an axis of a size; an array of it chooses ``count`` places.

    A column of integers goes together with them too: the result has an axis more.
    """
    kinds = ["slice"] + ["number", "integers", "column"] * (size > 0) + ["mask"] * (count <= size)
    kind = draw(st.sampled_from(kinds))
    if kind == "slice":
        return draw(st.slices(size))
    generator = np.random.default_rng(draw(seeds))
    if kind == "mask":
        return generator.permutation(np.arange(size) < count)
    shape = {"number": (), "integers": (count,), "column": (2, 1)}[kind]
    places = generator.integers(-size, size, shape)
    return int(places) if kind == "number" else places


def labels(rows: int, classes: int) -> st.SearchStrategy[Array]:
    """One distribution over classes per row: one-hot, smoothed, arbitrary, or uniform.

    Raises
    ------
    ArgumentError
        If there is no class, for then there is no distribution, or rows is negative.
    """
    if rows < 0 or classes < 1:
        raise ArgumentError(
            "labels needs at least 0 rows and 1 class, for a distribution sums to 1. Received: "
            f"{rows} rows and {classes} classes."
        )
    return _labels(rows, classes)


@st.composite
def _labels(draw: st.DrawFn, rows: int, classes: int) -> Array:
    generator = np.random.default_rng(draw(seeds))
    hot = np.eye(classes)[generator.integers(0, classes, rows)]
    even = np.full((rows, classes), 1 / classes)
    kind = draw(st.sampled_from(["one-hot", "smoothed", "arbitrary", "uniform"]))
    if kind == "arbitrary":
        return generator.dirichlet(np.ones(classes), rows)
    weight = {"one-hot": 0.0, "smoothed": 0.1, "uniform": 1.0}[kind]
    return (1 - weight) * hot + weight * even


SHAPES: tuple[Shape, ...] = ((), (1, 2), (2, 1), (2, 2))
LARGEST = 4.0
"""A larger value is followed by its tanh: of repeated squares no digits would be left."""


def _of_matrices(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that needs axes; of a scalar its sine."""
    return lambda x: function(x) if x.ndim else np.sin(x)


def _matrix_product(a: Any, b: Any) -> Any:
    return a @ b if a.ndim and b.ndim and a.shape[1] == b.shape[0] else a * b


def _rows_or_difference(a: Any, b: Any) -> Any:
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
    "concatenate": _rows_or_difference,
}
OPERATIONS: dict[str, Callable[..., Any]] = {**UNARY, **BINARY}


@dataclass(frozen=True)
class Graph:
    """A random expression: a function of three arrays, and the arrays to call it with.

    Operations are defined on all values of all shapes drawn, so that every list of steps is a
    graph, and a graph that fails can lose any of its steps.

    >>> graph = Graph(((), (2, 2), (2, 2)), (("matmul", 0, 1), ("tanh", 0)), seed=0)
    >>> graph(*graph.leaves).shape
    (2, 2)

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
            values.append(self._step_value(number, values))
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
            value = self._step_value(number, values)
            values.append(np.tanh(value) if number in self.bounded else value)
        return values[-1]

    def _step_value(self, number: int, values: Sequence[Any]) -> Any:
        name, *back = self.steps[number]
        operands = (values[-1 - min(distance, len(values) - 1)] for distance in back)
        return OPERATIONS[name](*operands)


_NOTHING = "nothing"
"""What a step shrinks to, so that a graph that fails loses every step that it does not need."""


def graphs(
    *, min_nodes: int = 8, max_nodes: int = 25, dtypes: Sequence[npt.DTypeLike] = (np.float64,)
) -> st.SearchStrategy[Graph]:
    """Random expressions of so many nodes; one that fails shrinks to the nodes that it needs.

    Three operands in ten are any earlier result, the others one of the last three: so nodes are
    reused, and paths have unequal lengths.
    """
    distance = st.sampled_from((*(0, 1, 2) * 19, *range(25)))
    step = st.one_of(
        st.tuples(st.sampled_from((_NOTHING, *UNARY)), distance),
        st.tuples(st.sampled_from(tuple(BINARY)), distance, distance),
    )
    steps = st.lists(step, min_size=min_nodes, max_size=max_nodes).map(
        lambda drawn: tuple(step for step in drawn if step[0] != _NOTHING)
    )
    shapes = st.tuples(*[st.sampled_from(SHAPES)] * 3)
    return st.builds(Graph, shapes, steps, seeds, st.sampled_from(dtypes))
