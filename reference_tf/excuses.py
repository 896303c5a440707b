"""Which known deviation of TensorFlow's explains that an operation's cotangents differ.

>>> excuse("cumprod", 0, [np.array([2.0, 0.0])], np.array([2.0, 0.0]), np.ones(2))
'cumprod of a zero'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reference_tf.deviations import KNOWN_TF_DEVIATIONS

Array = npt.NDArray[Any]
Operands = Sequence[Array]
Excuse = tuple[str, Callable[[Operands, Array, Array], Any]]


def _zero_power_of_zero(operands: Operands, value: Array, cotangent: Array) -> Any:
    return np.any((operands[0] == 0) & (operands[1] == 0))


def _zero_among_operands(operands: Operands, value: Array, cotangent: Array) -> Any:
    return np.any(operands[0] == 0)


def _zero_length(operands: Operands, value: Array, cotangent: Array) -> Any:
    return np.any(value == 0)


def _zero_cotangent_of_zero(operands: Operands, value: Array, cotangent: Array) -> Any:
    return np.any((operands[0] == 0) & (cotangent == 0))


def _labels_of_another_sum(operands: Operands, value: Array, cotangent: Array) -> Any:
    labels = operands[0]
    rounding = labels.shape[-1] * np.finfo(labels.dtype).eps
    return np.any(np.abs(labels.sum(axis=-1) - 1) > rounding)


def _nan_clipped(operands: Operands, value: Array, cotangent: Array) -> Any:
    return np.any(np.isnan(operands[0]))


def _always(operands: Operands, value: Array, cotangent: Array) -> Any:
    return True


_EXCUSES: dict[tuple[str, int], Excuse] = {
    ("power", 0): ("x**0 at 0", _zero_power_of_zero),
    ("cumprod", 0): ("cumprod of a zero", _zero_among_operands),
    ("norm", 0): ("norm of zeros", _zero_length),
    ("clip", 0): ("clip of nan", _nan_clipped),
    ("clip", 1): ("clip of nan", _nan_clipped),
    ("clip", 2): ("clip of nan", _nan_clipped),
    ("reciprocal", 0): ("where(x > 0, reciprocal(x), 0) at 0", _zero_cotangent_of_zero),
    ("sqrt", 0): ("where(x > 0, sqrt(x), 0) at 0", _zero_cotangent_of_zero),
    ("softmax_cross_entropy_with_logits", 1): ("labels not summing to 1", _labels_of_another_sum),
}
"""(primitive, operand) -> a name in ``KNOWN_TF_DEVIATIONS``, and whether it can be the reason."""


def _zero_to_at_most_one(operands: Operands, value: Array, cotangent: Array) -> Any:
    """The derivative of x**1 is x**0."""
    return np.any((operands[0] == 0) & ((operands[1] == 0) | (operands[1] == 1)))


_SECOND: dict[tuple[str, int], Excuse] = {
    ("power", 0): ("x**0 at 0", _zero_to_at_most_one),
    ("prod", 0): ("second derivative of a product with a zero", _zero_among_operands),
    ("softmax_cross_entropy_with_logits", 0): (
        "second derivative of cross entropy by labels and logits",
        _always,
    ),
}
"""The same of the second derivatives alone."""


def excuse(name: str, position: int, operands: Operands, value: Array, cotangent: Array) -> str:
    """Name the known deviation that an operand's cotangent may differ by, or ``""``."""
    return _first_of([_EXCUSES.get((name, position))], operands, value, cotangent)


def second_excuse(
    name: str, position: int, operands: Operands, value: Array, cotangent: Array
) -> str:
    """Name the known deviation that a second derivative may differ by, or ``""``.

    A cotangent that deviates has all its derivatives wrong.
    """
    of_cotangents = [known for (of, _), known in _EXCUSES.items() if of == name]
    candidates = [_SECOND.get((name, position)), *of_cotangents]
    return _first_of(candidates, operands, value, cotangent)


def _first_of(
    candidates: Sequence[Excuse | None], operands: Operands, value: Array, cotangent: Array
) -> str:
    for candidate in candidates:
        if candidate is not None and candidate[1](operands, value, cotangent):
            if candidate[0] not in KNOWN_TF_DEVIATIONS:
                raise KeyError(
                    f"{candidate[0]!r} is excused but is no entry of KNOWN_TF_DEVIATIONS."
                )
            return candidate[0]
    return ""
