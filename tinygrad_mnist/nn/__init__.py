"""L4, networks: layers and modules, their initializers, the training loop.

>>> print(MLP([784, 128, 64, 10]))
layer  kind    parameters             count
    0  Linear  (784, 128) (128,)    100,480
    1  relu
    2  Linear  (128, 64) (64,)        8,256
    3  relu
    4  Linear  (64, 10) (10,)           650
MLP: 109,386 parameters
"""

from tinygrad_mnist.nn.layers import MLP, Linear, Sequential
from tinygrad_mnist.nn.loading import load
from tinygrad_mnist.nn.module import Layer, Module

__all__ = ["MLP", "Layer", "Linear", "Module", "Sequential", "load"]
