"""Each argument of TensorFlow's functions, in its place, is used, taken, or refused by name."""

import functools
import inspect

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.tf1.missing import MODULES, names
from tinygrad_mnist.tf1.signatures import takes

BY_NAME_ONLY = {
    f"tf.nn.{kind}_cross_entropy_with_logits" for kind in ("sigmoid", "softmax", "sparse_softmax")
}
"""Their first operands are refused without names, as TensorFlow 1 does and version 2 does not."""

NOT_TO_BE_CALLED = {"tf.train.Optimizer"}
"""Only subclasses of this face are made, whose arguments are compared."""

GONE = {"tf.layers": "in Keras 2", "tf.contrib": "with TensorFlow 1"}
"""What TensorFlow 2 has no more, and went when."""


def callables():
    """Our functions, classes and public methods, by the names that programs call them."""
    for module in MODULES:
        found = functools.reduce(getattr, module.split(".")[1:], tf)
        for name in names(module):
            value = getattr(found, name)
            if callable(value) and not module.startswith(tuple(GONE)):
                yield f"{module}.{name}", value
            if inspect.isclass(value):
                methods = [m for m in vars(value) if not m.startswith("_")]
                yield from (
                    (f"{module}.{name}.{m}", vars(value)[m])
                    for m in methods
                    if callable(vars(value)[m])
                )


OURS = dict(callables())


def parameters(function):
    return [p for p in inspect.signature(function).parameters if p not in ("self", "unnamed")]


def of_tensorflow(v1, path):
    """TensorFlow's function of that name, or None if it has none, or one without a signature."""
    for part in path.split(".")[1:]:
        v1 = getattr(v1, part, None)
    if path == "tf.Variable":
        v1 = v1.__init__  # the class itself takes anything
    try:
        return inspect.signature(inspect.unwrap(v1))
    except (AttributeError, TypeError, ValueError):
        return None


@pytest.mark.tf
def test_arguments_are_those_of_tensorflow_in_its_order(theirs):
    compared = 0
    for path, ours in OURS.items():
        expected = of_tensorflow(theirs, path)
        if expected is None or path in NOT_TO_BE_CALLED:
            continue
        found = parameters(ours)
        wanted = [name for name in expected.parameters if name != "self"]
        assert found[: len(wanted)] == wanted, path
        compared += 1
    assert compared > 120
    assert set(BY_NAME_ONLY) < set(OURS)


@takes("a b refused_flag unused refused", refused=None, refused_flag=True)
def product(a, b=2, own=1):
    """A product."""
    return a * b * own


def test_arguments_are_given_in_tensorflows_order_or_by_name():
    assert product(3) == 6
    assert product(3, 5, True, "whatever") == 15
    assert product(b=5, a=3, unused=np.ones(3), own=2) == 30
    assert parameters(product) == ["a", "b", "refused_flag", "unused", "refused", "own"]
    assert (product.__name__, product.__doc__) == ("product", "A product.")


@pytest.mark.parametrize("value", [None, False, 0, [], ""])
def test_what_stands_for_nothing_is_not_refused(value):
    assert product(3, refused=value) == 6


@pytest.mark.parametrize("value", [True, 1, [None], "x", np.zeros(2), lambda: 0])
def test_what_is_refused_is_named(value):
    with pytest.raises(ArgumentError, match=r"^product does not support refused. Received: "):
        product(3, refused=value)


def test_a_default_may_be_true():
    with pytest.raises(ArgumentError, match="product does not support refused_flag"):
        product(3, 2, False)


@pytest.mark.parametrize("named", [{"b": 1, "other": 2}, {"a": 1}])
def test_what_tensorflow_has_not_is_pythons_error(named):
    with pytest.raises(TypeError):
        product(3, **named)


def x():
    return tf.placeholder(tf.float32, [None, 2])


REFUSED = {
    "run_metadata": lambda: tf.Session().run(x(), run_metadata=object()),
    "options": lambda: tf.Session().run(x(), None, object()),
    "constraint": lambda: tf.Variable(1.0, constraint=abs),
    "shape": lambda: tf.Variable(1.0, shape=[3]),
    "partitioner": lambda: tf.get_variable("w", [2], partitioner=abs),
    "auxiliary_name_scope": lambda: tf.variable_scope("v", auxiliary_name_scope=False),
    "preferred_dtype": lambda: tf.convert_to_tensor(1, preferred_dtype=tf.float32),
    "layout": lambda: tf.zeros([2], layout="here"),
    "batch_dims": lambda: tf.gather(x(), [0], batch_dims=1),
    "output_type": lambda: tf.matmul(x(), tf.ones([2, 2]), output_type=tf.float64),
    "unconnected_gradients": lambda: tf.gradients(x(), x(), unconnected_gradients="zero"),
    "kernel_regularizer": lambda: tf.layers.dense(x(), 2, kernel_regularizer=abs),
    "data_format": lambda: tf.nn.bias_add(x(), [1.0, 2.0], "NCHW"),
    "saver_def": lambda: tf.train.Saver([tf.Variable(1.0)], saver_def=object()),
    "mark_as_used": lambda: tf.get_default_graph().unique_name("x", mark_as_used=False),
}


@pytest.mark.parametrize("argument", REFUSED)
def test_an_argument_that_would_change_a_value_is_refused(argument):
    said = f"does not support {argument}. Received: "
    with tf.Graph().as_default(), pytest.raises(ArgumentError, match=said):
        REFUSED[argument]()


def adjoint(tf):
    a = np.arange(6.0).reshape(2, 3)
    return [tf.matmul(a, a, adjoint_a=True), tf.matmul(a, a, False, False, False, True)]


def cotangent_of_the_loss(tf):
    w = tf.Variable([1.0, 2.0], dtype=tf.float64)
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    cotangent = tf.constant([1.0, 10.0], tf.float64)
    optimizer.minimize(w**2, None, None, 1, None, False, None, cotangent)
    return [optimizer.compute_gradients(w**2, [w], 1, None, False, cotangent)[0][0]]


def scopes(tf):
    tf.get_variable("a/v", [2], None, tf.zeros_initializer(), None, None)
    tf.Variable(lambda: tf.zeros([3]), None, name="a/free")
    tf.Variable(1.0, False, name="a/fixed")
    return [v.name for v in tf.trainable_variables("a/")], len(tf.global_variables("b"))


def a_shape_that_is_verified(tf):
    with pytest.raises((ValueError, TypeError)):
        tf.constant_initializer([1.0], verify_shape=True)([1, 1])
    return [tf.constant([[1.0]], shape=[1, 1], verify_shape=True)]


def a_value_of_a_variable(tf):
    w = tf.Variable([1.0, 2.0], dtype=tf.float64)
    session = tf.Session()
    session.run(w.initializer)
    return w.eval(session).tolist()


USED = [
    adjoint,
    cotangent_of_the_loss,
    scopes,
    a_shape_that_is_verified,
    a_value_of_a_variable,
]


def used(tf, build):
    with tf.Graph().as_default(), tf.Session() as sess:
        made = build(tf)
        sess.run(tf.global_variables_initializer())
        is_symbols = not isinstance(made, tuple) and hasattr(made[0], "eval")
        return [x.round(12).tolist() for x in sess.run(made)] if is_symbols else made


@pytest.mark.tf
@pytest.mark.parametrize("build", USED, ids=lambda build: build.__name__)
def test_an_argument_that_changes_a_value_does_what_it_does_in_tensorflow(build, theirs):
    assert used(tf, build) == used(theirs, build)
