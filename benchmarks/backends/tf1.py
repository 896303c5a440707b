"""Our engine through its TensorFlow 1 face: placeholders, ``minimize``, a Session."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import tinygrad_mnist.tf1 as tf
from benchmarks.workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Array

VERSIONS = {"numpy": np.__version__}


class SessionTrainer:
    """A ``Trainer`` by ``feed_dict``."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        graph = tf.Graph()
        with graph.as_default():
            self._images = tf.placeholder(tf.float32, [None, parameters[0].shape[0]])
            self._labels = tf.placeholder(tf.float32, [None, parameters[-1].shape[0]])
            self._variables = [tf.Variable(parameter) for parameter in parameters]
            *hidden, (last_weights, last_bias) = zip(
                self._variables[::2], self._variables[1::2], strict=True
            )
            outputs: Any = self._images
            for weights, bias in hidden:
                outputs = tf.nn.relu(tf.matmul(outputs, weights) + bias)
            logits = tf.matmul(outputs, last_weights) + last_bias
            losses = tf.nn.softmax_cross_entropy_with_logits(labels=self._labels, logits=logits)
            self._cost = tf.reduce_mean(losses)
            optimizer = tf.train.AdamOptimizer(LEARNING_RATE, BETA1, BETA2, EPSILON)
            self._update = optimizer.minimize(self._cost)
            initialize = tf.global_variables_initializer()
        self._session = tf.Session(graph=graph)
        self._session.run(initialize)

    def step(self, images: Array, labels: Array) -> float:
        """Make one step; return the cost."""
        feeds = {self._images: images, self._labels: labels}
        _, cost = self._session.run([self._update, self._cost], feed_dict=feeds)
        return float(cost)

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        values: list[Array] = self._session.run(self._variables)
        return values


make_trainer = SessionTrainer
