"""Initializers: ``initializer(shape, dtype)`` is a Symbol of the first value of a variable.

Random ones draw anew each time they are run, so two variables of one initializer differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tinygrad_mnist.tf1 import arrays, random_numbers
from tinygrad_mnist.tf1.arguments import sizes
from tinygrad_mnist.tf1.conversion import as_dtype, float32
from tinygrad_mnist.tf1.symbol import Symbol


class Initializer:
    """What all share: ``make(shape, dtype=dtype)`` is the Symbol, and the dtype may be given later.

    TensorFlow adds ``partition_info``, which is ignored: no variable is in parts.
    """

    def __init__(self, make: Callable[..., Symbol], dtype: Any) -> None:
        self.make = make
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Symbol:
        """Return the Symbol of a first value."""
        return self.make(shape, dtype=dtype or self.dtype)


class zeros_initializer(Initializer):  # noqa: N801  TensorFlow's name
    """Zeros."""

    def __init__(self, dtype: Any = float32) -> None:
        super().__init__(arrays.zeros, dtype)


class ones_initializer(Initializer):  # noqa: N801
    """Ones."""

    def __init__(self, dtype: Any = float32) -> None:
        super().__init__(arrays.ones, dtype)


class constant_initializer(Initializer):  # noqa: N801
    """One value, or as many as the shape has elements."""

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        def make(shape: Any, dtype: Any) -> Symbol:
            return arrays.constant(value, dtype, shape, verify_shape=verify_shape)

        super().__init__(make, dtype)


class random_uniform_initializer(Initializer):  # noqa: N801
    """Uniform between two bounds, the upper one, 1 by default, excluded."""

    def __init__(
        self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        draw = partial(random_numbers.random_uniform, minval=minval, maxval=maxval, seed=seed)
        super().__init__(draw, dtype)


class random_normal_initializer(Initializer):  # noqa: N801
    """Normal."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        draw = partial(random_numbers.random_normal, mean=mean, stddev=stddev, seed=seed)
        super().__init__(draw, dtype)


class truncated_normal_initializer(Initializer):  # noqa: N801
    """Normal, redrawn until within two standard deviations of the mean."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        draw = partial(random_numbers.truncated_normal, mean=mean, stddev=stddev, seed=seed)
        super().__init__(draw, dtype)


class glorot_uniform_initializer(Initializer):  # noqa: N801
    """Uniform on ±sqrt(6 / (inputs + outputs)).

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16; also known as Xavier.
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        def draw(shape: Any, dtype: Any) -> Symbol:
            shape = sizes("glorot_uniform_initializer: shape", shape)
            limit = math.sqrt(6.0 / fans(shape))
            return random_numbers.random_uniform(shape, -limit, limit, dtype, seed)

        super().__init__(draw, dtype)


def fans(shape: Sequence[int]) -> float:
    """Return the inputs plus the outputs of a unit whose weights have this shape.

    The last two axes are inputs and outputs; those before them are places of a kernel, each of
    which has as many. A vector counts as both, and what has no elements as one of each.
    """
    if len(shape) < 2:
        return 2.0 * max(1, *shape, 1)
    return max(2.0, math.prod(shape[:-2]) * (shape[-2] + shape[-1]))
