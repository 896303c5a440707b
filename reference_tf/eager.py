"""The eager way: operations run as they are called, and a GradientTape records them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from reference_tf.adam import Adam
from reference_tf.interface import Array
from reference_tf.network import hit_rate, logits, mean_cross_entropy


class EagerTrainer:
    """A ``Trainer`` by ``tf.GradientTape``."""

    def __init__(self, parameters: Sequence[Array], learning_rate: float) -> None:
        self._variables = [tf.Variable(parameter) for parameter in parameters]
        self._adam = Adam(self._variables, learning_rate)

    def _differentiate(self, images: Any, labels: Any) -> tuple[Any, list[Any]]:
        with tf.GradientTape() as tape:
            cost = mean_cross_entropy(labels, logits(images, self._variables))
        return cost, tape.gradient(cost, self._variables)

    def _update(self, images: Any, labels: Any) -> Any:
        cost, gradients = self._differentiate(images, labels)
        self._adam.apply(gradients)
        return cost

    def step(self, images: Array, labels: Array) -> float:
        """Update the parameters; return the cost before that."""
        return float(self._update(images, labels))

    def gradients(self, images: Array, labels: Array) -> list[Array]:
        """Return the gradients of the cost."""
        return [gradient.numpy() for gradient in self._differentiate(images, labels)[1]]

    def parameters(self) -> list[Array]:
        """Return the parameters."""
        return [variable.numpy() for variable in self._variables]

    def slots(self) -> tuple[list[Array], list[Array]]:
        """Return Adam's moments."""
        return [m.numpy() for m in self._adam.first], [v.numpy() for v in self._adam.second]

    def accuracy(self, images: Array, labels: Array) -> float:
        """Return the fraction of right answers."""
        return float(hit_rate(labels, logits(images, self._variables)))
