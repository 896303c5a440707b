"""What operations ask of their operands, and which of TensorFlow's arguments they refuse."""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.tf1.symbol import operand


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
