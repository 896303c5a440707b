"""TensorFlow's compiled way with XLA: operations are fused into kernels of their own."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.backends import tf_library
from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.eager import EagerTrainer

VERSIONS = tf_library.VERSIONS
BLAS = tf_library.BLAS | {"library": "XLA's own", "kernel": "on cpu"}


class XlaTrainer(EagerTrainer):
    """A ``Trainer`` whose step is compiled by XLA."""

    _update = tf.function(EagerTrainer._update, jit_compile=True)


def make_trainer(parameters: Sequence[Array]) -> XlaTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return XlaTrainer(parameters, LEARNING_RATE)
