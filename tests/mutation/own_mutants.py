"""Our own rules made wrong: at least three for each operand of the network, one for all others."""

import numpy as np
from ops import test_branches

from tinygrad_mnist.ops import activation as act
from tinygrad_mnist.ops import constants, indexing, shape
from tinygrad_mnist.ops import elementwise as el
from tinygrad_mnist.ops import linear_algebra as linear
from tinygrad_mnist.ops import reduction as red
from tinygrad_mnist.ops.activation import sigmoid, softmax

from .oracles import ROUNDING, by_the_cotangent, plain, second_order
from .planting import edited_rule, rule


def fixed(x):
    """The array of a Tensor: what a rule takes from it is not differentiated again."""
    return getattr(x, "detach", lambda: x)()


matmul, dense, sparse = (
    linear.matmul,
    act.softmax_cross_entropy_with_logits,
    act.sparse_softmax_cross_entropy_with_logits,
)
# With get, so that where an operand is gone its mutants fail and not this file.
by_a, by_b = map(matmul.rules.get, ("a", "b"))

# Each row: primitive, operand, what is wrong, the wrong rule.
NETWORK = (
    rule(matmul, "a", "sign", lambda ct, y, a, b: -by_a(ct, y, a, b)),
    rule(matmul, "a", "ignores the cotangent", lambda ct, y, a, b: by_a(ct * 0 + 1, y, a, b)),
    rule(matmul, "a", "y for the cotangent", lambda ct, y, a, b: by_a(y, y, a, b)),
    rule(matmul, "a", "twice", lambda ct, y, a, b: by_a(ct, y, a, 2.0 * b)),
    rule(matmul, "a", "reversed", lambda ct, y, a, b: by_a(ct, y, a, np.flip(b))),
    edited_rule(
        matmul, "a", "a vector transposed", ("ct[..., None] * b", "ct[None] * b[..., None]")
    ),
    rule(
        matmul,
        "a",
        "b constant",
        lambda ct, y, a, b: by_a(ct, y, a, fixed(b)),
        second_order(matmul),
    ),
    rule(matmul, "b", "sign", lambda ct, y, a, b: -by_b(ct, y, a, b)),
    rule(matmul, "b", "ignores the cotangent", lambda ct, y, a, b: by_b(ct * 0 + 1, y, a, b)),
    rule(matmul, "b", "y for the cotangent", lambda ct, y, a, b: by_b(y, y, a, b)),
    rule(matmul, "b", "mean over rows", lambda ct, y, a, b: by_b(ct, y, a, b) / a.shape[0]),
    rule(matmul, "b", "absolute", lambda ct, y, a, b: by_b(ct, y, np.abs(a), b)),
    edited_rule(
        matmul, "b", "a not transposed", ("np.matmul(_transposed(a), ct)", "np.matmul(a, ct)")
    ),
    rule(
        matmul,
        "b",
        "a constant",
        lambda ct, y, a, b: by_b(ct, y, fixed(a), b),
        second_order(matmul),
    ),
    rule(el.add, "a", "sign", lambda ct, y, a, b: -ct),
    rule(el.add, "a", "twice", lambda ct, y, a, b: 2.0 * ct),
    rule(el.add, "a", "zero", lambda ct, y, a, b: 0.0 * ct),
    rule(el.add, "a", "ones", lambda ct, y, a, b: ct * 0 + 1),
    rule(el.add, "a", "half, as if shared", lambda ct, y, a, b: ct / 2),
    rule(el.add, "b", "sign", lambda ct, y, a, b: -ct),
    rule(
        el.add, "b", "mean over the batch", lambda ct, y, a, b: ct / max(len(np.atleast_1d(y)), 1)
    ),
    rule(el.add, "b", "first row only", lambda ct, y, a, b: ct[:1] if ct.ndim else ct),
    rule(el.add, "b", "times a", lambda ct, y, a, b: ct * a),
    rule(el.add, "b", "ones", lambda ct, y, a, b: ct * 0 + 1),
    rule(act.relu, "x", "identity", lambda ct, y, x: ct),
    rule(act.relu, "x", "the wrong half", lambda ct, y, x: ct * (x < 0)),
    rule(act.relu, "x", "times x", lambda ct, y, x: ct * y),
    rule(act.relu, "x", "by the cotangent's sign", lambda ct, y, x: ct * (ct > 0)),
    rule(act.relu, "x", "by the sign", lambda ct, y, x: ct * np.sign(x)),
    rule(act.relu, "x", "a half at 0", lambda ct, y, x: ct * np.heaviside(x, 0.5)),
    rule(act.relu, "x", "leaky", lambda ct, y, x: ct * np.where(x > 0, 1.0, 0.01)),
    rule(act.relu, "x", "1 at NaN", lambda ct, y, x: ct * ~(x <= 0)),
    rule(dense, "labels", "sign", lambda ct, y, z, x: ct[..., None] * act.log_softmax(x)),
    rule(dense, "labels", "softmax", lambda ct, y, z, x: -ct[..., None] * softmax(x)),
    rule(dense, "labels", "logits", lambda ct, y, z, x: -ct[..., None] * x),
    rule(dense, "labels", "zero", lambda ct, y, z, x: 0.0 * ct[..., None] * x),
    rule(
        dense,
        "logits",
        "TensorFlow's: labels sum to 1",
        lambda ct, y, z, x: ct[..., None] * (softmax(x) - z),
    ),
    rule(dense, "logits", "no labels", lambda ct, y, z, x: ct[..., None] * softmax(x)),
    rule(
        dense,
        "logits",
        "normalised over the batch",
        lambda ct, y, z, x: ct[..., None] * (z.sum(-1, keepdims=True) * softmax(x, axis=0) - z),
    ),
    rule(
        dense,
        "logits",
        "ignores the cotangent",
        lambda ct, y, z, x: z.sum(-1, keepdims=True) * softmax(x) - z,
    ),
    rule(
        dense,
        "logits",
        "softmax constant",
        lambda ct, y, z, x: ct[..., None] * (z.sum(axis=-1, keepdims=True) * fixed(softmax(x)) - z),
        second_order(dense),
    ),
    rule(
        sparse,
        "logits",
        "sign",
        lambda ct, y, z, x: ct[..., None] * ((z[..., None] == np.arange(x.shape[-1])) - softmax(x)),
    ),
    rule(
        sparse,
        "logits",
        "classes from 1",
        lambda ct, y, z, x: (
            ct[..., None] * (softmax(x) - (z[..., None] == np.arange(x.shape[-1]) + 1))
        ),
    ),
    rule(sparse, "logits", "no labels", lambda ct, y, z, x: ct[..., None] * softmax(x)),
    rule(
        sparse,
        "logits",
        "only the class itself",
        lambda ct, y, z, x: (
            ct[..., None] * (softmax(x) - 1.0) * (z[..., None] == np.arange(x.shape[-1]))
        ),
    ),
    rule(
        sparse,
        "logits",
        "ignores the cotangent",
        lambda ct, y, z, x: softmax(x) - (z[..., None] == np.arange(x.shape[-1])),
    ),
    rule(
        red.mean,
        "x",
        "ignores the cotangent",
        lambda ct, y, x, axis, keepdims: np.ones(x.shape) / red._count(x, axis),
    ),
    rule(
        red.mean,
        "x",
        "divides by the rows",
        lambda ct, y, x, axis, keepdims: red._spread(ct / (len(x) if x.ndim else 1), x, axis),
    ),
    rule(
        red.mean,
        "x",
        "divides by one fewer",
        lambda ct, y, x, axis, keepdims: red._spread(ct / max(red._count(x, axis) - 1, 1), x, axis),
    ),
    rule(
        red.mean,
        "x",
        "times x",
        lambda ct, y, x, axis, keepdims: x * red._spread(ct / red._count(x, axis), x, axis),
    ),
    rule(el.multiply, "a", "own value", lambda ct, y, a, b: ct * a),
    rule(el.multiply, "a", "the product", lambda ct, y, a, b: ct * y),
    rule(el.multiply, "a", "the sum rule", lambda ct, y, a, b: ct),
    rule(el.multiply, "a", "ignores the cotangent", lambda ct, y, a, b: b + ct * 0),
    rule(
        el.multiply,
        "a",
        "b constant",
        lambda ct, y, a, b: ct * fixed(b),
        second_order(el.multiply),
    ),
    rule(el.multiply, "b", "own value", lambda ct, y, a, b: ct * b),
    rule(el.multiply, "b", "sign", lambda ct, y, a, b: -ct * a),
    rule(el.multiply, "b", "absolute", lambda ct, y, a, b: ct * np.abs(a)),
    rule(
        el.multiply,
        "b",
        "cotangent constant",
        lambda ct, y, a, b: fixed(ct) * a,
        by_the_cotangent(el.multiply),
    ),
)

TAKEN = plain(test_branches.test_a_branch_not_taken_passes_on_a_zero_whatever_comes)
TAKEN_TWICE = plain(test_branches.test_to_second_order_too)
CROSSED = plain(test_branches.test_crossed_bounds_give_the_upper_one)
NO_FREEDOM = plain(test_branches.test_a_variance_without_freedom_is_numpys_and_has_no_slope)
CAT, CUMSUM = shape.concatenate.rules.get("arrays"), red.cumsum.rules.get("x")
OTHERS = (
    rule(el.subtract, "a", "sign", lambda ct, y, a, b: -ct),
    rule(el.divide, "a", "times b", lambda ct, y, a, b: ct * b),
    rule(el.remainder, "a", "zero", lambda ct, y, a, b: 0.0 * ct),
    rule(el.remainder, "b", "truncates", lambda ct, y, a, b: -ct * np.trunc(a / b)),
    rule(el.positive, "x", "absolute", lambda ct, y, x: np.abs(ct)),
    rule(el.reciprocal, "x", "missing square", lambda ct, y, x: -ct * y),
    rule(el.absolute, "x", "identity", lambda ct, y, x: ct),
    rule(el.power, "a", "no guard at x**0", lambda ct, y, a, b: ct * (b * np.power(a, b - 1.0))),
    rule(
        el.power,
        "a",
        "a guard that hides b",
        lambda ct, y, a, b: ct * (b * np.power(a, b - 1 + (b == 0))),
        second_order(el.power),
    ),
    edited_rule(el.power, "a", "an unsigned exponent below 0", ("b - 1.0", "b - 1")),
    rule(
        el.power,
        "b",
        "log of the absolute value",
        lambda ct, y, a, b: ct * y * np.log(np.where(a == 0, 1.0, np.abs(a))),
    ),
    rule(el.sqrt, "x", "guarded at 0", lambda ct, y, x: 0.5 * ct / (y + (y == 0))),
    rule(el.exp, "x", "one", lambda ct, y, x: ct),
    rule(el.expm1, "x", "y", lambda ct, y, x: ct * y),
    rule(el.expm1, "x", "y + 1, which cancels", lambda ct, y, x: ct * (y + 1.0), ROUNDING),
    rule(el.log, "x", "y", lambda ct, y, x: ct / y),
    rule(el.log1p, "x", "1 / x", lambda ct, y, x: ct / x),
    rule(el.sin, "x", "sign", lambda ct, y, x: -ct * np.cos(x)),
    rule(el.cos, "x", "sign", lambda ct, y, x: ct * np.sin(x)),
    rule(el.tanh, "x", "of the input", lambda ct, y, x: ct * (1.0 - x * x)),
    rule(el.arctan2, "a", "operands swapped", lambda ct, y, a, b: ct * a / (a * a + b * b)),
    rule(el.arctan2, "b", "sign", lambda ct, y, a, b: ct * a / (a * a + b * b)),
    rule(el.arctan2, "a", "integer squares", lambda ct, y, a, b: ct * b / (a * a + b * b)),
    rule(el.arctan2, "b", "integer squares", lambda ct, y, a, b: -ct * a / (a * a + b * b)),
    rule(el.hypot, "a", "not divided", lambda ct, y, a, b: ct * a),
    rule(el.hypot, "b", "the sign", lambda ct, y, a, b: ct * np.sign(b)),
    rule(el.maximum, "a", "NaN to a", lambda ct, y, a, b: np.where(a < b, 0.0, ct)),
    rule(el.minimum, "a", "tie to neither", lambda ct, y, a, b: np.where(a < b, ct, 0.0)),
    rule(el.minimum, "b", "that of maximum", lambda ct, y, a, b: np.where(a >= b, 0.0, ct)),
    rule(el.where, "a", "everywhere", lambda ct, y, condition, a, b: ct),
    rule(el.where, "b", "nowhere", lambda ct, y, condition, a, b: 0.0 * ct),
    rule(el.clip, "lower", "zero", lambda ct, y, x, lower, upper: 0.0 * ct),
    rule(el.clip, "lower", "at the bound", lambda ct, y, x, lower, upper: ct * (x <= lower)),
    rule(el.clip, "upper", "zero", lambda ct, y, x, lower, upper: 0.0 * ct),
    rule(el.clip, "upper", "at the bound", lambda ct, y, x, lower, upper: ct * (x >= upper)),
    rule(el.astype, "x", "of the value", lambda ct, y, x, dtype: ct * x),
    rule(
        red.sum,
        "x",
        "the mean's",
        lambda ct, y, x, axis, keepdims: red._spread(ct / red._count(x, axis), x, axis),
    ),
    edited_rule(red.var, "x", "ddof ignored", ("_count(x, axis) - ddof", "_count(x, axis)")),
    edited_rule(
        red.var, "x", "less than no freedom counts", ("if freedom > 0", "if freedom")
    )._replace(oracles=(NO_FREEDOM,)),
    edited_rule(red.var, "x", "zero without freedom", ("math.nan", "0.0"))._replace(
        oracles=(NO_FREEDOM,)
    ),
    rule(
        red.min,
        "x",
        "that of the global minimum",
        lambda ct, y, x, axis, keepdims: red.keep_axes(ct, x, axis) * (x == np.min(x)),
    ),
    rule(red.prod, "x", "y", lambda ct, y, x, axis, keepdims: red.keep_axes(ct * y, x, axis)),
    edited_rule(
        red.prod,
        "x",
        "only what is before",
        ("np.reshape(before * after,", "np.reshape(before * before,"),
    ),
    rule(
        red.cumsum,
        "x",
        "axis 0 always",
        lambda ct, y, x, axis: CUMSUM(ct, y, x, axis and 0),
    ),
    rule(
        red.cumprod,
        "x",
        "cumsum's of y, by x",
        lambda ct, y, x, axis: CUMSUM(ct * y, y, x, axis) / x,
    ),
    rule(el.where, "a", "a product", lambda ct, y, condition, a, b: ct * (condition != 0), TAKEN),
    rule(el.where, "b", "a product", lambda ct, y, condition, a, b: ct * (condition == 0), TAKEN),
    rule(el.masked, "x", "no mask", lambda ct, y, x, condition: ct),
    rule(el.masked, "x", "the other half", lambda ct, y, x, condition: el.masked(ct, ~condition)),
    rule(el.masked, "x", "a product", lambda ct, y, x, condition: ct * condition, TAKEN_TWICE),
    rule(act.relu, "x", "a product", lambda ct, y, x: ct * (x > 0), TAKEN),
    rule(act.relu6, "x", "a product", lambda ct, y, x: ct * ((x > 0) & (x < 6)), TAKEN),
    rule(
        act.leaky_relu,
        "x",
        "a product",
        lambda ct, y, x, alpha: np.where(x > 0, ct, alpha * ct),
        TAKEN,
    ),
    rule(
        act.elu,
        "x",
        "a product",
        lambda ct, y, x, alpha: ct * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0))),
        TAKEN,
    ),
    rule(el.maximum, "a", "a product", lambda ct, y, a, b: ct * (a >= b), TAKEN),
    rule(el.minimum, "a", "a product", lambda ct, y, a, b: ct * (a <= b), TAKEN),
    rule(
        el.clip,
        "x",
        "a product",
        lambda ct, y, x, lower, upper: ct * ((x >= lower) & (x <= upper)),
        TAKEN,
    ),
    rule(
        red.max,
        "x",
        "a product",
        lambda ct, y, x, axis, keepdims: (
            red.keep_axes(ct, x, axis)
            * (chosen := np.equal(x, red.keep_axes(y, x, axis)))
            / np.sum(chosen, axis=axis, keepdims=True)
        ),
        TAKEN,
    ),
    rule(
        el.clip,
        "upper",
        "crossed bounds are the lower one's",
        lambda ct, y, x, lower, upper: np.where(x > upper, ct, 0.0),
        CROSSED,
    ),
    rule(
        el.clip,
        "lower",
        "crossed bounds are both's",
        lambda ct, y, x, lower, upper: np.where(x < lower, ct, 0.0),
        CROSSED,
    ),
    rule(
        red.linear_recurrence,
        "x",
        "forwards",
        lambda ct, y, x, factor, axis: red.linear_recurrence(ct, factor, axis=axis),
    ),
    rule(red.linear_recurrence, "x", "no factors", lambda ct, y, x, factor, axis: ct),
    rule(
        red.linear_recurrence,
        "factor",
        "by the result itself",
        lambda ct, y, x, factor, axis: red._from_the_end(ct, factor, axis) * y,
    ),
    rule(
        red.linear_recurrence,
        "factor",
        "the cotangent does not flow on",
        lambda ct, y, x, factor, axis: ct * red._moved_on_by_one(y, axis, 0.0),
    ),
    edited_rule(
        red.cumprod,
        "x",
        "the element itself counts",
        ("_moved_on_by_one(y, axis, 1.0)", "y"),
    ),
    edited_rule(
        red.sort,
        "x",
        "the order instead of the rank",
        ("argsort(argsort(x, axis=axis), axis=axis)", "argsort(x, axis=axis)"),
    ),
    rule(
        shape.reshape,
        "x",
        "reversed",
        lambda ct, y, x, shape, order: np.reshape(np.flip(ct), x.shape, order),
    ),
    rule(
        shape.reshape,
        "x",
        "always in C order",
        lambda ct, y, x, shape, order: np.reshape(ct, x.shape),
    ),
    rule(el.conjugate, "x", "sign", lambda ct, y, x: -ct),
    rule(
        constants.full_like,
        "fill_value",
        "as if used once",
        lambda ct, y, x, fill_value, **static: ct * 0 + ct.flat[0] if ct.size else ct,
    ),
    edited_rule(indexing.diagonal, "x", "the main one", ("**where)\n    flat", ")\n    flat")),
    edited_rule(indexing.diagonal, "x", "reversed", ("np.ravel(places)", "np.ravel(places)[::-1]")),
    rule(
        shape.transpose,
        "x",
        "the axes themselves",
        lambda ct, y, x, axes: np.transpose(ct, axes),
    ),
    rule(shape.squeeze, "x", "unchanged", lambda ct, y, x, axis: ct),
    rule(shape.expand_dims, "x", "reversed", lambda ct, y, x, axis: np.reshape(ct[::-1], x.shape)),
    rule(
        shape.broadcast_to,
        "x",
        "the first",
        lambda ct, y, x, shape: np.reshape(ct.flat[: x.size], x.shape),
    ),
    rule(shape.flip, "x", "not flipped", lambda ct, y, x, axis: ct),
    rule(shape.flip, "x", "all axes", lambda ct, y, x, axis: np.flip(ct)),
    rule(
        shape.concatenate,
        "arrays",
        "the first piece",
        lambda ct, y, *arrays, position, axis: CAT(ct, y, *arrays, position=0, axis=axis),
    ),
    rule(
        shape.concatenate,
        "arrays",
        "reversed pieces",
        lambda ct, y, *arrays, position, axis: CAT(
            ct, y, *arrays, position=len(arrays) - 1 - position, axis=axis
        ),
    ),
    rule(
        shape.stack,
        "arrays",
        "axis 0 always",
        lambda ct, y, *arrays, position, axis: ct[position],
    ),
    rule(
        indexing.getitem,
        "x",
        "the cotangent's sum",
        lambda ct, y, x, index: indexing.scatter_add(ct * 0 + ct.sum(), index=index, shape=x.shape),
    ),
    rule(
        indexing.gather,
        "x",
        "the cotangent's sum",
        lambda ct, y, x, *indices, index, position: indexing.scatter_add(
            ct * 0 + ct.sum(), *indices, index=index, shape=x.shape
        ),
    ),
    rule(indexing.scatter_add, "x", "reversed", lambda ct, y, x, index, **_: ct[index][::-1]),
    edited_rule(linear.norm, "x", "not divided", (" / (length + (length == 0))", "")),
    edited_rule(linear.norm, "x", "no subgradient at 0", ("(length + (length == 0))", "length")),
    rule(act.relu6, "x", "1 at 6", lambda ct, y, x: ct * ((x > 0) & (x <= 6))),
    rule(act.relu6, "x", "no upper bound", lambda ct, y, x: ct * (x > 0)),
    rule(act.leaky_relu, "x", "1 at 0", lambda ct, y, x, alpha: np.where(x >= 0, ct, alpha * ct)),
    rule(
        act.leaky_relu, "x", "alpha ignored", lambda ct, y, x, alpha: ct * np.where(x > 0, 1, 0.2)
    ),
    rule(act.elu, "x", "1 at 0", lambda ct, y, x, alpha: ct * np.where(x >= 0, 1.0, y + alpha)),
    rule(act.elu, "x", "y where negative", lambda ct, y, x, alpha: ct * np.where(x > 0, 1.0, y)),
    rule(act.sigmoid, "x", "missing factor", lambda ct, y, x: ct * y),
    rule(act.softplus, "x", "tanh", lambda ct, y, x: ct * np.tanh(x)),
    rule(
        act.softmax,
        "x",
        "last axis always",
        lambda ct, y, x, axis: y * (ct - (ct * y).sum(axis=-1, keepdims=bool(x.ndim))),
    ),
    rule(act.log_softmax, "x", "identity", lambda ct, y, x, axis: ct),
    rule(
        act.logsumexp,
        "x",
        "one each",
        lambda ct, y, x, axis, keepdims: red._spread(ct, x, axis),
    ),
    rule(act.sigmoid_cross_entropy_with_logits, "labels", "sign", lambda ct, y, z, x: ct * x),
    rule(
        act.sigmoid_cross_entropy_with_logits,
        "logits",
        "sign",
        lambda ct, y, z, x: ct * (z - sigmoid(x)),
    ),
    rule(
        act.sigmoid_cross_entropy_with_logits,
        "logits",
        "softmax",
        lambda ct, y, z, x: ct * (softmax(x) - z),
    ),
)
OWN_MUTANTS = (*NETWORK, *OTHERS)
