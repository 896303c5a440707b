"""``tf.nn``: activations and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.graph.symbol import Symbol
from tinygrad_mnist.ops import activation
from tinygrad_mnist.tf1.arrays import stop_gradient
from tinygrad_mnist.tf1.math import sigmoid, tanh
from tinygrad_mnist.tf1.missing import missing
from tinygrad_mnist.tf1.operands import alike, either, floating, operand, operation
from tinygrad_mnist.tf1.random import random_uniform

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


def __getattr__(name: str) -> NoReturn:
    raise missing("tf.nn", name)


def relu(features: Any, name: str | None = None) -> Symbol:
    """The larger of x and 0."""
    return operation("Relu", name, activation.relu, operand(features))


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Symbol:
    """X where positive, else alpha x."""
    x = floating("LeakyRelu", features)
    return operation("LeakyRelu", name, activation.leaky_relu, x, alpha=alpha)


def elu(features: Any, name: str | None = None) -> Symbol:
    """X where positive, else exp(x) - 1."""
    return operation("Elu", name, activation.elu, floating("Elu", features))


def softplus(features: Any, name: str | None = None) -> Symbol:
    """A smooth relu, log(1 + exp(x))."""
    return operation("Softplus", name, activation.softplus, floating("Softplus", features))


def softmax(
    logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Symbol:
    """The softmax exp(x) / sum(exp(x)) along an axis, the last unless another is given."""
    x, axis = floating("Softmax", logits), either(axis, dim, "axis and dim")
    return operation("Softmax", name, activation.softmax, x, axis=-1 if axis is None else axis)


def log_softmax(
    logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Symbol:
    """Log of the softmax along an axis, the last unless another is given."""
    x, axis = floating("LogSoftmax", logits), either(axis, dim, "axis and dim")
    axis = -1 if axis is None else axis
    return operation("LogSoftmax", name, activation.log_softmax, x, axis=axis)


def bias_add(value: Any, bias: Any, name: str | None = None) -> Symbol:
    """Add a vector along the last axis.

    Raises
    ------
    ArgumentError
        If the bias is no vector.
    """
    value, bias = alike("BiasAdd", value, bias)
    if np.ndim(bias) != 1:
        raise ArgumentError(f"bias_add takes a vector as bias. Received: shape {np.shape(bias)}.")
    return operation("BiasAdd", name, np.add, value, bias)


def l2_loss(t: Any, name: str | None = None) -> Symbol:
    """Half the sum of the squares."""
    return operation("L2Loss", name, _half_square, floating("L2Loss", t))


def _half_square(t: Any) -> Any:
    return 0.5 * np.sum(np.square(t))


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Sequence[int] | None = None,
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
    x = floating("dropout", x)
    if rate is not None:
        rate = 1 - rate
    kept = either(keep_prob, rate, "keep_prob and 1 - rate")
    if kept is None or (not isinstance(kept, Symbol) and not 0 < kept <= 1):
        raise ArgumentError(
            "dropout needs the probability to keep an element, above 0 and at most 1. Received: "
            f"keep_prob {keep_prob!r}."
        )
    x, kept = alike("dropout", x, kept)
    drawn = random_uniform(x if noise_shape is None else noise_shape, dtype=x.dtype, seed=seed)
    return operation("dropout", name, _dropped, x, kept, drawn)


def _dropped(x: Any, kept: Any, drawn: Any) -> Any:
    return x / kept * np.less(drawn, kept).astype(x.dtype)


def softmax_cross_entropy_with_logits(
    *, labels: Any, logits: Any, dim: int = -1, name: str | None = None
) -> Symbol:
    """Cross entropy of weights per class and logits; no gradient reaches the labels.

    One value for each example. The class is the last axis unless ``dim`` is given; labels and
    logits must be named, because other programs have them in the other order.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    labels, logits = alike("softmax_cross_entropy_with_logits", labels, logits)
    return softmax_cross_entropy_with_logits_v2(
        labels=stop_gradient(labels), logits=logits, axis=dim, name=name
    )


def softmax_cross_entropy_with_logits_v2(
    labels: Any,
    logits: Any,
    axis: int | None = None,
    name: str | None = None,
    dim: int | None = None,
) -> Symbol:
    """Cross entropy of weights per class and logits; the labels have a gradient too.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    kind = "softmax_cross_entropy_with_logits"
    labels, logits = alike(kind, labels, logits)
    axis = either(axis, dim, "axis and dim")
    if axis not in (None, -1):
        labels, logits = (np.moveaxis(x, axis, -1) for x in (labels, logits))
    return operation(kind, name, activation.softmax_cross_entropy_with_logits, labels, logits)


def sparse_softmax_cross_entropy_with_logits(
    *, labels: Any, logits: Any, name: str | None = None
) -> Symbol:
    """Cross entropy of class numbers and logits, whose last axis is the class; both are named.

    Raises
    ------
    DTypeError
        If the labels are not integers.
    ShapeError
        If the shapes do not fit or, when it is run, if a label is not a class.
    """
    function = activation.sparse_softmax_cross_entropy_with_logits
    operands = operand(labels), operand(logits)
    return operation("SparseSoftmaxCrossEntropyWithLogits", name, function, *operands)


def sigmoid_cross_entropy_with_logits(
    *, labels: Any, logits: Any, name: str | None = None
) -> Symbol:
    """Cross entropy of probabilities and logits, element by element; both are named.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    labels, logits = alike("logistic_loss", labels, logits)
    function = activation.sigmoid_cross_entropy_with_logits
    return operation("logistic_loss", name, function, labels, logits)
