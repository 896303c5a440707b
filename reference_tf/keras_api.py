"""The Keras way: a Sequential of Dense layers, compiled with a loss and an optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from reference_tf.interface import BETA_1, BETA_2, EPSILON, Array
from reference_tf.network import hit_rate

keras = tf.keras


class KerasTrainer:
    """A ``Trainer`` by ``train_on_batch``, the step that ``fit`` repeats."""

    def __init__(self, parameters: Sequence[Array], learning_rate: float) -> None:
        dtype = parameters[0].dtype.name
        *hidden, last = [bias.shape[0] for bias in parameters[1::2]]
        with _floatx(dtype):
            self.model = keras.Sequential(
                [
                    keras.Input((parameters[0].shape[0],)),
                    *[keras.layers.Dense(size, activation="relu") for size in hidden],
                    keras.layers.Dense(last),
                ]
            )
            self._loss = keras.losses.CategoricalCrossentropy(from_logits=True)
            self.model.compile(
                keras.optimizers.Adam(learning_rate, BETA_1, BETA_2, EPSILON), self._loss
            )
            self.model.set_weights(parameters)
            self.model.optimizer.build(self.model.trainable_variables)

    def step(self, images: Array, labels: Array) -> float:
        """Update the parameters; return the cost before that."""
        self.model.reset_metrics()  # else the mean cost of all steps would be returned
        return float(self.model.train_on_batch(images, labels))

    def gradients(self, images: Array, labels: Array) -> list[Array]:
        """Return the gradients of the cost."""
        with tf.GradientTape() as tape:
            cost = self._loss(labels, self.model(images))
        return [g.numpy() for g in tape.gradient(cost, self.model.trainable_weights)]

    def parameters(self) -> list[Array]:
        """Return the parameters."""
        return list(self.model.get_weights())

    def slots(self) -> tuple[list[Array], list[Array]]:
        """Return Adam's moments."""
        _, _, *moments = [variable.numpy() for variable in self.model.optimizer.variables]
        return moments[::2], moments[1::2]

    def accuracy(self, images: Array, labels: Array) -> float:
        """Return the fraction of right answers."""
        return float(hit_rate(labels, self.model(images)))


@contextmanager
def _floatx(dtype: str) -> Iterator[None]:
    """Make layers, the learning rate and the mean of the cost of this dtype, not of float32.

    The first layer that is ever made fixes the policy of all later ones, so that is set too.
    """
    before: Any = keras.config.floatx()
    policy: Any = keras.config.dtype_policy()
    try:
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(policy)
