"""Random numbers by their TensorFlow names: drawn anew at each run, alike in each session.

The numbers of a symbol depend on the seed of the graph, 0 unless `set_random_seed` sets another,
and on the seed of the symbol or, without one, its place in the graph: a program gives the same
result each time. TensorFlow draws other numbers, and without a seed others each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import integer
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.nn import initializers
from tinygrad_mnist.replay.capture import host
from tinygrad_mnist.tf1.arguments import constant_value, shape_to_fill
from tinygrad_mnist.tf1.conversion import as_array, as_dtype, float32, float64
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.sizes import sizes_now
from tinygrad_mnist.tf1.symbol import Symbol, defer_in_session

Sample = Callable[[np.random.Generator, tuple[int, ...]], Any]


def set_random_seed(seed: int) -> None:
    """Set what all random symbols of the default graph draw from.

    Raises
    ------
    ArgumentError
        If it is not an integer of at least 0.
    """
    get_default_graph().seed = integer("seed", seed, least=0)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Symbol:
    """Normal numbers.

    Raises
    ------
    ArgumentError
        If the standard deviation is negative.
    """
    mean, stddev = _moments("random_normal", mean, stddev)

    def sample(generator: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        return generator.normal(mean, stddev, sizes)

    return _random_symbol("random_normal", sample, shape, dtype, seed, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Symbol:
    """Normal numbers, redrawn until within two standard deviations of the mean.

    Raises
    ------
    ArgumentError
        If the standard deviation is negative.
    """
    mean, stddev = _moments("truncated_normal", mean, stddev)
    draw = initializers.truncated_normal(stddev)

    def sample(generator: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        return mean + draw(generator, sizes, np.float64)

    return _random_symbol("truncated_normal", sample, shape, dtype, seed, name)


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Symbol:
    """Uniform numbers, the upper bound excluded; it is 1 unless given, and must be for integers.

    Raises
    ------
    ArgumentError
        If integers are asked without an upper bound, or the bounds leave nothing between them.
    """
    integers = as_dtype(dtype).kind in "iu"
    if integers and maxval is None:
        raise ArgumentError("random_uniform of integers needs maxval, the bound to stay below.")
    kind = dtype if integers else float64
    low = _numbers("random_uniform: minval", minval, kind)
    high = _numbers("random_uniform: maxval", 1 if maxval is None else maxval, kind)
    if not np.all(low < high if integers else low <= high):
        raise ArgumentError(
            f"random_uniform needs a minval below maxval. Received: {low} and {high}."
        )

    def sample(generator: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        if integers:
            return generator.integers(low, high, sizes)
        return generator.uniform(low, high, sizes)

    return _random_symbol("random_uniform", sample, shape, dtype, seed, name)


def _moments(caller: str, mean: Any, stddev: Any) -> tuple[Array, Array]:
    """The mean and the standard deviation, of all numbers or of each."""
    deviation = _numbers(f"{caller}: stddev", stddev, float64)
    if not np.all(deviation >= 0):
        raise ArgumentError(f"{caller}: stddev must be at least 0. Received: {stddev!r:.60}.")
    return _numbers(f"{caller}: mean", mean, float64), deviation


def _numbers(what: str, value: Any, dtype: Any) -> Array:
    return as_array(constant_value(what, value), dtype, what)


def _random_symbol(
    kind: str, sample: Sample, shape: Any, dtype: Any, seed: int | None, name: str | None
) -> Symbol:
    """Return the Symbol of numbers of a shape.

    Parameters
    ----------
    sample
        Draws float64 or integers, which are converted to the dtype.

    Raises
    ------
    ArgumentError
        If the seed is neither None nor an integer of at least 0.
    DTypeError
        If the dtype is not one of numbers.
    """
    dtype = as_dtype(dtype)
    if dtype.kind not in "iuf":
        raise DTypeError(f"{kind} draws numbers. Received: dtype {dtype}.")
    seed = None if seed is None else integer("seed", seed, least=0)
    known, told = shape_to_fill(f"{kind}: shape", shape)

    def draw(keeping: Any, told: Any) -> Tensor:
        generator, sizes = keeping.generator(seed), sizes_now(told)
        return host(lambda: np.asarray(sample(generator, sizes), dtype))

    return defer_in_session(draw, told, name=name or kind, shape=known, dtype=dtype)
