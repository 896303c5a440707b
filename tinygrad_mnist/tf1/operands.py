"""What operations share: operands of one dtype, axes, and arguments by an old name.

TensorFlow 1 never promotes: float32 and float64 do not meet in one operation, and constants take
the dtype of the symbol that they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.core.arrays import SCALARS
from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.graph.symbol import Symbol, defer
from tinygrad_mnist.tf1.dtypes import as_array


def operation(
    kind: str, name: str | None, function: Callable[..., Any], *operands: Any, **keywords: Any
) -> Symbol:
    """Return the Symbol of one operation, under its own name or, without one, that of its kind."""
    symbol: Symbol = defer(function, *operands, name=name or kind, **keywords)
    return symbol


def operand(value: Any, dtype: Any = None, caller: str = "An operation") -> Any:
    """Return a Symbol as it is, a sequence with Symbols in it stacked, and else an array."""
    if isinstance(value, Symbol):
        return value
    if isinstance(value, list | tuple) and any(isinstance(member, Symbol) for member in value):
        return operation("packed", None, np.stack, alike(caller, *value))
    return as_array(value, dtype, f"{caller}: an operand")


def alike(caller: str, *values: Any) -> list[Any]:
    """Return operands in the one dtype that they must have.

    Raises
    ------
    DTypeError
        If two Symbols differ in dtype, or a constant cannot be converted to theirs.
    """
    symbols = [value for value in values if isinstance(value, Symbol)]
    first = symbols[0] if symbols else operand(values[0], caller=caller)
    for symbol in symbols:
        if symbol.dtype != first.dtype:
            raise DTypeError(
                f"{caller} takes operands of one dtype. Received: {first.name} of dtype "
                f"{first.dtype} and {symbol.name} of dtype {symbol.dtype}. Convert one with "
                "tf.cast."
            )
    found = []
    for value in values:
        converted = operand(value, first.dtype, caller)
        # Python's numbers are constants that a program prints as they were written.
        found.append(value if symbols and type(value) in SCALARS else converted)
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


def axes(axis: int | Sequence[int] | None) -> int | tuple[int, ...] | None:
    """Return axes as NumPy takes them."""
    return tuple(int(one) for one in axis) if isinstance(axis, Sequence) else axis


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
