"""The TF1 way: a graph with placeholders, built once and run by a Session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from reference_tf.interface import BETA_1, BETA_2, EPSILON, Array
from reference_tf.network import hit_rate, logits, mean_cross_entropy

v1 = tf.compat.v1


class SessionTrainer:
    """A ``Trainer`` by ``feed_dict`` and ``AdamOptimizer``.

    TF1 keeps the powers of Adam's betas in float32, for float64 variables too.
    """

    def __init__(self, parameters: Sequence[Array], learning_rate: float) -> None:
        dtype = parameters[0].dtype
        graph = tf.Graph()
        with graph.as_default():
            self._images = v1.placeholder(dtype, (None, parameters[0].shape[0]))
            self._labels = v1.placeholder(dtype, (None, parameters[-1].shape[0]))
            self._variables = [v1.Variable(parameter) for parameter in parameters]
            outputs = logits(self._images, self._variables)
            self._cost = mean_cross_entropy(self._labels, outputs)
            self._accuracy = hit_rate(self._labels, outputs)
            optimizer = v1.train.AdamOptimizer(learning_rate, BETA_1, BETA_2, EPSILON)
            pairs = optimizer.compute_gradients(self._cost, self._variables)
            self._gradients = [gradient for gradient, _ in pairs]
            self._update = optimizer.apply_gradients(pairs)
            self._slots = tuple(
                [optimizer.get_slot(variable, name) for variable in self._variables]
                for name in ("m", "v")
            )
            initialize = v1.global_variables_initializer()
        self._session = v1.Session(graph=graph)
        self._session.run(initialize)

    def _run(self, fetches: Any, images: Array, labels: Array) -> Any:
        return self._session.run(fetches, {self._images: images, self._labels: labels})

    def step(self, images: Array, labels: Array) -> float:
        """Update the parameters; return the cost before that."""
        return float(self._run([self._cost, self._update], images, labels)[0])

    def gradients(self, images: Array, labels: Array) -> list[Array]:
        """Return the gradients of the cost."""
        return list(self._run(self._gradients, images, labels))

    def parameters(self) -> list[Array]:
        """Return the parameters."""
        return list(self._session.run(self._variables))

    def slots(self) -> tuple[list[Array], list[Array]]:
        """Return Adam's moments."""
        first, second = self._session.run(self._slots)
        return first, second

    def accuracy(self, images: Array, labels: Array) -> float:
        """Return the fraction of right answers."""
        return float(self._run(self._accuracy, images, labels))
