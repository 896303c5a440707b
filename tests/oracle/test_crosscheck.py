"""``crosscheck.compare``: it accepts the engine, and names each wrong rule planted in a graph.

The wrong rules are those of other engines, as far as a rule can be wrong here: unbroadcasting and
accumulating are the sweep's, and planted there.
"""

import heapq
import re
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tinygrad_mnist as tm
from reference_tf.crosscheck import compare
from tinygrad_mnist import Parameter, gradients, primitive
from tinygrad_mnist.core import tape
from tinygrad_mnist.errors import GradientError, UnsupportedError
from tinygrad_mnist.ops import (
    activation,
    elementwise,
    indexing,
    linear_algebra,
    reduction,
    shape,
)

pytestmark = pytest.mark.tf

X = np.random.default_rng(0).standard_normal((3, 3)) + 0.1
EVEN = np.arange(9).reshape(3, 3) % 2 == 0
LABELS = np.eye(3)[[0, 2, 1]]


class Mutant(NamedTuple):
    primitive: object
    operand: str
    wrong: object
    planted: object  # the operation that runs the rule, on a 3 by 3 tensor


def zeros_among(x):
    return np.where(EVEN, x, 0.0)


el, act, red = elementwise, activation, reduction
MUTANTS = {
    "subtract: sign": Mutant(el.subtract, "b", lambda ct, y, a, b: ct, lambda x: x - x.T),
    "multiply: swapped": Mutant(el.multiply, "a", lambda ct, y, a, b: ct * a, lambda x: x * x.T),
    "multiply: swapped b": Mutant(el.multiply, "b", lambda ct, y, a, b: ct * b, lambda x: x * x.T),
    "divide: no square": Mutant(el.divide, "b", lambda ct, y, a, b: -ct * a / b, lambda x: x / x.T),
    "divide: sign": Mutant(el.divide, "b", lambda ct, y, a, b: ct * y / b, lambda x: x / x.T),
    "power: exponent": Mutant(el.power, "a", lambda ct, y, a, b: ct * b * a**b, lambda x: x**3),
    "power: log unguarded": Mutant(
        el.power,
        "b",
        lambda ct, y, a, b: ct * y * np.log(a),
        lambda x: zeros_among(X**2) ** tm.softplus(x),
    ),
    "power: no log": Mutant(el.power, "b", lambda ct, y, a, b: ct * y, lambda x: 2.5**x),
    "maximum: tie to both": Mutant(
        el.maximum, "b", lambda ct, y, a, b: ct * (b >= a), lambda x: np.maximum(x, x)
    ),
    "maximum: tie to neither": Mutant(
        el.maximum, "a", lambda ct, y, a, b: ct * (a > b), lambda x: np.maximum(x, x)
    ),
    "exp: x": Mutant(el.exp, "x", lambda ct, y, x: ct * x, np.exp),
    "tanh: no square": Mutant(el.tanh, "x", lambda ct, y, x: ct * (1 - y), np.tanh),
    "sigmoid: x(1-x)": Mutant(act.sigmoid, "x", lambda ct, y, x: ct * x * (1 - x), tm.sigmoid),
    "relu: 1 at 0": Mutant(
        act.relu, "x", lambda ct, y, x: ct * (x >= 0), lambda x: tm.relu(zeros_among(x))
    ),
    "relu: no upstream": Mutant(act.relu, "x", lambda ct, y, x: (x > 0) * 1.0, tm.relu),
    "absolute: 1 at 0": Mutant(
        el.absolute,
        "x",
        lambda ct, y, x: ct * np.where(x >= 0, 1.0, -1.0),
        lambda x: np.abs(zeros_among(x)),
    ),
    "square: no 2": Mutant(el.square, "x", lambda ct, y, x: ct * x, np.square),
    "sqrt: no 1/2": Mutant(
        el.sqrt, "x", lambda ct, y, x: ct / y, lambda x: np.sqrt(tm.softplus(x))
    ),
    "clip: strict": Mutant(
        el.clip,
        "x",
        lambda ct, y, x, lower, upper: ct * ((x > lower) & (x < upper)),
        lambda x: np.clip(zeros_among(x), 0.0, 1.0),
    ),
    "clip: passes outside": Mutant(
        el.clip, "x", lambda ct, y, x, lower, upper: ct, lambda x: np.clip(x, -0.001, 0.001)
    ),
    "sum: broadcasts by luck": Mutant(
        red.sum,
        "x",
        lambda ct, y, x, axis, keepdims: np.broadcast_to(ct, x.shape),
        lambda x: np.sum(x, axis=1),
    ),
    "mean: total size": Mutant(
        red.mean,
        "x",
        lambda ct, y, x, axis, keepdims: np.broadcast_to(ct / x.size, x.shape),
        lambda x: np.mean(x, axis=0),
    ),
    "mean: undivided": Mutant(
        red.mean,
        "x",
        lambda ct, y, x, axis, keepdims: np.broadcast_to(ct, x.shape),
        lambda x: np.mean(x, axis=0),
    ),
    "max: ties in full": Mutant(
        red.max,
        "x",
        lambda ct, y, x, axis, keepdims: ct * (x == y),
        lambda x: np.max(np.where(EVEN, 7.0, x) + x * 0.0, axis=0),
    ),
    "max: global": Mutant(
        red.max,
        "x",
        lambda ct, y, x, axis, keepdims: ct * (x == x.max()),
        lambda x: np.max(x, axis=0),
    ),
    "prod: y / x": Mutant(
        red.prod,
        "x",
        lambda ct, y, x, axis, keepdims: ct * y / x,
        lambda x: np.prod(zeros_among(x), axis=0),
    ),
    "var: no 2": Mutant(
        red.var,
        "x",
        lambda ct, y, x, axis, ddof, keepdims: ct * (x - x.mean(0)) / 3,
        lambda x: np.var(x, axis=0),
    ),
    "var: not centred": Mutant(
        red.var,
        "x",
        lambda ct, y, x, axis, ddof, keepdims: 2 * ct * x / 3,
        lambda x: np.var(x, axis=0),
    ),
    "logsumexp: last axis": Mutant(
        act.logsumexp,
        "x",
        lambda ct, y, x, axis, keepdims: ct * tm.softmax(x, axis=-1),
        lambda x: tm.logsumexp(x, axis=0),
    ),
    "cumsum: not reversed": Mutant(
        red.cumsum,
        "x",
        lambda ct, y, x, axis: np.cumsum(ct, axis=axis),
        lambda x: np.cumsum(x, axis=0),
    ),
    "matmul: b not transposed": Mutant(
        linear_algebra.matmul, "a", lambda ct, y, a, b: ct @ b, lambda x: x @ x.T
    ),
    "matmul: result transposed": Mutant(
        linear_algebra.matmul, "b", lambda ct, y, a, b: ct.T @ a, lambda x: x @ x
    ),
    "matmul: wrong shape": Mutant(
        linear_algebra.matmul, "b", lambda ct, y, a, b: ct.T @ a, lambda x: x @ x[:, :2]
    ),
    "reshape: Fortran": Mutant(
        shape.reshape,
        "x",
        lambda ct, y, x, shape: np.reshape(ct, x.shape, order="F"),
        lambda x: np.reshape(x, (9, 1)),
    ),
    "getitem: assigns": Mutant(
        indexing.getitem,
        "x",
        lambda ct, y, x, index: assigned(ct, index, x.shape),
        lambda x: x[[0, 0, 2]],
    ),
    "concatenate: at half": Mutant(
        shape.concatenate,
        "arrays",
        lambda ct, y, *arrays, position, axis: np.resize(np.split(ct, 2)[position], (3, 3)),
        lambda x: np.concatenate((x, X[:1])),
    ),
    "softmax: diagonal": Mutant(
        act.softmax, "x", lambda ct, y, x, axis: ct * y * (1 - y), tm.softmax
    ),
    "softmax: no projection": Mutant(act.softmax, "x", lambda ct, y, x, axis: ct * y, tm.softmax),
    "softmax: zero": Mutant(act.softmax, "x", lambda ct, y, x, axis: ct * 0.0, tm.softmax),
    "log_softmax: no sum": Mutant(
        act.log_softmax, "x", lambda ct, y, x, axis: ct - np.exp(y), tm.log_softmax
    ),
    "cross entropy: sign": Mutant(
        act.softmax_cross_entropy_with_logits,
        "logits",
        lambda ct, y, labels, logits: ct[..., None] * (labels - tm.softmax(logits)),
        lambda x: tm.softmax_cross_entropy_with_logits(LABELS, x),
    ),
    "cross entropy: over batch": Mutant(
        act.softmax_cross_entropy_with_logits,
        "logits",
        lambda ct, y, labels, logits: ct[..., None] * (tm.softmax(logits) - labels) / 3,
        lambda x: tm.softmax_cross_entropy_with_logits(LABELS, x),
    ),
    "where: swapped": Mutant(
        el.where,
        "a",
        lambda ct, y, condition, a, b: np.where(condition, 0.0, ct),
        lambda x: np.where(EVEN, x, 1.0),
    ),
    "negative: identity": Mutant(el.negative, "x", lambda ct, y, x: ct, lambda x: -x),
}


def assigned(ct, index, shape):
    out = np.zeros(shape)
    out[index] = ct
    return out


def graph_with(planted):
    """Twenty operations with reuse, of primitives that no mutant is of, around the planted one."""

    def f(x):
        for _ in range(3):
            x = np.arctan2(np.sin(x), np.cos(x) + 2.5)
        y = planted(x)
        for _ in range(3):
            y = np.arctan2(np.cos(y), np.log1p(tm.softplus(y)))
        return y

    return f


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_in_the_middle_is_named(name, monkeypatch):
    mutant = MUTANTS[name]
    f = graph_with(mutant.planted)
    before = compare(f, X)
    assert before.agrees, str(before)
    assert len(before.operations) >= 20
    monkeypatch.setitem(mutant.primitive.rules, mutant.operand, mutant.wrong)
    report = compare(f, X)
    assert not report.agrees
    assert report.first.name == mutant.primitive.name
    assert re.match(r"#\d+ \w+ \(test_crosscheck.py:\d+\): value agrees; ", str(report))


def test_the_report_says_where_and_by_how_much(monkeypatch):
    monkeypatch.setitem(el.exp.rules, "x", lambda ct, y, x: ct * y * 1.5)
    report = compare(np.exp, np.zeros(2), cotangent=[1.0, 2.0])
    assert re.fullmatch(
        r"#1 exp \(crosscheck.py:\d+\): value agrees; cotangent of x differs at \[0\]: ours 1.5, "
        r"TensorFlow 1 \(5.0e-01 relative, bound 7.1e-15\)",
        str(report),
    )


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


@pytest.mark.parametrize("f", [lambda x: 1.0, lambda x: x.detach()])
def test_a_function_without_a_gradient_is_refused(f):
    with pytest.raises(GradientError, match="needs a function that returns a Tensor"):
        compare(f, X)


def test_a_known_deviation_is_named_and_not_counted():
    report = compare(lambda x: np.cumprod(x, axis=0), np.array([2.0, 0.0, 3.0]))
    assert report.agrees
    assert "TensorFlow deviates (cumprod of a zero)" in str(report)
