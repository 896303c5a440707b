"""Random numbers: their distributions, and that a program gives the same result twice."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.tf1.contrib.layers import xavier_initializer

COUNT = 100_000
FIVE = 5 / np.sqrt(COUNT)  # standard errors, in standard deviations


@pytest.fixture(autouse=True)
def _a_graph_of_its_own():
    with tf.Graph().as_default():
        yield


def run(*symbols):
    with tf.Session() as sess:
        return sess.run(list(symbols))


def test_normal():
    (x,) = run(tf.random_normal([COUNT], mean=3.0, stddev=2.0, dtype=tf.float64))
    assert x.dtype == np.float64
    assert abs(x.mean() - 3) < 2 * FIVE
    assert abs(x.std() - 2) < 2 * FIVE


def test_truncated_normal():
    (x,) = run(tf.truncated_normal([COUNT], mean=3.0, stddev=2.0))
    assert x.dtype == np.float32
    assert abs(x - 3).max() <= 4
    assert abs(x.mean() - 3) < 2 * FIVE
    assert abs(x.std() - 2 * 0.8796) < 2 * FIVE


def test_uniform():
    x, n = run(tf.random_uniform([COUNT], -1, 3), tf.random_uniform([COUNT], 2, 5, tf.int32))
    assert -1 <= x.min() < -0.99 < 2.99 < x.max() <= 3
    assert set(n.tolist()) == {2, 3, 4}
    assert n.dtype == np.int32
    with pytest.raises(ArgumentError, match="maxval"):
        tf.random_uniform([2], dtype=tf.int32)


INITIALIZERS = {
    "uniform": (tf.random_uniform_initializer(-2, 2), 2, 2 / np.sqrt(3)),
    "normal": (tf.random_normal_initializer(stddev=0.5), np.inf, 0.5),
    "truncated": (tf.truncated_normal_initializer(stddev=0.5), 1, 0.5 * 0.8796),
    "glorot": (tf.glorot_uniform_initializer(), np.sqrt(6 / 500), np.sqrt(2 / 500)),
    "xavier": (xavier_initializer(), np.sqrt(6 / 500), np.sqrt(2 / 500)),
    "xavier normal": (
        xavier_initializer(uniform=False),
        2 * np.sqrt(2.6 / 500),
        0.8796 * np.sqrt(2.6 / 500),
    ),
}


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_initializers(name, dtype):
    initializer, limit, deviation = INITIALIZERS[name]
    w, v = (tf.get_variable(n, [300, 200], dtype, initializer=initializer) for n in "wv")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        x, y = sess.run([w, v])
    assert x.dtype == dtype
    assert abs(x).max() <= limit * (1 + 1e-6)
    assert abs(x.mean()) < 5 * deviation / np.sqrt(x.size)
    assert abs(x.std() / deviation - 1) < 5 / np.sqrt(x.size)
    assert not np.array_equal(x, y)


def test_fans_of_kernels_and_vectors():
    for shape, fans in [([3, 3, 4, 5], 9 * 9), ([7], 14)]:
        value = tf.glorot_uniform_initializer()([*shape])
        (x,) = run(value)
        assert abs(x).max() <= np.sqrt(6 / fans)


def program(seed=None, own=None):
    """Two draws of one session."""
    with tf.Graph().as_default():
        if seed is not None:
            tf.set_random_seed(seed)
        x = tf.random_normal([4], seed=own)
        with tf.Session() as sess:
            return np.stack([sess.run(x), sess.run(x), sess.run(x)])


def test_a_program_gives_the_same_numbers_twice():
    np.testing.assert_array_equal(program(), program())
    np.testing.assert_array_equal(program(3), program(3))
    np.testing.assert_array_equal(program(3, 4), program(3, 4))
    different = [program(), program(3), program(3, 4), program(3, 5)]
    assert len(np.unique(different)) == 4 * 12  # and each run draws anew


def test_a_seed_is_a_number():
    with pytest.raises(ArgumentError, match=r"at least 0. Received: -1"):
        tf.set_random_seed(-1)


def test_initialising_again_draws_again():
    w = tf.get_variable("w", [10])
    init = tf.global_variables_initializer()
    with tf.Session() as sess:
        drawn = []
        for _ in range(4):
            sess.run(init)
            drawn += [sess.run(w), sess.run(w)]
    np.testing.assert_array_equal(drawn[::2], drawn[1::2])
    assert len(np.unique(drawn)) == 40


@pytest.mark.parametrize("keep", [0.25, 1.0])
def test_dropout(keep):
    x, keep_prob = tf.placeholder(tf.float32, [None, 100]), tf.placeholder(tf.float32)
    dropped, rated = tf.nn.dropout(x, keep_prob), tf.nn.dropout(x, rate=1 - keep)
    (gradient,) = tf.gradients(tf.reduce_sum(dropped), x)
    feeds = {x: np.full((1000, 100), 3.0), keep_prob: keep}
    with tf.Session() as sess:
        for _ in range(3):
            y, z, slope = sess.run([dropped, rated, gradient], feeds)
            for found in (y, z):
                assert set(np.unique(found)) <= {0, np.float32(3 / keep)}
                share = np.mean(found != 0)
                assert abs(share - keep) <= 5 * np.sqrt(keep * (1 - keep) / y.size)
            np.testing.assert_array_equal(slope * 3, y)
        other = sess.run(dropped, feeds)
    assert keep == 1 or not np.array_equal(other, y)


def test_dropout_of_whole_rows():
    (y,) = run(tf.nn.dropout(tf.ones([50, 4]), 0.5, noise_shape=[50, 1]))
    assert set(y.sum(axis=1)) == {0, 8}
