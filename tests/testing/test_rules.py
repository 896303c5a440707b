"""The checker on functions of the engine: to second order, and the first wrong rule by name."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor, primitive, relu, sigmoid, softmax
from tinygrad_mnist.errors import TinygradError
from tinygrad_mnist.testing import GradientCheckError, Verdict, assert_grads, check_grads

from .examples import BATCH, ROW, SQUARE, X, normal, squares


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
        (lambda x: relu(x @ np.ones((30, 40))).sum(), [normal(20, 30)]),
    ],
)
def test_right_gradients_of_the_engine_are_ok_to_second_order(function, arrays):
    report = assert_grads(function, *arrays)
    assert (report.verdict, report.order) == (Verdict.OK, 2)


def test_a_kink_beside_the_point_is_none():
    assert check_grads(relu, np.array([3e-6, -1e-6]), order=1).verdict is Verdict.OK


def test_the_engines_kinks():
    assert check_grads(relu, np.array([0.0, 1.0])).verdict is Verdict.KINK
    assert check_grads(np.maximum, np.ones(2), np.ones(2)).verdict is Verdict.KINK


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

    with pytest.raises(GradientCheckError, match=r"doubled_rule \(test_rules.py:\d+\)") as caught:
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


def test_the_error_is_an_assertion_of_our_tree_and_the_report_fits_a_screen():
    with pytest.raises(AssertionError) as caught:
        assert_grads(squares, X, gradient=lambda x: x.T)
    assert isinstance(caught.value, TinygradError)
    text = str(check_grads(lambda x, w: np.tanh(doubled_rule(x, w)), X, X))
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 120
