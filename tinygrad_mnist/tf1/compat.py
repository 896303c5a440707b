"""``tf.compat``: of it only ``v1``, which is this face itself."""

from typing import NoReturn

import tinygrad_mnist.tf1 as v1
from tinygrad_mnist.tf1.missing import missing

__all__ = ["v1"]


def __getattr__(name: str) -> NoReturn:
    raise missing("tf.compat", name)
