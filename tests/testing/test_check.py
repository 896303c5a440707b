"""The checker, fed right and wrong gradients: verdict, worst element and cause of each."""

import itertools
import math

import numpy as np
import pytest

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.testing import Verdict, assert_grads, check_grads

from .examples import BATCH, ROW, SQUARE, X, normal, squares


def noisy(x):
    return squares(x) + np.random.default_rng().normal()


WRONG = {
    "wrong values": (squares, [X], lambda x: 2 * x + (x == X[1, 2]), "11 of 12"),
    "a factor 2": (squares, [X], lambda x: 4 * x, "it is 2 times"),
    "half": (squares, [X], lambda x: x, "factor 2 is missing, or a missing accumulation"),
    "its sign": (squares, [X], lambda x: -2 * x, "sign"),
    "an odd factor": (squares, [X], lambda x: 2.6 * x, "1.3 times"),
    "1/batch": (squares, [BATCH], lambda x: 2 * x / 5, "1/5 times the right one; 5 is the size"),
    "batch": (lambda x: (x**2).sum() / 5, [BATCH], lambda x: 2 * x, "it is 5 times"),
    "transposed": (squares, [SQUARE], lambda x: 2 * x.T, "transposed"),
    "transposed, reshaped": (squares, [X], lambda x: 2 * x.T.reshape(x.shape), "transposed"),
    "zero": (squares, [X], np.zeros_like, "it is zero"),
    "a sum left out": (
        lambda x: (x.sum(0) ** 2).sum() / 2,
        [X],
        lambda x: x,
        "sum is left out over axis 0",
    ),
    "a sum too many": (
        squares,
        [X],
        lambda x: np.broadcast_to(2 * x.sum(1, keepdims=True), x.shape),
        "summed over axis 1",
    ),
    "missing accumulation": (
        lambda x: (x[[0, 1, 0]] * np.arange(3.0)).sum(),
        [np.array([0.5, 0.7])],
        lambda x: np.array([0.0, 1.0]),  # z[i] = g where z[i] += g is meant
        "missing accumulation",
    ),
}


@pytest.mark.parametrize(("function", "arrays", "gradient", "cause"), WRONG.values(), ids=WRONG)
def test_wrong_gradients_are_wrong_and_their_cause_is_guessed(function, arrays, gradient, cause):
    report = check_grads(function, *arrays, gradient=gradient)
    assert report.verdict is Verdict.WRONG
    assert cause in report.cause
    assert report.taylor == pytest.approx(1, abs=0.1) or math.isnan(report.taylor)


MISFITS = {
    "shape": (squares, [X], lambda x: 2 * x.T, "transposed"),
    "not unbroadcast": (
        lambda x, b: ((x + b) ** 2).sum(),
        [X, ROW],
        lambda x, b: (2 * (x + b), 2 * (x + b)),
        "missing unbroadcast: it must be summed over axis 0",
    ),
    "flattened": (squares, [X], lambda x: 2 * x.ravel(), "reshape it"),
    "dtype": (squares, [X.astype(np.float32)], lambda x: 2.0 * x.astype(np.float64), ""),
    "integers": (squares, [X], lambda x: np.zeros(x.shape, int), ""),
    "None": (squares, [X], lambda x: None, ""),
    "ragged": (squares, [X], lambda x: [[[1.0], [2.0, 3.0]]], ""),
    "too few": (lambda a, b: (a * b).sum(), [X, X], lambda a, b: b, ""),
}


@pytest.mark.parametrize(("function", "arrays", "gradient", "cause"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_said(function, arrays, gradient, cause):
    report = check_grads(function, *arrays, gradient=gradient)
    assert report.verdict is Verdict.SHAPE_OR_DTYPE
    assert cause in report.cause
    assert any(argument.note for argument in report.arguments)


def test_an_ignored_upstream_cotangent_is_named():
    report = check_grads(np.square, X, vjp=lambda cotangent, x: 2 * x)
    assert report.verdict is Verdict.WRONG
    assert "upstream cotangent is ignored" in report.cause
    assert check_grads(np.square, X, vjp=lambda cotangent, x: 2 * x * cotangent).passed


def test_a_softmax_of_gradient_zero_is_caught_though_its_sum_is_constant():
    def kernel(x):
        return np.exp(x) / np.exp(x).sum(-1, keepdims=True)

    report = check_grads(kernel, X, vjp=lambda cotangent, x: np.zeros_like(x))
    assert report.verdict is Verdict.WRONG


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.3, 1.0])
def test_at_a_kink_any_slope_between_left_and_right_is_accepted(slope):
    report = assert_grads(
        lambda x: np.abs(x).sum(),
        np.array([0.0, 2.0]),
        gradient=lambda x: np.where(x == 0, slope, np.sign(x)),
    )
    assert report.verdict is Verdict.KINK
    element = report.worst[1] if report.worst[1].kink else report.arguments[0].elements[1]
    assert (element.index, element.kink) == ((0,), True)
    assert (element.left, element.right) == pytest.approx((-1, 1))
    assert "KINK" in str(report)


def test_at_a_kink_other_slopes_are_wrong():
    report = check_grads(lambda x: np.abs(x).sum(), np.zeros(1), gradient=lambda x: np.array([1.5]))
    assert report.verdict is Verdict.WRONG
    assert report.worst[1].error == pytest.approx(0.5)


def test_a_random_function_is_nondeterministic():
    report = check_grads(noisy, X, gradient=lambda x: 2 * x)
    assert report.verdict is Verdict.NONDETERMINISTIC
    assert math.isnan(report.taylor)
    random_gradient = check_grads(squares, X, gradient=lambda x: 2 * noisy(x) * x)
    assert random_gradient.verdict is Verdict.NONDETERMINISTIC


def test_what_is_not_finite_is_said_with_the_step_that_made_it():
    nan = check_grads(squares, X, gradient=lambda x: np.where(x == X[1, 2], np.nan, 2 * x))
    assert nan.verdict is Verdict.NON_FINITE
    assert "[1, 2]" in nan.arguments[0].note
    assert check_grads(np.log, np.array([-1.0])).verdict is Verdict.NON_FINITE
    report = check_grads(lambda x: np.sqrt(x * x), np.zeros(2))
    assert report.verdict is Verdict.NON_FINITE
    assert "#1 sqrt (test_check.py:" in report.rule
    assert "first non-finite step" in str(report)
    branch = check_grads(lambda x: np.where(x > 0, np.sqrt(x), 0.0), np.array([-1.0, 2.0]))
    assert "#2 sqrt (test_check.py:" in branch.rule  # and not np.where, which is given the NaN


def test_one_wrong_element_of_many_is_found_by_bisection():
    large = normal(100, 30)

    def gradient(x):
        slopes = 1 - np.tanh(x) ** 2
        slopes[25, 27] += 0.1
        return slopes

    report = check_grads(lambda x: np.tanh(x).sum(), large, gradient=gradient)
    assert report.verdict is Verdict.WRONG
    assert report.worst[1].index == (25, 27)
    assert len(report.arguments[0].elements) == 5


def test_functions_may_change_what_they_are_given():
    def careless(x):
        x *= x
        return x.sum()

    before = X.copy()
    assert_grads(careless, X, gradient=lambda x: 2 * x)
    np.testing.assert_array_equal(X, before)


REFUSED = {
    "integers": (lambda: check_grads(np.tanh, np.arange(3)), "floating array.*Received: .*int64"),
    "no array": (lambda: check_grads(np.tanh), "Received: no array"),
    "a ragged list": (lambda: check_grads(np.tanh, [[1.0], [1.0, 2.0]]), "its rows differ"),
    "order 0": (lambda: check_grads(np.tanh, X, order=0), "order must be .* Received: 0"),
    "order 1.5": (lambda: check_grads(np.tanh, X, order=1.5), "order must be an integer"),
    "seed -1": (lambda: check_grads(np.tanh, X, seed=-1), "seed must be .* at least 0"),
    "a function as an array": (lambda: check_grads(squares, X, squares), "gradient=df"),
    "swapped": (lambda: check_grads(X, squares), "function must be a function.*Received: ndarray"),
    "no function": (lambda: check_grads(3, X), "function must be a function.*Received: int"),
    "a gradient": (
        lambda: check_grads(squares, X, gradient=2 * X),
        "gradient must be a function of the arrays, not its result. Received: ndarray",
    ),
    "two gradients": (lambda: check_grads(squares, X, gradient=squares, vjp=squares), "not both"),
    "no Tensor": (lambda: check_grads(lambda x: x.numpy(), X), "returned ndarray, not a Tensor"),
    "a list of Tensors": (lambda: check_grads(lambda x: [x], X), "returned list, not a Tensor"),
    "an array": (lambda: check_grads(np.square, X, gradient=lambda x: 2 * x), "Give vjp= instead"),
    "None": (lambda: check_grads(lambda x: None, X, gradient=squares), "real numbers.*NoneType"),
    "complex": (lambda: check_grads(lambda x: 1j, X, gradient=squares), "real numbers.*complex"),
    "ragged": (lambda: check_grads(lambda x: [x, x[0]], X, vjp=squares), "real numbers.*list"),
}


@pytest.mark.parametrize(("call", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_checked_is_refused(call, told):
    with pytest.raises(ArgumentError, match=told):
        call()


def test_a_hand_written_backprop_in_ten_lines():
    def forward(w1, b1, w2, b2):
        hidden = np.tanh(BATCH @ w1 + b1)
        return ((hidden @ w2 + b2) ** 2).mean()

    def backward(w1, b1, w2, b2):
        hidden = np.tanh(BATCH @ w1 + b1)
        error = 2 * (hidden @ w2 + b2) / (5 * 2)
        inner = (error @ w2.T) * (1 - hidden**2)
        return BATCH.T @ inner, inner.sum(0), hidden.T @ error, error.sum(0)

    shapes = [(3, 4), (4,), (4, 2), (2,)]
    weights = [normal(*shape) for shape in shapes]
    assert_grads(forward, *weights, gradient=backward)


def test_every_row_of_a_small_jacobian_is_looked_at():
    """This one is right for every cotangent without zeros, a random one among them."""
    report = check_grads(lambda x: x**2, normal(3), vjp=lambda u, x: u * u / u * 2 * x)
    assert report.verdict is Verdict.NON_FINITE
    assert check_grads(lambda x: x**2, normal(3), vjp=lambda u, x: u * 2 * x).passed


@pytest.mark.parametrize("row", range(3))
def test_a_wrong_row_of_a_small_jacobian_is_not_excused(row):
    """Only a cotangent that asks for this row alone is answered wrongly."""

    def vjp(cotangent, x):
        alone = np.count_nonzero(cotangent) == 1 and cotangent[row]
        return cotangent * (3 if alone else 2) * x

    report = check_grads(lambda x: x**2, np.array([1.0, 2.0, -3.0]), vjp=vjp)
    assert (report.verdict, report.worst[1].index) == (Verdict.WRONG, (row,))
    assert report.cause.startswith("it is 1.5 times")


def test_a_row_of_a_small_jacobian_at_a_kink_is_said_to_be():
    """Beside the other row its kink is too small to be seen."""
    x = np.array([0.0, 2.0])
    report = check_grads(lambda x: np.stack([1e-9 * np.abs(x[0]), x[1] ** 2]), x)
    assert (report.verdict, report.worst[1].index) == (Verdict.KINK, (0,))


def test_what_has_no_slope_is_not_judged_by_differences():
    """Differences grow over a jump as the step shrinks, and are NaN beside an edge."""

    def root_of_cube(x):
        return (x**1.5).sum()

    edge = np.array([0.0, 1.0])
    for function, x, gradient in [
        (lambda x: (x > 0).sum() * 1.0, np.zeros(2), lambda x: np.full_like(x, 5)),
        (lambda x: np.sign(x).sum(), np.zeros(1), np.zeros_like),
        (root_of_cube, edge, lambda x: 1.5 * x**0.5),
    ]:
        report = check_grads(function, x, gradient=gradient)
        assert report.verdict is Verdict.NON_FINITE
        assert report.arguments[0].note.startswith("no slope ([0]): the function jumps, or")
    report = check_grads(root_of_cube, edge, gradient=lambda x: 1.5 * x)
    assert report.verdict is Verdict.NON_FINITE
    report = check_grads(root_of_cube, edge, gradient=lambda x: 3 * x**0.5)
    assert (report.verdict, report.worst[1].index) == (Verdict.WRONG, (1,))
    cusp = check_grads(lambda x: np.sqrt(np.abs(x)).sum(), np.zeros(1), gradient=np.zeros_like)
    assert cusp.verdict is Verdict.KINK


def test_an_argument_that_is_not_finite_is_named():
    report = check_grads(np.tanh, np.array([1.0, np.inf]))
    assert (report.verdict, report.rule) == (Verdict.NON_FINITE, "")
    assert report.arguments[0].note == "the argument at [1] is inf"


def test_a_result_of_changing_shape_is_nondeterministic():
    sizes = itertools.count(1)
    report = check_grads(lambda x: x[: next(sizes)], np.arange(5000.0))
    assert report.verdict is Verdict.NONDETERMINISTIC


def test_a_gradient_that_changes_the_next_result_is_nondeterministic():
    offset = np.zeros(1)

    def gradient(x):
        offset[0] += 1
        return 2 * x

    report = check_grads(lambda x: squares(x) + offset[0], X, gradient=gradient)
    assert report.verdict is Verdict.NONDETERMINISTIC
    assert report.arguments[0].note == "the gradient changes the next result"


@pytest.mark.parametrize(("factor", "cause"), [(2, "it is 2 times"), (-1, "sign"), (0, "zero")])
def test_the_cause_is_guessed_for_large_arrays_too(factor, cause):
    large = normal(100, 30)
    slopes = lambda x: factor * (1 - np.tanh(x) ** 2)  # noqa: E731
    report = check_grads(lambda x: np.tanh(x).sum(), large, gradient=slopes)
    assert cause in report.cause


def test_nothing_of_nothing_is_no_error_and_one_gradient_is_no_plural():
    kink = check_grads(lambda x: np.abs(x).sum(), np.zeros(1), gradient=np.zeros_like)
    assert kink.worst[1].relative == 0
    assert " inf" not in str(kink)
    few = check_grads(lambda a, b: (a * b).sum(), X, X, gradient=lambda a, b: b)
    assert few.arguments[0].note.startswith("received 1 gradient; must be 2,")
