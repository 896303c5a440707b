"""``crosscheck.compare`` where TensorFlow deviates: that is excused, and nothing beside it.

Op determinism, on in these tests, composes the losses, so that labels of another sum do not make
TensorFlow deviate here: what may be excused is the same.
"""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tinygrad_mnist as tm
from reference_tf.crosscheck import compare
from reference_tf.excuses import Excuse
from tinygrad_mnist.ops import activation, elementwise, linear_algebra, reduction

pytestmark = pytest.mark.tf

cross_entropy = activation.softmax_cross_entropy_with_logits
LABELS = np.array([[0.2, 0.3, 0.50001], [0.0, 1.0, 0.0]])
LOGITS = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]])
NAN = np.array([np.nan, 0.5, 2.0])
RAGGED = np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]])


# The primitive, the operand, a function in which one element deviates, its arguments.
DEVIATING = {
    "0**0": (elementwise.power, "a", lambda x: x ** np.arange(4.0), [np.arange(4.0)]),
    "0**0, broadcast": (
        elementwise.power,
        "a",
        lambda x: x[:, None] ** np.array([0.0, 2.0]),
        [np.array([0.0, 1.0, 2.0])],
    ),
    "cumprod": (reduction.cumprod, "x", lambda x: np.cumprod(x, axis=1), [RAGGED]),
    "cumprod, flat": (reduction.cumprod, "x", np.cumprod, [RAGGED[::-1]]),
    "norm": (
        linear_algebra.norm,
        "x",
        lambda x: np.linalg.norm(x, axis=1),
        [np.array([[0.0, 0.0], [3.0, 4.0]])],
    ),
    "clip": (elementwise.clip, "lower", np.clip, [NAN, np.ones(3), np.float64(3)]),
    "a bound of clip": (elementwise.clip, "lower", np.clip, [np.ones(3), NAN, np.float64(3)]),
    "sqrt of 0": (
        elementwise.sqrt,
        "x",
        lambda x: np.where(x > 0, np.sqrt(x), 0.0),
        [np.array([0.0, 4.0])],
    ),
    "1/0": (
        elementwise.reciprocal,
        "x",
        lambda x: np.where(x > 0, np.reciprocal(x), 0.0),
        [np.array([0.0, 4.0])],
    ),
    "labels": (cross_entropy, "logits", lambda x: cross_entropy(LABELS, x), [LOGITS]),
}


def times(factor, rule):
    return lambda *args, **static: factor * rule(*args, **static)


@pytest.mark.parametrize("name", DEVIATING)
def test_one_element_that_deviates_hides_no_wrong_rule(monkeypatch, name):
    primitive, operand, function, arguments = DEVIATING[name]
    right = compare(function, *arguments)
    assert right.agrees, str(right)
    assert len(right.deviations) == (name != "labels")
    monkeypatch.setitem(primitive.rules, operand, times(7, primitive.rules[operand]))
    report = compare(function, *arguments)
    assert report.first.name == primitive.name
    assert f"cotangent of {operand} differs" in str(report)


def test_the_report_says_how_many_elements_were_left_out():
    report = compare(lambda x: np.cumprod(x, axis=0), np.array([2.0, 0.0, 3.0]))
    assert report.agrees
    said = "cotangent of x agrees except at 1 of 3 elements, where TensorFlow deviates (cumprod"
    assert said in str(report)


# Of the second order alone: the function, its arguments, the deviation, how much is left out.
SECOND = {
    "prod": (
        lambda x: np.prod(x, axis=1),
        RAGGED,
        "x agrees except at 3 of 6 elements, where TensorFlow deviates (second derivative of a "
        "product with a zero)",
    ),
    "power": (
        lambda x: x ** np.ones(2),
        np.array([0.0, 1.0]),
        "a agrees except at 1 of 2 elements, where TensorFlow deviates (x**0 at 0)",
    ),
}


@pytest.mark.parametrize("name", SECOND)
def test_a_deviation_of_the_second_order_is_named(name):
    function, argument, told = SECOND[name]
    assert not compare(function, argument).deviations
    report = compare(function, argument, order=2)
    assert report.agrees, str(report)
    assert f"second derivative by {told}" in str(report)


def recorded(x):
    return isinstance(x, tm.Tensor)


@pytest.mark.parametrize(
    ("primitive", "function", "argument"),
    [
        (reduction.prod, lambda x: np.prod(x, axis=1), RAGGED),
        (reduction.cumprod, lambda x: np.cumprod(x, axis=1), RAGGED),
    ],
    ids=["prod", "cumprod"],
)
def test_a_lane_that_deviates_hides_no_wrong_second_derivative(
    monkeypatch, primitive, function, argument
):
    right = primitive.rules["x"]

    def wrong(ct, y, x, **static):
        """Right in value, wrong when it is recorded and differentiated."""
        found = right(ct, y, x, **static)
        return found + (x - x.data) * found.data if recorded(x) else found

    monkeypatch.setitem(primitive.rules, "x", wrong)
    assert compare(function, argument).agrees
    report = compare(function, argument, order=2)
    assert report.first.name == primitive.name
    assert "second derivative by x differs at [1, " in str(report)


def test_an_excuse_names_an_entry_of_the_table():
    with pytest.raises(KeyError, match="'a whim' is excused but no entry of KNOWN_TF_DEVIATIONS"):
        Excuse("a whim", np.ones(1, bool))
