"""The primitives of this face keep what primitives promise: values, rules to second order, out=."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor, capture
from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.testing import assert_grads
from tinygrad_mnist.tf1.primitives import (
    argmax,
    gather,
    integer_mean,
    integer_quotient,
    integer_remainder,
    stop_gradient,
)

X = np.random.default_rng(0).standard_normal((4, 3, 5))
CASES = [
    (0, np.array([0, 2, 2])),
    (1, np.array([[1, 1], [0, 2]])),
    (-1, np.array(4)),
    (2, np.array([], np.int64)),
]
cases = pytest.mark.parametrize(("axis", "indices"), CASES)


@cases
def test_gather(axis, indices):
    y = gather(X, indices, axis=axis)
    np.testing.assert_array_equal(y, np.take(X, indices, axis=axis))
    out = np.full(y.shape, np.nan)
    assert gather(X, indices, axis=axis, out=out) is out
    np.testing.assert_array_equal(out, y)


@cases
def test_rules_to_second_order(axis, indices):
    assert_grads(lambda x: np.sum(gather(x, indices, axis=axis) ** 3), X)


def test_indices_are_data_of_a_captured_function():
    table = Tensor([1.0, 2.0, 3.0])
    rows = capture(lambda indices: gather(table, indices))
    for indices in ([0, 1], [2, 2], [1, 0]):
        np.testing.assert_array_equal(rows(np.array(indices)).numpy(), np.array(indices) + 1.0)


@pytest.mark.parametrize(
    ("indices", "kind", "message"),
    [
        ([0.5], DTypeError, "takes integers"),
        ([4], ShapeError, "the index 4 is not one of an axis of size 4"),
        ([-1], ShapeError, "the index -1"),
    ],
)
def test_wrong_indices(indices, kind, message):
    with pytest.raises(kind, match=message):
        gather(X, np.array(indices))


def test_stop_gradient():
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.sum(x * stop_gradient(x)).backward()
    assert x.grad.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_the_mean_of_integers(axis, dtype):
    x = np.random.default_rng(0).integers(-128, 128, (5, 7)).astype(dtype)
    mean = integer_mean(x, axis=axis, keepdims=True)
    expected = np.trunc(np.mean(x, axis=axis, keepdims=True, dtype=np.longdouble)).astype(dtype)
    np.testing.assert_array_equal(mean, expected)
    assert mean.dtype == dtype


INTEGERS = [np.int8, np.uint8, np.int32, np.int64]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_divided_to_the_last_digit(dtype):
    limits = np.iinfo(dtype)
    a = np.array([limits.max, limits.max - 1, limits.min, 7, 0, limits.min + 1], dtype)[:, None]
    b = np.array([1, 2, 3, limits.max, limits.min or 5], dtype)
    exact = [[int(x) // int(y) for y in b] for x in a[:, 0]]
    quotient, remainder = integer_quotient(a, b), integer_remainder(a, b)
    assert quotient.dtype == remainder.dtype == dtype
    assert quotient.tolist() == exact
    assert remainder.tolist() == [[int(x) % int(y) for y in b] for x in a[:, 0]]


def test_the_least_integer_by_minus_one_is_itself():
    assert integer_quotient(np.int32([-(2**31)]), np.int32([-1])).tolist() == [-(2**31)]


@pytest.mark.parametrize("divide", [integer_quotient, integer_remainder])
@pytest.mark.parametrize("divisor", [0, [1, 0]])
def test_integers_are_not_divided_by_zero(divide, divisor):
    with pytest.raises(ArgumentError, match="an integer was divided by zero"):
        divide(np.array([1, 0]), np.array(divisor))


LEAST = np.finfo(np.float32).min
NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("x", "place"),
    [
        ([1.0, 3.0, 3.0], 1),
        ([NAN, 1.0, 2.0], 2),
        ([1.0, NAN, 0.5], 0),
        ([NAN, NAN], 0),
        ([2.0, NAN, INF], 2),
        ([-INF, NAN, -1.0], 2),
        ([NAN, -INF], 0),
        ([-INF, LEAST], 0),
    ],
)
def test_nan_is_not_the_largest(x, place):
    x = np.array(x, np.float32)
    assert argmax(x, axis=0) == argmax(x[None], axis=1)[0] == place
    assert argmax(np.stack([x, x], 1), axis=0).tolist() == [place, place]
