"""What a session keeps for an optimizer, and what a training operation does with it.

As in TensorFlow 1 there is one state for an optimizer and a variable, which all operations of that
optimizer on that variable share, and one count of all their steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist import optim
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.replay.capture import host
from tinygrad_mnist.tf1.graph import Graph
from tinygrad_mnist.tf1.symbol import Symbol, defer_in_session

Make = Callable[[Sequence[Parameter]], optim.Optimizer]
Together = dict[Symbol, optim.Optimizer]
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

    def __call__(self, keeping: Any, together: Together) -> optim.Optimizer:
        """Return the engine's optimizer, made at the first run in a session.

        In each step it takes the numbers of as many steps as all have made together.
        """
        optimizer: optim.Optimizer = keeping.keep(lambda: self._made(keeping, together))
        return optimizer

    def _made(self, keeping: Any, together: Together) -> optim.Optimizer:
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
                _together, name=f"{self.name}_together", updates=variables
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


def _together(keeping: Any) -> Together:
    kept: Together = keeping.keep(dict)
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
        _follow(optimizer, rate)
    optimizer.apply_gradients(gradients)
    if global_step is not None:
        keeping.assign(global_step, keeping.parameter(global_step) + 1)


def _follow(optimizer: optim.Optimizer, rate: Any) -> None:
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
