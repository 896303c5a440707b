"""``crosscheck.compare``: what its report says, and faults of the sweep; rules: see the gate's."""

import heapq
import re

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tinygrad_mnist as tm
from reference_tf.crosscheck import compare
from tinygrad_mnist import Parameter, gradients, primitive
from tinygrad_mnist.core import tape
from tinygrad_mnist.errors import GradientError, ShapeError, TinygradError, UnsupportedError
from tinygrad_mnist.ops import elementwise, linear_algebra

pytestmark = pytest.mark.tf

X = np.random.default_rng(0).standard_normal((3, 3)) + 0.1


def test_a_rule_that_fails_is_named(monkeypatch):
    wrong = lambda ct, y, a, b: ct.T @ a  # noqa: E731
    monkeypatch.setitem(linear_algebra.matmul.rules, "b", wrong)
    report = compare(lambda x: np.sin(x @ np.cos(x)[:, :2]), X)
    assert report.first.name == "matmul"
    assert "value agrees; a rule failed: " in str(report)


def test_the_report_says_where_and_by_how_much(monkeypatch):
    monkeypatch.setitem(elementwise.exp.rules, "x", lambda ct, y, x: ct * y * 1.5)
    report = compare(np.exp, np.zeros(2), cotangent=[1.0, 2.0])
    assert re.fullmatch(
        r"#1 exp \(crosscheck.py:\d+\): value agrees; cotangent of x differs at \[0\]: ours 1.5, "
        r"TensorFlow 1 \(5.0e-01 relative, bound 7.1e-15\)",
        str(report),
    )


def test_at_the_prompt_a_report_is_its_text_and_in_a_notebook_a_table(monkeypatch):
    right = compare(lambda x: np.exp(np.sin(x)), np.ones(2))
    assert repr(right) == str(right)
    assert repr(right).startswith("TensorFlow agrees with 2 operations and 1 gradient: ")
    html = right._repr_html_()
    assert html.count("<tr>") == 4
    assert re.search(
        r"<td>2</td><td>exp</td><td>test_crosscheck.py:\d+</td><td>[^<]*</td><td>value", html
    )
    monkeypatch.setitem(elementwise.exp.rules, "x", lambda ct, y, x: ct * y * 1.5)
    wrong = compare(np.exp, np.zeros(2))
    assert repr(wrong) == repr(wrong.first)
    assert f"<td>{wrong.first.found}</td>" in wrong._repr_html_()


def sum_by_mean(cotangent, shape):
    return np.mean(cotangent, axis=0)


def test_a_sum_down_that_averages_is_found(monkeypatch):
    monkeypatch.setattr(tape, "_sum_down", sum_by_mean)
    report = compare(lambda x: np.sin(np.arctan2(x, X)), X[0])
    assert str(report.first).startswith("#1 arctan2")


def test_an_order_that_visits_a_node_too_early_is_found(monkeypatch):
    """Oldest first: a node gives its cotangent on before all its uses have added theirs."""
    monkeypatch.setattr(heapq, "heappop", lambda heap: heap.pop(heap.index(max(heap))))
    report = compare(lambda x: (y := np.sin(x)) * np.cos(np.cos(y)), X)
    assert "cotangent differs" in str(report)


def test_parameters_integers_float32_and_second_order():
    weight = Parameter(X.astype(np.float32), name="weight")

    def slope(x, rows):
        loss = np.mean(tm.log_softmax(np.tanh(x @ weight))[rows] ** 2)
        return sum(np.sum(g**2) for g in gradients(loss, [x, weight], record=True))

    report = compare(slope, X.astype(np.float32), np.array([0, 0, 2]))
    assert report.agrees, str(report)
    assert [row.name.split(" of")[0] for row in report.leaves] == [
        "argument 0",
        "Parameter 'weight'",
    ]


@primitive(elementwise=True)
def cube(x, *, out=None):
    return np.multiply(x * x, x, out=out)


cube.vjp(x=lambda ct, y, x: 3.0 * ct * x * x)


def test_a_primitive_of_ones_own_needs_its_equivalent():
    with pytest.raises(UnsupportedError, match=r"primitive cube is not known.*equivalents="):
        compare(cube, X)
    assert compare(cube, X, equivalents={"cube": lambda x: x**3}).agrees


def test_a_cotangent_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"shape of the result, \(3, 3\)\. Received: \(3,\)"):
        compare(np.tanh, X, cotangent=np.ones(3))


def test_infinities_and_nan_are_compared_without_warnings():
    report = compare(np.log, np.array([-1.0, 0.0, np.nan, np.inf]))
    assert report.agrees, str(report)


@pytest.mark.parametrize("f", [lambda x: 1.0, lambda x: x.detach()])
def test_a_function_without_a_gradient_is_refused(f):
    with pytest.raises(GradientError, match="needs a function that returns a Tensor"):
        compare(f, X)


def test_a_leafs_worst_error_is_that_of_what_each_use_gave_it_too():
    (leaf,) = compare(lambda x: tm.softmax(x) * x, X).leaves
    assert [use.what for use in leaf.uses] == ["cotangent of b", "cotangent of x"]
    assert leaf.worst == max(c.ratio for c in (*leaf.comparisons, *leaf.uses)) > 0


WRONG_ARGUMENTS = {
    "no function": ([X, X], {}, r"f must be a function of Tensors.* Received: ndarray\."),
    "seed": ([np.tanh, X], {"seed": -1}, r"seed must be an integer.* Received: -1\."),
    "seed, text": ([np.tanh, X], {"seed": "x"}, r"seed must be an integer.* Received: 'x'\."),
    "order": ([np.tanh, X], {"order": 0}, r"order must be 1 or 2\. Received: 0\."),
    "order, text": ([np.tanh, X], {"order": "x"}, r"order must be 1 or 2\. Received: 'x'\."),
    "Parameter": (
        [np.tanh, Parameter(X, name="w")],
        {},
        r"Argument 0 must be a plain array.* Received: Parameter 'w'.*\.numpy\(\)",
    ),
    "ragged": ([np.tanh, [[1.0], [1.0, 2.0]]], {}, "Argument 0 cannot be made an array: "),
    "longdouble": (
        [np.multiply, X, X.astype(np.longdouble)],
        {},
        r"no floating dtype wider than float64\. Received for argument 1: float128\.",
    ),
    "complex": ([np.tanh, X + 1j], {}, r"Argument 0 must be booleans.* dtype complex128\."),
    "masked": (
        [np.multiply, X, np.ma.array(X, mask=X > 0)],
        {},
        r"Argument 1 must not be masked.* array\.filled",
    ),
    "matrix": ([np.tanh, np.eye(2).view(np.matrix)], {}, r"Argument 0 must not be an np\.matrix"),
    "masked cotangent": (
        [np.tanh, np.ones(2)],
        {"cotangent": [np.ma.masked, 1.0]},
        "The cotangent must not be masked",
    ),
    "cotangent": (
        [np.tanh, np.zeros(1)],
        {"cotangent": ["a"]},
        r"The cotangent must be booleans.* Received: list \['a'\]\.",
    ),
}


@pytest.mark.parametrize("name", WRONG_ARGUMENTS)
def test_a_wrong_argument_is_refused_in_one_sentence(name):
    positional, keywords, message = WRONG_ARGUMENTS[name]
    with pytest.raises(TinygradError, match=message):
        compare(*positional, **keywords)
