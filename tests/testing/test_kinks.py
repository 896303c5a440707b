"""The checker at kinks: subgradients are accepted, others are not, and where is said."""

import numpy as np
import pytest

from tinygrad_mnist import relu
from tinygrad_mnist.ops import reduction
from tinygrad_mnist.testing import Verdict, check_grads

from .examples import normal

TIE = np.array([1.0, 1.0, 0.0])
SAME = np.array([1.0, 2.0, 3.0])


def pairs(a, b):
    return np.maximum(a, b).sum()


SUBGRADIENTS = {
    "max: evenly": (np.max, [TIE], lambda x: np.array([0.5, 0.5, 0])),
    "max: to the first": (np.max, [TIE], lambda x: np.array([1.0, 0, 0])),
    "max: to the second": (np.max, [TIE], lambda x: np.array([0, 1.0, 0])),
    "max: unevenly": (np.max, [TIE], lambda x: np.array([0.3, 0.7, 0])),
    "maximum: to a": (pairs, [SAME, SAME], lambda a, b: (1.0 * (a >= b), 1.0 * (b > a))),
    "maximum: to b": (pairs, [SAME, SAME], lambda a, b: (1.0 * (a > b), 1.0 * (b >= a))),
    "norm: 0": (np.linalg.norm, [np.zeros(4)], np.zeros_like),
    "norm: 0.5": (np.linalg.norm, [np.zeros(4)], lambda x: np.full(4, 0.5)),
}


@pytest.mark.parametrize(
    ("function", "arrays", "gradient"), SUBGRADIENTS.values(), ids=SUBGRADIENTS
)
def test_a_subgradient_is_accepted(function, arrays, gradient):
    assert check_grads(function, *arrays, gradient=gradient).verdict is Verdict.KINK


NO_SUBGRADIENTS = {
    "max: to all": (np.max, [TIE], lambda x: np.array([1.0, 1.0, 0])),
    "max: to none": (np.max, [TIE], np.zeros_like),
    "max: half of it": (np.max, [TIE], lambda x: np.array([0.25, 0.25, 0])),
    "maximum: to both": (pairs, [SAME, SAME], lambda a, b: (1.0 * (a >= b), 1.0 * (b >= a))),
    "maximum: to neither": (pairs, [SAME, SAME], lambda a, b: (1.0 * (a > b), 1.0 * (b > a))),
    "norm: 1": (np.linalg.norm, [np.zeros(4)], np.ones_like),
}


@pytest.mark.parametrize(
    ("function", "arrays", "gradient"), NO_SUBGRADIENTS.values(), ids=NO_SUBGRADIENTS
)
def test_what_is_possible_for_each_element_but_not_for_all_together_is_wrong(
    function, arrays, gradient
):
    report = check_grads(function, *arrays, gradient=gradient)
    assert report.verdict is Verdict.WRONG
    assert all("no subgradient: " in argument.note for argument in report.arguments)
    assert report.worst[1].index is None


def test_the_engines_max_that_gives_ties_all_each_is_named(monkeypatch):
    def function(x):
        return np.tanh(np.max(np.sin(x), axis=1))

    x = np.array([[1.0, 1.0, 0.0], [0.5, 0.5, 0.5]])
    assert check_grads(function, x).verdict is Verdict.KINK
    right = reduction.max.rules["x"]
    each = lambda ct, y, x, **static: right(ct, y, x, **static) * [[2.0], [3.0]]  # noqa: E731
    monkeypatch.setitem(reduction.max.rules, "x", each)
    report = check_grads(lambda x: function(x[:, :]), x * (x > 0))
    assert report.verdict is Verdict.WRONG
    assert " max (test_kinks.py:" in report.rule


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (relu, [np.zeros(9)]),
        (np.abs, [np.zeros((2, 3))]),
        (np.maximum, [np.zeros((2, 3)), np.zeros(3)]),
        (np.minimum, [np.zeros((2, 3)), np.zeros(3)]),
        (lambda a, b: relu(a) - 2.0 * relu(b), [np.zeros(3), np.zeros(3)]),
        (lambda x: np.max(x, axis=0), [np.ones((3, 4))]),
        (relu, [np.zeros((20, 20))]),
        (relu, [np.maximum(normal(40, 40), 0)]),
    ],
)
def test_the_engines_conventions_are_accepted_whatever_the_cotangents_signs(function, arrays, seed):
    """Sums of convex and concave kinks are neither: their own slopes are not all that counts."""
    assert check_grads(function, *arrays, seed=seed).verdict is Verdict.KINK


def test_other_slopes_are_wrong_in_large_arrays_too():
    x = np.maximum(normal(20, 20), 0)
    for slope in (5.0, -0.2):
        report = check_grads(
            lambda x: np.maximum(x, 0).sum(),
            x,
            gradient=lambda x, slope=slope: np.where(x > 0, 1.0, slope),
        )
        assert report.verdict is Verdict.WRONG


def test_the_kinked_elements_are_shown_first_with_their_number_and_slopes():
    x = np.arange(1.0, 21.0)
    x[[7, 11]] = 0

    def function(x):
        return np.abs(np.sin(x)).sum()

    report = check_grads(function, x, gradient=lambda x: np.sign(np.sin(x)) * np.cos(x))
    shown = report.arguments[0].elements
    assert {e.index for e in shown[:2]} == {(7,), (11,)}
    assert (shown[0].left, shown[0].right) == pytest.approx((-1, 1))
    assert "2 of 20 compared are at a kink" in str(report)
    lines = str(report).splitlines()
    assert lines[2] == "  at a kink of x:"
    assert [line.split()[0] for line in lines[4:6]] == ["[7]", "[11]"]
    assert not any("[19]" in line for line in lines)


def test_the_gravest_argument_is_never_hidden():
    def function(*arrays):
        return sum((x**2).sum() for x in arrays[:-1]) + np.abs(arrays[-1]).sum()

    def gradient(*arrays):
        return [*(2 * x for x in arrays[:11]), 3 * arrays[11], np.sign(arrays[12])]

    arrays = [*[np.ones(2)] * 12, np.zeros(2)]
    report = check_grads(function, *arrays, gradient=gradient)
    lines = str(report).splitlines()
    assert lines[1].split()[:3] == ["argument", "11", "WRONG"]
    assert lines[2].split()[:3] == ["argument", "12", "KINK"]
    assert [a.name for a in report.arguments] == [f"argument {i}" for i in range(13)]
    assert "the worst of argument 11:" in str(report)
