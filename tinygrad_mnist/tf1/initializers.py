"""Initializers: ``initializer(shape, dtype)`` is a Symbol of the first value of a variable.

Random ones draw anew each time they are run, so two variables of one initializer differ. What
TensorFlow adds, ``partition_info``, is ignored: no variable is in parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinygrad_mnist.tf1 import arrays, random
from tinygrad_mnist.tf1.arguments import sizes
from tinygrad_mnist.tf1.dtypes import as_dtype, float32
from tinygrad_mnist.tf1.symbol import Symbol


class zeros_initializer:  # noqa: N801  TensorFlow's name
    """Zeros."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        return arrays.zeros(shape, dtype or self.dtype)


class ones_initializer:  # noqa: N801
    """Ones."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        return arrays.ones(shape, dtype or self.dtype)


class constant_initializer:  # noqa: N801
    """One value, or as many as the shape has elements."""

    def __init__(self, value: Any = 0, dtype: Any = float32) -> None:
        self.value = value
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        return arrays.constant(self.value, dtype or self.dtype, shape)


class random_uniform_initializer:  # noqa: N801
    """Uniform between two bounds, the upper one, 1 by default, excluded."""

    def __init__(
        self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        bounds = self.minval, self.maxval
        return random.random_uniform(shape, *bounds, dtype or self.dtype, self.seed)


class random_normal_initializer:  # noqa: N801
    """Normal."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        moments = self.mean, self.stddev
        return random.random_normal(shape, *moments, dtype or self.dtype, self.seed)


class truncated_normal_initializer:  # noqa: N801
    """Normal, redrawn until within two standard deviations of the mean."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        moments = self.mean, self.stddev
        return random.truncated_normal(shape, *moments, dtype or self.dtype, self.seed)


class glorot_uniform_initializer:  # noqa: N801
    """Uniform on ±sqrt(6 / (inputs + outputs)).

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16; also known as Xavier.
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        shape = sizes("glorot_uniform_initializer: shape", shape)
        limit = math.sqrt(6.0 / fans(shape))
        return random.random_uniform(shape, -limit, limit, dtype or self.dtype, self.seed)


def fans(shape: Sequence[int]) -> float:
    """Return the inputs plus the outputs of a unit whose weights have this shape.

    The last two axes are inputs and outputs; those before them are places of a kernel, each of
    which has as many. A vector counts as both, and what has no elements as one of each.
    """
    if len(shape) < 2:
        return 2.0 * max(1, *shape, 1)
    return max(2.0, math.prod(shape[:-2]) * (shape[-2] + shape[-1]))
