"""The training operations of one optimizer share its state, which a Saver saves once."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError

SHARING = {
    "momentum": lambda tf: tf.train.MomentumOptimizer(0.125, 0.75),
    # Numbers that float32 has exactly: TensorFlow keeps these in it.
    "adam": lambda tf: tf.train.AdamOptimizer(0.25, 0.5, beta2=0.75, epsilon=0.125),
    "gradient descent": lambda tf: tf.train.GradientDescentOptimizer(0.125),
}


def losses(tf):
    w = tf.Variable(np.array([1.0, -2.0]), name="w")
    b = tf.Variable(np.float64(0.5), name="b")
    return w, b, [tf.reduce_sum(w * w) + b * b, tf.reduce_sum(3.0 * w * b)]


def same_variables(tf, optimizer):
    w, b, both = losses(tf)
    return [w, b], [optimizer.minimize(loss) for loss in both]


def in_another_order(tf, optimizer):
    w, b, (first, second) = losses(tf)
    pairs = optimizer.compute_gradients(second)
    return [w, b], [optimizer.minimize(first), optimizer.apply_gradients(pairs[::-1])]


def other_variables(tf, optimizer):
    """As of the two networks of a GAN; Adam counts the steps of both."""
    w, b, (first, second) = losses(tf)
    trains = [optimizer.minimize(first, var_list=w), optimizer.minimize(second, var_list=[b])]
    return [w, b], trains


PROGRAMS = [same_variables, in_another_order, other_variables]


def trained(tf, make_optimizer, program, order=(0, 1, 0, 0, 1, 1, 0, 1)):
    """Return the variables after each step, twice as the second initialisation begins anew."""
    with tf.Graph().as_default(), tf.Session() as sess:
        variables, trains = program(tf, make_optimizer(tf))
        init = tf.global_variables_initializer()
        found = []
        for _ in range(2):
            sess.run(init)
            for which in order:
                sess.run(trains[which])
                found.append(np.concatenate([np.ravel(v) for v in sess.run(variables)]))
        return np.array(found)


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


def test_adam_counts_the_steps_of_all_its_operations_together():
    """Written out: one power of each beta for both variables, and moments for each."""
    order = (0, 1, 0, 0, 1, 1, 0, 1)
    state = [np.array([1.0, -2.0]), np.float64(0.5)]
    moments, expected = [[0.0, 0.0], [0.0, 0.0]], []
    for count, which in enumerate(order, start=1):
        gradient = 3.0 * state[0].sum() if which else 2.0 * state[0]
        first, second = moments[which]
        first, second = 0.5 * first + 0.5 * gradient, 0.75 * second + 0.25 * gradient**2
        moments[which] = [first, second]
        rate = 0.25 * np.sqrt(1 - 0.75**count) / (1 - 0.5**count)
        state[which] = state[which] - rate * first / (np.sqrt(second) + 0.125)
        expected.append(np.append(*state))
    received = trained(tf, SHARING["adam"], other_variables, order)
    np.testing.assert_allclose(received, [*expected, *expected], rtol=1e-13)


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


@pytest.mark.tf
@programs
@optimizers
def test_steps(name, program, theirs):
    received, expected = (trained(face, SHARING[name], program) for face in (tf, theirs))
    # Some ten operations a step on numbers below 10; what is added up is amplified by less than 2.
    tolerance = len(expected) * 32 * 2.0**-53 * np.max(np.abs(expected))
    assert np.max(np.abs(received - expected)) < tolerance


@pytest.mark.tf
def test_the_example_of_one_variable(theirs):
    def end(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            optimizer, w = tf.train.MomentumOptimizer(0.1, 0.9), tf.Variable(1.0)
            trains = [optimizer.minimize(w * w), optimizer.minimize(3.0 * w)]
            sess.run(tf.global_variables_initializer())
            for train in trains:
                sess.run(train)
            return sess.run(w)

    assert end(tf) == pytest.approx(0.32, rel=1e-6)
    assert end(theirs) == pytest.approx(end(tf), rel=1e-6)
