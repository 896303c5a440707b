"""What a training operation does in a session: the step of an optimizer of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist import optim
from tinygrad_mnist.core.host import host
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.graph.symbol import Symbol


class Update:
    """The function of a training operation.

    Parameters
    ----------
    make
        Returns the engine's optimizer of some parameters.
    variables
        Those that it updates.
    global_step
        A variable that each step adds one to, or None.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Parameter]], optim.Optimizer],
        variables: Sequence[Symbol],
        global_step: Symbol | None,
    ) -> None:
        self.make = make
        self.variables = variables
        self.global_step = global_step

    def __call__(self, keeping: Any, gradients: Sequence[Any], rate: Any) -> None:
        """Step, by the learning rate of this run if it is one that is computed."""
        optimizer = self.kept(keeping)
        if rate is not None:
            _follow(optimizer, rate)
        optimizer.apply_gradients(gradients)
        if self.global_step is not None:
            keeping.assign(self.global_step, keeping.parameter(self.global_step) + 1)

    def kept(self, keeping: Any) -> optim.Optimizer:
        """Return the engine's optimizer that the session keeps for this operation."""
        parameters = [keeping.parameter(variable) for variable in self.variables]
        optimizer: optim.Optimizer = keeping.keep(lambda: self.make(parameters))
        return optimizer


def _follow(optimizer: optim.Optimizer, rate: Any) -> None:
    """Set the learning rate, a number of Python's, to what a run, or a replay of it, computes."""
    held = Parameter(np.zeros((), rate.dtype), requires_grad=False, name="learning_rate")
    held.assign(rate)

    def read() -> Any:
        optimizer.learning_rate = held.item()
        return held.numpy()

    host(read)
