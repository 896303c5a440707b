"""``tf.contrib``: of it only ``layers.xavier_initializer``."""

from typing import NoReturn

from tinygrad_mnist.tf1.contrib import layers
from tinygrad_mnist.tf1.missing import missing

__all__ = ["layers"]


def __getattr__(name: str) -> NoReturn:
    raise missing("tf.contrib", name)
