"""What the strategies draw, and the engine's gradients on it."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mnist import softmax_cross_entropy_with_logits
from tinygrad_mnist.testing import assert_grads, strategies


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
    index = data.draw(strategies.indices((3, 2)))
    assert_grads(lambda x: x[index], data.draw(strategies.values((3, 2))), order=1)


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


@given(strategies.graphs(max_nodes=16))
def test_random_graphs(graph):
    assert 8 <= len(graph.program) <= 16
    value = graph(*graph.leaves)
    if np.abs(value).max() < 1e3:  # powers of powers leave the differences no digits
        assert_grads(graph, *graph.leaves, order=1)


def test_without_hypothesis_the_error_says_what_to_install():
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "try:\n    import tinygrad_mnist.testing.strategies\n"
        "except TypeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'tinygrad-mnist[test]'" in done.stdout


def test_importing_the_package_imports_neither_testing_nor_hypothesis():
    program = "import sys, tinygrad_mnist; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "hypothesis" not in done.stdout.split()
    assert "tinygrad_mnist.testing" not in done.stdout.split()
