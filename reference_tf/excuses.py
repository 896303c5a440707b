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


_EXCUSES: dict[tuple[str, int], tuple[str, Callable[[Operands, Array, Array], Any]]] = {
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


def excuse(name: str, position: int, operands: Operands, value: Array, cotangent: Array) -> str:
    """Name the known deviation that an operand's cotangent may differ by, or ``""``."""
    deviation, applies = _EXCUSES.get((name, position), ("", None))
    if applies is None or not applies(operands, value, cotangent):
        return ""
    if deviation not in KNOWN_TF_DEVIATIONS:
        raise KeyError(f"{deviation!r} is excused but is no entry of KNOWN_TF_DEVIATIONS.")
    return deviation
