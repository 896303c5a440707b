"""TensorFlow's compiled way: gradients and update in one ``tf.function``."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.function import FunctionTrainer

VERSIONS = {"tensorflow": tf.__version__}
BLAS = "TensorFlow's own"


def make_trainer(parameters: Sequence[Array]) -> FunctionTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return FunctionTrainer(parameters, LEARNING_RATE)
