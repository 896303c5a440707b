"""Which elements of an operation's derivatives a known deviation of TensorFlow's explains.

What is excused is as little as can be: the element whose power is 0**0, the row whose labels do
not sum to 1. Everything beside it must agree, so that one odd element hides no wrong rule.

>>> from reference_tf.equivalents import EQUIVALENTS
>>> from tinygrad_mnist import Tensor
>>> y = np.cumprod(Tensor([2.0, 0.0, 3.0], requires_grad=True))
>>> found = excuse(Operation(y.node, EQUIVALENTS), 0, np.ones(3))
>>> found.deviation, found.where
('cumprod of a zero', array([False,  True, False]))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reference_tf.deviations import KNOWN_TF_DEVIATIONS
from reference_tf.interface import Array
from reference_tf.operation import Operation

Where = Callable[[Operation, Array], Any]
"""``where(operation, cotangent)``: a mask in the result's shape, or one that keeps reduced axes."""

CROSS_ENTROPY = "softmax_cross_entropy_with_logits"


@dataclass(frozen=True)
class Excuse:
    """An entry of ``KNOWN_TF_DEVIATIONS``, and the elements of an array that it explains."""

    deviation: str
    where: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.deviation not in KNOWN_TF_DEVIATIONS:
            raise KeyError(f"{self.deviation!r} is excused but no entry of KNOWN_TF_DEVIATIONS.")


def _zero_power_of_zero(operation: Operation, cotangent: Array) -> Any:
    base, exponent = operation.operands
    return (base == 0) & (exponent == 0)


def _zero_to_at_most_one(operation: Operation, cotangent: Array) -> Any:
    """The derivative of x**1 is x**0."""
    base, exponent = operation.operands
    return (base == 0) & ((exponent == 0) | (exponent == 1))


def _zero(operation: Operation, cotangent: Array) -> Any:
    return operation.operands[0] == 0


def _zero_in_the_lane(operation: Operation, cotangent: Array) -> Any:
    """A product's second derivative by an element is made of all the others."""
    return np.any(_zero(operation, cotangent), axis=operation.static["axis"], keepdims=True)


def _zero_length(operation: Operation, cotangent: Array) -> Any:
    reduced = np.any(operation.operands[0], axis=operation.static["axis"], keepdims=True)
    return (operation.node.value == 0).reshape(reduced.shape)


def _zero_cotangent_of_zero(operation: Operation, cotangent: Array) -> Any:
    return (operation.operands[0] == 0) & (cotangent == 0)


def _labels_of_another_sum(operation: Operation, cotangent: Array) -> Any:
    labels = operation.operands[0]
    rounding = labels.shape[-1] * np.finfo(labels.dtype).eps
    return np.abs(labels.sum(axis=-1, keepdims=True) - 1) > rounding


def _nan_clipped(operation: Operation, cotangent: Array) -> Any:
    return np.isnan(operation.node.value)


def _everywhere(operation: Operation, cotangent: Array) -> Any:
    return np.ones(operation.operands[0].shape, bool)


_OF_COTANGENTS: dict[tuple[str, int], tuple[str, Where]] = {
    ("power", 0): ("x**0 at 0", _zero_power_of_zero),
    ("cumprod", 0): ("cumprod of a zero", _zero),
    ("norm", 0): ("norm of zeros", _zero_length),
    ("clip", 1): ("clip of nan", _nan_clipped),
    ("reciprocal", 0): ("where(x > 0, reciprocal(x), 0) at 0", _zero_cotangent_of_zero),
    ("sqrt", 0): ("where(x > 0, sqrt(x), 0) at 0", _zero_cotangent_of_zero),
    (CROSS_ENTROPY, 1): ("labels not summing to 1", _labels_of_another_sum),
}
"""(primitive, operand) -> a name in ``KNOWN_TF_DEVIATIONS``, and where it can be the reason."""

_OF_SECOND: dict[tuple[str, int], tuple[str, Where]] = {
    ("power", 0): ("x**0 at 0", _zero_to_at_most_one),
    ("power", 1): ("x**0 at 0", _zero_power_of_zero),
    ("power", 2): ("x**0 at 0", _zero_power_of_zero),
    ("prod", 0): ("second derivative of a product with a zero", _zero_in_the_lane),
    ("cumprod", 0): ("cumprod of a zero", _zero_in_the_lane),
    ("cumprod", 1): ("cumprod of a zero", _zero_in_the_lane),
    ("norm", 0): ("norm of zeros", _zero_length),
    ("norm", 1): ("norm of zeros", _zero_length),
    # All labels: TensorFlow's cotangent of the logits has no derivative by any of them.
    (CROSS_ENTROPY, 0): (
        "second derivative of cross entropy by labels and logits",
        _everywhere,
    ),
    (CROSS_ENTROPY, 1): ("labels not summing to 1", _labels_of_another_sum),
    (CROSS_ENTROPY, 2): ("labels not summing to 1", _labels_of_another_sum),
}
"""The same of second derivatives, by an operand or by the cotangent, which is numbered last.

Where a cotangent deviates, so do its derivatives, by whatever it is made of.
"""


def excuse(operation: Operation, position: int, cotangent: Array) -> Excuse | None:
    """Return what an operand's cotangent may differ by, and where; None if by nothing."""
    return _found(_OF_COTANGENTS, operation, position, cotangent)


def second_excuse(operation: Operation, position: int, cotangent: Array) -> Excuse | None:
    """Return the same of a second derivative."""
    return _found(_OF_SECOND, operation, position, cotangent)


def _found(
    table: Mapping[tuple[str, int], tuple[str, Where]],
    operation: Operation,
    position: int,
    cotangent: Array,
) -> Excuse | None:
    if (operation.name, position) not in table:
        return None
    deviation, where = table[operation.name, position]
    shape = [*operation.operands, cotangent][position].shape
    mask = _laid_over(np.asarray(where(operation, cotangent)), shape)
    return Excuse(deviation, mask) if mask.any() else None


def _laid_over(mask: Array, shape: tuple[int, ...]) -> Array:
    """The mask over an array of a shape that broadcasting made larger, or reducing smaller.

    An element stands for all its repetitions; a reduced axis, kept with size 1, for all along it.
    """
    if mask.size == math.prod(shape):
        return mask.reshape(shape)
    added = mask.ndim - len(shape)
    repeated = tuple(i for i in range(mask.ndim) if i < added or shape[i - added] == 1)
    kept = mask.any(axis=repeated, keepdims=True)
    return np.broadcast_to(kept.reshape(kept.shape[max(added, 0) :]), shape)
