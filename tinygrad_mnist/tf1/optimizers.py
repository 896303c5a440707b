"""The optimizers of TensorFlow 1: descriptions of an update, which a session carries out.

The update itself is that of ``tinygrad_mnist.optim``. An optimizer of the engine is made when a
session first runs the training operation, and begins anew when its variables are initialised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_mnist import optim
from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.graph.derivative import gradients
from tinygrad_mnist.graph.symbol import Symbol, defer_in_session

Pair = tuple[Symbol | None, Symbol]


class Optimizer:
    """What the optimizers share. A subclass says which one of the engine it stands for.

    Parameters
    ----------
    name
        Of the training operations.
    learning_rate
        The size of a step, a number: a Symbol cannot be one.

    Raises
    ------
    ArgumentError
        If the learning rate is no number of at least 0.
    """

    engine: Callable[[Sequence[Parameter]], optim.Optimizer]
    """``engine(parameters)``, of a subclass: the engine's optimizer of these parameters."""

    def __init__(self, name: str, learning_rate: float) -> None:
        self.name = name
        self.learning_rate = in_range("learning_rate", _number(learning_rate), 0.0, math.inf)

    def minimize(
        self,
        loss: Symbol,
        global_step: Symbol | None = None,
        var_list: Sequence[Symbol] | None = None,
        name: str | None = None,
    ) -> Symbol:
        """Return the operation that makes one step down the gradients of a loss.

        Parameters
        ----------
        loss
            Summed, if it is not a scalar.
        global_step
            A variable that each step adds one to.
        var_list
            The variables to change; by default all trainable ones.

        Raises
        ------
        ArgumentError
            If the loss depends on none of them.
        """
        return self.apply_gradients(self.compute_gradients(loss, var_list), global_step, name)

    def compute_gradients(
        self, loss: Symbol, var_list: Sequence[Symbol] | None = None
    ) -> list[Pair]:
        """Return ``(gradient, variable)`` for each variable, None where the loss does not depend.

        Raises
        ------
        ArgumentError
            If there is no variable.
        """
        if var_list is None:
            variables = [variable for variable in loss.graph.variables if variable.trainable]
        else:
            variables = list(var_list)
        if not variables:
            raise ArgumentError(
                f"{self.name} has no variables to change: the graph has no trainable one, or "
                "var_list is empty."
            )
        return list(zip(gradients(loss, variables), variables, strict=True))

    def apply_gradients(
        self,
        grads_and_vars: Sequence[Pair],
        global_step: Symbol | None = None,
        name: str | None = None,
    ) -> Symbol:
        """Return the operation that changes variables by gradients, which may have been edited.

        Pairs whose gradient is None are left out.

        Raises
        ------
        ArgumentError
            If nothing is left.
        """
        pairs = [(gradient, variable) for gradient, variable in grads_and_vars]
        found = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if not found:
            names = ", ".join(variable.op_name for _, variable in pairs)
            raise ArgumentError(
                f"{self.name} has no gradient to go by: the loss depends on none of the variables "
                f"({names or 'none given'})."
            )
        variables = [variable for _, variable in found]
        return defer_in_session(
            Update(self, variables, global_step),
            [gradient for gradient, _ in found],
            name=name or self.name,
            updates=variables if global_step is None else [*variables, global_step],
        )


def _number(learning_rate: Any) -> float:
    if isinstance(learning_rate, Symbol):
        raise ArgumentError(
            f"A learning rate must be a number here. Received: the Symbol {learning_rate.name}."
        )
    rate: float = learning_rate
    return rate


class Update:
    """What a training operation does in a session."""

    def __init__(
        self, optimizer: Optimizer, variables: Sequence[Symbol], global_step: Symbol | None
    ) -> None:
        self.optimizer = optimizer
        self.variables = variables
        self.global_step = global_step

    def __call__(self, keeping: Any, gradients: Sequence[Any]) -> None:
        """Step."""
        self.kept(keeping).apply_gradients(gradients)
        if self.global_step is not None:
            keeping.assign(self.global_step, keeping.parameter(self.global_step) + 1)

    def kept(self, keeping: Any) -> optim.Optimizer:
        """Return the engine's optimizer that the session keeps for this operation."""
        parameters = [keeping.parameter(variable) for variable in self.variables]
        optimizer: optim.Optimizer = keeping.keep(lambda: self.optimizer.engine(parameters))
        return optimizer


class GradientDescentOptimizer(Optimizer):
    """Gradient descent: ``variable - learning_rate * gradient``."""

    def __init__(
        self, learning_rate: float, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(name, learning_rate)

    def engine(self, parameters: Sequence[Parameter]) -> optim.Optimizer:
        """Return ``optim.SGD``."""
        return optim.SGD(parameters, self.learning_rate)


class MomentumOptimizer(Optimizer):
    """Gradient descent with a velocity: see `tinygrad_mnist.optim.Momentum`."""

    def __init__(
        self,
        learning_rate: float,
        momentum: float,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(name, learning_rate)
        self.momentum = momentum
        self.use_nesterov = use_nesterov

    def engine(self, parameters: Sequence[Parameter]) -> optim.Optimizer:
        """Return ``optim.Momentum``."""
        return optim.Momentum(parameters, self.learning_rate, self.momentum, self.use_nesterov)


class AdamOptimizer(Optimizer):
    """Adam, with epsilon where TensorFlow adds it: see `tinygrad_mnist.optim.Adam`."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(name, learning_rate)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def engine(self, parameters: Sequence[Parameter]) -> optim.Optimizer:
        """Return ``optim.Adam``."""
        return optim.Adam(parameters, self.learning_rate, self.beta1, self.beta2, self.epsilon)
