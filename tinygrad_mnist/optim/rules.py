"""The update rules: SGD, Momentum, Adam."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent: ``parameter - learning_rate * gradient``."""

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float = 0.01) -> None:
        super().__init__(parameters, learning_rate)

    def numbers(self) -> tuple[float, ...]:
        """Return the learning rate."""
        return (self.learning_rate,)

    def update(self, parameter: Any, gradient: Any, learning_rate: Any) -> tuple[Any, ...]:
        """Return the new parameter."""
        parameter -= learning_rate * gradient
        return (parameter,)


class Momentum(Optimizer):
    """Gradient descent with a velocity, as TensorFlow's ``MomentumOptimizer``.

    ``velocity = momentum * velocity + gradient``; the step is ``learning_rate`` times the velocity
    or, with ``nesterov``, times ``gradient + momentum * velocity``.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning".
    """

    slot_names = decaying = ("velocity",)

    def __init__(
        self,
        parameters: Iterable[Parameter],
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = in_range("momentum", momentum, 0.0, 1.0)
        self._nesterov = nesterov

    @property
    def nesterov(self) -> bool:
        """Whether a step looks ahead: for good, since it is part of a captured step's program."""
        return self._nesterov

    def numbers(self) -> tuple[float, ...]:
        """Return the learning rate and the momentum."""
        return self.learning_rate, self.momentum

    def update(
        self, parameter: Any, gradient: Any, velocity: Any, learning_rate: Any, momentum: Any
    ) -> tuple[Any, ...]:
        """Return the new parameter and velocity."""
        velocity *= momentum
        velocity += gradient
        direction = gradient + momentum * velocity if self.nesterov else velocity
        parameter -= learning_rate * direction
        return parameter, velocity


class Adam(Optimizer):
    """Adam: a step by the mean of the gradients over the root of the mean of their squares.

    ``epsilon_mode="tensorflow"`` adds epsilon to the root before its bias is corrected (the
    "epsilon-hat" of the paper's section 2, and what TF1 and Keras compute); ``"paper"`` adds it
    after, as Algorithm 1 and PyTorch do.

    The slots are the discounted sums of the gradients and of their squares. The paper's moments
    m and v are (1 - beta_1) and (1 - beta_2) times them: those constants are moved into the rate
    and epsilon, which saves two passes over all parameters.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", arXiv:1412.6980.
    """

    slot_names = ("first_sum", "second_sum")
    decaying = ("first_sum",)

    def __init__(
        self,
        parameters: Iterable[Parameter],
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        epsilon_mode: str = "tensorflow",
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.beta_1 = in_range("beta_1", beta_1, 0.0, 1.0)
        self.beta_2 = in_range("beta_2", beta_2, 0.0, 1.0)
        self.epsilon = in_range("epsilon", epsilon, 0.0, math.inf)
        if epsilon_mode not in ("tensorflow", "paper"):
            raise ArgumentError(
                f"epsilon_mode must be 'tensorflow' or 'paper'. Received: {epsilon_mode!r}."
            )
        self.epsilon_mode = epsilon_mode

    def numbers(self) -> tuple[float, ...]:
        """Return the discounts, the bias-corrected rate and epsilon of this step."""
        first_bias = (1.0 - self.beta_1**self.iterations) / (1.0 - self.beta_1)
        root_bias = math.sqrt((1.0 - self.beta_2**self.iterations) / (1.0 - self.beta_2))
        if self.epsilon_mode == "paper":
            epsilon = self.epsilon * root_bias
        else:
            epsilon = self.epsilon / math.sqrt(1.0 - self.beta_2)
        return self.beta_1, self.beta_2, self.learning_rate * root_bias / first_bias, epsilon

    def update(
        self,
        parameter: Any,
        gradient: Any,
        first_sum: Any,
        second_sum: Any,
        beta_1: Any,
        beta_2: Any,
        rate: Any,
        epsilon: Any,
    ) -> tuple[Any, ...]:
        """Return the new parameter and sums."""
        first_sum *= beta_1
        first_sum += gradient
        second_sum *= beta_2
        second_sum += gradient * gradient
        parameter -= rate * (first_sum / (np.sqrt(second_sum) + epsilon))
        return parameter, first_sum, second_sum
