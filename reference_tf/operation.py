"""A node of the tape as TensorFlow has it: the equivalent, and the operands as it wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from reference_tf.interface import Array
from tinygrad_mnist.core.tape import Node
from tinygrad_mnist.errors import UnsupportedError

_AS_THEY_ARE = {
    ("where", "condition"),
    ("masked", "condition"),
    ("sparse_softmax_cross_entropy_with_logits", "labels"),
    ("astype", "x"),
    ("gather", "indices"),
    ("scatter_add", "indices"),
}
"""Operands (primitive, name) whose dtype is not promoted to that of the others."""


class Operation:
    """A node and its equivalent.

    Attributes
    ----------
    node, name, static
        The node, and its primitive's name and static arguments.
    operands
        The arrays that the equivalent is applied to.

    Raises
    ------
    UnsupportedError
        If the table has no equivalent.
    """

    def __init__(self, node: Node, table: Mapping[str, Callable[..., Any]]) -> None:
        self.node = node
        self.name = node.primitive.name
        self.static = node.static
        if self.name not in table:
            raise UnsupportedError(
                f"TensorFlow's equivalent of the primitive {self.name} is not known, so it cannot "
                f"be judged. Pass equivalents={{{self.name!r}: function}}, where "
                "function(*tensors, **static) computes the same with TensorFlow."
            )
        self._equivalent = table[self.name]
        promoted = [x for at, x in enumerate(node.arrays) if not self._is_as_it_is(at)]
        self._dtype = np.result_type(*promoted) if promoted else node.value.dtype
        self.operands = [self._operand(*numbered) for numbered in enumerate(node.arrays)]

    def _operand(self, position: int, operand: Any) -> Array:
        """Integers, booleans and Python scalars take the dtype that NumPy promotes them to."""
        array: Array = np.asarray(operand)
        tracked = any(position == place for place, _ in self.node.tracked)
        if tracked or self._is_as_it_is(position):
            return array
        return array.astype(self._dtype)

    def _is_as_it_is(self, position: int) -> bool:
        return (self.name, self.node.primitive.operand_name(position)) in _AS_THEY_ARE

    def apply(self, *tensors: Any) -> Any:
        """Run it in TensorFlow, on operands promoted to one dtype."""
        promoted = (
            tensor if self._is_as_it_is(position) else tf.cast(tensor, self._dtype)
            for position, tensor in enumerate(tensors)
        )
        return self._equivalent(*promoted, **self.static)

    def operand_name(self, position: int) -> str:
        """Return the operand's name, with its place if there are any number of them."""
        name = self.node.primitive.operand_name(position)
        return f"{name}[{position}]" if self.node.primitive.variadic else name
