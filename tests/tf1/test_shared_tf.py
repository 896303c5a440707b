"""The training operations of one optimizer share its state as TensorFlow's do."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours

from .shared import PROGRAMS, SHARING, trained

theirs = pytest.importorskip("tensorflow").compat.v1

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", SHARING)
def test_steps(name, program):
    received, expected = (trained(tf, SHARING[name], program) for tf in (ours, theirs))
    # Some ten operations a step on numbers below 10; what is added up is amplified by less than 2.
    tolerance = len(expected) * 32 * 2.0**-53 * np.max(np.abs(expected))
    assert np.max(np.abs(received - expected)) < tolerance


def test_the_example_of_one_variable():
    def end(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            optimizer, w = tf.train.MomentumOptimizer(0.1, 0.9), tf.Variable(1.0)
            trains = [optimizer.minimize(w * w), optimizer.minimize(3.0 * w)]
            sess.run(tf.global_variables_initializer())
            for train in trains:
                sess.run(train)
            return sess.run(w)

    assert end(ours) == pytest.approx(0.32, rel=1e-6)
    assert end(theirs) == pytest.approx(end(ours), rel=1e-6)
