"""Optimizers: SGD, Momentum, Adam.

An update rule is a NumPy expression from (parameter, gradient, slots) to (parameter, slots). The
parameters of an optimizer are packed into one vector, so that it runs once, not once for each.

>>> import numpy as np
>>> from tinygrad_mnist import Parameter
>>> weight = Parameter([1.0, 2.0])
>>> optimizer = SGD([weight], learning_rate=0.5)
>>> np.sum(weight * weight).backward()
>>> optimizer.step()
>>> weight.numpy()
array([0., 0.])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from tinygrad_mnist.core.tensor import Parameter
from tinygrad_mnist.errors import ArgumentError, CheckpointError, GradientError


class Optimizer:
    """What the optimizers share: the packed parameters, their slots, the step count.

    Parameters
    ----------
    parameters
        The parameters to update, of one dtype. Frozen ones (``requires_grad=False``) are left out.
    learning_rate
        The size of a step; may be set to another value at any time.

    Raises
    ------
    ArgumentError
        If there is nothing to update, a parameter is given twice, or a number is out of range.
    """

    slot_names: ClassVar[tuple[str, ...]] = ()

    update: Callable[..., tuple[Any, dict[str, Any]]]
    """``update(parameter, gradient, **slots) -> (parameter, slots)``, the rule of a subclass.

    ``self.iterations`` counts this step, from 1.
    """

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float) -> None:
        given = list(parameters)
        if not all(isinstance(parameter, Parameter) for parameter in given):
            raise ArgumentError(f"An optimizer updates Parameters. Received: {given!r:.200}.")
        self.parameters = [parameter for parameter in given if parameter.requires_grad]
        if not self.parameters or len({id(p) for p in self.parameters}) != len(self.parameters):
            raise ArgumentError(
                "An optimizer needs at least one parameter that is not frozen, each given once. "
                f"Received: {len(self.parameters)}."
            )
        self.learning_rate = learning_rate
        self.iterations = 0
        self._vector = Parameter.pack(self.parameters)
        self.slots = {name: np.zeros_like(self._vector.data) for name in self.slot_names}

    @property
    def learning_rate(self) -> float:
        """The size of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = in_range("learning_rate", value, 0.0, math.inf)

    def zero_grad(self) -> None:
        """Forget the gradients of the parameters."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Update every parameter by its gradient.

        Raises
        ------
        GradientError
            If a parameter has no gradient; nothing is updated then.
        """
        gradients = []
        for parameter in self.parameters:
            if parameter.grad is None:
                raise GradientError(
                    f"{parameter.label} has no gradient: it took no part in what backward() was "
                    "called on, or backward() was not called. Freeze it or leave it out if that "
                    "is meant."
                )
            gradients.append(parameter.grad.ravel())
        if not all(parameter.lies_in(self._vector) for parameter in self.parameters):
            self._vector = Parameter.pack(self.parameters)  # another optimizer had taken them
        self.iterations += 1
        vector, self.slots = self.update(self._vector.data, np.concatenate(gradients), **self.slots)
        self._vector.assign(vector)

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the slots, vectors over all parameters in order, and the step count."""
        slots = {name: np.array(slot) for name, slot in self.slots.items()}
        return {"iterations": self.iterations, "learning_rate": self.learning_rate, **slots}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Raises
        ------
        CheckpointError
            If it is of another kind of optimizer, or of other parameters.
        """
        expected = {"iterations", "learning_rate", *self.slot_names}
        if set(state) != expected:
            raise CheckpointError(
                f"The state of {type(self).__name__} has {sorted(expected)}. "
                f"Received: {sorted(state)}."
            )
        for name, slot in self.slots.items():
            given = np.asarray(state[name])
            if (given.shape, given.dtype) != (slot.shape, slot.dtype):
                raise CheckpointError(
                    f"The slot {name} must have shape {slot.shape} and dtype {slot.dtype}. "
                    f"Received: {given.shape} and {given.dtype}."
                )
        self.slots = {name: np.array(state[name]) for name in self.slot_names}
        self.iterations = int(state["iterations"])
        self.learning_rate = float(state["learning_rate"])


class SGD(Optimizer):
    """Stochastic gradient descent: ``parameter - learning_rate * gradient``."""

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float = 0.01) -> None:
        super().__init__(parameters, learning_rate)

    def update(self, parameter: Any, gradient: Any) -> tuple[Any, dict[str, Any]]:
        """Return the new parameter and slots."""
        return parameter - self.learning_rate * gradient, {}


class Momentum(Optimizer):
    """Gradient descent with a velocity, as TensorFlow's ``MomentumOptimizer``.

    ``velocity = momentum * velocity + gradient``; the step is ``learning_rate`` times the velocity
    or, with ``nesterov``, times ``gradient + momentum * velocity``.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning".
    """

    slot_names = ("velocity",)

    def __init__(
        self,
        parameters: Iterable[Parameter],
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = in_range("momentum", momentum, 0.0, 1.0)
        self.nesterov = nesterov

    def update(self, parameter: Any, gradient: Any, velocity: Any) -> tuple[Any, dict[str, Any]]:
        """Return the new parameter and slots."""
        velocity = self.momentum * velocity + gradient
        direction = gradient + self.momentum * velocity if self.nesterov else velocity
        return parameter - self.learning_rate * direction, {"velocity": velocity}


class Adam(Optimizer):
    """Adam: a step by the mean of the gradients over the root of the mean of their squares.

    ``epsilon_mode="tensorflow"`` adds epsilon to the root before its bias is corrected (the
    "epsilon-hat" of the paper's section 2, and what TF1 and Keras compute); ``"paper"`` adds it
    after, as Algorithm 1 and PyTorch do.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", arXiv:1412.6980.
    """

    slot_names = ("first_moment", "second_moment")

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

    def update(
        self, parameter: Any, gradient: Any, first_moment: Any, second_moment: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Return the new parameter and slots."""
        first = self.beta_1 * first_moment + (1.0 - self.beta_1) * gradient
        second = self.beta_2 * second_moment + (1.0 - self.beta_2) * (gradient * gradient)
        first_bias = 1.0 - self.beta_1**self.iterations
        root_bias = math.sqrt(1.0 - self.beta_2**self.iterations)
        epsilon = self.epsilon * (root_bias if self.epsilon_mode == "paper" else 1.0)
        rate = self.learning_rate * root_bias / first_bias
        parameter = parameter - rate * first / (np.sqrt(second) + epsilon)
        return parameter, {"first_moment": first, "second_moment": second}


def in_range(name: str, value: float, low: float, high: float) -> float:
    """Return a number of the half-open interval [low, high), or raise ArgumentError."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number < high:
        raise ArgumentError(f"{name} must be a number in [{low:g}, {high:g}). Received: {value!r}.")
    return number
