"""The modules of the face hold TensorFlow's names only; one that is missing names the nearest."""

import functools
import types

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.tf1.missing import MODULES, WRITTEN, names


def modules(found, called="tf"):
    """The modules that a program reaches from one, with what it calls them; tf.compat.v1 is tf."""
    yield called, found
    for name, value in vars(found).items():
        if isinstance(value, types.ModuleType) and name not in ("examples", "v1"):
            yield from modules(value, f"{called}.{name}")


def test_no_name_leads_into_our_files():
    reached = dict(modules(tf))
    assert set(reached) == set(MODULES)
    for called, found in reached.items():
        public = {name for name in vars(found) if not name.startswith("_")} - {"examples"}
        assert public == set(names(called)), called


def test_modules_can_be_imported_as_in_tensorflow():
    import tinygrad_mnist.tf1.compat.v1 as v1

    import tinygrad_mnist.tf1.contrib.layers as contrib_layers
    from tinygrad_mnist.tf1 import math, nn
    from tinygrad_mnist.tf1.contrib.layers import xavier_initializer

    assert v1 is tf
    assert (math, nn, contrib_layers) == (tf.math, tf.nn, tf.contrib.layers)
    assert contrib_layers.xavier_initializer is xavier_initializer
    assert tf.random.normal is tf.random_normal
    assert tf.initializers.zeros is tf.zeros_initializer


@pytest.mark.tf
@pytest.mark.parametrize("module", set(MODULES) - {"tf.layers", "tf.contrib", "tf.contrib.layers"})
def test_a_name_is_one_that_tensorflow_has_there(module, theirs):
    expected = functools.reduce(getattr, module.split(".")[1:], theirs)
    assert set(names(module)) - {"contrib"} <= {*dir(expected), "layers"}


OF_NUMBERS = (np.array([[7, -2], [5, 4]], np.int32), np.array([[3, 3], [5, -3]], np.int32))
OF_TRUTHS = (np.array([True, True, False, False]), np.array([True, False, True, False]))
NOW_CALLED = {"floor_div": "floordiv"}
EXPRESSIONS = [name for name, text in WRITTEN.items() if "x" in text and "[" not in text]


@pytest.mark.tf
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_that_stands_for_a_function_has_its_value(name, theirs):
    def value(tf, compute):
        with tf.Graph().as_default(), tf.Session() as sess:
            x, y = map(tf.constant, OF_TRUTHS if name.startswith("logical") else OF_NUMBERS)
            return sess.run(compute(x / y if name == "ceil" else x, y))

    count = 2 if "y" in WRITTEN[name] else 1
    function = getattr(theirs, NOW_CALLED.get(name, name))
    expected = value(theirs, lambda *operands: function(*operands[:count]))
    received = value(tf, lambda x, y: eval(WRITTEN[name], {"tf": tf, "np": np, "x": x, "y": y}))
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)


def test_what_is_named_instead_is_there():
    for text in set(WRITTEN.values()) - {WRITTEN[name] for name in EXPRESSIONS}:
        if text.startswith("tf."):
            assert callable(getattr(tf, text[3:]))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("mul", "tf.multiply, tf.matmul."),
        ("sub", "tf.subtract, tf.assign_sub."),
        ("neg", "tf.negative."),
        ("sin", r"np.sin\(x\), tf.sign."),
        ("ceil", r"np.ceil\(x\)."),
        ("mod", "x % y."),
        ("variables", "tf.global_variables, "),
        ("shapes", "tf.shape, "),
        ("sum", "tf.reduce_sum."),
        ("Adam", "tf.train.AdamOptimizer."),
    ],
)
def test_the_best_answer_is_the_first(name, nearest):
    with pytest.raises(AttributeError, match=f"^tf has no name '{name}'. Nearest: {nearest}"):
        getattr(tf, name)
