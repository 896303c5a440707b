"""Every name has the value, dtype, shape and gradient that it has in TensorFlow."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours

from .cases import CASES
from .running import bound, cotangents, value

theirs = pytest.importorskip("tensorflow").compat.v1

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def check(received, expected):
    assert received.shape == expected.shape
    assert received.dtype == expected.dtype
    if received.dtype.kind != "f":
        np.testing.assert_array_equal(received, expected)
    error = np.max(np.abs(np.float64(received) - np.float64(expected)), initial=0)
    assert error <= bound(expected, expected.dtype)


@cases
@dtypes
def test_values(case, dtype):
    operands = case.operands(dtype)
    check(value(ours, case, operands)[0], value(theirs, case, operands)[0])


@pytest.mark.parametrize("case", [c for c in CASES if c.is_floating()], ids=lambda case: case.name)
@dtypes
def test_gradients(case, dtype):
    operands = case.operands(dtype)
    received, expected = (cotangents(tf, case, operands) for tf in (ours, theirs))
    for mine, reference in zip(received, expected, strict=True):
        if mine is None or reference is None:
            assert mine is reference is None
        else:
            check(mine, reference)


def test_the_default_slope_of_leaky_relu():
    def slope(tf):
        with tf.Graph().as_default(), tf.Session() as session:
            return session.run(tf.nn.leaky_relu(tf.constant(-1.0)))

    assert slope(ours) == slope(theirs) == np.float32(-0.2)
