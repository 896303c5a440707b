"""Initialisers: ``initializer(generator, shape, dtype)`` draws the first value of a parameter.

Weights are (inputs, outputs), so the fans are the first and the last size of the shape.

>>> import numpy as np
>>> weight = glorot_uniform(np.random.default_rng(0), (784, 128), np.float32)
>>> bool(np.abs(weight).max() <= np.sqrt(6 / (784 + 128)))
True
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.errors import ShapeError

Shape = tuple[int, ...]
Initializer = Callable[[np.random.Generator, Shape, npt.DTypeLike], npt.NDArray[Any]]

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a standard normal distribution cut off at 2."""


def zeros(generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros; nothing is drawn."""
    return np.zeros(shape, dtype)


def constant(value: float) -> Initializer:
    """Return an initialiser that fills with one value; nothing is drawn."""

    def fill(
        generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        return np.full(shape, plain("The value", value), dtype)

    return fill


def truncated_normal(stddev: float = 0.05) -> Initializer:
    """Return an initialiser: normal values, redrawn until within 2 stddev, as in TensorFlow.

    The result's own standard deviation is 0.88 stddev.
    """

    def draw(
        generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        values = generator.standard_normal(shape)
        outside = np.abs(values) > 2
        while outside.any():
            values[outside] = generator.standard_normal(int(outside.sum()))
            outside = np.abs(values) > 2
        return (stddev * values).astype(dtype)

    return draw


def glorot_uniform(
    generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Uniform on ±sqrt(6 / (inputs + outputs)).

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16; also known as Xavier.
    """
    limit = math.sqrt(6.0 / sum(_fans(shape)))
    return generator.uniform(-limit, limit, shape).astype(dtype)


def glorot_normal(
    generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Truncated normal of variance 2 / (inputs + outputs), as in TensorFlow."""
    stddev = math.sqrt(2.0 / sum(_fans(shape))) / TRUNCATED_STDDEV
    return truncated_normal(stddev)(generator, shape, dtype)


def he_uniform(
    generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Uniform on ±sqrt(6 / inputs).

    Source: He et al., "Delving deep into rectifiers", arXiv:1502.01852, section 2.2.
    """
    limit = math.sqrt(6.0 / _fans(shape)[0])
    return generator.uniform(-limit, limit, shape).astype(dtype)


def he_normal(
    generator: np.random.Generator, shape: Shape, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Truncated normal of variance 2 / inputs, as in TensorFlow."""
    stddev = math.sqrt(2.0 / _fans(shape)[0]) / TRUNCATED_STDDEV
    return truncated_normal(stddev)(generator, shape, dtype)


def _fans(shape: Shape) -> tuple[int, int]:
    if not shape or min(shape[0], shape[-1]) < 1:
        raise ShapeError(
            "Glorot and He initialisers need a shape that begins with the number of inputs and "
            f"ends with that of outputs, each at least 1. Received: {shape}."
        )
    return shape[0], shape[-1]
