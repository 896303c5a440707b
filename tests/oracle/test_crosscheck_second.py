"""``crosscheck.compare(..., order=2)``: second derivatives, operation by operation."""

import re

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from reference_tf.crosscheck import compare
from tinygrad_mnist import Tensor
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.ops import elementwise as el

pytestmark = pytest.mark.tf

X = np.random.default_rng(0).standard_normal((2, 3)) + 0.1


def f(x):
    return np.sum(np.exp(np.tanh(x) * np.sin(x)))


def test_the_steps_of_the_recorded_sweep_are_judged_too():
    first, second = compare(f, X), compare(f, X, order=2)
    assert second.agrees, str(second)
    assert len(second.operations) > 2 * len(first.operations)
    assert [row.name for row in second.leaves] == ["argument 0", "argument 0", "cotangent"]
    assert all(row.line.startswith("test_crosscheck_second.py") for row in first.operations)
    assert {row.line for row in second.operations} <= {row.line for row in first.operations} | {""}


def test_what_a_rule_does_not_record_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(el.multiply.rules, "a", unrecorded_b)
    assert compare(f, X).agrees
    assert re.fullmatch(
        r"#3 multiply \(test_crosscheck_second.py:\d+\): value agrees; second derivative by b "
        r"differs at \[\d, \d\]: ours .*",
        str(compare(f, X, order=2)),
    )


def unrecorded_b(ct, y, a, b):
    return ct * (b.data if isinstance(b, Tensor) else b)


def test_a_wrong_step_of_a_recorded_rule_is_named_by_its_operation(monkeypatch):
    """The rule of tanh subtracts a square from 1."""
    monkeypatch.setitem(el.subtract.rules, "b", lambda ct, y, a, b: ct)
    report = compare(np.tanh, X, order=2)
    assert report.first.name == "tanh"
    assert "second derivative by x differs" in str(report)


def test_a_rule_that_cannot_be_recorded_is_named(monkeypatch):
    monkeypatch.setitem(el.tanh.rules, "x", cannot_be_recorded)
    assert compare(f, X).agrees
    report = compare(f, X, order=2)
    assert report.first.name == "tanh"
    assert "a recorded rule failed: of arrays only" in str(report)


def cannot_be_recorded(ct, y, x):
    if isinstance(ct, Tensor):
        raise TypeError("of arrays only")
    return ct * (1 - y * y)


def test_at_nan_there_is_no_second_derivative():
    report = compare(np.tanh, np.array([np.nan, 1.0]), order=2)
    assert [comparison.what for comparison in report.operations[0].comparisons] == [
        "value",
        "cotangent",
        "cotangent of x",
    ]


@pytest.mark.parametrize("order", [0, 3, "2"])
def test_no_other_order(order):
    with pytest.raises(ArgumentError, match="order must be 1 or 2"):
        compare(f, X, order=order)
