"""What operations ask of their arguments.

Sizes, axes, depths and numbers of parts must be known when the graph is built. TensorFlow takes
Symbols for them: one that is computed from constants alone is computed at once, and what any other
will be is not known before a run.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.tf1.sizes import possible_values, sizes_in_run
from tinygrad_mnist.tf1.symbol import Symbol, operand
from tinygrad_mnist.tf1.unknown import Shape


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
    given = constant_value(what, value)
    several = isinstance(given, list | tuple | range) or np.ndim(given)
    try:
        members = [
            operator.index(constant_value(what, one)) for one in (given if several else [given])
        ]
    except TypeError:
        raise ArgumentError(
            f"{what} must be an integer, or several. Received: {value!r:.60}."
        ) from None
    return tuple(members) if several else members[0]


def shape_to_fill(what: str, shape: Any) -> tuple[Shape, Any]:
    """Return what is known of a shape, and what tells it in a run; the same where all is known.

    Raises
    ------
    ArgumentError
        As `sizes`, but for sizes that follow from shapes.
    """
    known = sizes_in_run(what, shape)
    if known != ():
        sizes(what, [size for size in known or () if size is not None])
        return known, shape
    found = sizes(what, shape)
    return found, found


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


def constant_value(what: str, value: Any) -> Any:
    """Return the value of a Symbol, and anything else as it is.

    Raises
    ------
    ArgumentError
        If the value depends on what a session is fed or keeps, or on a size that is not known.
    """
    if not isinstance(value, Symbol):
        return value
    found, other = possible_values(what, value)
    if found is None or not np.array_equal(found, other):
        raise ArgumentError(
            f"{what} must be known when the graph is built. Received: {value.name}, which follows "
            "from a shape and is known in a run only."
        )
    return found


def floating(caller: str, value: Any) -> Any:
    """Return the operand of an operation on floating numbers.

    Raises
    ------
    DTypeError
        If its dtype is another; NumPy would compute in float64.
    """
    found = operand(value, caller=caller)
    if found.dtype.kind != "f":
        raise DTypeError(
            f"{caller} takes floating numbers. Received: {getattr(found, 'name', 'a constant')} "
            f"of dtype {found.dtype}. Convert it with tf.cast(x, tf.float32)."
        )
    return found


def either(new: Any, old: Any, names: str) -> Any:
    """Return the one of two that was given: an argument by its name or by the name it had.

    Raises
    ------
    ArgumentError
        If both were.
    """
    if new is not None and old is not None:
        raise ArgumentError(f"{names} are two names of one argument. Received both: {new}, {old}.")
    return old if new is None else new


def refuse_old_order(caller: str, is_old: bool, now: str) -> None:
    """Refuse arguments in the order that they had before TensorFlow 1.0.

    Raises
    ------
    ArgumentError
        If they are.
    """
    if is_old:
        raise ArgumentError(
            f"{caller} was given its arguments in the order that they had before TensorFlow 1.0. "
            f"Write {now}."
        )
