"""``tf.contrib``: of it only ``layers.xavier_initializer``."""

from tinygrad_mnist.tf1.contrib import layers

__all__ = ["layers"]
