"""Variables: their names, their first values, and assignments."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, DTypeError, SessionError, ShapeError

pytestmark = pytest.mark.usefixtures("graph")


def values(*variables):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(list(variables))


def test_a_variable_is_described_by_its_initial_value():
    w = tf.Variable(np.ones((2, 3)), name="w", dtype=np.float32, trainable=False)
    assert (w.name, w.shape, w.dtype, w.trainable) == ("w:0", (2, 3), np.float32, False)
    assert tf.global_variables() == [w]
    assert w.initializer.op_name == "w/Assign"


def test_a_variable_needs_a_known_shape():
    with pytest.raises(ShapeError, match=r"w needs.*x:0 of shape \(None,\)"):
        tf.Variable(tf.placeholder(np.float32, [None], name="x"), name="w")


def test_what_cannot_be_assigned_is_refused_at_the_call():
    w = tf.Variable(np.zeros((2, 3), np.float32), name="w")
    count = tf.Variable(np.int32(0), name="count")
    with pytest.raises(ShapeError, match=r"Assign: w:0 of shape \(2, 3\) .* shape \(3,\)"):
        tf.assign(w, np.zeros(3))
    with pytest.raises(DTypeError, match=r"count:0.* int32 .* float64"):
        count.assign(1.5)
    with pytest.raises(DTypeError, match="int32"):
        tf.Variable(np.full(2, 0.5), dtype=np.int32)
    x = tf.placeholder(np.float32, [None, 3], name="x")
    assert w.assign(x).shape == (2, 3)


def test_a_name_can_be_taken_once():
    tf.get_variable("W1", [2, 3])
    with pytest.raises(ArgumentError, match="The variable W1 exists already in this graph"):
        tf.get_variable("W1", [2, 3])
    with tf.Graph().as_default():
        tf.get_variable("W1", [2, 3])


INITIALIZERS = {
    "zeros": (tf.zeros_initializer(), np.zeros((2, 3))),
    "a class": (tf.zeros_initializer, np.zeros((2, 3))),
    "ones": (tf.ones_initializer(), np.ones((2, 3))),
    "constant": (tf.constant_initializer(2.5), np.full((2, 3), 2.5)),
    "constants": (tf.constant_initializer(range(6)), np.arange(6).reshape(2, 3)),
    "an array": (np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(6).reshape(2, 3)),
    "any function": (lambda shape, dtype: np.full(shape, 7, dtype), np.full((2, 3), 7)),
}


@pytest.mark.parametrize("what", INITIALIZERS)
def test_first_values(what):
    initializer, expected = INITIALIZERS[what]
    (value,) = values(tf.get_variable("w", [2, 3], initializer=initializer))
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, expected)


def test_a_shape_can_be_that_of_the_first_value():
    w = tf.get_variable("w", initializer=tf.ones([4, 2]))
    assert w.shape == (4, 2)
    with pytest.raises(ShapeError, match="needs a shape"):
        tf.get_variable("v")
    with pytest.raises(ArgumentError, match="The shape of the variable v must be made of known"):
        tf.get_variable("v", [None, 2])
    with pytest.raises(ShapeError, match=r"given a first value of \(4, 2\)"):
        tf.get_variable("v", [2, 4], initializer=tf.ones([4, 2]))


@pytest.mark.parametrize(
    ("initializer", "dtype"),
    [
        (0, tf.int32),
        (1.5, tf.float32),
        ([1, 2], tf.int32),
        (True, tf.bool),
        (np.ones(3), tf.float64),
        (np.arange(3), tf.int64),
        (tf.ones_initializer(tf.float64), tf.float32),
        (lambda shape, dtype=None, partition_info=None: np.ones(shape), tf.float32),
    ],
)
def test_the_dtype_is_that_of_a_first_value_unless_it_can_be_any(initializer, dtype):
    shape = [3] if callable(initializer) else None
    w = tf.get_variable("w", shape, initializer=initializer)
    (value,) = values(w)
    assert w.dtype == value.dtype == dtype
    v = tf.get_variable("v", shape, tf.float64, initializer=initializer)
    assert v.dtype == values(v)[0].dtype == tf.float64


def test_arguments_that_change_nothing():
    zeros = tf.zeros_initializer()
    w = tf.get_variable(
        "w", [2], None, zeros, None, False, collections=None, validate_shape=True, use_resource=True
    )
    v = tf.Variable(tf.zeros([2]), False, validate_shape=False, name="v")
    assert not w.trainable
    assert tf.trainable_variables() == []
    assert tf.global_variables() == [w, v]
    first = tf.glorot_uniform_initializer()([2, 3], partition_info=None)
    assert first.shape == (2, 3)
    y = tf.layers.dense(tf.ones([4, 2]), 3, kernel_regularizer=None, bias_constraint=None)
    assert y.shape == (4, 3)


def test_integers_begin_with_zeros():
    (count,) = values(tf.get_variable("count", [], tf.int64))
    assert count == 0
    assert count.dtype == np.int64


def test_python_numbers_are_float32_and_int32():
    w, n, x = tf.Variable(0.5), tf.Variable(3), tf.Variable(np.zeros(2))
    assert [v.dtype for v in (w, n, x)] == [tf.float32, tf.int32, tf.float64]
    assert [v.name for v in (w, n, x)] == ["Variable:0", "Variable_1:0", "Variable_2:0"]


def test_trainable_and_all():
    w, step = tf.Variable(1.0, name="w"), tf.Variable(0, trainable=False, name="step")
    frozen = tf.get_variable("frozen", [2], trainable=False)
    assert tf.global_variables() == [w, step, frozen]
    assert tf.trainable_variables() == [w]


def test_assignments():
    w = tf.Variable([1.0, 2.0], name="w")
    twice, more, less = tf.assign(w, w * 2), w.assign_add([1, 1]), w.assign_sub([0.5, 0.5])
    with tf.Session() as sess:
        with pytest.raises(SessionError, match="w:0 is not initialised"):
            sess.run(w)
        sess.run(w.initializer)
        assert sess.run(twice).tolist() == [2, 4]
        assert sess.run(more).tolist() == [3, 5]
        assert w.eval().tolist() == [3, 5]
        assert sess.run(less).tolist() == [2.5, 4.5]
        w.load([0.0, 0.0], sess)
        w.load([7, 8])
        assert sess.run(w).tolist() == [7, 8]
    with pytest.raises(SessionError, match="needs the session"):
        w.load([0.0, 0.0])
    with pytest.raises(ShapeError, match="w:0 of shape"):
        w.assign([1.0, 2.0, 3.0])
    with pytest.raises(DTypeError, match="w:0: an operand holds numbers or booleans"):
        w.assign("words")
    assert w.op.name == "w"


def test_what_does_nothing_is_there_for_programs_that_call_it():
    assert tf.compat.v1 is tf
    assert tf.disable_v2_behavior() is tf.disable_eager_execution() is None
    assert tf.__version__.split(".")[0] == "1"


def test_the_old_name_of_the_initializer():
    w = tf.Variable(3.0)
    with tf.Session() as sess:
        sess.run(tf.initialize_all_variables())
        assert sess.run(w) == 3


def test_dense_layers():
    x = tf.placeholder(tf.float64, [None, 3])
    hidden = tf.layers.dense(x, 4, activation=tf.nn.relu)
    y = tf.layers.dense(hidden, 2, use_bias=False, kernel_initializer=tf.ones_initializer())
    again = tf.layers.dense(x, 4, tf.nn.relu, name="dense", reuse=True)
    stacked = tf.layers.dense(tf.ones([5, 2, 3]), 4, name="stacked", trainable=False)
    assert [(v.name, v.shape) for v in tf.trainable_variables()] == [
        ("dense/kernel:0", (3, 4)),
        ("dense/bias:0", (4,)),
        ("dense_1/kernel:0", (4, 2)),
    ]
    assert y.shape == (None, 2)
    assert stacked.shape == (5, 2, 4)
    images = np.random.default_rng(0).standard_normal((5, 3))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found, kernel, shared = sess.run([y, "dense/kernel:0", again], {x: images})
        expected = np.maximum(images @ kernel, 0)
        np.testing.assert_allclose(found, expected.sum(axis=1, keepdims=True) * [1, 1], rtol=1e-14)
        np.testing.assert_allclose(shared, expected, rtol=1e-14)
        assert np.ptp(kernel) > 0
    with pytest.raises(ShapeError, match="a known size"):
        tf.layers.dense(tf.placeholder(tf.float32, [3, None]), 4)
    with pytest.raises(ArgumentError, match="exists already"):
        tf.layers.dense(x, 4, name="dense")
