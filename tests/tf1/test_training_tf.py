"""The optimizers take the steps that TensorFlow's take."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours
from tinygrad_mnist import optim

from .adam import AdamOfTensorFlow1
from .regression import DECAYING, MINIMIZE, OPTIMIZERS, fit, fit_decaying

theirs = pytest.importorskip("tensorflow").compat.v1

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]

STEPS = 20


def tolerance(dtype):
    """32 u for each step: each adds the rounding of some twenty operations on numbers of order 1.

    A step is at most as long as the gradient, so what the steps before have added is not amplified.
    """
    return STEPS * 32 * np.finfo(dtype).eps / 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("minimize", MINIMIZE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps(monkeypatch, name, minimize, dtype):
    monkeypatch.setattr(optim, "Adam", AdamOfTensorFlow1)
    received, expected = (
        fit(tf, OPTIMIZERS[name], dtype, minimize, STEPS) for tf in (ours, theirs)
    )
    assert received[2] == expected[2]
    for mine, reference in zip(
        [received[0], *received[1]], [expected[0], *expected[1]], strict=True
    ):
        assert mine.dtype == reference.dtype == dtype
        assert np.max(np.abs(mine - reference)) < tolerance(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("how", ["fed", "kept", "computed"])
@pytest.mark.parametrize("name", DECAYING)
def test_steps_of_decaying_length(monkeypatch, name, how, dtype):
    monkeypatch.setattr(optim, "Adam", AdamOfTensorFlow1)
    received, expected = (fit_decaying(tf, DECAYING[name], dtype, how) for tf in (ours, theirs))
    for mine, reference in zip(
        [received[0], *received[1]], [expected[0], *expected[1]], strict=True
    ):
        assert np.max(np.abs(mine - reference)) < tolerance(dtype)


def test_names_of_variables():
    def names(tf):
        with tf.Graph().as_default():
            tf.get_variable("a", [1], initializer=tf.zeros_initializer())
            with tf.variable_scope("s"):
                tf.get_variable("b", [1], initializer=tf.zeros_initializer())
                tf.Variable(1.0)
                with tf.variable_scope(None, default_name="d"):
                    tf.get_variable("c", [1], initializer=tf.zeros_initializer())
            with tf.name_scope("n"):
                tf.get_variable("e", [1], initializer=tf.zeros_initializer())
                tf.Variable(1.0, name="f", trainable=False)
            return [v.name for v in tf.global_variables()], len(tf.trainable_variables())

    assert names(ours) == names(theirs)
