"""The optimizers of TensorFlow 1: descriptions of an update, which a session carries out.

The update itself is that of ``tinygrad_mnist.optim``. An optimizer of the engine is made when a
session first runs a training operation, and begins anew when its variables are initialised. As in
TensorFlow 1 there is one state for an optimizer and a variable, which all operations of that
optimizer on that variable share, and one count of all their steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_mnist import optim
from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError, ShapeError
from tinygrad_mnist.replay.capture import host
from tinygrad_mnist.tf1.arrays import constant
from tinygrad_mnist.tf1.derivative import gradients
from tinygrad_mnist.tf1.graph import Graph
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import Symbol, defer_in_session, operands
from tinygrad_mnist.tf1.unknown import fits
from tinygrad_mnist.tf1.variables import Variable

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

    def __repr__(self) -> str:
        rate = self.learning_rate if self.rate is None else self.rate.name
        return f"<{type(self).__name__} {self.name!r} learning_rate={rate}>"

    @takes(
        "loss global_step var_list gate_gradients aggregation_method colocate_gradients_with_ops "
        "name grad_loss"
    )
    def minimize(
        self,
        loss: Symbol,
        global_step: Symbol | None = None,
        var_list: Variable | Sequence[Variable] | None = None,
        name: str | None = None,
        grad_loss: Any = None,
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
        grad_loss
            The cotangent of the loss, else ones.

        Raises
        ------
        ArgumentError
            If the loss is no Symbol, or depends on none of them.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        return self.apply_gradients(pairs, global_step, name)

    @takes("loss var_list gate_gradients aggregation_method colocate_gradients_with_ops grad_loss")
    def compute_gradients(
        self,
        loss: Symbol,
        var_list: Variable | Sequence[Variable] | None = None,
        grad_loss: Any = None,
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
        return list(zip(gradients(loss, variables, grad_loss), variables, strict=True))

    @takes("grads_and_vars global_step name skip_gradients_aggregation")
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
        pairs = [self._checked_pair(pair) for pair in grads_and_vars]
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

    def _checked_pair(self, pair: Any) -> Pair:
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

    @takes("learning_rate use_locking name")
    def __init__(self, learning_rate: float | Symbol, name: str = "GradientDescent") -> None:
        super().__init__(name, learning_rate)

    def engine(self, parameters: Sequence[Parameter]) -> optim.Optimizer:
        """Return ``optim.SGD``."""
        return optim.SGD(parameters, self.learning_rate)


class MomentumOptimizer(Optimizer):
    """Gradient descent with a velocity: see `tinygrad_mnist.optim.Momentum`."""

    @takes("learning_rate momentum use_locking name use_nesterov")
    def __init__(
        self,
        learning_rate: float | Symbol,
        momentum: float,
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

    @takes("learning_rate beta1 beta2 epsilon use_locking name use_own_namescope_for_non_slot_vars")
    def __init__(
        self,
        learning_rate: float | Symbol = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "Adam",
    ) -> None:
        super().__init__(name, learning_rate)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def engine(self, parameters: Sequence[Parameter]) -> optim.Optimizer:
        """Return ``optim.Adam``."""
        return optim.Adam(parameters, self.learning_rate, self.beta1, self.beta2, self.epsilon)


Make = Callable[[Sequence[Parameter]], optim.Optimizer]
Siblings = dict[Symbol, optim.Optimizer]
"""The engine's optimizers that a session keeps for one of TensorFlow's, by what keeps them."""


class Slots:
    """The function of what keeps the engine's optimizer of variables that are updated together.

    Parameters
    ----------
    make
        Returns the engine's optimizer of some parameters.
    variables
        Those that it updates.
    """

    def __init__(self, make: Make, variables: Sequence[Symbol]) -> None:
        self.make = make
        self.variables = variables

    def __call__(self, keeping: Any, together: Siblings) -> optim.Optimizer:
        """Return the engine's optimizer, made at the first run in a session.

        In each step it takes the numbers of as many steps as all have made together.
        """
        optimizer: optim.Optimizer = keeping.keep(lambda: self._make_optimizer(keeping, together))
        return optimizer

    def _make_optimizer(self, keeping: Any, together: Siblings) -> optim.Optimizer:
        optimizer = self.make([keeping.parameter(variable) for variable in self.variables])
        together[keeping.symbol] = optimizer
        numbers = optimizer.numbers

        def numbers_of_all() -> tuple[float, ...]:
            own = optimizer.iterations
            optimizer.iterations = sum(each.iterations for each in together.values())
            found = numbers()
            optimizer.iterations = own
            return found

        optimizer.numbers = numbers_of_all
        return optimizer


class States:
    """The symbols of what sessions keep for one optimizer, by the variables that they are of.

    Parameters
    ----------
    name
        Of the optimizer.
    make
        As of `Slots`.
    has_slots
        Whether it keeps anything of a variable, so that lists of variables must not overlap.
    """

    def __init__(self, name: str, make: Make, has_slots: bool) -> None:
        self.name = name
        self.make = make
        self.has_slots = has_slots
        self._slots: dict[tuple[Symbol, ...], Symbol] = {}
        self._together: dict[Graph, Symbol] = {}

    def of(self, variables: tuple[Symbol, ...]) -> Symbol:
        """Return what is kept for variables, the same for the same ones.

        Raises
        ------
        ArgumentError
            If some of them are also updated with others.
        """
        if variables in self._slots:
            return self._slots[variables]
        if self.has_slots:
            self._refuse_overlap(variables)
        graph = variables[0].graph
        if graph not in self._together:
            self._together[graph] = defer_in_session(
                _all_of_one, name=f"{self.name}_together", updates=variables
            )
        self._slots[variables] = defer_in_session(
            Slots(self.make, variables),
            self._together[graph],
            name=f"{self.name}_slots",
            updates=variables,
        )
        return self._slots[variables]

    def _refuse_overlap(self, variables: tuple[Symbol, ...]) -> None:
        for known in self._slots:
            if not set(known).isdisjoint(variables):
                before, now = (", ".join(v.op_name for v in each) for each in (known, variables))
                raise ArgumentError(
                    f"One {self.name} optimizer keeps one state for variables that it changes "
                    f"together, first {before}. Received: {now}. Change all of them in both "
                    "operations, or give the second an optimizer of its own."
                )


def _all_of_one(keeping: Any) -> Siblings:
    kept: Siblings = keeping.keep(dict)
    return kept


def step(
    global_step: Symbol | None,
    keeping: Any,
    optimizer: optim.Optimizer,
    gradients: Sequence[Any],
    rate: Any,
) -> None:
    """Make a step of the engine's optimizer, by the rate of this run if it is one that is computed.

    ``global_step`` is a variable that each step adds one to, or None.
    """
    if rate is not None:
        _set_rate(optimizer, rate)
    optimizer.apply_gradients(gradients)
    if global_step is not None:
        keeping.assign(global_step, keeping.parameter(global_step) + 1)


def _set_rate(optimizer: optim.Optimizer, rate: Any) -> None:
    """Set the learning rate, a number of Python's, to what a run, or a replay of it, computes."""
    if rate.ndim:
        raise ArgumentError(
            f"the learning rate must be a number. Received: an array of shape {rate.shape}."
        )
    held = Parameter(np.zeros((), rate.dtype), requires_grad=False, name="learning_rate")
    held.assign(rate)

    def read() -> Any:
        optimizer.learning_rate = held.item()
        return held.numpy()

    host(read)
