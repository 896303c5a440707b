"""TensorFlow's eager way: operations run as they are called."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from benchmarks.backends import tf_library
from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.eager import EagerTrainer
from reference_tf.network import logits, mean_cross_entropy

VERSIONS = tf_library.VERSIONS
BLAS = tf_library.BLAS


class PhasedTrainer(EagerTrainer):
    """The ``Trainer`` by ``tf.GradientTape``, whose step can also be made phase by phase."""

    def forward(self, images: Array, labels: Array) -> tuple[Any, Any]:
        """Record the cost."""
        with tf.GradientTape() as tape:
            cost = mean_cross_entropy(labels, logits(images, self._variables))
        return tape, cost

    def backward(self, forwarded: tuple[Any, Any]) -> tuple[list[Any], Any]:
        """Return the gradients and the cost."""
        tape, cost = forwarded
        return tape.gradient(cost, self._variables), cost

    def update(self, differentiated: tuple[list[Any], Any]) -> float:
        """Update the parameters; return the cost."""
        gradients, cost = differentiated
        self._adam.apply(gradients)
        return float(cost)


def make_trainer(parameters: Sequence[Array]) -> PhasedTrainer:
    """Build the trainer; see ``benchmarks.backends.Trainer``."""
    return PhasedTrainer(parameters, LEARNING_RATE)
