"""Scopes: the names that they give, what they share, and what holds inside."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError

from .scopes import PROGRAMS, run


@pytest.fixture(autouse=True)
def _a_graph_of_its_own():
    with tf.Graph().as_default():
        yield


def test_scopes_name_variables_and_operations():
    with tf.variable_scope("outer") as scope:
        with tf.variable_scope("inner"):
            w = tf.get_variable("w", [2])
            y = tf.square(w)
        assert scope.name == "outer"
    assert w.name == "outer/inner/w:0"
    assert y.name == "outer/inner/Square:0"
    with tf.name_scope("only_operations"):
        assert tf.get_variable("v", [1]).name == "v:0"
    with tf.variable_scope(scope):
        assert tf.get_variable("v", [1]).name == "outer/v:0"


def test_a_scope_shares_what_it_is_told_to():
    def layer(reuse):
        with tf.variable_scope("layer", reuse=reuse):
            return tf.get_variable("w", [2])

    w = layer(None)
    assert layer(True) is layer(tf.AUTO_REUSE) is w
    with tf.variable_scope("layer") as scope:
        scope.reuse_variables()
        assert tf.get_variable_scope().reuse is True
        with pytest.raises(ArgumentError, match="layer/new does not exist"):
            tf.get_variable("new", [2])
        with pytest.raises(ShapeError, match=r"exists with shape \(2,\)"):
            tf.get_variable("w", [3])
        with pytest.raises(DTypeError, match="exists with dtype float32"):
            tf.get_variable("w", [2], tf.float64)
    with tf.variable_scope("fresh", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("w", [2]).name == "fresh/w:0"


def test_a_scope_without_a_name_gets_a_number():
    found = []
    for _ in range(2):
        with tf.variable_scope(None, default_name="block") as scope:
            found.append(scope.name)
    assert found == ["block", "block_1"]
    with pytest.raises(ArgumentError, match="needs a name or a scope"), tf.variable_scope(None):
        pass


def test_a_scope_says_what_holds_unless_it_is_given():
    with tf.variable_scope("s", initializer=tf.ones_initializer(), dtype=tf.float64):
        w = tf.get_variable("w", [2])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        value = sess.run(w)
    assert value.dtype == np.float64
    assert value.tolist() == [1, 1]


@pytest.mark.parametrize("what", PROGRAMS)
def test_programs(what):
    program, expected = PROGRAMS[what]
    assert run(tf, program) == expected


REFUSED = {
    "a number for a scope": (
        lambda: tf.variable_scope(5),
        "needs a name or a scope, or a default_name where it is None. Received: 5 and default_name",
    ),
    "a number for a default": (lambda: tf.variable_scope(None, 5), "None and default_name 5"),
    "text for reuse": (
        lambda: tf.variable_scope("a", reuse="x"),
        "reuse must be True, False, None or tf.AUTO_REUSE. Received: 'x'",
    ),
    "a number for reuse": (lambda: tf.variable_scope("a", reuse=1), "Received: 1"),
    "a new scope that shares": (
        lambda: tf.variable_scope(None, "a", reuse=True),
        "needs the name of what to share",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_scope_is_refused(what):
    scope, message = REFUSED[what]
    with pytest.raises(ArgumentError, match=message), scope():
        pass
    assert tf.get_variable_scope().name == ""


def test_a_layer_without_a_name_can_be_shared():
    x = tf.ones([2, 3])
    for reuse in (None, True, tf.AUTO_REUSE):
        tf.layers.dense(x, 4, reuse=reuse)
    for reuse in (None, True):
        with tf.variable_scope("net", reuse=reuse):
            tf.layers.dense(tf.layers.dense(x, 4), 2, use_bias=False)
    assert [variable.op_name for variable in tf.global_variables()] == [
        "dense/kernel",
        "dense/bias",
        "net/dense/kernel",
        "net/dense/bias",
        "net/dense_1/kernel",
    ]
