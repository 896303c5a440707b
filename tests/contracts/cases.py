"""The case table: one row or more per primitive, and one per composition in the registry.

A row says what is called, what plain NumPy gives instead (written on its own, never by our
kernels), how operands are drawn, and which spellings mean the same. The contracts beside this
file drive every row.
"""

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy._core import umath

from tinygrad_mnist.ops import activation, constants, elementwise, indexing, reduction, shape

from . import samples as draw
from .rows import binary, case, question, reduction_case, step, unary
from .samples import SEEDS


def since_2_1(*spellings):
    """Spellings by argument names that NumPy 2.0 does not have."""
    return spellings if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else ()


# References of functions that NumPy does not have: their definitions.
def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def cross_entropy(labels, logits):
    return -(labels * np.log(softmax(logits))).sum(-1)


def sparse_cross_entropy(labels, logits):
    return cross_entropy(np.eye(logits.shape[-1])[labels], logits)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_cross_entropy(labels, logits):
    return -labels * np.log(sigmoid(logits)) - (1 - labels) * np.log(1 - sigmoid(logits))


def recurrence(x, factor, axis):
    """Each element as the sum that the recurrence amounts to."""
    x, factor = np.moveaxis(x, axis, 0), np.moveaxis(factor, axis, 0)
    rows = [
        sum(x[j] * np.prod(factor[j + 1 : i + 1], axis=0) for j in range(i + 1))
        for i in range(len(x))
    ]
    return np.moveaxis(np.reshape(rows, x.shape), 0, axis)


def scattered(x, index, shape):
    places = np.arange(np.prod(shape, dtype=int)).reshape(shape)[index].ravel()
    return np.bincount(places, x.ravel(), np.prod(shape, dtype=int)).reshape(shape) * 1.0


def labels_and_logits(sides):
    sides = (max(1, sides[0]), sides[1] + 2)
    return draw.shapes(sides, 1, 3).map(lambda size: ([size[:-1], size], {}))


ALPHA = st.floats(0.1, 2.0)

CASES = (
    # elementwise: arithmetic
    binary(np.add, spellings=("a + b", "a.__radd__(b)", "b + a")),
    binary(np.subtract, spellings=("a - b", "b.__rsub__(a)")),
    binary(np.multiply, spellings=("a * b", "b.__rmul__(a)")),
    binary(np.divide, draw.normal, draw.away_from_zero, spellings=("a / b", "b.__rtruediv__(a)")),
    binary(np.remainder, draw.wide, draw.away_from_zero, spellings=("a % b", "b.__rmod__(a)")),
    binary(
        np.floor_divide,
        draw.wide,
        draw.away_from_zero,
        spellings=("a // b", "b.__rfloordiv__(a)"),
        smooth=False,
    ),
    case(
        lambda a, b: np.stack(np.divmod(a, b)),
        draw.broadcastable(2),
        draw.wide,
        draw.away_from_zero,
        name="divmod",
        covers=(np.divmod,),
        spellings=("np.stack(divmod(a, b))", "np.stack(b.__rdivmod__(a))"),
        names=("a", "b"),
    ),
    unary(np.negative, spellings=("-x",)),
    unary(np.positive, spellings=("+x",)),
    unary(np.reciprocal, draw.away_from_zero),
    unary(np.absolute, spellings=("abs(x)", "np.abs(x)")),
    unary(np.conjugate, spellings=("x.conj()", "x.conjugate()")),
    unary(np.real, spellings=("x.real",)),
    unary(np.imag, spellings=("x.imag",), smooth=False),
    unary(np.copy, spellings=("x.copy()", "x.copy('F')", "np.copy(x, 'F')")),
    # elementwise: powers, exponentials, circles
    binary(np.power, draw.positive, draw.with_zeros, spellings=("a ** b", "b.__rpow__(a)")),
    case(
        lambda a, b: a ** float(b),
        lambda sides: st.tuples(draw.shapes(sides), st.integers(0, 3)).map(
            lambda drawn: ([drawn[0]], {"b": drawn[1]})
        ),
        draw.with_zeros,
        name="power of a whole exponent",
        of=elementwise.power,
        spellings=("np.power(a, float(b))",),
    ),
    binary(np.power, draw.away_from_zero, draw.unsigned, name="power of unsigned exponents"),
    unary(np.square),
    unary(np.sqrt, draw.positive),
    unary(np.exp),
    unary(np.expm1, draw.wide),
    unary(np.log, draw.positive),
    unary(np.log1p, draw.positive),
    unary(np.sin),
    unary(np.cos),
    unary(np.tanh),
    binary(np.hypot, draw.away_from_zero, draw.away_from_zero),
    binary(np.arctan2, draw.away_from_zero, draw.away_from_zero),
    binary(np.arctan2, draw.wide, draw.large_unsigned, name="arctan2 with unsigned b"),
    binary(np.arctan2, draw.large_unsigned, draw.wide, name="arctan2 with unsigned a"),
    # elementwise: choices
    binary(np.maximum),
    binary(np.minimum),
    case(np.where, draw.broadcastable(3), draw.boolean, draw.normal, draw.normal),
    case(
        lambda condition, a, b: np.where(condition, a, b) + condition,
        draw.broadcastable(3),
        draw.away_from_zero,  # where's rule for it is ZERO, before two that are not
        draw.normal,
        draw.normal,
        name="where of a float condition",
        of=elementwise.where,
    ),
    case(
        elementwise.masked,
        draw.broadcastable(2),
        draw.normal,
        draw.boolean,
        reference=lambda x, condition: np.where(condition, x, 0.0),
    ),
    case(
        np.clip,
        draw.broadcastable(3),
        draw.wide,
        draw.low,
        draw.high,
        of=elementwise.clip,
        covers=(np.clip, umath.clip),
        spellings=(
            "x.clip(lower, upper)",
            "x.clip(max=upper, min=lower)",
            "np.clip(x, a_min=lower, a_max=upper)",
        ),
    ),
    case(
        lambda x: x.clip(-1.0, 1.0),
        draw.one(),
        draw.wide,
        name="clip to numbers",
        of=elementwise.clip,
        spellings=("np.clip(x, -1.0, 1.0)", *since_2_1("np.clip(x, min=-1.0, max=1.0)")),
        names=("x",),
    ),
    case(
        lambda x, lower: np.clip(x, lower, None),
        draw.broadcastable(2),
        draw.wide,
        draw.low,
        name="clip from below",
        of=elementwise.maximum,
        spellings=("x.clip(lower)", "np.clip(x, a_min=lower)", *since_2_1("np.clip(x, min=lower)")),
        names=("x", "lower"),
    ),
    case(
        lambda x, upper: np.clip(x, None, upper),
        draw.broadcastable(2),
        draw.wide,
        draw.high,
        name="clip from above",
        of=elementwise.minimum,
        spellings=("x.clip(None, upper)", *since_2_1("np.clip(x, max=upper)")),
        names=("x", "upper"),
    ),
    case(
        lambda x, dtype: x.astype(dtype),
        lambda sides: draw.one()(sides).map(lambda drawn: (drawn[0], {"dtype": np.float64})),
        name="astype",
        of=elementwise.astype,
        covers=(np.ndarray.astype,),
        spellings=("x.astype(dtype, copy=False)",),
    ),
    *map(step, (np.sign, np.floor, np.ceil, np.rint, np.trunc)),
    case(
        np.round,
        lambda sides: draw.one()(sides).map(lambda drawn: (drawn[0], {"decimals": 1})),
        draw.wide,
        covers=(np.around,),
        spellings=("x.round(decimals)", "round(x, decimals)", "np.around(x, decimals)"),
        smooth=False,
    ),
    # elementwise: questions
    question(np.greater, draw.coarse, "a > b", "b < a"),
    question(np.greater_equal, draw.coarse, "a >= b", "b <= a"),
    question(np.less, draw.coarse, "a < b", "b > a"),
    question(np.less_equal, draw.coarse, "a <= b", "b >= a"),
    question(np.equal, draw.coarse, "a == b", "b == a"),
    question(np.not_equal, draw.coarse, "a != b", "b != a"),
    question(np.logical_and, draw.coarse),
    question(np.logical_or, draw.coarse),
    question(np.logical_xor, draw.coarse),
    question(np.logical_not, draw.coarse),
    question(np.bitwise_and, draw.whole, "a & b", "b.__rand__(a)"),
    question(np.bitwise_or, draw.boolean, "a | b", "b.__ror__(a)"),
    question(np.bitwise_xor, draw.whole, "a ^ b", "b.__rxor__(a)"),
    question(np.left_shift, draw.unsigned, "a << b", "b.__rlshift__(a)"),
    question(np.right_shift, draw.unsigned, "a >> b", "b.__rrshift__(a)"),
    question(np.invert, draw.boolean, "~x"),
    question(np.isnan, draw.normal),
    question(np.isfinite, draw.normal),
    *(
        unary(function, draw.infinite, smooth=False)
        for function in (np.isinf, np.signbit, np.isposinf, np.isneginf, np.isreal, np.iscomplex)
    ),
    # constants
    case(
        constants.full_like,
        lambda sides: draw.broadcast(sides).map(
            lambda drawn: ([drawn[1]["shape"], drawn[0][0]], {"dtype": np.float64})
        ),
        draw.whole,  # of it only the shape counts
        draw.normal,
        covers=(np.full_like,),
        reference=np.full_like,
        exact=True,
    ),
    unary(np.zeros_like, smooth=False),
    unary(np.ones_like, smooth=False),
    case(
        np.isclose,
        lambda sides: draw.broadcastable(2)(sides).map(
            lambda drawn: (drawn[0], {"rtol": 0.3, "atol": 0.3})
        ),
        draw.coarse,
        smooth=False,
    ),
    reduction_case(np.count_nonzero, draw.coarse, method=None, smooth=False),
    case(
        lambda a, v, side: np.searchsorted(a, v, side),
        draw.searched,
        lambda rng, size: np.sort(draw.coarse(rng, size)),
        draw.coarse,
        name="searchsorted",
        of=constants.searchsorted,
        covers=(np.searchsorted,),
        spellings=("a.searchsorted(v, side)", "np.searchsorted(a, v, side=side)"),
        smooth=False,
    ),
    # reductions
    reduction_case(np.sum, method="sum"),
    reduction_case(np.mean, method="mean", empty=False),
    reduction_case(
        np.var,
        method="var",
        static="axis=axis, ddof=ddof, keepdims=keepdims",
        draws=draw.reduced(ddof=st.just(0)),
        empty=False,
    ),
    reduction_case(
        np.var,
        name="var of a sample",
        method="var",
        static="axis=axis, ddof=ddof, keepdims=keepdims",
        draws=lambda sides: draw.reduced(ddof=st.sampled_from([0.5, 1]), min_dims=1)((2, 3)),
        empty=False,
    ),
    reduction_case(
        np.std,
        method="std",
        static="axis=axis, ddof=ddof, keepdims=keepdims",
        draws=lambda sides: draw.reduced(ddof=st.sampled_from([0, 1]), min_dims=1)((2, 3)),
        empty=False,
    ),
    reduction_case(np.max, method="max", empty=False, covers=(np.amax,)),
    reduction_case(np.min, method="min", empty=False, covers=(np.amin,)),
    reduction_case(np.prod, draw.with_zeros, method="prod"),
    reduction_case(
        np.cumsum,
        method="cumsum",
        static="axis=axis",
        draws=draw.reduced(keepdims=False, tuples=False),
    ),
    case(
        np.cumprod,
        draw.reduced(keepdims=False, tuples=False),
        draw.with_zeros,
        spellings=("x.cumprod(axis)",),
    ),
    case(
        reduction.linear_recurrence,
        lambda sides: draw.along()(sides).map(lambda drawn: (2 * drawn[0], drawn[1])),
        draw.normal,
        draw.with_zeros,
        reference=recurrence,
    ),
    case(np.sort, draw.reduced(keepdims=False, tuples=False, min_dims=1)),
    case(
        np.argsort,
        draw.reduced(keepdims=False, tuples=False, min_dims=1),
        reference=lambda x, axis: np.argsort(x, axis=axis, kind="stable"),
        exact=True,
        spellings=("x.argsort(axis)",),
        smooth=False,
    ),
    reduction_case(
        np.argmax,
        draw.coarse,
        method="argmax",
        draws=draw.reduced(tuples=False, nothing=False),
        smooth=False,
        empty=False,
    ),
    reduction_case(
        np.argmin,
        draw.coarse,
        method="argmin",
        draws=draw.reduced(tuples=False, nothing=False),
        smooth=False,
        empty=False,
    ),
    reduction_case(np.any, draw.boolean, method="any", smooth=False),
    reduction_case(np.all, draw.coarse, method="all", smooth=False),
    # shape
    case(
        lambda x, shape: np.reshape(x, shape),
        draw.reshaped,
        name="reshape",
        of=shape.reshape,
        covers=(np.reshape,),
        spellings=("x.reshape(shape)", *since_2_1("np.reshape(x, shape=shape)")),
    ),
    case(
        lambda x, shape, order: np.reshape(x, shape, order=order),
        lambda sides: draw.reshaped(sides).map(
            lambda drawn: (drawn[0], {**drawn[1], "order": "F"})
        ),
        name="reshape in Fortran's order",
        of=shape.reshape,
        spellings=("x.reshape(shape, order=order)", "x.T.reshape(np.atleast_1d(shape)[::-1]).T"),
    ),
    case(
        np.transpose,
        draw.permuted,
        spellings=("x.transpose(axes)", "x.transpose(*(axes or ()))"),
    ),
    case(lambda x: x.T, draw.one(), name="T", of=shape.transpose, spellings=("x.transpose()",)),
    case(np.squeeze, draw.squeezed, spellings=("x.squeeze(axis)",)),
    case(np.expand_dims, draw.expanded),
    case(np.broadcast_to, draw.broadcast),
    case(np.flip, draw.reduced(keepdims=False)),
    case(
        lambda *arrays, axis: np.concatenate(arrays, axis=axis),
        draw.joined,
        name="concatenate",
        of=shape.concatenate,
        covers=(np.concatenate,),
        spellings=("np.concatenate(list(arrays), axis)",),
    ),
    case(
        lambda *arrays, axis: np.stack(arrays, axis=axis),
        draw.stacked,
        name="stack",
        of=shape.stack,
        covers=(np.stack,),
        spellings=("np.stack(list(arrays), axis)",),
    ),
    case(np.ravel, draw.one(), spellings=("x.ravel()", "x.flatten()", "x.reshape(-1)")),
    case(
        lambda x: np.ravel(x, "F"),
        draw.one(),
        name="ravel in Fortran's order",
        spellings=("x.ravel('F')", "x.flatten('F')", "x.reshape(-1, order='F')"),
    ),
    case(
        lambda x, first, second: np.swapaxes(x, first, second),
        draw.exchanged,
        name="swapaxes",
        covers=(np.swapaxes,),
        spellings=("x.swapaxes(first, second)",),
    ),
    case(np.matrix_transpose, draw.one(2), spellings=("x.mT",)),
    case(
        lambda x, first, second: np.moveaxis(x, first, second),
        draw.exchanged,
        name="moveaxis",
        covers=(np.moveaxis,),
    ),
    # indexing
    case(
        lambda x, index: x[index],
        draw.indexed,
        name="getitem",
        of=indexing.getitem,
        covers=(np.ndarray.__getitem__,),
    ),
    case(
        lambda x, *indices, index: x[draw.filled(index, indices)],
        draw.gathered,
        draw.normal,
        draw.places,
        name="gather",
        of=indexing.gather,
    ),
    case(indexing.scatter_add, draw.scattered, reference=scattered),
    case(
        indexing.scatter_add,
        draw.scattered_back,
        draw.normal,
        draw.places,
        name="scatter_add at operands",
        reference=lambda x, *indices, index, shape: scattered(
            x, draw.filled(index, indices), shape
        ),
    ),
    case(
        lambda x, indices, axis, mode: np.take(x, indices, axis, mode=mode),
        draw.taken,
        name="take",
        covers=(np.take,),
        spellings=("x.take(indices, axis, mode=mode)", "x.take(Tensor(indices), axis, None, mode)"),
    ),
    case(
        lambda x, repeats, axis: np.repeat(x, repeats, axis),
        draw.repeated,
        name="repeat",
        covers=(np.repeat,),
        spellings=("x.repeat(repeats, axis)", "np.repeat(x, repeats, axis=axis)"),
    ),
    case(
        np.diagonal,
        draw.crossed,
        spellings=("x.diagonal(offset, axis1, axis2)",),
    ),
    case(np.trace, draw.crossed, spellings=("x.trace(offset, axis1, axis2)",)),
    # linear algebra
    case(np.matmul, draw.product, spellings=("a @ b", "b.__rmatmul__(a)")),
    case(np.dot, draw.dotted, spellings=("a.dot(b)",), names=("a", "b")),
    case(
        np.outer,
        lambda sides: st.tuples(draw.shapes(sides, 0, 2), draw.shapes(sides, 0, 2)).map(
            lambda both: (list(both), {})
        ),
        names=("a", "b"),
    ),
    case(np.linalg.norm, draw.reduced(at_most=2)),
    # activations and losses
    case(activation.relu, draw.one(), reference=lambda x: np.where(x > 0, x, 0)),
    case(activation.relu6, draw.one(), draw.wide, reference=lambda x: np.clip(x, 0, 6)),
    case(
        activation.leaky_relu,
        lambda sides: st.tuples(draw.shapes(sides), ALPHA).map(
            lambda drawn: ([drawn[0]], {"alpha": drawn[1]})
        ),
        reference=lambda x, alpha: np.where(x > 0, x, alpha * x),
    ),
    case(
        activation.elu,
        lambda sides: st.tuples(draw.shapes(sides), ALPHA).map(
            lambda drawn: ([drawn[0]], {"alpha": drawn[1]})
        ),
        reference=lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1)),
    ),
    case(activation.sigmoid, draw.one(), draw.wide, reference=sigmoid),
    case(activation.softplus, draw.one(), draw.wide, reference=lambda x: np.log(1 + np.exp(x))),
    case(activation.softmax, draw.reduced(keepdims=False), reference=softmax),
    case(
        activation.log_softmax,
        draw.reduced(keepdims=False),
        reference=lambda x, axis: np.log(softmax(x, axis)),
    ),
    case(
        activation.logsumexp,
        draw.reduced(nothing=False),
        reference=lambda x, axis, keepdims: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
        empty=False,
    ),
    case(
        activation.softmax_cross_entropy_with_logits,
        draw.equal_shapes(2, min_dims=1),
        draw.positive,  # and so not summing to one
        draw.normal,
        reference=cross_entropy,
    ),
    case(
        lambda logits, labels: activation.sparse_softmax_cross_entropy_with_logits(labels, logits),
        lambda sides: st.tuples(labels_and_logits(sides), SEEDS).map(
            lambda drawn: (
                drawn[0][0][1:],
                {
                    "labels": np.random.default_rng(drawn[1]).integers(
                        0, drawn[0][0][1][-1], drawn[0][0][0]
                    )
                },
            )
        ),
        name="sparse_softmax_cross_entropy_with_logits",
        reference=lambda logits, labels: sparse_cross_entropy(labels, logits),
    ),
    case(
        activation.sparse_softmax_cross_entropy_with_logits,
        labels_and_logits,
        lambda rng, size: np.zeros(size, int),
        draw.normal,
        name="sparse_softmax_cross_entropy_with_logits of the first class",
        reference=sparse_cross_entropy,
    ),
    case(
        activation.sigmoid_cross_entropy_with_logits,
        draw.equal_shapes(2, min_dims=1),
        draw.positive,
        draw.normal,
        reference=sigmoid_cross_entropy,
    ),
)
SMOOTH = tuple(row for row in CASES if row.smooth)

_names = [row.name for row in CASES]
assert len(set(_names)) == len(_names), "each row needs a name of its own"


def over(rows):
    """Parametrise a test over rows, by their names."""
    return pytest.mark.parametrize("case", rows, ids=lambda row: row.name)
