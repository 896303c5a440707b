"""Default graphs: what is made without a block is of one graph, until that is reset."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import SessionError


@pytest.fixture(autouse=True)
def _new_default_graphs():
    tf.reset_default_graph()
    yield
    tf.reset_default_graph()


MADE = {
    "placeholder": lambda: tf.placeholder(tf.float32),
    "constant": lambda: tf.constant(1.0),
    "Variable": lambda: tf.Variable(1.0),
    "get_variable": lambda: tf.get_variable("w", [2]),
    "operation on arrays": lambda: tf.square(np.ones(2)),
    "stop_gradient of an array": lambda: tf.stop_gradient(np.ones(2)),
    "random numbers": lambda: tf.random_normal([2]),
    "dropout of an array": lambda: tf.nn.dropout(np.ones(2), 0.5),
    "initializer of no variables": lambda: tf.global_variables_initializer(),
    "session": lambda: tf.Session(),
}


@pytest.mark.parametrize("what", MADE)
def test_what_is_made_is_of_the_default_graph(what):
    made = MADE[what]()
    assert type(made.graph) is tf.Graph
    assert made.graph is tf.get_default_graph()
    with tf.Graph().as_default() as other:
        assert MADE[what]().graph is other


def test_resetting_begins_anew():
    before = tf.get_default_graph()
    tf.reset_default_graph()
    assert tf.get_default_graph() is not before
    with tf.Graph().as_default(), pytest.raises(SessionError, match="with block"):
        tf.reset_default_graph()
