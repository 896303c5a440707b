"""What operations share: operands of one dtype, and arguments by an old name or without effect.

TensorFlow 1 never promotes: float32 and float64 do not meet in one operation, and constants take
the dtype of the symbol that they meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.core.arrays import SCALARS
from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.replay.signature import flatten
from tinygrad_mnist.tf1.dtypes import as_array
from tinygrad_mnist.tf1.symbol import Symbol, defer


def operand(value: Any, dtype: Any = None, caller: str = "An operation") -> Any:
    """Return a Symbol as it is, a sequence with Symbols in it stacked, and else an array.

    Raises
    ------
    DTypeError
        If it is an operation without a value, or no numbers, or cannot be of the dtype.
    """
    if _holds_symbols(value):
        return defer(np.stack, joined(caller, value), name="packed")
    if not isinstance(value, Symbol):
        return as_array(value, dtype, f"{caller}: an operand")
    if value.dtype is None:
        raise DTypeError(f"{caller}: {value.name} is an operation, which has no value.")
    return value


def joined(caller: str, values: Any) -> list[Any]:
    """Return Symbols and arrays of the one dtype that they must have, of an array its rows.

    Raises
    ------
    ArgumentError
        If it is no list or tuple of them, or an empty one.
    DTypeError
        If two Symbols differ in dtype, or a constant cannot be converted to theirs.
    """
    if isinstance(values, np.ndarray) and values.ndim:
        values = list(values)
    if not isinstance(values, list | tuple) or not values:
        raise ArgumentError(
            f"{caller} takes a list of at least one operand. Received: {values!r:.60}."
        )
    values = [operand(v, caller=caller) if _holds_symbols(v) else v for v in values]
    symbols = [value for value in values if isinstance(value, Symbol)]
    first = operand(symbols[0] if symbols else values[0], caller=caller)
    for symbol in symbols:
        if symbol.dtype != first.dtype:
            raise DTypeError(
                f"{caller} takes operands of one dtype. Received: {first.name} of dtype "
                f"{first.dtype} and {symbol.name} of dtype {symbol.dtype}. Convert one with "
                "tf.cast."
            )
    return [operand(value, first.dtype, caller) for value in values]


def alike(caller: str, *values: Any) -> list[Any]:
    """Return operands as `joined` does, but Python's numbers beside Symbols as they are.

    They take the Symbols' dtype by themselves, and a program prints them as they were written.
    """
    found = joined(caller, values)
    if not any(isinstance(value, Symbol) for value in found):
        return found
    return [
        value if type(value) in SCALARS else converted
        for value, converted in zip(values, found, strict=True)
    ]


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


def refuse(caller: str, **given: Any) -> None:
    """Refuse arguments that TensorFlow has and this face has not, unless they are left at None.

    Raises
    ------
    ArgumentError
        Naming the first that is not.
    """
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(f"{caller} does not support {name}. Received: {value!r:.60}.")


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


def _holds_symbols(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(
        isinstance(leaf, Symbol) for leaf in flatten(value)[1]
    )
