"""TensorFlow's whole loop inside one ``tf.function``: Python is asked once for all steps."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from benchmarks.backends import tf_library
from benchmarks.workload import LEARNING_RATE, Array
from reference_tf.eager import EagerTrainer

VERSIONS = tf_library.VERSIONS
BLAS = tf_library.BLAS


class LoopTrainer:
    """A ``Trainer`` of many steps in one call."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._trainer = EagerTrainer(parameters, LEARNING_RATE)
        # The number of steps is left open: another one must not be another trace.
        shapes = [(None, None, parameters[0].shape[0]), (None, None, parameters[-1].shape[0])]
        signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
        self._loop = tf.function(self._run, input_signature=signature)

    def _run(self, images: Any, labels: Any) -> Any:
        count = tf.shape(images)[0]

        def body(number: Any, costs: Any) -> tuple[Any, Any]:
            cost = self._trainer._update(images[number], labels[number])
            return number + 1, costs.write(number, cost)

        costs = tf.TensorArray(tf.float32, count, element_shape=())
        _, costs = tf.while_loop(
            lambda number, _: number < count, body, (0, costs), parallel_iterations=1
        )
        return costs.stack()

    def steps(self, images: Array, labels: Array) -> Array:
        """Make a step for each batch; return their costs."""
        costs: Array = self._loop(images, labels).numpy()
        return costs

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return self._trainer.parameters()


make_trainer = LoopTrainer
