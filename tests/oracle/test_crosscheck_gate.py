"""``crosscheck.compare`` names every wrong rule of the mutation gate, in the middle of a graph."""

import re
from functools import cache
from itertools import product

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from contracts.cases import CASES
from contracts.samples import USUAL
from mutation.oracles import few
from mutation.planting import planted
from mutation.test_gate import MUTANTS as GATE

import tinygrad_mnist as tm
from reference_tf.crosscheck import compare
from reference_tf.deviations import KNOWN_TF_DEVIATIONS

pytestmark = pytest.mark.tf

MUTANTS = {
    m.name: (m.holder, m)
    for m in GATE
    if isinstance(m.holder, tm.Primitive) and m.key in ("rules", *m.holder.rules)
}

TIED = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, -1.0]])
KINKS = np.array([-2.0, -1.0, 0.0, 0.5, 1.0, 6.0, 7.0, np.nan])
ODD = np.array([np.nan, 1.0, 2.0, np.nan, -1.0]), np.array([1.0, np.nan, 2.0, np.nan, 0.0])
LABELS = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
DENSE = "softmax_cross_entropy_with_logits"
ZEROS = np.array([0.0, 1.5, 0.0, 2.0])

# Points that the case table avoids: primitive -> function, operands.
SPECIAL = {
    "maximum": [(np.maximum, *ODD)],
    "minimum": [(np.minimum, *ODD)],
    "relu": [(tm.relu, KINKS)],
    "relu6": [(tm.relu6, KINKS)],
    "leaky_relu": [(tm.leaky_relu, KINKS)],
    "elu": [(lambda x: tm.elu(x, alpha=0.5), KINKS)],
    "absolute": [(np.abs, KINKS)],
    "sqrt": [(np.sqrt, ZEROS)],
    "clip": [(lambda x: np.clip(x, -1.0, 1.0), KINKS[:-1]), (np.clip, KINKS[:-1], -1.0, 1.0)],
    "max": [(lambda x: np.max(x, axis=1), TIED)],
    "power": [
        (np.power, ZEROS, np.array([2.0, 0.5, 3.0, 1.0])),
        (np.power, np.array([-2.0, -0.5]), np.array([2.0, 3.0])),
    ],
    "sort": [(np.sort, np.array([1.0, 1.0, 0.0, 0.0]))],
    "cumprod": [(lambda x: np.cumprod(x, axis=1), TIED)],
    "astype": [(lambda x: x.astype(np.float64), TIED.astype(np.float32))],
    DENSE: [(tm.softmax_cross_entropy_with_logits, LABELS, TIED)],
}

# The wrong rule is TensorFlow's own, or differs only where TensorFlow deviates.
TENSORFLOW_TOO = {
    "power a: no guard at x**0": "x**0 at 0",
    "norm x: no subgradient at 0": "norm of zeros",
    "cumprod x: cumsum's of y, by x": "cumprod of a zero",
    f"{DENSE} logits: TensorFlow's: labels sum to 1": "labels not summing to 1",
    "clip upper: crossed bounds are the lower one's": "clip with crossed bounds",
    "clip lower: crossed bounds are both's": "clip with crossed bounds",
}
# Infinity times a mask: it differs only at an infinite cotangent, which compare never draws.
OF_INFINITY = {name for name in MUTANTS if name.endswith(": a product")}
# ddof is not TensorFlow's: with no more elements than that there is nothing to compare with.
NO_FREEDOM = {"var x: less than no freedom counts", "var x: zero without freedom"}

assert NO_FREEDOM.issubset(MUTANTS)
assert TENSORFLOW_TOO.keys() <= {*MUTANTS}
assert {*TENSORFLOW_TOO.values()} <= {*KNOWN_TF_DEVIATIONS}

# Steps that no domain minds, and steps that bend: the primitives they are of, the function.
EVEN = [
    ({"negative"}, lambda x: np.negative(np.negative(x))),
    ({"divide"}, lambda x: x / 1.0),
    ({"subtract"}, lambda x: x - 0.0),
    ({"reshape"}, lambda x: x.reshape(x.shape)),
]
BENT = 2 * [
    (
        {"sin", "cos", "add", "arctan2"},
        lambda y: np.arctan2(np.sin(y), np.cos(y) + 2.5) if np.all(np.isfinite(y)) else y,
    )
] + 3 * [
    ({"negative"}, lambda y: -y),
    ({"divide"}, lambda y: y / 1.25),
    ({"subtract"}, lambda y: 0.5 - y),
]


def through(steps, avoided, x):
    for names, step in steps:
        x = x if avoided in names else step(x)
    return x


def graph_with(primitive, call):
    """The primitive in the middle of twenty operations or more, all of other primitives."""

    def f(*xs):
        even = EVEN if sum(x.requires_grad for x in xs) > 1 else 2 * EVEN
        y = call(*(through(even, primitive.name, x) if x.requires_grad else x for x in xs))
        return through(BENT, primitive.name, y)

    return f


@cache
def samples(primitive):
    """Functions and their operands: the special ones, then the case table's, largest first."""
    rows = [(case, s) for case in CASES if case.primitive is primitive for s in few(case, USUAL)]
    rows.sort(key=lambda row: -sum(x.size for x in row[1].operands))
    drawn = [(lambda *xs, c=c, s=s: c.call(*xs, **s.static), *s.operands) for c, s in rows]
    return [*SPECIAL.get(primitive.name, ()), *drawn]


def report_of(primitive, number, order):
    call, *operands = samples(primitive)[number]
    return compare(graph_with(primitive, call), *operands, order=order)


@cache
def accepted(primitive, number, order):
    report = report_of(primitive, number, order)
    assert report.agrees, str(report)
    assert len(report.operations) >= 20


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_of_the_gate_is_named(name):
    primitive, mutant = MUTANTS[name]
    excused = name in TENSORFLOW_TOO or name in OF_INFINITY | NO_FREEDOM
    count = min(len(samples(primitive)), 8 if excused else 100)
    named = False
    for order, number in product((1, 2), range(count)):
        with planted(mutant, mutant.right):
            accepted(primitive, number, order)
        with planted(mutant, mutant.wrong):
            report = report_of(primitive, number, order)
        right_until = rf"#\d+ {primitive.name}( \(\w+\.py:\d+\))?: value agrees; "
        named = not report.agrees and bool(re.match(right_until, str(report)))
        assert named or report.agrees, str(report)
        if named:
            break
    assert named != excused
