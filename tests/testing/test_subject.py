"""A person's function and gradient: what they raise, the dtypes they insist on, where they end."""

import numpy as np
import pytest

from tinygrad_mnist import Parameter
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.testing import check_grads
from tinygrad_mnist.testing.subject import Subject

from .examples import squares

X = np.array([0.5, -1.0, 2.0, 3.0])
NARROW = X.astype(np.float32)
WEIGHTS = np.ones((4, 2))


def only_float32(x):
    assert x.dtype == np.float32
    return 2 * x


def roots(x):
    if x.min() < 0:
        raise ValueError("negative input")
    return np.sqrt(x)


def fails(*arrays):
    raise RuntimeError("boom")


RAISING = {
    "gradient": (squares, {"gradient": fails}, "gradient.*RuntimeError.*float64\\[4\\]: boom"),
    "too few parameters": (
        lambda x: 2 * x,
        {"vjp": lambda x: x},
        "vjp\\(cotangent, \\*arrays\\) raised TypeError .*float64\\[4\\], float64\\[4\\]",
    ),
    "swapped": (
        lambda x: x @ WEIGHTS,
        {"vjp": lambda x, cotangent: cotangent @ WEIGHTS.T},
        "vjp.* raised ValueError when called with float64\\[2\\], float64\\[4\\]: matmul.*in this",
    ),
}


@pytest.mark.parametrize(("function", "options", "told"), RAISING.values(), ids=RAISING)
def test_what_a_gradient_raises_is_told_with_what_it_was_given(function, options, told):
    with pytest.raises(ArgumentError, match=told) as caught:
        check_grads(function, X, **options)
    assert caught.value.__cause__ is not None


def test_only_a_call_that_does_not_fit_is_told_the_order_of_arguments():
    for options in ({"gradient": lambda: X}, {"vjp": lambda cotangent: cotangent}):
        with pytest.raises(ArgumentError, match="It must take these, in this order"):
            check_grads(squares, X, **options)
    for gradient in (fails, lambda x: len(x.sum()), lambda x: x.reshape(7)):
        with pytest.raises(ArgumentError, match=r"raised \w+ when called with") as caught:
            check_grads(squares, X, gradient=gradient)
        assert "in this order" not in str(caught.value)


def test_what_a_function_raises_at_the_point_itself_is_its_own():
    with pytest.raises(RuntimeError, match=r"^boom$"):
        check_grads(fails, X)


def test_arrays_are_widened_unless_function_or_gradient_refuses():
    def dtype(function, gradient):
        return Subject(function, gradient).in_float64([NARROW])[0].dtype

    assert dtype(squares, lambda x: 2 * x) == np.float64
    assert dtype(lambda x: only_float32(x).sum(), lambda x: 2 * x) == np.float32
    assert dtype(squares, only_float32) == np.float32
    assert Subject(only_float32).in_float64([NARROW])[0].dtype == np.float32
    assert Subject(lambda x, i: x[i]).in_float64([NARROW, np.array([0])])[1].dtype == np.int64


@pytest.mark.parametrize("gradient", [None, lambda x: 0.5 / np.sqrt(x)])
def test_outside_its_domain_a_function_has_no_value(gradient):
    subject = Subject(lambda x: np.sum(roots(x)), gradient)
    assert np.isnan(subject.value_near([X], ()))
    assert subject.value_near([np.array([4.0])], ()) == 2
    with pytest.raises(ValueError, match="negative input"):
        subject.value([X])


def test_a_result_of_another_shape_is_no_value_nearby():
    subject = Subject(lambda x: x[x > 0], vjp=lambda cotangent, x: cotangent)
    near = subject.value_near([X], (4,))
    assert near.shape == (4,)
    assert np.isnan(near).all()


def test_parameters_say_where_to_check():
    weights = Parameter(X)
    assert check_grads(lambda x: np.sum(x**2), weights).passed
    assert check_grads(squares, weights, gradient=lambda x: 2 * x).passed
    assert not check_grads(squares, weights, gradient=lambda x: x).passed
    assert weights.grad is None
