"""Sizes that follow from shapes: known when the graph is built, or for each shape that is fed.

A session has a program for each shape of its feeds. So ``tf.zeros([tf.shape(x)[0], 3])`` can be
computed although its shape is not known before, but not zeros of a size that is fed as a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.replay.signature import flatten, unflatten
from tinygrad_mnist.tf1.symbol import Placeholder, Symbol, ancestors
from tinygrad_mnist.tf1.unknown import Shape

_GUESSES = ((2, 3, 5, 7, 11, 13), (1013, 1009, 997, 991, 983, 977))
"""Two lists of sizes that unknown ones could have: what is computed of both, alike, is known."""


def fact_of_shape(function: Callable[[Any], Any], x: Any, dtype: Any) -> Any:
    """What a function, such as ``np.shape``, tells of the shape of x; that of such symbols."""
    return np.asarray(function(x)).astype(dtype)


def is_fact(symbol: Symbol) -> bool:
    """Whether a symbol depends on the shape of another, and not on its value."""
    return symbol.function is fact_of_shape


def is_size(symbol: Symbol) -> bool:
    """Whether a symbol is of integers that follow from shapes, and from nothing that is fed."""
    needed = ancestors([symbol], lambda each: not is_fact(each))
    of_integers = symbol.dtype in (np.int32, np.int64)
    return of_integers and any(map(is_fact, needed)) and not any(map(_is_open, needed))


def _is_open(symbol: Symbol) -> bool:
    """Whether the value of a symbol is fed, or of a session."""
    return symbol.session or isinstance(symbol, Placeholder)


def possible_values(what: str, value: Symbol) -> tuple[Any, Any]:
    """Return two values that a symbol can have, alike if it is known; None if they cannot be told.

    Raises
    ------
    ArgumentError
        If the value depends on what a session is fed or keeps, other than by shapes.
    """
    needed = ancestors([value], lambda symbol: not is_fact(symbol))
    for symbol in needed:
        if _is_open(symbol):
            raise ArgumentError(
                f"{what} must be known when the graph is built, or follow from shapes. Received: "
                f"{value.name}, which depends on {symbol.name} and is known in a run only."
            )
    order = sorted(needed, key=lambda symbol: symbol.number)
    first, second = (_value_for(order, guesses) for guesses in _GUESSES)
    return first, second


def _value_for(order: list[Symbol], guesses: tuple[int, ...]) -> Array | None:
    """The value of the last symbol, computed from the others, or None if a rank is not known."""
    values: dict[Symbol, Any] = {}
    guessed: dict[Any, int] = {}
    with no_grad(), np.errstate(all="ignore"):
        for symbol in order:
            structure, leaves = flatten((symbol.arguments, symbol.keywords))
            if is_fact(symbol):
                x = symbol.arguments[1]
                if x.shape is None:
                    return None
                places = [(x, axis) for axis, size in enumerate(x.shape) if size is None]
                for place in places:
                    guessed.setdefault(place, guesses[len(guessed) % len(guesses)])
                shape = [guessed.get((x, axis), size) for axis, size in enumerate(x.shape)]
                leaves = [np.broadcast_to(0, shape) if leaf is x else leaf for leaf in leaves]
            else:
                leaves = [values[leaf] if isinstance(leaf, Symbol) else leaf for leaf in leaves]
            arguments, keywords = unflatten(structure, leaves)
            values[symbol] = symbol.function(*arguments, **keywords)
    value = values[order[-1]]
    return value._array if isinstance(value, Tensor) else np.asarray(value)


def sizes_in_run(what: str, shape: Any) -> Shape:
    """Return what is known of a shape that a run tells; () of one that is known, or is no shape.

    Raises
    ------
    ArgumentError
        As `possible_values`.
    """
    given = shape if isinstance(shape, list | tuple) else [shape]
    values = [possible_values(what, size) for size in given if isinstance(size, Symbol)]
    if all(one is not None and np.array_equal(one, other) for one, other in values):
        return ()
    for size in given:
        if isinstance(size, Symbol) and size.dtype not in (np.int32, np.int64):
            raise ArgumentError(
                f"{what} must be made of integers. Received: {size.name} of dtype {size.dtype}."
            )
    if isinstance(shape, Symbol):
        ((one, other),) = values
        if one is None or np.shape(one) != np.shape(other):
            return None
        both = zip(np.ravel(one), np.ravel(other), strict=True)
        return tuple(int(a) if a == b else None for a, b in both)
    found = iter(values)
    pairs = [next(found) if isinstance(size, Symbol) else (size, size) for size in given]
    return tuple(one if one is not None and one == other else None for one, other in pairs)


def sizes_now(told: Any, least: int = 0) -> tuple[int, ...]:
    """Return the sizes in a run, of what was given as a shape when the graph was built.

    Raises
    ------
    ShapeError
        If one is smaller than the least.
    """
    several = told._array if isinstance(told, Tensor) else told
    found = tuple(int(size._array if isinstance(size, Tensor) else size) for size in several)
    if min(found, default=0) < least:
        raise ShapeError(f"a size is {min(found)}, and must be at least {least}.")
    return found
