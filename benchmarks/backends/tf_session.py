"""TensorFlow 1's way: a graph with placeholders, run by a Session."""

from collections.abc import Sequence

from benchmarks.backends import tf_library
from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.session import SessionTrainer

VERSIONS = tf_library.VERSIONS
BLAS = tf_library.BLAS


def make_trainer(parameters: Sequence[Array]) -> SessionTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return SessionTrainer(parameters, LEARNING_RATE)
