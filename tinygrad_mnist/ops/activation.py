"""Activations and losses: primitives of their own, because the compositions are not stable.

All losses give one value per example. The cross entropies take the labels first, like TensorFlow.

>>> from tinygrad_mnist import Tensor
>>> logits = Tensor([[2.0, 1.0, -1e4]], requires_grad=True)
>>> loss = softmax_cross_entropy_with_logits(np.array([[1.0, 0.0, 0.0]]), logits)
>>> loss.backward()
>>> np.round(logits.grad, 3)
array([[-0.269,  0.269,  0.   ]])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import ZERO, Array, primitive
from tinygrad_mnist.errors import DTypeError, ShapeError
from tinygrad_mnist.ops.elementwise import masked
from tinygrad_mnist.ops.reduction import Axis, keep_axes


@primitive(elementwise=True)
def relu(x: Array, *, out: Array | None = None) -> Any:
    """max(x, 0), with derivative 0 at 0 and at NaN."""
    return np.maximum(x, 0, out=out)


# A branch not taken passes on a zero whatever cotangent comes, so it is chosen, not multiplied:
# infinity times a mask's 0 would be NaN.
relu.vjp(x=lambda ct, y, x: masked(ct, x > 0))


@primitive(elementwise=True)
def relu6(x: Array, *, out: Array | None = None) -> Any:
    """min(max(x, 0), 6), with derivative 0 at both kinks."""
    return np.clip(x, 0, 6, out=out)


relu6.vjp(x=lambda ct, y, x: masked(ct, (x > 0) & (x < 6)))


@primitive(elementwise=True)
def leaky_relu(x: Array, *, alpha: float = 0.2, out: Array | None = None) -> Any:
    """X where positive, else alpha x, with derivative alpha at 0."""
    return np.multiply(x, np.where(x > 0, np.ones_like(x), alpha), out=out)


leaky_relu.vjp(x=lambda ct, y, x, alpha: np.where(x > 0, ct, alpha * ct if alpha else 0.0))


@primitive(elementwise=True)
def elu(x: Array, *, alpha: float = 1.0, out: Array | None = None) -> Any:
    """X where positive, else alpha (exp(x) - 1), with derivative alpha at 0."""
    negative = alpha * np.expm1(np.minimum(x, 0))
    return np.add(negative, np.maximum(x, 0), out=out)


elu.vjp(
    x=lambda ct, y, x, alpha: np.where(
        x > 0, ct, ct * (alpha * np.exp(np.minimum(x, 0.0))) if alpha else 0.0
    )
)


@primitive(elementwise=True)
def sigmoid(x: Array, *, out: Array | None = None) -> Any:
    """1 / (1 + exp(-x)), by an exponential that cannot overflow."""
    decay = np.exp(-np.absolute(_floating(x)))
    return np.divide(np.where(x >= 0, np.ones_like(decay), decay), 1.0 + decay, out=out)


sigmoid.vjp(x=lambda ct, y, x: ct * y * sigmoid(-x))  # y (1 - y) vanishes too early for large x


@primitive(elementwise=True)
def softplus(x: Array, *, out: Array | None = None) -> Any:
    """log(1 + exp(x))."""
    return np.logaddexp(x, 0, out=out)


softplus.vjp(x=lambda ct, y, x: ct * sigmoid(x))


@primitive()
def softmax(x: Array, *, axis: Axis = -1, out: Array | None = None) -> Any:
    """exp(x) / sum(exp(x)) over axes."""
    out = np.asarray(np.subtract(x, _largest(x, axis), out=out))  # of 0-d arrays a scalar
    np.exp(out, out=out)
    return np.divide(out, _total(out, axis), out=out)


softmax.vjp(
    x=lambda ct, y, x, axis: y * (ct - _wide(ct * y).sum(axis=axis, keepdims=True)),
)


@primitive()
def log_softmax(x: Array, *, axis: Axis = -1, out: Array | None = None) -> Any:
    """Log of the softmax: x - logsumexp(x) over axes."""
    out = np.asarray(np.subtract(x, _largest(x, axis), out=out))
    if not out.size:
        return out  # nothing to divide, and log(0) would warn
    return np.subtract(out, np.log(_total(np.exp(out), axis)), out=out)


log_softmax.vjp(
    x=lambda ct, y, x, axis: ct - np.exp(y) * _wide(ct).sum(axis=axis, keepdims=True),
)


@primitive()
def logsumexp(
    x: Array, *, axis: Axis = None, keepdims: bool = False, out: Array | None = None
) -> Any:
    """log(sum(exp(x))) over axes; -inf where all elements are, inf where one is."""
    peak = _largest(x, axis)
    peak = np.where(np.isfinite(peak), peak, np.zeros_like(peak))
    with np.errstate(divide="ignore"):  # log(0) is the -inf that is meant
        total = np.log(_total(np.exp(x - peak), axis)) + peak
    # One element each, so the sum drops axes; given a scalar, np.sum would not fill out.
    return np.sum(np.asarray(total, peak.dtype), axis=axis, keepdims=keepdims, out=out)


logsumexp.vjp(
    x=lambda ct, y, x, axis, keepdims: keep_axes(ct, x, axis) * np.exp(x - keep_axes(y, x, axis)),
)


@primitive()
def softmax_cross_entropy_with_logits(
    labels: Array, logits: Array, *, out: Array | None = None
) -> Any:
    """Return -sum(labels * log_softmax(logits)) over the last axis, one value per example.

    Labels are weights per class, of the shape of the logits. Where those of an example do not sum
    to 1, the derivative is sum(labels) softmax - labels, which TensorFlow takes for
    softmax - labels.

    Raises
    ------
    ShapeError
        If the shapes differ (TensorFlow broadcasts labels of shape (1, classes) silently).
    """
    _refuse_other_shape("softmax_cross_entropy_with_logits", labels, logits)
    return np.negative(np.vecdot(labels, log_softmax.kernel(logits)), out=out)


softmax_cross_entropy_with_logits.vjp(
    labels=lambda ct, y, labels, logits: -ct[..., None] * log_softmax(logits),
    logits=lambda ct, y, labels, logits: (
        ct[..., None] * (labels.sum(axis=-1, keepdims=True) * softmax(logits) - labels)
    ),
)


@primitive()
def sparse_softmax_cross_entropy_with_logits(
    labels: Array, logits: Array, *, out: Array | None = None
) -> Any:
    """Return -log_softmax(logits)[label], one value per example.

    Labels are class numbers, of the shape of the logits less the last axis.

    Raises
    ------
    DTypeError
        If the labels are not integers.
    ShapeError
        If the shapes do not fit, or a label is not a class (TensorFlow raises on a CPU too).
    """
    name = "sparse_softmax_cross_entropy_with_logits"
    if np.asarray(labels).dtype.kind not in "iu":
        raise DTypeError(f"{name}: labels must be integers. Received: {np.asarray(labels).dtype}.")
    if np.ndim(logits) == 0 or np.shape(labels) != np.shape(logits)[:-1]:
        raise ShapeError(
            f"{name}: labels must have the shape of the logits less the last axis. Received: "
            f"labels {np.shape(labels)}, logits {np.shape(logits)}."
        )
    classes = logits.shape[-1]
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        row = tuple(int(i) for i in np.argwhere(outside)[0])
        raise ShapeError(
            f"{name}: the label of row {row[0] if len(row) == 1 else row} is "
            f"{labels[row]}, which is not a class: there are {classes}, numbered from 0."
        )
    rows = log_softmax.kernel(logits).reshape(np.size(labels), classes)
    chosen = rows[np.arange(len(rows)), np.reshape(labels, -1)]
    return np.negative(np.reshape(chosen, np.shape(labels)), out=out)


sparse_softmax_cross_entropy_with_logits.vjp(
    labels=ZERO,
    logits=lambda ct, y, labels, logits: (
        ct[..., None] * (softmax(logits) - (labels[..., None] == np.arange(logits.shape[-1])))
    ),
)


@primitive()
def sigmoid_cross_entropy_with_logits(
    labels: Array, logits: Array, *, out: Array | None = None
) -> Any:
    """Return -z log(sigmoid(x)) - (1 - z) log(1 - sigmoid(x)), elementwise, stable for all x.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    _refuse_other_shape("sigmoid_cross_entropy_with_logits", labels, logits)
    logits = _floating(logits)
    loss = np.maximum(logits, 0) - logits * labels
    return np.add(loss, np.log1p(np.exp(-np.absolute(logits))), out=out)


sigmoid_cross_entropy_with_logits.vjp(
    labels=lambda ct, y, labels, logits: -ct * logits,
    logits=lambda ct, y, labels, logits: ct * (sigmoid(logits) - labels),
)


def _floating(x: Array) -> Array:
    """The operand, or its integers or booleans in the dtype that np.exp gives of them."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.result_type(x, np.float16))


def _wide(x: Any) -> Any:
    """To add up: of float16 as float32, since a sum of 65,520 ones is infinite there."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _total(x: Array, axis: Axis) -> Any:
    """The sum over axes, which are kept."""
    dtype = np.float32 if x.dtype == np.float16 else None
    return np.add.reduce(x, axis=axis, dtype=dtype, keepdims=True)


def _largest(x: Array, axis: Axis) -> Any:
    """The maximum over axes, a float, to subtract before exp so that it cannot overflow."""
    x = _floating(x)
    if axis == -1 and x.ndim == 2 and x.shape[1] < x.shape[0]:
        # Of many short rows NumPy finds the maxima three times as fast column by column.
        columns = np.ascontiguousarray(x.T)
        return np.maximum.reduce(columns, axis=0, initial=-np.inf)[:, None]
    return np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)


def _refuse_other_shape(name: str, labels: Array, logits: Array) -> None:
    if np.shape(labels) != np.shape(logits) or np.ndim(logits) == 0:
        raise ShapeError(
            f"{name}: labels and logits must have one shape, with at least one axis. Received: "
            f"labels {np.shape(labels)}, logits {np.shape(logits)}."
        )
