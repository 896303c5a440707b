"""Optimizers: SGD, Momentum, Adam.

An update rule is a few NumPy statements on a parameter, its gradient and its slots. The parameters
of an optimizer are packed into one vector, so that they run once, not once for each.

>>> import numpy as np
>>> from tinygrad_mnist import Parameter
>>> weight = Parameter([1.0, 2.0])
>>> optimizer = SGD([weight], learning_rate=0.5)
>>> np.sum(weight * weight).backward()
>>> optimizer.step()
>>> weight.numpy()
array([0., 0.])
"""

from tinygrad_mnist.optim.optimizer import Optimizer
from tinygrad_mnist.optim.rules import SGD, Adam, Momentum

__all__ = ["SGD", "Adam", "Momentum", "Optimizer"]
