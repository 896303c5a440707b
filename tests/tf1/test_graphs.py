"""Default graphs: the face has one of its own, and the engine's rules stay as they are."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import DTypeError, SessionError
from tinygrad_mnist.tf1 import graph
from tinygrad_mnist.tf1.placeholder import placeholder
from tinygrad_mnist.tf1.session import Session


@pytest.fixture(autouse=True)
def _new_default_graphs():
    tf.reset_default_graph()
    yield
    tf.reset_default_graph()


def test_the_engines_symbols_keep_their_rules():
    product = placeholder(np.float32, name="x") * placeholder(np.float64, name="y")
    assert product.dtype == np.float64
    assert Session().run(product, {"x": 2.0, "y": 3.0}) == 6
    with pytest.raises(DTypeError, match="operands of one dtype"):
        tf.placeholder(tf.float32) * tf.placeholder(tf.float64)


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
    assert made.graph is not graph.get_default_graph()
    with tf.Graph().as_default() as other:
        assert MADE[what]().graph is other


def test_a_block_is_for_both():
    with tf.Graph().as_default() as inner:
        x = placeholder(np.float32, name="x")
        y = tf.constant(2.0)
        assert x.graph is y.graph is graph.get_default_graph() is inner
        with pytest.raises(DTypeError, match="operands of one dtype"):
            x * placeholder(np.float64)
        with Session() as session:
            assert session.run(x * y, {x: 3.0}) == 6


def test_resetting_begins_anew_for_both():
    before = tf.get_default_graph(), graph.get_default_graph()
    tf.reset_default_graph()
    assert tf.get_default_graph() is not before[0]
    assert graph.get_default_graph() is not before[1]
    with tf.Graph().as_default(), pytest.raises(SessionError, match="with block"):
        tf.reset_default_graph()
