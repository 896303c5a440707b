"""What ``crosscheck.compare`` is given, checked before anything is run.

>>> plain_array("Argument 0", [1.0, 2.0])
array([1., 2.])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reference_tf.interface import Array
from tinygrad_mnist import Tensor
from tinygrad_mnist.arguments import integer, real
from tinygrad_mnist.errors import ArgumentError, DTypeError


def check(f: Any, order: Any, seed: Any) -> None:
    """Raise ArgumentError unless f is a function, order 1 or 2, and seed a seed."""
    if not callable(f):
        raise ArgumentError(
            f"f must be a function of Tensors, not its result. Received: {type(f).__name__}."
        )
    if not isinstance(order, int | np.integer) or order not in (1, 2):
        raise ArgumentError(f"order must be 1 or 2. Received: {order!r}.")
    integer("seed", seed, least=0)


def plain_array(what: str, given: Any) -> Array:
    """Return what was given as an array that both systems can hold.

    Raises
    ------
    ArgumentError
        If it is a Tensor that requires a gradient: compare makes its own leaves.
    DTypeError
        If its dtype is not boolean, integer or floating, or wider than TensorFlow has.
    ShapeError
        If it is ragged.
    """
    if isinstance(given, Tensor) and given.requires_grad:
        raise ArgumentError(
            f"{what} must be a plain array, of which a leaf is made. Received: {given.label}. "
            "Pass its .numpy(), or let f close over it."
        )
    array = real(given, what)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise DTypeError(
            f"TensorFlow has no floating dtype wider than float64. Received for "
            f"{what[0].lower()}{what[1:]}: {array.dtype}. Use .astype(np.float64)."
        )
    return array
