"""TensorFlow's eager way: operations run as they are called."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.eager import EagerTrainer

VERSIONS = {"tensorflow": tf.__version__}
BLAS = "TensorFlow's own"


def make_trainer(parameters: Sequence[Array]) -> EagerTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return EagerTrainer(parameters, LEARNING_RATE)
