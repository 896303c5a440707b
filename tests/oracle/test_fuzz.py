"""Random graphs against TensorFlow, first and second order, shrunk to the smallest that differs."""

import hypothesis
import judges
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from reference_tf.crosscheck import compare
from tinygrad_mnist import gradients
from tinygrad_mnist.ops import elementwise, linear_algebra
from tinygrad_mnist.testing.strategies import graphs

GRAPHS = graphs(dtypes=(np.float64, np.float32))

pytestmark = pytest.mark.tf


@hypothesis.given(GRAPHS)
def test_tensorflow_agrees_with_every_step_of_a_random_graph(graph):
    report = compare(graph, *graph.leaves, seed=graph.seed)
    judges.note(report.parts)
    assert report.agrees, str(report)


@hypothesis.given(GRAPHS)
def test_tensorflow_agrees_to_second_order(graph):
    report = compare(graph, *graph.leaves, seed=graph.seed, order=2)
    judges.note(report.parts)
    assert report.agrees, str(report)


SHRUNK = hypothesis.settings(max_examples=200, database=None, derandomize=True, deadline=None)


def test_a_wrong_rule_shrinks_to_a_few_steps(monkeypatch):
    wrong = lambda ct, y, a, b: np.transpose(ct) @ a  # noqa: E731
    monkeypatch.setitem(linear_algebra.matmul.rules, "b", wrong)

    def differs(graph):
        # A graph without the operation is refused quickly.
        has_it = any(name == "matmul" for name, *_ in graph.steps)
        return has_it and not compare(graph, *graph.leaves).agrees

    smallest = hypothesis.find(GRAPHS, differs, settings=SHRUNK)
    assert len(smallest.steps) <= 3
    report = compare(smallest, *smallest.leaves)
    assert report.first.name == "matmul"


def test_a_step_of_the_second_order_is_judged_too(monkeypatch):
    """The rule of tanh is recorded as operations, of which one is wrong and is named."""
    monkeypatch.setitem(elementwise.subtract.rules, "b", lambda ct, y, a, b: ct)

    def slope(x):
        return np.sum(gradients(np.tanh(x), [x], np.ones(3), record=True)[0])

    report = compare(slope, np.array([0.5, 1.0, 2.0]))
    assert report.first.name == "subtract"
    assert "cotangent of b differs" in str(report)
