"""Every name means what plain NumPy computes, and what TensorFlow does: gradients too."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours

from .cases import CASES

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def roundoff(dtype):
    return float(np.finfo(dtype).eps) / 2 if np.dtype(dtype).kind == "f" else 0.0


def bound(expected, dtype):
    """How far two right answers may lie apart: 32 u of the largest of what is added up.

    The operands of all cases are of order one, and no sum has more than 24 terms.
    """
    return 32 * roundoff(dtype) * (1 + np.max(np.abs(np.asarray(expected, np.float64)), initial=0))


def value(tf, case, operands):
    """Return the value, and the shape and dtype that the graph tells beforehand."""
    with tf.Graph().as_default(), tf.Session() as session:
        symbols = _placeholders(tf, case, operands)
        y = case.call(tf, *symbols)
        found = session.run(y, dict(zip(symbols, operands, strict=True)))
        shape = None if y.shape is None else tuple(y.shape)
        return found, shape, np.dtype(getattr(y.dtype, "as_numpy_dtype", y.dtype))


def cotangents(tf, case, operands):
    """Return the gradients by the floating operands, None where there is none."""
    with tf.Graph().as_default(), tf.Session() as session:
        symbols = _placeholders(tf, case, operands)
        y = case.call(tf, *symbols)
        feeds = dict(zip(symbols, operands, strict=True))
        size = session.run(y, feeds)
        weights = np.cos(np.arange(size.size)).reshape(size.shape).astype(size.dtype)
        floating = [s for s, x in zip(symbols, operands, strict=True) if x.dtype.kind == "f"]
        found = tf.gradients(tf.reduce_sum(y * tf.constant(weights)), floating)
        return [None if g is None else session.run(tf.convert_to_tensor(g), feeds) for g in found]


def _placeholders(tf, case, operands):
    return [
        tf.placeholder(
            x.dtype,
            [None if case.unknown and x.ndim else n for n in x.shape[:1]] + list(x.shape[1:]),
        )
        for x in operands
    ]


@cases
@dtypes
def test_a_name_means_what_numpy_computes(case, dtype):
    operands = case.operands(dtype)
    found, shape, told = value(ours, case, operands)
    expected = case.meaning(*operands)
    assert np.shape(found) == np.shape(expected)
    assert found.dtype == told
    assert len(shape) == np.ndim(found)
    for size, known in zip(np.shape(found), shape, strict=True):
        assert known in (None, size)
    error = np.max(np.abs(np.float64(found) - np.float64(expected)), initial=0)
    assert error <= bound(expected, found.dtype)


def check(received, expected):
    assert received.shape == expected.shape
    assert received.dtype == expected.dtype
    if received.dtype.kind != "f":
        np.testing.assert_array_equal(received, expected)
    error = np.max(np.abs(np.float64(received) - np.float64(expected)), initial=0)
    assert error <= bound(expected, expected.dtype)


@pytest.mark.tf
@cases
@dtypes
def test_values(case, dtype, theirs):
    operands = case.operands(dtype)
    check(value(ours, case, operands)[0], value(theirs, case, operands)[0])


@pytest.mark.tf
@pytest.mark.parametrize("case", [c for c in CASES if c.is_floating()], ids=lambda case: case.name)
@dtypes
def test_gradients(case, dtype, theirs):
    operands = case.operands(dtype)
    received, expected = (cotangents(tf, case, operands) for tf in (ours, theirs))
    for mine, reference in zip(received, expected, strict=True):
        if mine is None or reference is None:
            assert mine is reference is None
        else:
            check(mine, reference)


@pytest.mark.tf
def test_the_default_slope_of_leaky_relu(theirs):
    def slope(tf):
        with tf.Graph().as_default(), tf.Session() as session:
            return session.run(tf.nn.leaky_relu(tf.constant(-1.0)))

    assert slope(ours) == slope(theirs) == np.float32(-0.2)
