"""TensorFlow's compiled way: gradients and update in one ``tf.function``."""

from collections.abc import Sequence

from benchmarks.backends import tf_library
from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.function import FunctionTrainer

VERSIONS = tf_library.VERSIONS
BLAS = tf_library.BLAS


def make_trainer(parameters: Sequence[Array]) -> FunctionTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return FunctionTrainer(parameters, LEARNING_RATE)
