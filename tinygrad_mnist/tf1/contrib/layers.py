"""``tf.contrib.layers``: of it only ``xavier_initializer``."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_mnist.tf1.conversion import float32
from tinygrad_mnist.tf1.first_values import fans, glorot_uniform_initializer
from tinygrad_mnist.tf1.random_numbers import truncated_normal
from tinygrad_mnist.tf1.symbol import Symbol

__all__ = ["xavier_initializer"]


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = float32) -> Any:
    """Glorot's initializer: uniform, or normal and cut off at two standard deviations.

    TensorFlow 1 allows for the cutting off by 1.3 in the variance, as this does.
    """
    if uniform:
        return glorot_uniform_initializer(seed, dtype)

    def normal(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Symbol:
        stddev = math.sqrt(1.3 * 2.0 / fans(shape))
        return truncated_normal(shape, 0.0, stddev, dtype, seed)

    return normal
