"""``tf.gradients``."""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.tf1 import gradients as derivative
from tinygrad_mnist.tf1.operands import refuse


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: None = None,
) -> list[Any]:
    """Return the gradients of the sum of ``ys``: see `tinygrad_mnist.tf1.gradients.gradients`.

    Parameters
    ----------
    colocate_gradients_with_ops, gate_gradients, aggregation_method
        Ignored: they change no value.
    stop_gradients, unconnected_gradients
        Not supported: only None, or an empty list.

    Raises
    ------
    DTypeError
        If a y is not floating.
    ArgumentError
        If something is not a symbol, a cotangent is missing, or something not supported is given.
    """
    refuse("gradients", unconnected_gradients=unconnected_gradients)
    if stop_gradients is not None and not _is_empty(stop_gradients):
        raise ArgumentError(
            "gradients does not support stop_gradients. Take tf.stop_gradient(x) for x in what is "
            f"differentiated. Received: {stop_gradients!r:.60}."
        )
    return derivative.gradients(ys, xs, grad_ys, name or "gradients")


def _is_empty(members: Any) -> bool:
    return isinstance(members, list | tuple) and not members
