"""Graphs: the names that they give, and the default one, of what is made without a block."""

import threading

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, SessionError
from tinygrad_mnist.tf1.symbol import defer


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


# --- names --------------------------------------------------------------------------------------


def test_names_are_unique_and_scoped_like_tensorflows(graph):
    x = tf.placeholder(np.float32, [2, 2], name="X")
    assert tf.placeholder(np.float32, []).name == "Placeholder:0"
    products = [defer(np.matmul, x, x, name="MatMul") for _ in range(2)]
    with graph.name_scope("layer") as scope:
        products.append(defer(np.matmul, x, x, name="MatMul"))
        with graph.name_scope("inner"):
            products.append(x @ x)
        with graph.name_scope(None):
            products.append(x @ x)
    with graph.name_scope("layer"):
        products.append(x @ x)
    with graph.name_scope(scope):
        products.append(defer(np.matmul, x, x, name="MatMul"))
    assert scope == "layer/"
    assert [product.op_name for product in products] == [
        "MatMul",
        "MatMul_1",
        "layer/MatMul",
        "layer/inner/matmul",
        "matmul_2",  # TensorFlow too takes MatMul and matmul for one name
        "layer_1/matmul",
        "layer/MatMul_1",
    ]


def test_a_symbol_is_found_by_its_name(graph):
    x = tf.placeholder(np.float32, [], name="X")
    assert graph.get_tensor_by_name("X:0") is x
    assert graph.get_tensor_by_name("X") is x
    with pytest.raises(SessionError, match=r"no tensor 'x:0'. Nearest: X:0"):
        graph.get_tensor_by_name("x:0")


@pytest.mark.parametrize("name", ["two words", "", "/x", 3])
def test_a_name_must_be_one(name, graph):
    with pytest.raises(ArgumentError, match="Received"):
        graph.unique_name(name)


def test_symbols_of_two_graphs_do_not_mix():
    x = tf.placeholder(np.float32, [], name="x")
    with tf.Graph().as_default() as other:
        y = tf.placeholder(np.float32, [], name="y")
    with pytest.raises(ArgumentError, match="add: x:0 and y:0 are of different graphs"):
        x + y
    assert (y * 2.0).graph is other


def test_resetting_the_default_graph_begins_anew():
    seen = []

    def program():
        before = tf.get_default_graph()
        tf.placeholder(np.float32, [], name="x")
        tf.reset_default_graph()
        seen.append(tf.get_default_graph() is not before)
        seen.append(tf.placeholder(np.float32, [], name="x").name)

    thread = threading.Thread(target=program)  # which has a default graph of its own
    thread.start()
    thread.join()
    assert seen == [True, "x:0"]
