"""Programs of scopes, and what they find: names, and values of variables."""

from itertools import product

import numpy as np


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
