"""What the strategies draw, and the engine's gradients on it."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tinygrad_mnist import Tensor, softmax_cross_entropy_with_logits
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.testing import assert_grads, strategies

UNSHRUNK = settings(max_examples=1000, phases=[Phase.generate], database=None)


@given(st.data())
def test_products_of_broadcast_operands_in_any_layout(data):
    shapes = data.draw(strategies.broadcastable_shapes(2, max_side=3, max_dims=3))
    a, b = (data.draw(strategies.values(shape).flatmap(strategies.layouts)) for shape in shapes)
    assert [a.shape, b.shape] == list(shapes)
    assert_grads(np.multiply, a, b, order=1)


@given(st.data())
def test_matrix_products(data):
    a, b = (data.draw(strategies.values(s)) for s in data.draw(strategies.matmul_shapes()))
    assert_grads(np.matmul, a, b, order=1)


@given(st.data())
def test_reductions_over_any_axes(data):
    axis = data.draw(strategies.axes(3))
    x = data.draw(strategies.values((2, 3, 2)))
    assert_grads(lambda x: np.sum(np.square(x), axis=axis), x)


@given(st.data())
def test_every_kind_of_index(data):
    shape = data.draw(st.sampled_from([(3, 2), (4,), (2, 3, 2)]))
    index = data.draw(strategies.indices(shape))
    assert_grads(lambda x: x[index], data.draw(strategies.values(shape)), order=1)


@given(st.data())
def test_every_index_fits(data):
    shape = data.draw(strategies.broadcastable_shapes(1))[0]
    np.empty(shape)[data.draw(strategies.indices(shape))]


KINDS = {
    "an array and a slice": lambda parts: {"integers", "slice"} <= {*parts},
    "two arrays": lambda parts: parts.count("integers") >= 2,
    "a mask and a slice": lambda parts: {"mask", "slice"} <= {*parts},
    "an array and a mask": lambda parts: {"integers", "mask"} <= {*parts},
    "a negative step": lambda parts: "backwards" in parts,
    "a new axis": lambda parts: {"integers", "new axis"} <= {*parts},
}


def kind(part):
    if isinstance(part, np.ndarray):
        return "mask" if part.dtype == bool else "integers"
    if isinstance(part, slice):
        return "slice" if (part.step or 1) > 0 else "backwards"
    return "new axis" if part is None else "other"


@pytest.mark.parametrize("name", KINDS)
def test_indices_are_of_every_kind(name):
    def has_it(index):
        return isinstance(index, tuple) and KINDS[name]([kind(part) for part in index])

    find(strategies.indices((3, 2, 4)), has_it, settings=UNSHRUNK)


@given(st.data())
def test_values_keep_away_from_kinks(data):
    x = data.draw(strategies.values((3, 5), kinks=(-1.0, 0.0, 1.0)))
    for kink in (-1.0, 0.0, 1.0):
        assert (np.abs(x - kink) >= strategies.FAR).all()


@given(strategies.labels(4, 3), strategies.values((4, 3)))
def test_labels_are_distributions(labels, logits):
    np.testing.assert_allclose(labels.sum(axis=1), 1)
    assert (labels >= 0).all()
    assert_grads(softmax_cross_entropy_with_logits, labels, logits)


@pytest.mark.parametrize(("rows", "classes"), [(0, 0), (3, 0), (-1, 2)])
def test_labels_of_no_class_are_refused(rows, classes):
    with pytest.raises(ArgumentError, match=f"Received: {rows} rows and {classes} classes"):
        strategies.labels(rows, classes)


@given(strategies.labels(0, 3))
def test_labels_of_no_row_are_empty(labels):
    assert labels.shape == (0, 3)


@given(strategies.graphs(max_nodes=16))
@pytest.mark.slow
def test_random_graphs(graph):
    assert len(graph.steps) <= 16
    assert_grads(graph, *graph.leaves, order=1)


@given(strategies.graphs(dtypes=(np.float32,)))
def test_graphs_are_the_same_on_arrays_and_tensors(graph):
    value = graph(*graph.leaves)
    assert value.dtype == np.float32
    assert np.abs(value).max() <= 4
    np.testing.assert_array_equal(graph(*map(Tensor, graph.leaves)).numpy(), value)


@pytest.mark.parametrize("name", strategies.OPERATIONS)
def test_graphs_have_every_operation(name):
    def has_it(graph):
        return any(step[0] == name for step in graph.steps)

    find(strategies.graphs(), has_it, settings=UNSHRUNK)


def test_without_hypothesis_the_error_says_what_to_install():
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "try:\n    import tinygrad_mnist.testing.strategies\n"
        "except TypeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert "pip install hypothesis" in done.stdout


def test_importing_the_package_imports_neither_testing_nor_hypothesis():
    program = "import sys, tinygrad_mnist; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert "hypothesis" not in done.stdout.split()
    assert "tinygrad_mnist.testing" not in done.stdout.split()
