"""Functions whose result is constant: their values, and what depends on no value is no tensor's."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import Tensor, capture, gradients
from tinygrad_mnist.errors import CaptureError, TinygradError, UnsupportedError

ARRAY = np.array([[1.0, -2.0, np.nan], [np.inf, 0.0, -np.inf]])
X = Tensor(ARRAY, requires_grad=True)
NEAR = np.array([[1.0 + 1e-6, -2.1, np.nan], [np.inf, 1e-9, np.inf]])


@pytest.mark.parametrize(
    "like", [np.zeros_like, np.ones_like, lambda x, **k: np.full_like(x, 7, **k)]
)
@pytest.mark.parametrize(
    "options", [{}, {"dtype": np.int8}, {"shape": (4,)}, {"shape": 2}], ids=str
)
def test_an_array_like_a_tensor_is_a_constant(like, options):
    y, expected = like(X, **options), like(ARRAY, **options)
    assert isinstance(y, Tensor)
    assert not y.requires_grad
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y.data, expected)


def test_what_fills_gets_the_gradient():
    fill = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = np.full_like(X, fill)
    np.testing.assert_array_equal(y.data, [[1, 2, 3], [1, 2, 3]])
    (gradient,) = gradients(y, [fill], np.array([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]]))
    np.testing.assert_array_equal(gradient, [3.0, 30.0, 300.0])


@pytest.mark.parametrize("equal_nan", [False, True])
@pytest.mark.parametrize(("rtol", "atol"), [(1e-5, 1e-8), (0.1, 0.0), (0.0, 0.2)])
def test_closeness(rtol, atol, equal_nan):
    expected = np.isclose(ARRAY, NEAR, rtol, atol, equal_nan)
    for a, b in ((X, NEAR), (ARRAY, Tensor(NEAR)), (X, Tensor(NEAR))):
        found = np.isclose(a, b, rtol, atol, equal_nan=equal_nan)
        np.testing.assert_array_equal(found.data, expected)
        assert np.allclose(a, b, rtol, atol, equal_nan) is bool(expected.all())
    nothing = [np.nan]
    assert np.allclose(Tensor(nothing), nothing, equal_nan=equal_nan) is equal_nan
    finite = [1.0, 2.0]
    assert np.allclose(Tensor(finite), finite, rtol=rtol, atol=atol) is True


def test_equality_of_arrays():
    constant = Tensor([1.0, 2.0])
    assert np.array_equal(constant, [1.0, 2.0]) is True
    assert np.array_equal([1.0, 2.0], constant) is True
    assert np.array_equal(constant, [1.0, 3.0]) is False
    assert np.array_equal(constant, [[1.0, 2.0]]) is False
    assert np.array_equal(X, ARRAY) is False
    assert np.array_equal(X, ARRAY, equal_nan=True) is True
    assert np.array_equal(X, NEAR, equal_nan=True) is False
    assert np.array_equiv(constant, [[1.0, 2.0], [1.0, 2.0]]) is True
    assert np.array_equiv(constant, [[1.0, 2.0], [1.0, 3.0]]) is False
    assert np.array_equiv(constant, [1.0, 2.0, 3.0]) is False


def test_places():
    rows = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    order = rows.argsort()
    for sorter in (order, order.data, [1, 2, 0]):
        np.testing.assert_array_equal(np.searchsorted(rows, 2.0, "right", sorter).data, 2)
    for function in (np.nonzero, np.flatnonzero, np.argwhere):
        found, expected = function(X), function(ARRAY)
        for ours, theirs in zip(np.atleast_1d(found), np.atleast_1d(expected), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(X[np.nonzero(X > 0)].data, [1.0, np.inf])
    np.testing.assert_array_equal(rows.nonzero()[0], [0, 1, 2])


def test_questions_of_dtypes():
    x = Tensor(np.ones(2, np.float32))
    assert np.isrealobj(x) is True
    assert np.iscomplexobj(x) is False


def test_an_order_in_memory_is_none_of_a_value():
    for order in ("A", "K"):
        with pytest.raises(
            UnsupportedError, match=r"np\.ravel on a Tensor takes order='C' or .*a value"
        ):
            np.ravel(X, order)


def test_inside_a_capture_they_are_what_they_are_outside():
    def constants(x):
        parts = [np.zeros_like(x), np.full_like(x, x[0]), x.trace() * np.ones_like(x)]
        parts += [np.isinf(x) + 0.0, np.isclose(x, 2.0) + 0.0, np.searchsorted(x[0], x) + 0.0]
        return np.stack([*parts, x // 2.0, x.copy(), x.mT, np.signbit(x) + 0.0])

    captured = capture(constants)
    for array in (np.eye(3), np.arange(9.0).reshape(3, 3), -np.ones((3, 3))):
        np.testing.assert_array_equal(captured(array).data, constants(Tensor(array)).data)


OF_VALUES = [np.allclose, np.array_equal, np.array_equiv, np.nonzero, np.flatnonzero, np.argwhere]


@pytest.mark.parametrize("function", OF_VALUES, ids=lambda function: function.__name__)
def test_a_symbol_has_no_values_to_decide_by(function):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        arguments = (x,) if function in OF_VALUES[3:] else (x, x)
        with pytest.raises(CaptureError, match=rf"x:0 is a symbol.*np\.{function.__name__} cannot"):
            function(*arguments)


def test_a_symbol_answers_questions_of_dtypes_at_once():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        assert np.isrealobj(x)
        assert not np.iscomplexobj(x)
        assert (x.itemsize, x[0].nbytes) == (4, 8)
        with pytest.raises(TinygradError, match="its size"):
            x.nbytes  # noqa: B018
