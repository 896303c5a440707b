"""The rule mutants that other engines shipped, or that a person could plausibly write."""

import numpy as np

from tinygrad_mnist.ops import activation as act
from tinygrad_mnist.ops import elementwise as el
from tinygrad_mnist.ops import indexing, shape
from tinygrad_mnist.ops import linear_algebra as linear
from tinygrad_mnist.ops import reduction as red

from .oracles import differences, of_rules
from .planting import Mutant, edit, edited_rule, instead, rule

TAPE = "tinygrad_mnist.core.tape"


def swapped(primitive, name, **rules):
    """A mutant of several rules at once."""
    return Mutant(name, primitive, "rules", lambda right: right | rules, of_rules(primitive))


def fitted(primitive, name, *changes):
    """A mutant of how the sweep sums a cotangent down, seen through one primitive."""
    target = f"{TAPE}._sum_down"
    return edit(f"{primitive.name}: {name}", target, *changes, oracles=(differences(primitive),))


MEANS = (
    ("cotangent.sum(axis=tuple", "cotangent.mean(axis=tuple"),
    ("cotangent.sum(axis=stretched", "cotangent.mean(axis=stretched"),
)


def assigned(ct, y, x, index):
    out = np.zeros_like(x)
    out[index] = ct
    return out


def half(ct, y, *arrays, position, axis):
    middle = ct.shape[axis or 0] // 2
    along = (slice(None),) * ((axis or 0) % ct.ndim)
    return ct[(*along, slice(middle) if position == 0 else slice(middle, None))]


RULE_MUTANTS = (
    instead(
        "add: no unbroadcast", f"{TAPE}._fit", lambda cotangent, *_: cotangent, differences(el.add)
    ),
    edit(
        "multiply: no unbroadcast on the second operand only",
        f"{TAPE}._fit",
        (
            "fitted = as_array(_sum_down(cotangent, like.shape))",
            "fitted = cotangent if position else as_array(_sum_down(cotangent, like.shape))",
        ),
        oracles=(differences(el.multiply),),
    ),
    fitted(el.add, "unbroadcast by mean instead of sum", *MEANS),
    fitted(linear.matmul, "no batch unbroadcast", ("if extra > 0:", "if False:")),
    rule(el.subtract, "b", "sign", lambda ct, y, a, b: ct),
    swapped(
        el.multiply,
        "multiply: operands swapped",
        a=lambda ct, y, a, b: ct * a,
        b=lambda ct, y, a, b: ct * b,
    ),
    rule(el.divide, "b", "missing square", lambda ct, y, a, b: -ct * a / b),
    rule(el.divide, "b", "sign", lambda ct, y, a, b: ct * y / b),
    rule(el.power, "a", "exponent not decremented", lambda ct, y, a, b: ct * b * np.power(a, b)),
    rule(el.power, "b", "log without guard", lambda ct, y, a, b: ct * y * np.log(a)),
    rule(el.power, "b", "missing log", lambda ct, y, a, b: ct * y),
    rule(el.maximum, "b", "tie to both", lambda ct, y, a, b: np.where(a > b, 0.0, ct)),
    rule(el.maximum, "a", "tie to neither", lambda ct, y, a, b: np.where(a > b, ct, 0.0)),
    rule(el.exp, "x", "x instead of exp(x)", lambda ct, y, x: ct * x),
    rule(el.tanh, "x", "missing square", lambda ct, y, x: ct * (1.0 - y)),
    rule(act.sigmoid, "x", "input instead of output", lambda ct, y, x: ct * x * (1.0 - x)),
    rule(act.relu, "x", "1 at 0", lambda ct, y, x: ct * (x >= 0)),
    rule(act.relu, "x", "ignores the cotangent", lambda ct, y, x: 1.0 * (x > 0)),
    rule(el.absolute, "x", "1 at 0", lambda ct, y, x: ct * np.where(x >= 0, 1.0, -1.0)),
    rule(el.square, "x", "missing factor 2", lambda ct, y, x: ct * x),
    rule(el.sqrt, "x", "missing 1/2", lambda ct, y, x: ct / y),
    rule(
        el.clip,
        "x",
        "0 at the bounds",
        lambda ct, y, x, lower, upper: np.where((x > lower) & (x < upper), ct, 0.0),
    ),
    rule(el.clip, "x", "passes outside the bounds", lambda ct, y, x, lower, upper: ct),
    rule(
        red.sum,
        "x",
        "forgets the keepdims reshape",
        lambda ct, y, x, axis, keepdims: np.broadcast_to(ct, x.shape),
    ),
    rule(
        red.mean,
        "x",
        "divides by the total size",
        lambda ct, y, x, axis, keepdims: red._spread(ct * (1.0 / x.size), x, axis),
    ),
    rule(
        red.mean,
        "x",
        "does not divide",
        lambda ct, y, x, axis, keepdims: red._spread(ct, x, axis),
    ),
    rule(
        red.max,
        "x",
        "ties get all each",
        lambda ct, y, x, axis, keepdims: (
            red.keep_axes(ct, x, axis) * (x == red.keep_axes(y, x, axis))
        ),
    ),
    rule(
        red.max,
        "x",
        "compares with the global maximum",
        lambda ct, y, x, axis, keepdims: red.keep_axes(ct, x, axis) * (x == np.max(x)),
    ),
    rule(
        red.prod,
        "x",
        "y / x",
        lambda ct, y, x, axis, keepdims: red.keep_axes(ct * y, x, axis) / x,
    ),
    edited_rule(red.var, "x", "missing factor 2", ("2.0 / freedom", "1.0 / freedom")),
    edited_rule(red.var, "x", "not centred", ("(x - np.mean(x, axis=axis, keepdims=True))", "x")),
    rule(
        act.logsumexp,
        "x",
        "softmax over the last axis always",
        lambda ct, y, x, axis, keepdims: red.keep_axes(ct, x, axis) * act.softmax(x, axis=-1),
    ),
    rule(
        red.cumsum,
        "x",
        "forgets the reversal",
        lambda ct, y, x, axis: np.reshape(np.cumsum(ct, axis=axis), x.shape),
    ),
    edited_rule(
        linear.matmul,
        "a",
        "b not transposed",
        ("np.matmul(ct, _transposed(b))", "np.matmul(ct, b)"),
    ),
    edited_rule(
        linear.matmul,
        "b",
        "result transposed",
        ("np.matmul(_transposed(a), ct)", "np.matmul(_transposed(ct), a)"),
    ),
    rule(
        shape.reshape,
        "x",
        "Fortran order",
        lambda ct, y, x, shape, order: np.reshape(ct, x.shape, order="F"),
    ),
    rule(
        indexing.getitem,
        "x",
        "assigns instead of accumulating",
        assigned,
    ),
    rule(shape.concatenate, "arrays", "split at half", half),
    rule(act.softmax, "x", "diagonal only", lambda ct, y, x, axis: ct * y * (1.0 - y)),
    rule(act.softmax, "x", "missing projection", lambda ct, y, x, axis: ct * y),
    rule(act.softmax, "x", "zero", lambda ct, y, x, axis: 0.0 * ct),
    rule(act.log_softmax, "x", "not times the sum", lambda ct, y, x, axis: ct - np.exp(y)),
    rule(
        act.softmax_cross_entropy_with_logits,
        "logits",
        "sign",
        lambda ct, y, labels, logits: (
            ct[..., None] * (labels - labels.sum(axis=-1, keepdims=True) * act.softmax(logits))
        ),
    ),
    rule(
        act.softmax_cross_entropy_with_logits,
        "logits",
        "divides by the batch",
        lambda ct, y, labels, logits: (
            ct[..., None]
            * (labels.sum(axis=-1, keepdims=True) * act.softmax(logits) - labels)
            / len(labels)
        ),
    ),
    swapped(
        el.where,
        "where: branches swapped",
        a=lambda ct, y, condition, a, b: np.where(condition, 0.0, ct),
        b=lambda ct, y, condition, a, b: np.where(condition, ct, 0.0),
    ),
    rule(el.negative, "x", "identity", lambda ct, y, x: ct),
)
