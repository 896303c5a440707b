"""Keras: ``fit``, with its data pipeline, its metrics and its callbacks."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.backends import tf_library
from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.keras_api import KerasTrainer

VERSIONS = tf_library.VERSIONS | {"keras": tf.keras.__version__}
BLAS = tf_library.BLAS


class FitTrainer:
    """A ``Trainer`` of many steps in one call."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._trainer = KerasTrainer(parameters, LEARNING_RATE)

    def steps(self, images: Array, labels: Array) -> list[float]:
        """Make a step for each batch; return the mean of their costs, which is all ``fit`` says."""
        examples = images.shape[1]
        history = self._trainer.model.fit(
            images.reshape(-1, images.shape[2]),
            labels.reshape(-1, labels.shape[2]),
            batch_size=examples,
            shuffle=False,
            verbose=0,
        )
        return [float(history.history["loss"][0])]

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return self._trainer.parameters()


make_trainer = FitTrainer
