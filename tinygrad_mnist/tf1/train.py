"""``tf.train``: the optimizers and the Saver."""

from __future__ import annotations

from typing import NoReturn

from tinygrad_mnist.tf1.missing import missing
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


def __getattr__(name: str) -> NoReturn:
    raise missing("tf.train", name)
