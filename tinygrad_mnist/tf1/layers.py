"""``tf.layers``: of it only ``dense``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.tf1 import nn
from tinygrad_mnist.tf1.arguments import floating
from tinygrad_mnist.tf1.arithmetic import matmul
from tinygrad_mnist.tf1.first_values import zeros_initializer
from tinygrad_mnist.tf1.scopes import Reuse, get_variable, variable_scope
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import Symbol

__all__ = ["dense"]


@takes(
    "inputs units activation use_bias kernel_initializer bias_initializer kernel_regularizer "
    "bias_regularizer activity_regularizer kernel_constraint bias_constraint trainable name reuse",
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
)
def dense(
    inputs: Any,
    units: int,
    activation: Callable[[Symbol], Symbol] | None = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = zeros_initializer,
    trainable: bool = True,
    name: str | None = None,
    reuse: Reuse = None,
) -> Symbol:
    """A dense layer: ``activation(inputs @ kernel + bias)``.

    Its variables are ``dense/kernel``, of shape (inputs, units), and ``dense/bias``; those of the
    next layer without a name ``dense_1/kernel``, and so on.

    Parameters
    ----------
    inputs
        Of shape (..., inputs), of which the last size must be known.
    kernel_initializer
        Glorot's uniform one unless it is given.
    reuse
        As of `variable_scope`; without a name the layer ``dense`` is the one to share.

    Raises
    ------
    ShapeError
        If the last axis of the inputs has no known size.
    ArgumentError
        If the name is taken and may not be reused.
    """
    inputs = floating("dense", inputs)
    if not inputs.shape or inputs.shape[-1] is None:
        raise ShapeError(
            f"dense needs inputs whose last axis has a known size. Received: shape {inputs.shape}."
        )
    options = {"dtype": inputs.dtype, "trainable": trainable}
    shared = "dense" if reuse and name is None else name
    with variable_scope(shared, "dense", reuse=reuse):
        kernel = get_variable(
            "kernel", [inputs.shape[-1], units], initializer=kernel_initializer, **options
        )
        outputs = matmul(inputs, kernel)
        if use_bias:
            bias = get_variable("bias", [units], initializer=bias_initializer, **options)
            outputs = nn.bias_add(outputs, bias)
        return outputs if activation is None else activation(outputs)
