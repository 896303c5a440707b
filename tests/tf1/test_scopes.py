"""Scopes: the names that they give, what they share, and what holds inside."""

from itertools import product

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError

pytestmark = pytest.mark.usefixtures("graph")


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


# --- programs of scopes, and what they find: names, and values of variables ----------------------


def run(tf, program):
    """Return what a program finds, in a graph of its own."""
    with tf.Graph().as_default():
        return program(tf)


def named(tf, *arguments, **keywords):
    """Return the names of the scope, of a variable and of an operation."""
    with tf.variable_scope(*arguments, **keywords) as scope:
        variable = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
        return scope.name, variable.name, tf.constant(1.0, name="c").name


def path(tf):
    return named(tf, "a/b"), named(tf, "a/b", reuse=True)


def path_inside(tf):
    with tf.variable_scope("outer"):
        return named(tf, "a/b")


def entered_again(tf):
    with tf.variable_scope("outer"), tf.variable_scope("a/b") as scope:
        pass
    with tf.variable_scope("elsewhere"):
        return named(tf, scope)


def nothing_inside(tf):
    with tf.variable_scope("outer"):
        return named(tf, "")


def outermost_again(tf):
    outermost = tf.get_variable_scope()
    with tf.variable_scope("outer"):
        return named(tf, outermost)


def default_names(tf):
    """Two scopes by a default name, each time that the outer one is opened."""
    found = []
    for reuse in (None, True):
        with tf.variable_scope("net", reuse=reuse) as net:
            found += [_default_name(tf), _default_name(tf)]
    with tf.variable_scope(net):
        found.append(_default_name(tf))
        with tf.variable_scope(net):
            found.append(_default_name(tf))
        found.append(_default_name(tf))
    return found


def _default_name(tf):
    with tf.variable_scope(None, "part") as scope:
        return scope.name, tf.constant(1.0, name="c").name


def sharing(tf):
    """Whether variables are made (0), taken (1) or either (2) inside, for each two scopes.

    The inner one is another scope, then the outer one entered again.
    """
    ways = {None: 0, False: 0, True: 1, tf.AUTO_REUSE: 2}
    found = []
    for outer, inner in product(ways, repeat=2):
        with tf.variable_scope("outer", reuse=outer) as scope:
            inside = tf.variable_scope("inner", reuse=inner)
            with inside as entered:
                found.append(ways[entered.reuse])
        with tf.variable_scope(scope, reuse=inner) as entered:
            found.append(ways[entered.reuse])
    return found


def first_values(tf):
    """The initializer of a scope may be a value: an array, numbers or a Symbol."""
    variables = []
    for number, value in enumerate([np.arange(2.0), [0.0, 0.0], 0.0, tf.ones([2])]):
        with tf.variable_scope(f"scope{number}", initializer=value), tf.variable_scope("inner"):
            variables.append(tf.get_variable("w"))
    outer, zeros = tf.variable_scope("other", initializer=np.ones(2)), tf.zeros_initializer()
    with outer, tf.variable_scope("inner", initializer=zeros):
        variables.append(tf.get_variable("w", [1]))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return [(value.tolist(), value.dtype.name) for value in sess.run(variables)]


PROGRAMS = {
    "a path": (
        path,
        (("a/b", "a/b/w:0", "a/b/c:0"), ("a/b", "a/b/w:0", "a/b_1/c:0")),
    ),
    "a path inside": (path_inside, ("outer/a/b", "outer/a/b/w:0", "outer/a/b/c:0")),
    "entered again": (entered_again, ("outer/a/b", "outer/a/b/w:0", "elsewhere/b/c:0")),
    "nothing": (lambda tf: named(tf, ""), ("", "w:0", "c:0")),
    "nothing inside": (nothing_inside, ("outer/", "outer//w:0", "outer/c:0")),
    "outermost again": (outermost_again, ("", "w:0", "outer/c:0")),
    "default names": (
        default_names,
        [
            ("net/part", "net/part/c:0"),
            ("net/part_1", "net/part_1/c:0"),
            ("net/part", "net_1/part/c:0"),
            ("net/part_1", "net_1/part_1/c:0"),
            ("net/part", "net_2/part/c:0"),
            ("net/part_1", "net_2/net/part/c:0"),
            ("net/part_1", "net_2/part_1/c:0"),
        ],
    ),
    "sharing": (
        sharing,
        [inner or outer for outer, inner in product((0, 0, 1, 2), repeat=2) for _ in range(2)],
    ),
    "first values": (
        first_values,
        [
            ([0, 1], "float64"),
            ([0, 0], "float32"),
            (0, "float32"),
            ([1, 1], "float32"),
            ([0], "float32"),
        ],
    ),
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_programs(what):
    program, expected = PROGRAMS[what]
    assert run(tf, program) == expected


@pytest.mark.tf
@pytest.mark.parametrize("what", PROGRAMS)
def test_tensorflow_finds_the_same(what, theirs):
    program, expected = PROGRAMS[what]
    assert run(theirs, program) == expected


# --- refusals and layers ----------------------------------------------------------------------

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


@pytest.mark.tf
@pytest.mark.parametrize("reuse", ["x", 1])
def test_what_reuse_cannot_be_in_tensorflow(reuse, theirs):
    with pytest.raises(ValueError, match="reuse"), theirs.variable_scope("a", reuse=reuse):
        pass


@pytest.mark.tf
def test_a_new_scope_cannot_share_in_tensorflow(theirs):
    with pytest.raises(ValueError, match="reuse"), theirs.variable_scope(None, "a", reuse=True):
        pass
