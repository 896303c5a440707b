"""Adam by TensorFlow's own kernel, fed with powers of beta in the variables' dtype.

TF1's ``AdamOptimizer`` calls the same kernel, but keeps the powers in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from reference_tf.interface import BETA_1, BETA_2, EPSILON


class Adam:
    """The moments of variables, ``first`` and ``second``, and their update."""

    def __init__(self, variables: Sequence[Any], learning_rate: float) -> None:
        dtype = variables[0].dtype
        self._variables = variables
        self.first = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
        self.second = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
        self._powers = [tf.Variable(beta, dtype=dtype) for beta in (BETA_1, BETA_2)]
        self._constants = {
            name: tf.constant(number, dtype)
            for name, number in {
                "lr": learning_rate,
                "beta1": BETA_1,
                "beta2": BETA_2,
                "epsilon": EPSILON,
            }.items()
        }

    def apply(self, gradients: Sequence[Any]) -> None:
        """Update every variable by its gradient."""
        first_power, second_power = self._powers
        for variable, gradient, first, second in zip(
            self._variables, gradients, self.first, self.second, strict=True
        ):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                grad=gradient,
                beta1_power=first_power,
                beta2_power=second_power,
                **self._constants,
            )
        first_power.assign(first_power * self._constants["beta1"])
        second_power.assign(second_power * self._constants["beta2"])
