"""Hypothesis strategies for testing gradients: shapes, layouts, axes, indices, values, graphs.

Draw a shape and a seed and fill by a generator: twice as fast as drawing elements, and without
accidental ties.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import UnsupportedError

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError:
    raise UnsupportedError(
        "tinygrad_mnist.testing.strategies needs hypothesis, which is not installed: "
        "pip install 'tinygrad-mnist[test]'."
    ) from None

Shape = tuple[int, ...]
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
    "read-only": lambda a: _locked(a.copy()),
}


def _locked(array: Array) -> Array:
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


@st.composite
def indices(draw: st.DrawFn, shape: Shape) -> Any:
    """An index: basic with new axes, integer arrays with repeats, masks, or a mixture."""
    generator = np.random.default_rng(draw(seeds))
    kinds = ["basic", "mask"] if shape else ["basic"]
    if shape and all(shape):
        kinds += ["integers", "mixture"]
    kind = draw(st.sampled_from(kinds))
    if kind == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True))
    if kind == "mask":
        return generator.random(shape) < 0.5
    rows = generator.integers(-shape[0], shape[0], draw(st.integers(0, 2 * shape[0])))
    return rows if kind == "integers" else (rows, ..., None)


@st.composite
def labels(draw: st.DrawFn, rows: int, classes: int) -> Array:
    """One distribution over classes per row: one-hot, smoothed, arbitrary, or uniform."""
    generator = np.random.default_rng(draw(seeds))
    hot = np.eye(classes)[generator.integers(0, classes, rows)]
    even = np.full((rows, classes), 1 / classes)
    kind = draw(st.sampled_from(["one-hot", "smoothed", "arbitrary", "uniform"]))
    if kind == "arbitrary":
        return generator.dirichlet(np.ones(classes), rows)
    weight = {"one-hot": 0.0, "smoothed": 0.1, "uniform": 1.0}[kind]
    return (1 - weight) * hot + weight * even


@dataclass(frozen=True)
class Graph:
    """A random expression: a function of three arrays, and the arrays to call it with.

    The leaves' shapes are among (2, 2), (1, 2), (2, 1), (); its repr is the program.
    """

    leaves: tuple[Array, ...]
    program: tuple[tuple[str, int, int], ...]

    def __call__(self, *leaves: Any) -> Any:
        """Evaluate on arrays or Tensors."""
        results = list(leaves)
        for name, a, b in self.program:
            results.append(OPERATIONS[name](results[a], results[b]))
        return results[-1]


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "tanh": lambda a, b: np.tanh(a),
    "sin": lambda a, b: np.sin(a),
    "mean": lambda a, b: a - np.mean(a) * b,
    "power": lambda a, b: 0.5 * np.square(a),
}


@st.composite
def graphs(draw: st.DrawFn, *, min_nodes: int = 8, max_nodes: int = 25) -> Graph:
    """Random expressions; three operands in ten are any earlier result, the others recent."""
    shapes = st.sampled_from([(2, 2), (1, 2), (2, 1), ()])
    leaves = tuple(draw(values(draw(shapes), scale=1.0)) for _ in range(3))
    program = []
    for node in range(3, 3 + draw(st.integers(min_nodes, max_nodes))):
        operands = []
        for _ in range(2):
            anywhere = draw(st.integers(0, 9)) < 3
            operands.append(draw(st.integers(0 if anywhere else node - 3, node - 1)))
        program.append((draw(st.sampled_from(sorted(OPERATIONS))), operands[0], operands[1]))
    return Graph(leaves, tuple(program))
