"""The ``tf.function`` way: the eager code, traced at its first call and run as a graph."""

from __future__ import annotations

import tensorflow as tf

from reference_tf.eager import EagerTrainer


class FunctionTrainer(EagerTrainer):
    """A ``Trainer`` whose gradients and updates are compiled, once for each batch size."""

    _differentiate = tf.function(EagerTrainer._differentiate)
    _update = tf.function(EagerTrainer._update)
