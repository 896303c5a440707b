"""Sizes that follow from shapes: as in TensorFlow, known before a run or for each shape fed."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, SessionError, ShapeError

X = [None, 3]
FOLLOWING = {  # of x, by its declared shape, what is made
    "zeros": (X, lambda tf, x: tf.zeros([tf.shape(x)[0], 3])),
    "zeros of a rank that is not known": (None, lambda tf, x: tf.zeros(tf.shape(x))),
    "ones between": (X, lambda tf, x: tf.ones([tf.shape(x)[0], 1]) * x),
    "ones of integers": (X, lambda tf, x: tf.ones(tf.shape(x), tf.int64)),
    "fill": (X, lambda tf, x: tf.fill([tf.shape(x)[0], 2], tf.reduce_sum(x))),
    "fill of a number": (X, lambda tf, x: tf.fill(tf.shape(x)[1:], 2)),
    "reshape": (X, lambda tf, x: tf.reshape(x, [tf.shape(x)[0], 3, 1])),
    "reshape to the rest": (X, lambda tf, x: tf.reshape(x, [tf.shape(x)[0], -1])),
    "reshape to a size that is known": (X, lambda tf, x: tf.reshape(x, [-1, tf.shape(x)[1]])),
    "reshape to all": (X, lambda tf, x: tf.reshape(x, [tf.size(x)])),
    "reshape to a stack": (X, lambda tf, x: tf.reshape(x, tf.stack([tf.shape(x)[0] * 3]))),
    "reshape to more": (X, lambda tf, x: tf.reshape(x, tf.concat([[1], tf.shape(x)], 0))),
    "range": (X, lambda tf, x: tf.range(tf.shape(x)[0])),
    "range from a start": (X, lambda tf, x: tf.range(1, 2 * tf.shape(x)[0], 2)),
    "range that is known": (X, lambda tf, x: tf.range(tf.shape(x)[1])),
    "rows": (X, lambda tf, x: tf.gather(x, tf.range(tf.shape(x)[0] - 1))),
    "depth": (X, lambda tf, x: tf.one_hot([1, 0], tf.shape(x)[0])),
    "depth on an axis": (X, lambda tf, x: tf.one_hot([1, 0, 3], tf.shape(x)[0], axis=0)),
    "depth that is known": (X, lambda tf, x: tf.one_hot([1, 0], tf.shape(x)[1])),
    "axis": (X, lambda tf, x: tf.reduce_sum(x, tf.rank(x) - 1)),
    "of what follows": (X, lambda tf, x: tf.zeros(tf.shape(tf.ones([tf.shape(x)[0], 2])))),
    "halves": (X, lambda tf, x: tf.zeros([tf.shape(x)[0] // 2, tf.shape(x)[1] - 1])),
    "at least": (X, lambda tf, x: tf.zeros([tf.maximum(tf.shape(x)[0], 2)])),
    "a difference": (X, lambda tf, x: tf.zeros([tf.shape(x)[0] - tf.shape(2 * x)[0] + 1])),
    "gradient": (X, lambda tf, x: tf.gradients(tf.reshape(x, [tf.size(x)])[0] ** 2, x)[0]),
}
DRAWN = {
    "normal": (X, lambda tf, x: tf.random_normal(tf.shape(x))),
    "normal in part": (X, lambda tf, x: tf.random_normal([tf.shape(x)[0], 4])),
    "truncated": (X, lambda tf, x: tf.truncated_normal(tf.shape(x))),
    "uniform": (None, lambda tf, x: tf.random_uniform(tf.shape(x))),
    "dropout": (X, lambda tf, x: tf.nn.dropout(x, 0.5)),
    "dropout of rows": (X, lambda tf, x: tf.nn.dropout(x, 0.5, [tf.shape(x)[0], 1])),
}
ROWS = (2, 2, 2, 5, 2, 1)  # computed, captured, replayed, and of other sizes


def computed(tf, declared, make):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, declared)
        y = make(tf, x)
        known = None if declared is None else y.get_shape().as_list()
        return known, [session.run(y, {x: np.ones((rows, 3))}) for rows in ROWS]


@pytest.mark.tf
@pytest.mark.parametrize("what", FOLLOWING)
def test_tensorflow_knows_and_computes_the_same(what, theirs):
    (known, found), (expected_known, expected) = (
        computed(each, *FOLLOWING[what]) for each in (tf, theirs)
    )
    assert known == expected_known
    for mine, reference in zip(found, expected, strict=True):
        assert mine.dtype == reference.dtype
        np.testing.assert_array_equal(mine, reference)


@pytest.mark.parametrize("what", DRAWN)
def test_numbers_are_drawn_for_each_shape(what):
    known, found = computed(tf, *DRAWN[what])
    assert known in (None, [None, 3], [None, 4])
    for y, rows in zip(found, ROWS, strict=True):
        assert y.shape == (rows, 4 if "part" in what else 3)
    assert len({y.tobytes() for y, rows in zip(found, ROWS, strict=True) if rows == 2}) > 1


def test_zeros_of_what_is_fed():
    known, found = computed(tf, *FOLLOWING["zeros"])
    assert known == [None, 3]
    assert [y.tolist() for y in found] == [[[0] * 3] * rows for rows in ROWS]


def test_a_size_in_a_run_is_not_negative():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, X)
        y = tf.zeros([tf.shape(x)[0] - 2])
        for _ in range(2):
            with pytest.raises(
                ShapeError, match=r"^zeros .*: a size is -1, and must be at least 0"
            ):
                session.run(y, {x: np.ones((1, 3))})
        assert session.run(y, {x: np.ones((2, 3))}).shape == (0,)


def test_what_follows_from_a_shape_is_not_fed():
    """Programs are kept by the shapes of the feeds, not by their values."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, X)
        size = tf.shape(x)[0] * 2
        with pytest.raises(SessionError, match="multiply:0 follows from the shape of what is fed"):
            session.run(tf.zeros([size]), {size: 3})


def test_what_is_computed_of_such_a_size_can_be_fed():
    with tf.Graph().as_default(), tf.Session() as session:
        x, labels = tf.placeholder(tf.float32, X), tf.placeholder(tf.int32, [None])
        state = tf.zeros([tf.shape(x)[0], 2])
        column = tf.reshape(labels, [tf.shape(x)[0], 1])
        feeds = {x: np.ones((2, 3)), labels: [3, 4]}
        for _ in range(3):
            assert session.run([state + 1.0, column + 1], feeds)[1].tolist() == [[4], [5]]
            assert session.run(state + 1.0, {state: [[1, 2]]}).tolist() == [[2, 3]]
            assert session.run(column + 1, {column: [[7]]}).tolist() == [[8]]


@pytest.mark.parametrize("make", [tf.zeros, tf.random_normal, tf.range], ids=lambda f: f.__name__)
def test_a_size_that_is_fed_as_a_number_is_refused(make):
    with tf.Graph().as_default():
        n = tf.placeholder(tf.int32, [], name="n")
        with pytest.raises(ArgumentError, match="depends on n:0 and is known in a run only"):
            make([n, 2] if make is not tf.range else n)
