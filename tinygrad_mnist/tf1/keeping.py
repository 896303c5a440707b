"""What a session keeps between runs: the variables' values, optimizers, random generators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import SessionError
from tinygrad_mnist.tf1.symbol import Symbol

T = TypeVar("T")


class Store:
    """The objects that one session keeps.

    Attributes
    ----------
    parameters
        The values of the variables that are initialised.
    objects
        What else was made for a symbol: of an update the optimizer, of a random one the generator.
    changes
        How often an object was made or dropped: programs captured before may hold the old ones.
    """

    def __init__(self) -> None:
        self.parameters: dict[Symbol, Parameter] = {}
        self.objects: dict[Symbol, Any] = {}
        self.changes = 0

    def parameter(self, variable: Symbol) -> Parameter:
        """Return the parameter that holds a variable's value.

        Raises
        ------
        SessionError
            If the variable is not initialised.
        """
        if variable not in self.parameters:
            raise SessionError(
                f"The variable {variable.name} is not initialised in this session: run "
                "global_variables_initializer() first."
            )
        return self.parameters[variable]

    def assign(self, variable: Symbol, value: Any) -> Parameter:
        """Give a variable a value, its first or another one, and return its parameter."""
        parameter = self.parameters.get(variable)
        if parameter is None:
            dtype = variable.dtype
            differentiable = dtype is not None and dtype.kind == "f"
            data = value.detach() if isinstance(value, Tensor) else value
            parameter = Parameter(data, dtype, requires_grad=differentiable, name=variable.op_name)
            self.parameters[variable] = parameter
            self.changes += 1
        else:
            parameter.assign(value)
        return parameter

    def restart(self, variables: tuple[Symbol, ...]) -> None:
        """Drop the optimizers of these variables, to begin anew."""
        self.objects = {
            symbol: kept
            for symbol, kept in self.objects.items()
            if not set(symbol.updates or ()) & set(variables)
        }
        self.changes += 1


class Keeping:
    """What the running session keeps, as the function of one symbol gets it.

    ``parameter(variable)``, ``assign(variable, value)`` and ``restart(variables)`` are those of the
    session's `Store`; ``symbol`` is the one that is being computed.
    """

    def __init__(self, store: Store, symbol: Symbol) -> None:
        self._store = store
        self.symbol = symbol
        self.parameter = store.parameter
        self.assign = store.assign
        self.restart = store.restart

    def keep(self, make: Callable[[], T]) -> T:
        """Return the object of this symbol, made at its first run in the session.

        Initialising a variable that the symbol updates drops it.
        """
        objects = self._store.objects
        if self.symbol not in objects:
            objects[self.symbol] = make()
            self._store.changes += 1
        kept: T = objects[self.symbol]
        return kept

    def generator(self, seed: int | None = None) -> np.random.Generator:
        """Return the generator of this symbol, which goes on from run to run.

        It begins with the graph's seed and the one given, else the symbol's number, alike in all
        sessions. In a captured function draw inside ``host(lambda: ...)``.
        """
        # The 1 tells the number of a symbol from a seed that is equal to it.
        own = (self.symbol.number, 1) if seed is None else (seed,)
        return self.keep(lambda: np.random.default_rng((self.symbol.graph.seed, *own)))


def read(keeping: Keeping) -> Parameter:
    """Return the parameter of the variable that is being computed, which has this as function."""
    return keeping.parameter(keeping.symbol)
