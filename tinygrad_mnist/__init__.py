"""A reverse-mode autodiff engine in plain NumPy, and the MNIST network it trains.

>>> import numpy as np
>>> from tinygrad_mnist import Tensor
>>> x = Tensor([0.0, 1.0], requires_grad=True)
>>> np.tanh(x).sum().backward()
>>> x.grad.round(3)
array([1.  , 0.42])
"""

from tinygrad_mnist.core.gradient import gradients
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import ZERO, Primitive, primitive
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.ops.activation import (
    elu,
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    relu6,
    sigmoid,
    sigmoid_cross_entropy_with_logits,
    softmax,
    softmax_cross_entropy_with_logits,
    softplus,
    sparse_softmax_cross_entropy_with_logits,
)
from tinygrad_mnist.replay.capture import capture, host

__version__ = "0.1.0"

__all__ = [
    "ZERO",
    "Parameter",
    "Primitive",
    "Tensor",
    "capture",
    "elu",
    "gradients",
    "host",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "no_grad",
    "primitive",
    "relu",
    "relu6",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "sparse_softmax_cross_entropy_with_logits",
]
