"""What is fetched by a name is what it is in TensorFlow, and so are the names."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours
from tinygrad_mnist.errors import ShapeError

from .called import FETCHED, fetched

tensorflow = pytest.importorskip("tensorflow")
theirs = tensorflow.compat.v1

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("what", FETCHED)
def test_fetched_by_name(what):
    (names, received), (expected_names, expected) = (fetched(tf, what) for tf in (ours, theirs))
    assert names == expected_names
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)


def test_a_size_that_does_not_fit_a_bias_is_refused_in_the_run():
    for tf in (ours, theirs):
        with tf.Graph().as_default(), tf.Session() as sess:
            x, b = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None])
            y = tf.nn.bias_add(x, b)
            for _ in range(3):
                assert sess.run(y, {x: np.ones((2, 3)), b: np.ones(3)}).tolist() == [[2] * 3] * 2
                with pytest.raises((ShapeError, tensorflow.errors.InvalidArgumentError)):
                    sess.run(y, {x: np.ones((2, 3)), b: np.ones(1)})


def test_the_shape_of_what_is_fed():
    def shapes(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            x = tf.placeholder(tf.float32)
            told = [tf.shape(x), tf.size(x), tf.rank(x), tf.zeros_like(x)]
            fed = [np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 3)), np.ones(2), 5.0]
            return [[np.array(v).tolist() for v in sess.run(told, {x: y})] for y in fed]

    assert shapes(ours) == shapes(theirs)


def test_old_names_that_tutorials_begin_with():
    def results(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            tf = tf.compat.v1
            w = tf.Variable([1.0, 2.0], name="w")
            added, less = tf.assign_add(w, [1.0, 1.0]), tf.assign_sub(w, [0.5, 0.0])
            doubled = tf.assign(w, 2.0 * w, True, False, "doubled")
            sess.run(tf.initialize_all_variables())
            return w.op.name, [sess.run(step).tolist() for step in (added, less, doubled)]

    assert results(ours) == results(theirs)


@pytest.mark.parametrize("shape", [[0, 0], [0, 1], [0], [3, 0, 2]])
def test_first_values_of_no_elements(shape):
    for tf in (ours, theirs):
        with tf.Graph().as_default(), tf.Session() as sess:
            w = sess.run(tf.glorot_uniform_initializer(seed=1)(shape))
            assert (w.shape, w.dtype) == (tuple(shape), np.float32)
