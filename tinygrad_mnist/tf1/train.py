"""``tf.train``: the optimizers and the Saver."""

from __future__ import annotations

from tinygrad_mnist.tf1.optimizers import (
    AdamOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    Optimizer,
)
from tinygrad_mnist.tf1.saver import Saver

__all__ = [
    "AdamOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "Saver",
]
