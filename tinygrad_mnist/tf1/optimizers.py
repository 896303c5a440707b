"""The optimizers of TensorFlow 1: descriptions of an update, which a session carries out.

The update itself is that of ``tinygrad_mnist.optim``. An optimizer of the engine is made when a
session first runs a training operation, and begins anew when its variables are initialised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tinygrad_mnist import optim
from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.tf1.arrays import constant
from tinygrad_mnist.tf1.derivative import gradients
from tinygrad_mnist.tf1.symbol import Symbol, defer_in_session, operands
from tinygrad_mnist.tf1.update import States, step
from tinygrad_mnist.tf1.variables import Variable, fits

Pair = tuple[Symbol | None, Variable]


class Optimizer:
    """What the optimizers share. A subclass says which one of the engine it stands for.

    Parameters
    ----------
    name
        Of the training operations.
    learning_rate
        The size of a step: a number, or a Symbol of one, which each step computes anew.

    Raises
    ------
    ArgumentError
        If the learning rate is no number of at least 0.
    """

    engine: Callable[[Sequence[Parameter]], optim.Optimizer]
    """``engine(parameters)``, of a subclass: the engine's optimizer of these parameters."""

    has_slots = True
    """Whether it keeps anything of a variable from step to step."""

    def __init__(self, name: str, learning_rate: float | Symbol) -> None:
        self.name = name
        self.rate = learning_rate if isinstance(learning_rate, Symbol) else None
        if self.rate is not None and (self.rate.dtype is None or not fits(self.rate.shape, ())):
            raise ArgumentError(
                f"A learning rate must be a number. Received: {self.rate.name} of shape "
                f"{self.rate.shape} and dtype {self.rate.dtype}."
            )
        number: Any = 0.0 if self.rate is not None else learning_rate
        self.learning_rate = in_range("learning_rate", number, 0.0, math.inf)
        self._states = States(name, self.engine, self.has_slots)

    def minimize(
        self,
        loss: Symbol,
        global_step: Symbol | None = None,
        var_list: Variable | Sequence[Variable] | None = None,
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
            The variables to change, or the one; by default all trainable ones.

        Raises
        ------
        ArgumentError
            If the loss is no Symbol, or depends on none of them.
        """
        return self.apply_gradients(self.compute_gradients(loss, var_list), global_step, name)

    def compute_gradients(
        self, loss: Symbol, var_list: Variable | Sequence[Variable] | None = None
    ) -> list[Pair]:
        """Return ``(gradient, variable)`` for each variable, None where the loss does not depend.

        Raises
        ------
        ArgumentError
            If the loss is no Symbol, or there is no variable.
        """
        if not isinstance(loss, Symbol):
            raise ArgumentError(
                f"{self.name} minimizes a Symbol, which is computed from variables. Received: "
                f"{type(loss).__name__} {loss!r:.60}."
            )
        if var_list is None:
            variables = [variable for variable in loss.graph.variables if variable.trainable]
        else:
            variables = [var_list] if isinstance(var_list, Variable) else list(var_list)
        if not variables:
            raise ArgumentError(
                f"{self.name} has no variables to change: the graph has no trainable one, or "
                "var_list is empty."
            )
        if not all(isinstance(variable, Variable) for variable in variables):
            raise ArgumentError(
                f"{self.name} changes variables only. Received: var_list {var_list!r:.60}."
            )
        return list(zip(gradients(loss, variables), variables, strict=True))

    def apply_gradients(
        self,
        grads_and_vars: Sequence[Pair],
        global_step: Symbol | None = None,
        name: str | None = None,
    ) -> Symbol:
        """Return the operation that changes variables by gradients, which may have been edited.

        A gradient may be an array. Pairs whose gradient is None are left out.

        Raises
        ------
        ArgumentError
            If nothing is left, something is no pair of a gradient and a variable, or some of the
            variables are also updated with others by this optimizer, and it has slots.
        ShapeError, DTypeError
            If a gradient does not have the shape and the dtype of its variable.
        """
        pairs = [self._checked(pair) for pair in grads_and_vars]
        found = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if not found:
            names = ", ".join(variable.op_name for _, variable in pairs)
            raise ArgumentError(
                f"{self.name} has no gradient to go by: the loss depends on none of the variables "
                f"({names or 'none given'})."
            )
        found.sort(key=lambda pair: pair[1].number)
        variables = tuple(variable for _, variable in found)
        return defer_in_session(
            partial(step, global_step),
            self._states.of(variables),
            [gradient for gradient, _ in found],
            self.rate,
            name=name or self.name,
            updates=variables if global_step is None else [*variables, global_step],
        )

    def _checked(self, pair: Any) -> Pair:
        """A pair of a gradient, a Symbol or None, and its variable."""
        if (
            not isinstance(pair, tuple | list)
            or len(pair) != 2
            or not isinstance(pair[1], Variable)
        ):
            raise ArgumentError(
                f"{self.name} takes pairs (gradient, variable), as compute_gradients returns. "
                f"Received: {pair!r:.60}."
            )
        gradient, variable = pair
        if gradient is None:
            return None, variable
        found: Symbol
        found, _ = operands(f"The gradient of {variable.name}", gradient, variable)
        if not isinstance(found, Symbol):
            found = constant(found, variable.dtype)
        if not fits(found.shape, variable.shape):
            raise ShapeError(
                f"{variable.name} of shape {variable.shape} was given a gradient of shape "
                f"{found.shape}."
            )
        return found, variable


class GradientDescentOptimizer(Optimizer):
    """Gradient descent: ``variable - learning_rate * gradient``."""

    has_slots = False

    def __init__(
        self,
        learning_rate: float | Symbol,
        use_locking: bool = False,
        name: str = "GradientDescent",
    ) -> None:
        super().__init__(name, learning_rate)

    def engine(self, parameters: Sequence[Parameter]) -> optim.Optimizer:
        """Return ``optim.SGD``."""
        return optim.SGD(parameters, self.learning_rate)


class MomentumOptimizer(Optimizer):
    """Gradient descent with a velocity: see `tinygrad_mnist.optim.Momentum`."""

    def __init__(
        self,
        learning_rate: float | Symbol,
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
        learning_rate: float | Symbol = 0.001,
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
