"""Kinks, ties and edges: the value and the gradient at each, as a table.

TensorFlow's conventions, measured; where ours differ the row says so ("ours").
"""

import warnings

import numpy as np
import pytest

import tinygrad_mnist as tm
from tinygrad_mnist import Tensor, gradients
from tinygrad_mnist.errors import ShapeError

nan, inf = np.nan, np.inf


def run(call, *operands, cotangent=None):
    """The value and the gradient by every operand, with ones as the cotangent unless given."""
    leaves = [Tensor(np.asarray(x, np.float64), requires_grad=True) for x in operands]
    with np.errstate(all="ignore"):
        y = call(*leaves)
    seed = np.ones(y.shape) if cotangent is None else cotangent
    return [y.data, *gradients(y, leaves, seed)]


# name: function, points, values, derivatives
UNARY = {
    "relu": (tm.relu, [0.0, -0.0, nan, inf], [0, 0, nan, inf], [0, 0, 0, 1]),
    "relu6": (tm.relu6, [0.0, 6.0, 3.0, 7.0, -1.0], [0, 6, 3, 6, 0], [0, 0, 1, 0, 0]),
    "leaky_relu": (tm.leaky_relu, [0.0, 1.0, -1.0], [0, 1, -0.2], [0.2, 1, 0.2]),
    "elu": (lambda x: tm.elu(x, alpha=0.7), [0.0, 2.0], [0, 2], [0.7, 1]),
    "abs": (np.abs, [0.0, -0.0, nan, -2.0], [0, 0, nan, 2], [0, 0, nan, -1]),
    "absolute": (np.absolute, [0.0, -3.0], [0, 3], [0, -1]),
    "abs operator": (abs, [0.0, -3.0], [0, 3], [0, -1]),
    "sign": (np.sign, [0.0, -2.0, 3.0], [0, -1, 1], [0, 0, 0]),
    "sqrt": (np.sqrt, [0.0, -1.0], [0, nan], [inf, nan]),
    "reciprocal": (np.reciprocal, [0.0, 2.0], [inf, 0.5], [-inf, -0.25]),
    "one over x": (lambda x: 1 / x, [0.0], [inf], [-inf]),
    "log": (np.log, [0.0, -1.0], [-inf, nan], [inf, -1]),
    "log1p": (np.log1p, [-1.0], [-inf], [inf]),
    "floor": (np.floor, [1.5, -1.5], [1, -2], [0, 0]),
    "round": (np.round, [0.5, 1.5], [0, 2], [0, 0]),
    "rint": (np.rint, [0.5, 1.5], [0, 2], [0, 0]),
    "ceil": (np.ceil, [1.5], [2], [0]),
    "trunc": (np.trunc, [-1.5], [-1], [0]),
    "tanh saturates": (np.tanh, [1e4, -1e4], [1, -1], [0, 0]),
    "sigmoid saturates": (tm.sigmoid, [1e4, -1e4, 0.0], [1, 0, 0.5], [0, 0, 0.25]),
    "softplus saturates": (tm.softplus, [1e4, -1e4], [1e4, 0], [1, 0]),
    "x**0 (ours: 0)": (lambda x: x**0, [0.0, 2.0], [1, 1], [0, 0]),
    "x**0.0 (ours: 0)": (lambda x: x**0.0, [0.0, -2.0], [1, 1], [0, 0]),
    "x**1": (lambda x: x**1, [0.0, -2.0], [0, -2], [1, 1]),
    "x**2": (lambda x: x**2, [0.0, -2.0], [0, 4], [0, -4]),
    "x**[0,1,2,3] by an array": (
        lambda x: x ** np.array([0, 1, 2, 3]),
        [0.0, 0.0, 0.0, 0.0],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
    ),
    "x**1.875": (lambda x: x**1.875, [0.0], [0], [0]),
    "x**0.5": (lambda x: x**0.5, [0.0], [0], [inf]),
    "where before a pole": (
        lambda x: np.where(x > 0, 1 / x, 0.0),
        [0.0, 2.0],
        [0, 0.5],
        [nan, -0.25],
    ),
    "guarded where": (
        lambda x: np.where(x > 0, 1 / np.where(x > 0, x, 1.0), 0.0),
        [0.0, 2.0],
        [0, 0.5],
        [0, -0.25],
    ),
    "clip": (
        lambda x: np.clip(x, -1.0, 1.0),
        [-1.0, 1.0, -2.0, 2.0, 0.5, nan],
        [-1, 1, -1, 1, 0.5, nan],
        [1, 1, 0, 0, 1, 0],
    ),
    "maximum(x, 0)": (lambda x: np.maximum(x, 0.0), [0.0], [0], [1]),
    "maximum(0, x)": (lambda x: np.maximum(0.0, x), [0.0], [0], [0]),
    "minimum(x, 0)": (lambda x: np.minimum(x, 0.0), [0.0], [0], [1]),
    "maximum(x, x)": (lambda x: np.maximum(x, x), [3.0], [3], [1]),
}


@pytest.mark.parametrize("row", UNARY.values(), ids=UNARY)
def test_unary(row):
    call, points, value, derivative = row
    found, gradient = run(call, points)
    np.testing.assert_array_equal(found, value)
    np.testing.assert_array_equal(gradient, derivative)


# name: function, operands, value, gradients
BINARY = {
    "maximum ties": (np.maximum, (2.0, 2.0), 2, (1, 0)),
    "minimum ties": (np.minimum, (2.0, 2.0), 2, (1, 0)),
    "maximum of nan, 1": (np.maximum, (nan, 1.0), nan, (0, 1)),
    "maximum of 1, nan": (np.maximum, (1.0, nan), nan, (0, 1)),
    "minimum of nan, 1": (np.minimum, (nan, 1.0), nan, (0, 1)),
    "0**0 by y": (np.power, (0.0, 0.0), 1, (0, 0)),
    "0**1": (np.power, (0.0, 1.0), 0, (1, 0)),
    "0**2": (np.power, (0.0, 2.0), 0, (0, 0)),
    "0**.5": (np.power, (0.0, 0.5), 0, (inf, 0)),
    "0**-1 by y": (np.power, (0.0, -1.0), inf, (-inf, nan)),
    "(-2)**2": (np.power, (-2.0, 2.0), 4, (-4, 0)),
    "(-2)**3": (np.power, (-2.0, 3.0), -8, (12, 0)),
    "1/0": (np.divide, (1.0, 0.0), inf, (inf, -inf)),
    "-1/0": (np.divide, (-1.0, 0.0), -inf, (inf, inf)),
    "0/0": (np.divide, (0.0, 0.0), nan, (inf, nan)),
    "arctan2(0, 0)": (np.arctan2, (0.0, 0.0), 0, (nan, nan)),
    "arctan2(3, 4)": (np.arctan2, (3.0, 4.0), np.arctan2(3, 4), (0.16, -0.12)),
    "hypot(0, 0) (ours: 0)": (np.hypot, (0.0, 0.0), 0, (0, 0)),
    "remainder": (np.remainder, (-5.0, 3.0), 1, (1, 2)),
    "remainder by a rounded quotient": (np.remainder, (1.0, 0.1), 1 % 0.1, (1, -9)),
    "% operator": (lambda a, b: a % b, (-5.0, 3.0), 1, (1, 2)),
    "where": (lambda a, b: np.where(True, a, b), (nan, 1.0), nan, (1, 0)),
    "comparison": (lambda a, b: np.where(a < b, a, b), (1.0, 2.0), 1, (1, 0)),
    "clip below": (lambda x, low: np.clip(x, low, 9.0), (1.0, 2.0), 2, (0, 1)),
    "clip at the lower bound": (lambda x, low: np.clip(x, low, 9.0), (2.0, 2.0), 2, (1, 0)),
    "clip above": (lambda x, high: np.clip(x, 0.0, high), (3.0, 2.0), 2, (0, 1)),
    "clip at the upper bound": (lambda x, high: np.clip(x, 0.0, high), (2.0, 2.0), 2, (1, 0)),
}


@pytest.mark.parametrize("row", BINARY.values(), ids=BINARY)
def test_binary(row):
    call, operands, value, expected = row
    found, *grads = run(call, *operands)
    np.testing.assert_array_equal(found, value)
    np.testing.assert_array_equal(grads, expected)


def pinned(labels):
    return lambda x: tm.softmax_cross_entropy_with_logits(np.asarray(labels, float), x)


S3 = np.exp([1.0, 2.0, 0.0]) / np.exp([1.0, 2.0, 0.0]).sum()

# name: function, operand, value, gradient by ones
VECTOR = {
    "max ties": (np.max, [2.0, 2.0, 1.0], 2, [0.5, 0.5, 0]),
    "min ties": (np.min, [2.0, 2.0, 3.0, 2.0], 2, [1 / 3, 1 / 3, 0, 1 / 3]),
    "max of an axis": (
        lambda x: np.max(x, 1),
        [[1.0, 1.0], [0.0, 3.0]],
        [1, 3],
        [[0.5, 0.5], [0, 1]],
    ),
    "max with nan": (np.max, [nan, 1.0], nan, [nan, nan]),
    "amax": (np.amax, [1.0, 1.0], 1, [0.5, 0.5]),
    "amin": (np.amin, [1.0, 1.0], 1, [0.5, 0.5]),
    "prod, a zero": (np.prod, [2.0, 0.0, 3.0], 0, [0, 6, 0]),
    "prod, two zeros": (np.prod, [0.0, 0.0, 3.0], 0, [0, 0, 0]),
    "cumprod (ours)": (np.cumprod, [2.0, 0.0, 3.0, 4.0], [2, 0, 0, 0], [1, 32, 0, 0]),
    "norm of zeros (ours)": (np.linalg.norm, [0.0, 0.0], 0, [0, 0]),
    "norm by hand": (lambda x: np.sqrt(np.sum(x * x)), [0.0, 0.0], 0, [nan, nan]),
    "std of a constant": (np.std, [1.0, 1.0], 0, [nan, nan]),
    "sort ties": (lambda x: np.sort(x)[0], [2.0, 1.0, 1.0], 1, [0, 1, 0]),
    "logsumexp, all -inf": (tm.logsumexp, [-inf, -inf], -inf, [nan, nan]),
    "logsumexp, one -inf": (tm.logsumexp, [-inf, 3.0], 3, [0, 1]),
    "logsumexp, inf": (tm.logsumexp, [inf, 3.0], inf, [nan, 0]),
    "logsumexp saturates": (tm.logsumexp, [1e4, -1e4], 1e4, [1, 0]),
    "logsumexp of a scalar": (tm.logsumexp, 3.0, 3, 1),
    "softmax saturates": (lambda x: tm.softmax(x)[0], [1e4, -1e4], 1, [0, 0]),
    "log_softmax saturates": (lambda x: tm.log_softmax(x)[1], [1e4, -1e4], -2e4, [-1, 1]),
    "cross entropy saturates": (pinned([[0.0, 1.0]]), [[1e4, -1e4]], [2e4], [[1, -1]]),
    "labels not summing to 1 (ours)": (
        pinned([[0.5, 0.0, 0.0]]),
        [[1.0, 2.0, 0.0]],
        [-0.5 * np.log(S3[0])],
        [0.5 * S3 - [0.5, 0, 0]],
    ),
    "no labels (ours)": (pinned([[0.0, 0.0, 0.0]]), [[1.0, 2.0, 0.0]], [0], [[0, 0, 0]]),
}


@pytest.mark.parametrize("row", VECTOR.values(), ids=VECTOR)
def test_vector(row):
    call, operand, value, expected = row
    found, gradient = run(call, operand)
    np.testing.assert_allclose(found, value, rtol=1e-15)
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)
    assert gradient.shape == np.shape(operand)


@pytest.mark.parametrize(
    ("logit", "label", "value", "slope"),
    [(0.0, 0.3, np.log(2), 0.2), (1e4, 1.0, 0, 0), (1e4, 0.0, 1e4, 1), (-1e4, 1.0, 1e4, -1)],
)
def test_sigmoid_cross_entropy(logit, label, value, slope):
    found, by_label, by_logit = run(tm.sigmoid_cross_entropy_with_logits, [label], [logit])
    np.testing.assert_allclose(found, [value], rtol=1e-15)
    np.testing.assert_allclose(by_logit, [slope], rtol=1e-15)
    np.testing.assert_array_equal(by_label, [-logit])


def test_ties_of_a_sort_keep_their_order():
    """Of 64: NumPy's other algorithms keep the order of a few by chance."""
    x, cotangent = np.arange(64.0) % 2, np.arange(64.0)
    (gradient,) = tm.gradients(np.sort(leaf := Tensor(x, requires_grad=True)), [leaf], cotangent)
    np.testing.assert_array_equal(gradient, [i // 2 + 32 * (i % 2) for i in range(64)])


def test_first_of_equals_is_taken():
    x = Tensor([1.0, 3.0, 3.0, 1.0], requires_grad=True)
    assert np.argmax(x).item() == 1
    assert np.argmin(x).item() == 0
    np.testing.assert_array_equal(np.argsort(x).data, [0, 3, 1, 2])


@pytest.mark.parametrize("axis", [None, 0])
def test_mean_of_nothing_is_nan_with_an_empty_gradient(axis):
    x = Tensor(np.ones((0, 2)), requires_grad=True)
    with pytest.warns(RuntimeWarning), np.errstate(all="ignore"):
        y = np.mean(x, axis=axis)
    assert np.isnan(y.data).all()
    (gradient,) = gradients(y, [x], np.ones(y.shape))
    assert gradient.shape == (0, 2)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_names_row_and_label(label):
    with pytest.raises(ShapeError, match=rf"label of row 1 is {label}, .* 3, numbered from 0"):
        tm.sparse_softmax_cross_entropy_with_logits(
            np.array([0, label]), Tensor(np.ones((2, 3)), requires_grad=True)
        )


@pytest.mark.parametrize(
    "loss", [tm.softmax_cross_entropy_with_logits, tm.sigmoid_cross_entropy_with_logits]
)
def test_labels_do_not_broadcast(loss):
    with pytest.raises(ShapeError, match=r"must have one shape.*\(1, 3\).*\(2, 3\)"):
        loss(np.ones((1, 3)), Tensor(np.ones((2, 3)), requires_grad=True))


def test_a_numpy_scalar_widens_and_a_python_scalar_does_not():
    """Ours is NumPy's NEP 50; TensorFlow stays in float32 for both."""
    x = Tensor(np.float32([1.0]), requires_grad=True)
    assert (x * np.float64(2.0)).dtype == np.float64
    assert (x * 2.0).dtype == np.float32


def test_casting_to_integers_ends_the_graph():
    x = Tensor([1.5], requires_grad=True)
    assert not x.astype(np.int64).requires_grad
    (gradient,) = gradients(x * x.astype(np.int64), [x])
    np.testing.assert_array_equal(gradient, [1.0])


def test_backward_through_infinities_does_not_warn():
    x = Tensor([0.0, -1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        y = np.sum(np.sqrt(x) + np.log(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y.backward()
