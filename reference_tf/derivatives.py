"""TensorFlow's derivatives of a function of arrays, to the second order.

>>> cotangents = vjp(tf.multiply, [np.array(2.0), np.array(3.0)], np.array(1.0))
>>> [float(cotangent) for cotangent in cotangents]
[3.0, 2.0]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from reference_tf.interface import Array

Function = Callable[..., Any]
Directions = Sequence[Array | None]
"""An array of each operand's shape; None for an operand that nothing is differentiated by."""


def vjp(function: Function, operands: Sequence[Array], cotangent: Array) -> list[Array | None]:
    """TensorFlow's cotangents of the operands; None for integers and booleans.

    An operand that TensorFlow sees no path to gets zeros.
    """
    tensors = [tf.constant(operand) for operand in operands]
    floating = [tensor for tensor in tensors if tensor.dtype.is_floating]
    found = iter(_vjp(function, tensors, floating, tf.constant(cotangent)))
    return [np.asarray(next(found)) if tensor.dtype.is_floating else None for tensor in tensors]


def second_vjp(
    function: Function, operands: Sequence[Array], cotangent: Array, directions: Directions
) -> list[Array | None]:
    """The derivatives of the cotangents along directions, by the operands and the cotangent.

    What is differentiated is the sum of the products of each operand's cotangent and direction.
    The last of the arrays is the derivative by the cotangent.
    """
    along = partial_slope(function, directions)
    return vjp(along, [*operands, cotangent], np.ones((), cotangent.dtype))


def partial_slope(function: Function, directions: Directions) -> Function:
    """The cotangents along directions, a scalar, as a function of the operands and cotangent."""
    moved = [place for place, direction in enumerate(directions) if direction is not None]

    def along(*tensors: Any) -> Any:
        *operands, cotangent = tensors
        found = _vjp(function, operands, [operands[place] for place in moved], cotangent)
        terms = [
            tf.reduce_sum(tf.cast(cotangent_of * directions[place], cotangent.dtype))
            for place, cotangent_of in zip(moved, found, strict=True)
        ]
        return tf.add_n(terms)

    return along


def _vjp(
    function: Function, operands: Sequence[Any], wanted: Sequence[Any], cotangent: Any
) -> list[Any]:
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        value = function(*operands)
    seed = tf.cast(cotangent, value.dtype)
    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(value, wanted, seed, unconnected_gradients=zero)
    return [tf.convert_to_tensor(gradient) for gradient in found]
