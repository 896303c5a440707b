"""``tf.compat``: of it only ``v1``, which is this face itself."""

import sys

import tinygrad_mnist.tf1 as v1

__all__ = ["v1"]

sys.modules[f"{__name__}.v1"] = v1  # for `import tinygrad_mnist.tf1.compat.v1 as tf`
