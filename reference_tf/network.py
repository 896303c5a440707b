"""The network as a function of TensorFlow tensors, for those that write it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def logits(images: Any, parameters: Sequence[Any]) -> Any:
    """Return the outputs (n, classes) of dense layers with relu between them."""
    *hidden, (weight, bias) = zip(parameters[::2], parameters[1::2], strict=True)
    for hidden_weight, hidden_bias in hidden:
        images = tf.nn.relu(tf.matmul(images, hidden_weight) + hidden_bias)
    return tf.matmul(images, weight) + bias


def mean_cross_entropy(labels: Any, outputs: Any) -> Any:
    """Return the scalar that training minimises."""
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, outputs))


def hit_rate(labels: Any, outputs: Any) -> Any:
    """Return the fraction of rows whose largest output is their label's, as a float32 scalar."""
    hits = tf.equal(tf.argmax(outputs, axis=1), tf.argmax(labels, axis=1))
    return tf.reduce_mean(tf.cast(hits, tf.float32))
