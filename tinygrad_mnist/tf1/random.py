"""Random numbers by their TensorFlow names: drawn anew at each run, alike in each session.

The numbers of a symbol depend on the seed of the graph, 0 unless `set_random_seed` sets another,
and on the seed of the symbol or, without one, its place in the graph: a program gives the same
result each time. TensorFlow draws other numbers, and without a seed others each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist import initializers
from tinygrad_mnist.core.host import host
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.graph.graph import get_default_graph
from tinygrad_mnist.graph.symbol import Symbol, defer_in_session
from tinygrad_mnist.tf1.dtypes import as_dtype, float32
from tinygrad_mnist.tf1.known import number, sizes

Sample = Callable[[np.random.Generator, tuple[int, ...]], Any]


def set_random_seed(seed: int) -> None:
    """Set what all random symbols of the default graph draw from.

    Raises
    ------
    ArgumentError
        If it is not an integer of at least 0.
    """
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise ArgumentError(f"A seed is an integer of at least 0. Received: {seed!r}.")
    get_default_graph().seed = int(seed)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Symbol:
    """Normal numbers."""
    mean, stddev = _numbers("random_normal", mean=mean, stddev=stddev)

    def sample(generator: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        return generator.normal(mean, stddev, sizes)

    shape = sizes("random_normal: shape", shape)
    return drawn(sample, shape, dtype, seed, name or "random_normal")


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Symbol:
    """Normal numbers, redrawn until within two standard deviations of the mean."""
    mean, stddev = _numbers("truncated_normal", mean=mean, stddev=stddev)
    draw = initializers.truncated_normal(stddev)

    def sample(generator: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        return mean + draw(generator, sizes, np.float64)

    shape = sizes("truncated_normal: shape", shape)
    return drawn(sample, shape, dtype, seed, name or "truncated_normal")


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
        If integers are asked without an upper bound.
    """
    minval, maxval = _numbers("random_uniform", minval=minval, maxval=maxval)
    integers = as_dtype(dtype).kind in "iu"
    if integers and maxval is None:
        raise ArgumentError("random_uniform of integers needs maxval, the bound to stay below.")
    top = 1 if maxval is None else maxval

    def sample(generator: np.random.Generator, sizes: tuple[int, ...]) -> Any:
        if integers:
            return generator.integers(minval, top, sizes)
        return generator.uniform(minval, top, sizes)

    shape = sizes("random_uniform: shape", shape)
    return drawn(sample, shape, dtype, seed, name or "random_uniform")


def _numbers(caller: str, **given: Any) -> list[Any]:
    return [number(f"{caller}: {name}", value) for name, value in given.items()]


def drawn(
    sample: Sample, shape: tuple[int, ...] | Symbol, dtype: Any, seed: int | None, name: str
) -> Symbol:
    """Return the Symbol of numbers of a shape, or of the shape that a Symbol will have.

    Parameters
    ----------
    sample
        Draws float64 or integers, which are converted to the dtype.
    """
    dtype = as_dtype(dtype)

    def draw(keeping: Any, like: Any) -> Tensor:
        sizes = like.shape if isinstance(like, Tensor) else like
        generator = keeping.generator(seed)
        return host(lambda: np.asarray(sample(generator, sizes), dtype))

    if isinstance(shape, Symbol):
        return defer_in_session(draw, shape, name=name, shape=shape.shape, dtype=dtype)
    return defer_in_session(draw, shape, name=name, shape=shape, dtype=dtype)
