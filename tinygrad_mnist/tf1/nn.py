"""``tf.nn``: activations, dropout, and the cross entropies, one value for each example."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.ops import activation
from tinygrad_mnist.tf1.arguments import axis_or_last, constant_value, floating
from tinygrad_mnist.tf1.arithmetic import cast, sigmoid, tanh
from tinygrad_mnist.tf1.arrays import has_known_shape, shape, stop_gradient
from tinygrad_mnist.tf1.random_numbers import random_uniform
from tinygrad_mnist.tf1.signatures import refuse
from tinygrad_mnist.tf1.symbol import Symbol, operand, operands, operation
from tinygrad_mnist.tf1.unknown import fits

__all__ = [
    "bias_add",
    "dropout",
    "elu",
    "l2_loss",
    "leaky_relu",
    "log_softmax",
    "relu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "sparse_softmax_cross_entropy_with_logits",
    "tanh",
]


def relu(features: Any, name: str | None = None) -> Symbol:
    """The larger of x and 0."""
    return operation("Relu", name, activation.relu, operand(features))


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Symbol:
    """X where positive, else alpha x."""
    x, alpha = floating("LeakyRelu", features), constant_value("LeakyRelu: alpha", alpha)
    return operation("LeakyRelu", name, activation.leaky_relu, x, alpha=alpha)


def elu(features: Any, name: str | None = None) -> Symbol:
    """X where positive, else exp(x) - 1."""
    return operation("Elu", name, activation.elu, floating("Elu", features))


def softplus(features: Any, name: str | None = None) -> Symbol:
    """A smooth relu, log(1 + exp(x))."""
    return operation("Softplus", name, activation.softplus, floating("Softplus", features))


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Symbol:
    """The softmax exp(x) / sum(exp(x)) along an axis, the last unless another is given."""
    x, axis = floating("Softmax", logits), axis_or_last("Softmax", axis, dim)
    return operation("Softmax", name, activation.softmax, x, axis=axis)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Symbol:
    """Log of the softmax along an axis, the last unless another is given."""
    x, axis = floating("LogSoftmax", logits), axis_or_last("LogSoftmax", axis, dim)
    return operation("LogSoftmax", name, activation.log_softmax, x, axis=axis)


def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Symbol:
    """Add a vector along the last axis, which is where ``data_format="NHWC"`` has the channels.

    Raises
    ------
    ArgumentError
        If the channels are said to be elsewhere.
    ShapeError
        If the value has less than two axes, or the bias is no vector of the size of its last one.
    """
    if data_format not in ("NHWC", "N...C"):
        refuse("bias_add", "data_format", data_format)
    return operation("BiasAdd", name, _add_bias, *operands("BiasAdd", value, bias))


def _add_bias(value: Any, bias: Any) -> Any:
    if np.ndim(value) < 2 or np.shape(bias) != np.shape(value)[-1:]:
        raise ShapeError(
            "the value must have two axes or more, and the bias one, of the size of the value's "
            "last."
        )
    return np.add(value, bias)


def l2_loss(t: Any, name: str | None = None) -> Symbol:
    """Half the sum of the squares."""
    return operation("L2Loss", name, _half_square, floating("L2Loss", t))


def _half_square(t: Any) -> Any:
    return 0.5 * np.sum(np.square(t))


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Symbol:
    """Keep each element with a probability, divided by it, and make the others zero.

    Parameters
    ----------
    keep_prob
        The probability, a number or a Symbol; ``rate`` is one minus it.
    noise_shape
        One draw for each element of this shape, which is broadcast to that of x.

    Raises
    ------
    ArgumentError
        If not exactly one of ``keep_prob`` and ``rate`` is given, or a number is out of range.
    """
    x, kept = operands("dropout", floating("dropout", x), _keep_probability(keep_prob, rate))
    if noise_shape is None:
        noise_shape = x.shape if has_known_shape(x) else shape(x)
    noise = random_uniform(noise_shape, dtype=x.dtype, seed=seed)
    return operation("dropout", name, _drop, x, kept, noise)


def _keep_probability(keep_prob: Any, rate: Any) -> Any:
    """The probability to keep an element."""
    if (keep_prob is None) == (rate is None):
        raise ArgumentError(
            "dropout needs either keep_prob, the probability to keep an element, or rate, that to "
            f"drop it. Received: keep_prob {keep_prob!r} and rate {rate!r}."
        )
    if rate is not None:
        return 1 - (rate if isinstance(rate, Symbol) else in_range("dropout: rate", rate, 0.0, 1.0))
    if isinstance(keep_prob, Symbol) or (
        isinstance(keep_prob, int | float | np.floating) and 0 < keep_prob <= 1
    ):
        return keep_prob
    raise ArgumentError(
        f"dropout: keep_prob must be a number above 0 and at most 1. Received: {keep_prob!r:.60}."
    )


def _drop(x: Any, kept: Any, drawn: Any) -> Any:
    return x / kept * np.less(drawn, kept).astype(x.dtype)


def softmax_cross_entropy_with_logits(
    *unnamed: Any,
    labels: Any = None,
    logits: Any = None,
    dim: Any = -1,
    name: str | None = None,
    axis: Any = None,
) -> Symbol:
    """Cross entropy of weights per class and logits; no gradient reaches the labels.

    All else is as in `softmax_cross_entropy_with_logits_v2`, but labels and logits must be named,
    because other programs have them in the other order.

    Raises
    ------
    ArgumentError
        If labels and logits are not named.
    """
    kind = "softmax_cross_entropy_with_logits"
    labels, logits = _labels_and_logits(kind, unnamed, labels, logits)
    axis = dim if axis is None else axis
    labels, logits, axis = _with_axis(kind, labels, logits, axis)
    if isinstance(labels, Symbol):
        labels = stop_gradient(labels, name=f"{labels.op_name.rpartition('/')[2]}_stopped")
    return softmax_cross_entropy_with_logits_v2(labels, logits, axis, name)


def softmax_cross_entropy_with_logits_v2(
    labels: Any,
    logits: Any,
    axis: Any = None,
    name: str | None = None,
    dim: Any = None,
) -> Symbol:
    """Cross entropy of weights per class and logits; the labels have a gradient too.

    One value for each example. The class is the last axis unless ``axis``, or ``dim``, is given.
    Labels are converted to the dtype of the logits; the axes of their examples may be others, if
    there are as many examples.

    Raises
    ------
    ShapeError
        If the numbers of classes or examples differ.
    DTypeError
        If the logits are not floating.
    """
    kind = "softmax_cross_entropy_with_logits"
    labels, logits, axis = _with_axis(kind, labels, logits, axis_or_last(kind, axis, dim))
    if labels.dtype != logits.dtype:
        labels = cast(labels, logits.dtype)
    return operation(kind, name, _cross_entropy, labels, logits, axis)


def _with_axis(kind: str, labels: Any, logits: Any, axis: Any) -> tuple[Any, Any, int]:
    """The labels, logits and axis of the classes, if there can be as many classes and examples."""
    labels, logits = operand(labels, caller=kind), floating(kind, logits)
    axis = axis_or_last(kind, axis, None)
    shapes = [one.shape for one in (labels, logits) if one.shape is not None]
    if len(shapes) == 2 and all(-len(shape) <= axis < len(shape) for shape in shapes):
        sizes = [None if None in shape else math.prod(shape) for shape in shapes]
        counts = [(shape[axis], size) for shape, size in zip(shapes, sizes, strict=True)]
        if not fits(*counts):
            raise _misfit(kind, labels, logits)
    return labels, logits, axis


def _cross_entropy(labels: Any, logits: Any, axis: int) -> Any:
    """The engine's, whose classes are on the last axis, with classes on any."""
    if axis != -1:
        labels, logits = (np.moveaxis(x, axis, -1) for x in (labels, logits))
    if (
        np.shape(labels) != np.shape(logits)
        and np.size(labels) == np.size(logits)
        and np.shape(labels)[-1:] == np.shape(logits)[-1:]
    ):
        labels = np.reshape(labels, np.shape(logits))
    return activation.softmax_cross_entropy_with_logits(labels, logits)


def sparse_softmax_cross_entropy_with_logits(
    *unnamed: Any, labels: Any = None, logits: Any = None, name: str | None = None
) -> Symbol:
    """Cross entropy of class numbers and logits, whose last axis is the class; both are named.

    Raises
    ------
    DTypeError
        If the labels are not integers.
    ShapeError
        If the shapes do not fit or, when it is run, if a label is not a class.
    ArgumentError
        If labels and logits are not named.
    """
    function = activation.sparse_softmax_cross_entropy_with_logits
    given = _labels_and_logits("sparse_softmax_cross_entropy_with_logits", unnamed, labels, logits)
    return operation(
        "SparseSoftmaxCrossEntropyWithLogits", name, function, *[operand(one) for one in given]
    )


def sigmoid_cross_entropy_with_logits(
    *unnamed: Any, labels: Any = None, logits: Any = None, name: str | None = None
) -> Symbol:
    """Cross entropy of probabilities and logits, element by element; both are named.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If labels and logits are not named.
    """
    kind = "sigmoid_cross_entropy_with_logits"
    labels, logits = _of_one_shape(kind, *_labels_and_logits(kind, unnamed, labels, logits))
    function = activation.sigmoid_cross_entropy_with_logits
    return operation("logistic_loss", name, function, labels, logits)


def _labels_and_logits(kind: str, unnamed: Any, labels: Any, logits: Any) -> tuple[Any, Any]:
    """The labels and logits, if they were given by name."""
    if unnamed or labels is None or logits is None:
        raise ArgumentError(
            f"{kind} needs its operands by name, as in {kind}(labels=Y, logits=Z): other programs "
            "have them in the other order."
        )
    return labels, logits


def _of_one_shape(kind: str, labels: Any, logits: Any) -> list[Any]:
    """The labels and logits in one dtype, if their shapes can be equal."""
    found = operands(kind, labels, logits)
    if not fits(*[one.shape for one in found]):
        raise _misfit(kind, *found)
    return found


def _misfit(kind: str, labels: Any, logits: Any) -> ShapeError:
    received = " and ".join(
        f"{role} {getattr(one, 'name', 'an array')} of shape {one.shape}"
        for role, one in (("labels", labels), ("logits", logits))
    )
    return ShapeError(f"{kind} takes labels and logits of one shape. Received: {received}.")
