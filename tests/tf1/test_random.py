"""Random numbers: their distributions, and that a program gives the same result twice."""

from functools import partial

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.tf1.contrib.layers import xavier_initializer

COUNT = 100_000
FIVE = 5 / np.sqrt(COUNT)  # standard errors, in standard deviations


pytestmark = pytest.mark.usefixtures("graph")


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


SEEDED = {
    "random_normal": lambda seed: tf.random_normal([4], seed=seed),
    "truncated_normal": lambda seed: tf.truncated_normal([4], seed=seed),
    "random_uniform": lambda seed: tf.random_uniform([4], seed=seed),
    "random_uniform of integers": lambda seed: tf.random_uniform([9], 0, 9, tf.int32, seed=seed),
    "dropout": lambda seed: tf.nn.dropout(tf.ones([30]), 0.5, seed=seed),
    "dropout of rows": lambda seed: tf.nn.dropout(tf.ones([30, 2]), 0.5, [30, 1], seed=seed),
    **{
        name: lambda seed, make=make: make(seed=seed)([4, 3])
        for name, make in {
            "random_uniform_initializer": tf.random_uniform_initializer,
            "random_normal_initializer": tf.random_normal_initializer,
            "truncated_normal_initializer": tf.truncated_normal_initializer,
            "glorot_uniform_initializer": tf.glorot_uniform_initializer,
            "xavier_initializer": xavier_initializer,
            "normal xavier_initializer": partial(xavier_initializer, uniform=False),
        }.items()
    },
}


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED)
def test_a_seed_decides_the_numbers_and_without_one_each_symbol_has_its_own(make):
    with tf.Graph().as_default(), tf.Session() as sess:
        one, same, other, none, another = sess.run([make(seed) for seed in (3, 3, 4, None, None)])
    np.testing.assert_array_equal(one, same)
    assert len(np.unique([one, other, none, another], axis=0)) == 4


REFUSED = {
    "a negative seed of a graph": (lambda: tf.set_random_seed(-1), "at least 0. Received: -1"),
    "a truth for a seed": (lambda: tf.set_random_seed(True), "integer.* Received: True"),
    "a negative seed": (lambda: tf.random_normal([2], seed=-1), "seed must be .*Received: -1"),
    "text for a seed": (lambda: tf.random_uniform([2], seed="x"), "seed must be .*Received: 'x'"),
    "a negative seed of dropout": (
        lambda: tf.nn.dropout(tf.ones([2]), 0.5, seed=-1),
        "seed must be an integer of at least 0. Received: -1",
    ),
    "a negative deviation": (
        lambda: tf.random_normal([2], stddev=-1.0),
        "random_normal: stddev must be at least 0. Received: -1.0",
    ),
    "one negative deviation": (
        lambda: tf.truncated_normal([2], stddev=np.array([1.0, -1.0])),
        "truncated_normal: stddev must be at least 0",
    ),
    "integers between 2 and 1": (
        lambda: tf.random_uniform([2], 2, 1, tf.int32),
        "random_uniform needs a minval below maxval. Received: 2 and 1",
    ),
    "integers between 2 and 2": (
        lambda: tf.random_uniform([2], 2, 2, tf.int64),
        "below maxval. Received: 2 and 2",
    ),
    "numbers between 2 and 1": (lambda: tf.random_uniform([2], 2), "Received: 2.0 and 1.0"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_numbers_that_cannot_be_are_refused_at_the_call(what):
    call, message = REFUSED[what]
    with pytest.raises(ArgumentError, match=message):
        call()


def test_what_is_no_number_is_refused_at_the_call():
    with pytest.raises(DTypeError, match="random_normal: mean holds numbers or booleans"):
        tf.random_normal([2], mean="x")
    with pytest.raises(DTypeError, match="random_uniform: minval of dtype int32 was expected"):
        tf.random_uniform([2], 2.5, 5, tf.int32)


def test_numbers_can_differ_for_each_element():
    x, y = run(
        tf.random_normal([COUNT, 2], [0.0, 5.0], [0.0, 1.0], tf.float64),
        tf.random_uniform([COUNT, 2], [0.0, 4.0], [0.0, 5.0], tf.float64),
    )
    assert not x[:, 0].any()
    assert abs(x[:, 1].mean() - 5) < FIVE
    assert not y[:, 0].any()
    assert 4 <= y[:, 1].min() < 4.01 < 4.99 < y[:, 1].max() <= 5


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
