"""The training operations of one optimizer share its state, which a Saver saves once."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError

from .shared import PROGRAMS, SHARING, losses, same_variables, trained

programs = pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
optimizers = pytest.mark.parametrize("name", SHARING)


@programs
@optimizers
def test_initialising_begins_them_anew(name, program):
    first, second = np.split(trained(tf, SHARING[name], program), 2)
    np.testing.assert_array_equal(first, second)


@optimizers
def test_two_operations_of_one_loss_are_as_good_as_one(name):
    def twice(tf, optimizer):
        w, b, (loss, _) = losses(tf)
        return [w, b], [optimizer.minimize(loss), optimizer.minimize(loss)]

    one = trained(tf, SHARING[name], twice, order=[0] * 6)
    np.testing.assert_array_equal(trained(tf, SHARING[name], twice, order=[0, 1] * 3), one)


@programs
@optimizers
def test_a_restored_session_goes_on_as_if_nothing_had_happened(name, program, tmp_path):
    with tf.Graph().as_default():
        variables, trains = program(tf, SHARING[name](tf))

        def steps(session):
            for train in trains * 2:
                session.run(train)
            return np.concatenate([np.ravel(v) for v in session.run(variables)])

        saver = tf.train.Saver()
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            steps(sess)
            path = saver.save(sess, tmp_path / "model")
            expected = steps(sess)
            for _ in range(3):
                saver.restore(sess, path)
                np.testing.assert_array_equal(steps(sess), expected)
        with tf.Session() as fresh:
            saver.restore(fresh, path)
            np.testing.assert_array_equal(steps(fresh), expected)


def test_lists_that_overlap_are_refused_where_there_is_a_state():
    with tf.Graph().as_default():
        w, b, (first, second) = losses(tf)
        adam = tf.train.AdamOptimizer()
        adam.minimize(first)
        with pytest.raises(ArgumentError) as caught:
            adam.minimize(second, var_list=[b])
        assert str(caught.value) == (
            "One Adam optimizer keeps one state for variables that it changes together, first w, "
            "b. Received: b. Change all of them in both operations, or give the second an "
            "optimizer of its own."
        )
        tf.train.AdamOptimizer().minimize(second, var_list=[b])
        descent = tf.train.GradientDescentOptimizer(0.1)
        assert descent.minimize(first).name != descent.minimize(second, var_list=[w]).name


def test_one_optimizer_serves_two_graphs():
    adam = tf.train.AdamOptimizer(0.25)
    ends = []
    for _ in range(2):
        with tf.Graph().as_default(), tf.Session() as sess:
            variables, trains = same_variables(tf, adam)
            sess.run(tf.global_variables_initializer())
            for train in trains:
                sess.run(train)
            ends.append(sess.run(variables[0]))
    np.testing.assert_array_equal(*ends)
