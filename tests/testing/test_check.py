"""The checker, fed right and wrong gradients: verdict, worst element and cause of each."""

import math

import numpy as np
import pytest

from tinygrad_mnist import Tensor, primitive, relu, sigmoid, softmax
from tinygrad_mnist.errors import ArgumentError, TinygradError
from tinygrad_mnist.testing import GradientCheckError, Verdict, assert_grads, check_grads

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4))
ROW = RNG.standard_normal(4)
SQUARE = RNG.standard_normal((3, 3))
BATCH = RNG.standard_normal((5, 3))


def squares(x):
    return (x**2).sum()


def noisy(x):
    return squares(x) + np.random.default_rng().normal()


@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (np.tanh, [X]),
        (lambda a, b: a * b / (1.0 + b * b), [X, ROW]),
        (lambda a, b: a @ b, [X, X.T.copy()]),
        (softmax, [X.astype(np.float32)]),
        (lambda x: softmax(x).sum(), [X]),
        (lambda x, i: x[i], [X, np.array([0, 2, 0])]),
        (lambda x: np.floor(x) + 3.0 * x, [X]),
        (lambda x: np.tanh(x.astype(np.float32)), [X]),
        (sigmoid, [np.float64(0.3)]),
        (sigmoid, [np.zeros((0, 2))]),
        (lambda x: relu(x @ np.ones((30, 40))).sum(), [RNG.standard_normal((20, 30))]),
    ],
)
def test_right_gradients_of_the_engine_are_ok_to_second_order(function, arrays):
    report = assert_grads(function, *arrays)
    assert (report.verdict, report.order) == (Verdict.OK, 2)


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


def test_a_kink_beside_the_point_is_none():
    assert check_grads(relu, np.array([3e-6, -1e-6]), order=1).verdict is Verdict.OK


def test_the_engines_kinks():
    assert check_grads(relu, np.array([0.0, 1.0])).verdict is Verdict.KINK
    assert check_grads(np.maximum, np.ones(2), np.ones(2)).verdict is Verdict.KINK


def test_a_random_function_is_nondeterministic():
    assert check_grads(noisy, X, gradient=lambda x: 2 * x).verdict is Verdict.NONDETERMINISTIC
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


def test_rounding_that_would_hide_an_error_is_said():
    def far(x):
        return 1e8 + np.abs(x).sum()  # which the complex step cannot look through

    assert check_grads(far, X, gradient=np.sign).verdict is Verdict.PRECISION_LIMITED
    assert not check_grads(far, X, gradient=np.sign).passed


def test_a_float32_gradient_that_loses_its_digits_is_precision_limited():
    def function(x):
        return ((x + 1e6) - 1e6).sum()

    def gradient(x):
        return (x + 1e6) - (x + 1e6) + ((x + 1e6) - 1e6) / x  # 1, if there are digits enough

    x = np.array([0.3, 0.7], np.float32)
    assert check_grads(function, x, gradient=gradient).verdict is Verdict.PRECISION_LIMITED


def test_the_complex_step_sees_what_differences_cannot():
    def offset(x):
        return 1e8 + (x**2).sum()

    assert check_grads(offset, X, gradient=lambda x: 2 * x).verdict is Verdict.OK
    slightly = check_grads(squares, X, gradient=lambda x: 2.000001 * x)
    assert slightly.verdict is Verdict.WRONG


def test_one_wrong_element_of_many_is_found_by_bisection():
    large = RNG.standard_normal((100, 30))

    def gradient(x):
        slopes = 1 - np.tanh(x) ** 2
        slopes[25, 27] += 0.1
        return slopes

    report = check_grads(lambda x: np.tanh(x).sum(), large, gradient=gradient)
    assert report.verdict is Verdict.WRONG
    assert report.worst[1].index == (25, 27)
    assert len(report.arguments[0].elements) == 5


@primitive()
def doubled_rule(a, b, *, out=None):
    return np.multiply(a, b, out=out)


doubled_rule.vjp(a=lambda ct, y, a, b: ct * b, b=lambda ct, y, a, b: 2 * ct * a)


@primitive()
def deaf_rule(x, *, out=None):
    return np.square(x, out=out)


deaf_rule.vjp(x=lambda ct, y, x: 2 * x)


@primitive()
def misshapen_rule(x, *, out=None):
    return np.sum(x, axis=0, out=out)


misshapen_rule.vjp(x=lambda ct, y, x: np.ones(7))


def test_the_first_wrong_rule_of_the_engine_is_named_with_its_line_and_cause():
    def network(x, w):
        hidden = np.tanh(x @ w)
        return np.mean(np.exp(doubled_rule(hidden, hidden * hidden)))

    with pytest.raises(GradientCheckError, match=r"doubled_rule \(test_check.py:\d+\)") as caught:
        assert_grads(network, BATCH, SQUARE)
    report = caught.value.report
    assert report.verdict is Verdict.WRONG
    assert "with respect to b: at " in report.rule
    assert report.cause.startswith("it is 2 times the right one")
    assert [argument.name for argument in report.arguments] == ["x", "w"]
    deaf = check_grads(lambda x: np.tanh(deaf_rule(np.sin(x))), X)
    assert "deaf_rule" in deaf.rule
    assert "ignored" in deaf.cause
    assert check_grads(misshapen_rule, X).verdict is Verdict.SHAPE_OR_DTYPE


def test_a_value_that_leaves_the_tape_is_no_rules_fault():
    report = check_grads(lambda x: np.sum(x * Tensor(x.numpy())), X)
    assert report.verdict is Verdict.WRONG
    assert "every rule agrees" in report.rule
    assert "left the tape" in report.cause


def test_a_wrong_second_derivative_is_found():
    @primitive()
    def cube(x, *, out=None):
        return np.power(x, 3, out=out)

    cube.vjp(
        x=lambda ct, y, x: (
            ct * 3.0 * x * Tensor(x.data).data if isinstance(x, Tensor) else ct * 3.0 * x * x
        )
    )
    report = check_grads(cube, X)
    assert (report.verdict, report.order) == (Verdict.WRONG, 2)
    assert check_grads(cube, X, order=1).verdict is Verdict.OK


def test_functions_may_change_what_they_are_given():
    def careless(x):
        x *= x
        return x.sum()

    before = X.copy()
    assert_grads(careless, X, gradient=lambda x: 2 * x)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    "call",
    [
        lambda: check_grads(np.tanh, np.arange(3)),
        lambda: check_grads(np.tanh, X, order=0),
        lambda: check_grads(lambda x: x.numpy(), X),
        lambda: check_grads(np.square, X, gradient=lambda x: 2 * x),
        lambda: check_grads(squares, X, gradient=squares, vjp=squares),
    ],
)
def test_what_cannot_be_checked_is_refused(call):
    with pytest.raises(ArgumentError):
        call()


def test_the_error_is_an_assertion_of_our_tree_and_the_report_fits_a_screen():
    with pytest.raises(AssertionError) as caught:
        assert_grads(squares, X, gradient=lambda x: x.T)
    assert isinstance(caught.value, TinygradError)
    text = str(check_grads(lambda x, w: np.tanh(doubled_rule(x, w)), X, X))
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 120


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
    weights = [RNG.standard_normal(shape) for shape in shapes]
    assert_grads(forward, *weights, gradient=backward)


def test_every_row_of_a_small_jacobian_is_looked_at():
    """This one is right for every cotangent without zeros, a random one among them."""
    report = check_grads(lambda x: x**2, RNG.standard_normal(3), vjp=lambda u, x: u * u / u * 2 * x)
    assert report.verdict is Verdict.NON_FINITE
    assert check_grads(lambda x: x**2, RNG.standard_normal(3), vjp=lambda u, x: u * 2 * x).passed
