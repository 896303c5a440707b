"""Kinks, ties and edges: where a derivative is a convention, as expressions in our primitives.

An expression gets the primitives as attributes, so that it can be read in either system, and its
operands; ``gradient(function, x)`` beside them is for second derivatives. It is differentiated by
all floating operands, with ones as the cotangent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

nan, inf = np.nan, np.inf
ZERO, ONE = np.zeros(()), np.ones(())
ALL = {"axis": None, "keepdims": False}
LAST = {"axis": -1}


class Point(NamedTuple):
    """An expression ``function(primitives, *operands)`` and the operands to look at it for."""

    function: Callable[..., Any]
    operands: tuple[Any, ...]


def at(name: str, *operands: Any, **static: Any) -> Point:
    """One primitive at given operands, in float64 unless they are arrays."""
    return Point(lambda op, *x: getattr(op, name)(*x, **static), operands)


def _squared_norm(op: Any, x: Any) -> Any:
    return op.sqrt(op.sum(op.square(x), **ALL))


def _first_of_sorted(op: Any, x: Any) -> Any:
    return op.getitem(op.sort(x, **LAST), index=0)


def _slope_of_product(op: Any, x: Any) -> Any:
    """The first component of the gradient of a product."""
    return op.getitem(op.gradient(lambda x: op.prod(x, **ALL), x), index=0)


def _slope_of_cross_entropy(op: Any, labels: Any, logits: Any) -> Any:
    """The first component of the gradient by the logits."""
    loss = op.softmax_cross_entropy_with_logits
    return op.getitem(op.gradient(lambda x: loss(labels, x), logits), index=(0, 0))


POINTS: dict[str, Point] = {
    # activations
    "relu": at("relu", [0.0, -0.0, nan, inf]),
    "relu6 at 0, 6": at("relu6", [0.0, 6.0]),
    "leaky_relu at 0": at("leaky_relu", 0.0, alpha=0.2),
    "elu at 0": at("elu", 0.0, alpha=1.0),
    "elu at nan": at("elu", nan, alpha=1.0),
    "sigmoid far out": at("sigmoid", [1e4, -1e4]),
    "tanh far out": at("tanh", [1e4, -1e4]),
    "softplus far out": at("softplus", [1e4, -1e4]),
    # elementwise
    "absolute at 0, nan": at("absolute", [0.0, nan]),
    "sign": at("sign", [0.0, -2.0]),
    "sqrt at 0, -1": at("sqrt", [0.0, -1.0]),
    "reciprocal at 0": at("reciprocal", 0.0),
    "log at 0, -1": at("log", [0.0, -1.0]),
    "x/y at y = 0": at("divide", [1.0, -1.0, 0.0], [0.0, 0.0, 0.0]),
    "arctan2(0, 0)": at("arctan2", 0.0, 0.0),
    "remainder(-5, 3)": at("remainder", -5.0, 3.0),
    "x**0 at 0": at("power", 0.0, 0.0),
    "x**1, x**2, x**0.5 at 0": at("power", [0.0, 0.0, 0.0], [1.0, 2.0, 0.5]),
    "0**-1": at("power", 0.0, -1.0),
    "(-2)**2, (-2)**3": at("power", [-2.0, -2.0], [2.0, 3.0]),
    "maximum(a, a)": at("maximum", 2.0, 2.0),
    "minimum(a, a)": at("minimum", 2.0, 2.0),
    "maximum with nan": at("maximum", [nan, 1.0], [1.0, nan]),
    "minimum with nan": at("minimum", [nan, 1.0], [1.0, nan]),
    "clip at and outside its bounds": at("clip", [-1.0, 1.0, -2.0, 2.0], [-1.0] * 4, [1.0] * 4),
    "clip of nan": at("clip", nan, -1.0, 1.0),
    "clip with crossed bounds": at("clip", [-2.0, 0.5], [1.0, 1.0], [-1.0, -1.0]),
    "sqrt(relu(x)) at -1": Point(lambda op, x: op.sqrt(op.relu(x)), (-1.0,)),
    "nan**0": at("power", nan, 0.0),
    "where(x > 0, 1/x, 0) at 0": Point(
        lambda op, x: op.where(x > 0, op.divide(ONE, x), ZERO), (0.0,)
    ),
    "where(x > 0, reciprocal(x), 0) at 0": Point(
        lambda op, x: op.where(x > 0, op.reciprocal(x), ZERO), (0.0,)
    ),
    "where(x > 0, sqrt(x), 0) at 0": Point(lambda op, x: op.where(x > 0, op.sqrt(x), ZERO), (0.0,)),
    "floor": at("floor", 1.5),
    "rint at a half": at("rint", [0.5, 1.5]),
    "a comparison": at("greater", 1.0, 1.0),
    "a cast to integers": at("astype", 1.5, dtype=np.int64),
    "a float32 with a float64 scalar": Point(
        lambda op, x: op.multiply(x, np.float64(2.0)), (np.float32(1.0),)
    ),
    "a subnormal number": at("multiply", 1e-310, 1.0),
    # reductions
    "max of ties": at("max", [2.0, 2.0, 1.0], **ALL),
    "min of ties": at("min", [2.0, 2.0, 3.0], **ALL),
    "max with nan": at("max", [nan, 1.0], **ALL),
    "sort of ties": Point(_first_of_sorted, ([2.0, 1.0, 1.0],)),
    "sort of nothing": at("sort", np.zeros(0), **LAST),
    "argmax of ties": at("argmax", [1.0, 3.0, 3.0], **ALL),
    "argmin of ties": at("argmin", [1.0, 1.0, 3.0], **ALL),
    "prod of a zero": at("prod", [2.0, 0.0, 3.0], **ALL),
    "prod of two zeros": at("prod", [0.0, 0.0, 3.0], **ALL),
    "second derivative of a product with a zero": Point(_slope_of_product, ([2.0, 0.0, 3.0],)),
    "cumprod of a zero": at("cumprod", [2.0, 0.0, 3.0, 4.0], axis=0),
    "mean of nothing": at("mean", np.zeros((0, 2)), **ALL),
    "norm of zeros": at("norm", [0.0, 0.0], **ALL),
    "sqrt(sum(x**2)) of zeros": Point(_squared_norm, ([0.0, 0.0],)),
    "logsumexp, all -inf": at("logsumexp", [-inf, -inf], **ALL),
    "logsumexp, one -inf": at("logsumexp", [-inf, 3.0], **ALL),
    "logsumexp, inf": at("logsumexp", [inf, 3.0], **ALL),
    "log_softmax far out": at("log_softmax", [1e4, -1e4], **LAST),
    # losses
    "sigmoid cross entropy at 0 and far out": at(
        "sigmoid_cross_entropy_with_logits", [0.3, 1.0, 0.0, 1.0], [0.0, 1e4, 1e4, -1e4]
    ),
    "labels not summing to 1": at("softmax_cross_entropy_with_logits", [[0.5, 0.0]], [[0.0, 0.0]]),
    "second derivative of cross entropy by labels and logits": Point(
        _slope_of_cross_entropy, ([[0.5, 0.5]], [[0.0, 0.0]])
    ),
    "labels [1, C] against logits [N, C]": Point(
        lambda op, logits: op.softmax_cross_entropy_with_logits(np.full((1, 2), 0.5), logits),
        ([[0.0, 0.0], [0.0, 0.0]],),
    ),
    "cross entropy of shape (0, 0)": at(
        "softmax_cross_entropy_with_logits", np.zeros((0, 0)), np.zeros((0, 0))
    ),
    "a label that is no class": at(
        "sparse_softmax_cross_entropy_with_logits", np.array([0, 3]), [[0.0] * 3] * 2
    ),
}
