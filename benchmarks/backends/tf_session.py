"""TensorFlow 1's way: a graph with placeholders, run by a Session."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.session import SessionTrainer

VERSIONS = {"tensorflow": tf.__version__}
BLAS = "TensorFlow's own"


def make_trainer(parameters: Sequence[Array]) -> SessionTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return SessionTrainer(parameters, LEARNING_RATE)
