"""The cross entropies of ``tf.nn``, one value for each example."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.ops import activation
from tinygrad_mnist.tf1.arrays import stop_gradient
from tinygrad_mnist.tf1.known import axis_or_last
from tinygrad_mnist.tf1.symbol import Symbol, operand, operands, operation
from tinygrad_mnist.tf1.variables import fits


def softmax_cross_entropy_with_logits(
    *unnamed: Any, labels: Any = None, logits: Any = None, dim: Any = -1, name: str | None = None
) -> Symbol:
    """Cross entropy of weights per class and logits; no gradient reaches the labels.

    One value for each example. The class is the last axis unless ``dim`` is given; labels and
    logits must be named, because other programs have them in the other order.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If labels and logits are not named.
    """
    kind = "softmax_cross_entropy_with_logits"
    labels, logits = _of_one_shape(kind, *_named(kind, unnamed, labels, logits))
    if isinstance(labels, Symbol):
        labels = stop_gradient(labels, name=f"{labels.op_name.rpartition('/')[2]}_stopped")
    return softmax_cross_entropy_with_logits_v2(labels, logits, axis=dim, name=name)


def softmax_cross_entropy_with_logits_v2(
    labels: Any,
    logits: Any,
    axis: Any = None,
    name: str | None = None,
    dim: Any = None,
) -> Symbol:
    """Cross entropy of weights per class and logits; the labels have a gradient too.

    Raises
    ------
    ShapeError
        If the shapes differ.
    """
    kind = "softmax_cross_entropy_with_logits"
    labels, logits = _of_one_shape(kind, labels, logits)
    return operation(kind, name, _cross_entropy, labels, logits, axis_or_last(kind, axis, dim))


def _cross_entropy(labels: Any, logits: Any, axis: int) -> Any:
    """The engine's, whose classes are on the last axis, with classes on any."""
    if axis != -1:
        labels, logits = (np.moveaxis(x, axis, -1) for x in (labels, logits))
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
    given = _named("sparse_softmax_cross_entropy_with_logits", unnamed, labels, logits)
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
    labels, logits = _of_one_shape(kind, *_named(kind, unnamed, labels, logits))
    function = activation.sigmoid_cross_entropy_with_logits
    return operation("logistic_loss", name, function, labels, logits)


def _named(kind: str, unnamed: Any, labels: Any, logits: Any) -> tuple[Any, Any]:
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
        received = " and ".join(
            f"{role} {getattr(one, 'name', 'an array')} of shape {one.shape}"
            for role, one in zip(("labels", "logits"), found, strict=True)
        )
        raise ShapeError(f"{kind} takes labels and logits of one shape. Received: {received}.")
    return found
