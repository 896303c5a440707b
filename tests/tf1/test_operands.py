"""What meets a Symbol takes its dtype; what must be a number may be a Symbol of a known one."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ShapeError

ROW = np.array([1.0, 2.0, 3.0])  # float64
SYMBOL = {
    "x / NumPy's number": (lambda x: x / np.sqrt(784), lambda x: x / 28),
    "NumPy's number * x": (lambda x: np.float64(0.5) * x, lambda x: x / 2),
    "x + array": (lambda x: x + ROW, lambda x: x + ROW),
    "array - x": (lambda x: ROW - x, lambda x: ROW - x),
    "x * array of integers": (lambda x: x * np.arange(3), lambda x: x * np.arange(3)),
    "x * list": (lambda x: x * [1.0, 2.0, 3.0], lambda x: x * ROW),
    "list * x": (lambda x: [1, 2, 3] * x, lambda x: x * ROW),
    "x @ array": (lambda x: x @ np.eye(3), lambda x: x),
    "x ** NumPy's number": (lambda x: x ** np.float64(2), lambda x: x**2),
    "x // NumPy's number": (lambda x: x // np.float64(2), lambda x: x // 2),
    "x % array": (lambda x: x % ROW, lambda x: x % ROW),
    "x - list of both": (lambda x: x - [x[0, 0], 1.0, 2], lambda x: x - [x[0, 0], 1, 2]),
    "np.maximum": (lambda x: np.maximum(x, np.float64(0)), lambda x: np.maximum(x, 0)),
    "tf.add": (lambda x: tf.add(ROW, x), lambda x: x + ROW),
    "x * truth": (lambda x: x * True, lambda x: x),
    "stack": (lambda x: tf.stack([x[0, 0], 2.0, np.float64(3)]), lambda x: [x[0, 0], 2, 3]),
    "concat": (lambda x: tf.concat([x[0], ROW, [4.0]], 0), lambda x: [*x[0], *ROW, 4]),
    "mean of a list": (lambda x: tf.reduce_mean([x[0, 0], 0.0]), lambda x: x[0, 0] / 2),
    "sum of rows": (
        lambda x: tf.reduce_sum([[1.0, 2.0], [x[0, 0], 3]], 1),
        lambda x: [3, x[0, 0] + 3],
    ),
    "a list as a tensor": (lambda x: tf.convert_to_tensor([x[0, 0], 2]), lambda x: [x[0, 0], 2]),
    "square of a list": (lambda x: tf.square([x[0, 0], 2]), lambda x: [x[0, 0] ** 2, 4]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("what", SYMBOL)
def test_the_dtype_is_that_of_the_symbol(what, dtype):
    symbol, meaning = SYMBOL[what]
    rows = np.array([[0.5, -2.0, 3.5], [4.0, 1.5, -6.0]], dtype)
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(dtype, [None, 3])
        y = symbol(x)
        assert y.dtype == dtype
        found = sess.run(y, {x: rows})
    assert found.dtype == dtype
    np.testing.assert_allclose(found, meaning(rows), rtol=4 * np.finfo(dtype).eps)


INTEGERS = {
    "stack": (lambda n: tf.stack([1, 2, n]), [1, 2, 7]),
    "NumPy's integer": (lambda n: n + np.int64(3), 10),
    "a whole number": (lambda n: n * np.float64(2), 14),
    "a quotient": (lambda n: n // 2, 3),
    "a variable": (lambda n: tf.get_variable("v", initializer=0) + n, 7),
}


@pytest.mark.parametrize("what", INTEGERS)
def test_integers_stay_integers(what):
    symbol, expected = INTEGERS[what]
    with tf.Graph().as_default(), tf.Session() as sess:
        y = symbol(tf.constant(7))
        sess.run(tf.global_variables_initializer())
        found = sess.run(y)
    assert found.dtype == y.dtype == np.int32
    np.testing.assert_array_equal(found, expected)


def test_a_program_that_makes_no_graph_follows_the_same_rules():
    tf.reset_default_graph()
    assert (tf.constant([1.0]) * np.ones(1)).dtype == tf.float32


KNOWN = {
    "depth": (lambda c: tf.one_hot([0, 2], c(3)), (2, 3)),
    "shape": (lambda c: tf.reshape(tf.ones([3, 4]), c([4, 3])), (4, 3)),
    "sizes": (lambda c: tf.zeros([2, c(3)]), (2, 3)),
    "a size alone": (lambda c: tf.ones(c(3) - 1), (2,)),
    "random": (lambda c: tf.random_normal(c([2, 3]), c(0.0), stddev=c(2.0)), (2, 3)),
    "truncated": (lambda c: tf.truncated_normal(c([2])), (2,)),
    "uniform": (lambda c: tf.random_uniform(c([5]), c(1.0), np.float64(2.0)), (5,)),
    "filled": (lambda c: tf.constant(7.0, shape=c([2, 2])), (2, 2)),
    "axis": (lambda c: tf.reduce_sum(tf.ones([2, 3]), c(0)), (3,)),
    "axes of an array": (lambda c: tf.reduce_sum(tf.ones([2, 3, 4]), np.array([0, 2])), (3,)),
    "argmax": (lambda c: tf.argmax(tf.ones([2, 3]), c(1)), (2,)),
    "softmax": (lambda c: tf.nn.softmax(tf.ones([2, 3]), axis=c(0)), (2, 3)),
    "alpha": (lambda c: tf.nn.leaky_relu(tf.ones([2]), c(0.1)), (2,)),
    "perm": (lambda c: tf.transpose(tf.ones([2, 3]), c([1, 0])), (3, 2)),
    "expand": (lambda c: tf.expand_dims(tf.ones([2, 3]), c(1)), (2, 1, 3)),
    "squeeze": (lambda c: tf.squeeze(tf.ones([2, 1]), c(1)), (2,)),
    "concat": (lambda c: tf.concat([tf.ones([2, 1])] * 2, c(1)), (2, 2)),
    "stack axis": (lambda c: tf.stack([tf.ones([2])] * 3, c(1)), (2, 3)),
    "gather": (lambda c: tf.gather(tf.ones([2, 3]), [0], axis=c(1)), (2, 1)),
    "parts": (lambda c: tf.split(tf.ones([2, 6]), c([2, -1]), c(1))[1], (2, 4)),
    "noise": (lambda c: tf.nn.dropout(tf.ones([2, 3]), 0.5, noise_shape=c([2, 1])), (2, 3)),
    "variable": (lambda c: tf.get_variable("v", c([2, 3])), (2, 3)),
}


@pytest.mark.parametrize("what", KNOWN)
def test_a_constant_symbol_is_as_good_as_its_value(what):
    with tf.Graph().as_default(), tf.Session() as sess:
        y = KNOWN[what][0](tf.constant)
        assert y.shape == KNOWN[what][1]
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            assert sess.run(y).shape == KNOWN[what][1]


def test_dropout_of_an_array():
    with tf.Graph().as_default(), tf.Session() as sess:
        dropped = tf.nn.dropout(np.ones((50, 20), np.float32), rate=0.25)
        kept = tf.nn.dropout(np.ones((50, 20)), 1.0)
        found, same = sess.run([dropped, kept])
    assert set(np.unique(found)) == {0, np.float32(1 / 0.75)}
    assert (same.dtype, same.min()) == (np.float64, 1)


def test_a_mistake_in_a_run_names_what_was_fed():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None, 3], name="X")
        y = tf.placeholder(tf.float32, [None, 3], name="Y")
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x, name="loss")
        with pytest.raises(
            ValueError, match=r"^loss \(test_operands.py:\d+\): Y_stopped:0 of .* do"
        ):
            sess.run(loss, {x: np.ones((2, 3)), y: np.ones((4, 3))})
        product = tf.matmul(x, tf.placeholder(tf.float32, [None, 2], name="W"), name="P")
        with pytest.raises(ShapeError) as caught:
            sess.run(product, {x: np.ones((2, 3)), "W:0": np.ones((4, 2))})
    assert str(caught.value) == (
        f"P ({product.line}): X:0 of shape (2, 3) and dtype float32 and W:0 of shape (4, 2) and "
        "dtype float32 do not fit: the inner sizes, 3 and 4, differ."
    )
