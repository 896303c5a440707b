"""Arguments that must be known when the graph is built: sizes, axes, depths, numbers of parts.

TensorFlow takes Symbols for them. One that is computed from constants alone is computed at once;
what any other will be is not known before a run.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.tf1.operands import either
from tinygrad_mnist.tf1.session import Session
from tinygrad_mnist.tf1.symbol import Placeholder, Symbol, ancestors


def integer(what: str, value: Any) -> int:
    """Return one integer.

    Raises
    ------
    ArgumentError
        If it is None or several, or else as `integers`.
    """
    found = None if value is None else integers(what, value)
    if not isinstance(found, int):
        raise ArgumentError(f"{what} must be one integer. Received: {value!r:.60}.")
    return found


def integers(what: str, value: Any) -> int | tuple[int, ...]:
    """Return an integer, or several as a tuple.

    Parameters
    ----------
    what
        The operation and the argument, in error messages.
    value
        An integer, a sequence or an array of them, or a Symbol.

    Raises
    ------
    ArgumentError
        If it is none of these, or a Symbol whose value is not known.
    """
    given = number(what, value)
    several = isinstance(given, list | tuple | range) or np.ndim(given)
    try:
        members = [operator.index(number(what, one)) for one in (given if several else [given])]
    except TypeError:
        raise ArgumentError(
            f"{what} must be an integer, or several. Received: {value!r:.60}."
        ) from None
    return tuple(members) if several else members[0]


def sizes(what: str, shape: Any) -> tuple[int, ...]:
    """Return a shape whose sizes are all known; an integer is that of one axis.

    Raises
    ------
    ArgumentError
        As `integers`, or if a size is negative.
    """
    given = shape if isinstance(shape, list | tuple) else [shape]
    known = all(size is not None for size in given)
    found = integers(what, shape) if known else -1
    wanted = found if isinstance(found, tuple) else (found,)
    if any(size < 0 for size in wanted):
        raise ArgumentError(f"{what} must be made of known sizes. Received: {shape!r:.60}.")
    return wanted


def axis_or_last(caller: str, axis: Any, dim: Any) -> int:
    """Return the axis, by the one or the other name, or -1 if it was not given."""
    found = either(axis, dim, "axis and dim")
    return -1 if found is None else integer(f"{caller}: axis", found)


def number(what: str, value: Any) -> Any:
    """Return the value of a Symbol, and anything else as it is.

    Raises
    ------
    ArgumentError
        If the value depends on what a session is fed or keeps.
    """
    if not isinstance(value, Symbol):
        return value
    for symbol in ancestors([value]):
        if symbol.session or isinstance(symbol, Placeholder):
            raise ArgumentError(
                f"{what} must be known when the graph is built. Received: {value.name}, which "
                f"depends on {symbol.name} and is known in a run only."
            )
    return Session(value.graph).run(value)
