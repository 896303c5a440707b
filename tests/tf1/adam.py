"""Adam as TensorFlow 1 rounds it."""

import numpy as np

from tinygrad_mnist import optim


class AdamOfTensorFlow1(optim.Adam):
    """Adam at the learning rates that TF1's powers of beta, kept in float32, amount to.

    The constants, too, are those that float32 has. ``tests/oracle/test_reference.py`` tells why no
    tolerance between these and exact powers means anything.
    """

    def __init__(self, parameters, *numbers):
        super().__init__(parameters, *map(float, np.float32(numbers)))
        self.betas = np.float32([self.beta_1, self.beta_2])
        self.powers = self.betas.copy()

    def numbers(self):
        exact = corrected_rate(self.beta_1**self.iterations, self.beta_2**self.iterations)
        rounded = corrected_rate(*self.powers.astype(np.float64))
        self.powers *= self.betas
        beta_1, beta_2, rate, epsilon = super().numbers()
        return beta_1, beta_2, rate * rounded / exact, epsilon


def corrected_rate(first_power, second_power):
    return np.sqrt(1 - second_power) / (1 - first_power)
