"""Variable: the description of a value that each session keeps for itself.

>>> from tinygrad_mnist.tf1.graph import Graph
>>> from tinygrad_mnist.tf1.session import Session
>>> with Graph().as_default() as graph:
...     count = Variable(np.float32(1), name="count")
...     more = assign(count, count + 1)
>>> with Session(graph) as session:
...     session.run(count.initializer), session.run(more), session.run(count)
(None, np.float32(2.0), np.float32(2.0))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.arrays import held, real
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import DTypeError, ShapeError
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.keeping import Keeping
from tinygrad_mnist.tf1.symbol import Symbol, defer_in_session


class Variable(Symbol):
    """A symbol whose value a session keeps, as an engine `Parameter`, until it is assigned.

    Parameters
    ----------
    initial_value
        A symbol, computed when the variable is initialised, or an array.
    trainable
        Whether optimizers update it unless told which to.
    name
        Of the variable, made unique.
    dtype
        Converts the initial value; None keeps its dtype.

    Raises
    ------
    ShapeError
        If a size of the initial value is not known.
    DTypeError
        If the initial value is not made of real numbers, or cannot be converted.
    """

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        name: str | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        given = initial_value if isinstance(initial_value, Symbol) else held(real(initial_value))
        graph = given.graph if isinstance(given, Symbol) else get_default_graph()
        op_name = graph.unique_name(name or "Variable")
        if given.shape is None or None in given.shape:
            raise ShapeError(
                f"The variable {op_name} needs an initial value of known shape. Received: "
                f"{given.name} of shape {given.shape}."
            )
        wanted = given.dtype if dtype is None else np.dtype(dtype)
        _refuse_loss(f"The variable {op_name}", given, wanted)
        super().__init__(
            graph, f"{op_name}:0", _read, shape=given.shape, dtype=wanted, session=True
        )
        self.initial_value = given
        self.trainable = trainable
        graph.variables.append(self)
        with graph.name_scope(None):
            self.initializer = initializer([self], name=f"{op_name}/Assign")

    def assign(self, value: Any, name: str | None = None) -> Symbol:
        """Return a symbol that assigns the variable when it is run; see `assign`."""
        return assign(self, value, name)


def initializer(variables: Sequence[Variable], name: str = "init") -> Symbol:
    """Return a symbol that gives variables their initial values, and begins their updates anew."""
    values = [variable.initial_value for variable in variables]
    return defer_in_session(_initialize, values, name=name, updates=variables)


def assign(variable: Variable, value: Any, name: str | None = None) -> Symbol:
    """Return a symbol that assigns the variable when it is run, and has its new value.

    Raises
    ------
    ShapeError
        If the value does not have the variable's shape.
    DTypeError
        If it cannot be converted to the variable's dtype.
    """
    given = value if isinstance(value, Symbol) else real(value)
    label = f"{name or 'Assign'}: {variable.name} of shape {variable.shape}"
    if not fits(given.shape, variable.shape):
        called = given.name if isinstance(given, Symbol) else "a value"
        raise ShapeError(
            f"{label} was assigned {called} of shape {given.shape}; the shapes must be equal."
        )
    _refuse_loss(label, given, variable.dtype)
    if not isinstance(given, Symbol):
        given = given.astype(variable.dtype)
    return defer_in_session(
        _assign,
        given,
        name=name or "Assign",
        shape=variable.shape,
        dtype=variable.dtype,
        updates=[variable],
    )


def fits(shape: Any, wanted: Any) -> bool:
    """Whether a value of the one shape can be of the other; None is any size, or any shape."""
    if shape is None or wanted is None:
        return True
    return len(shape) == len(wanted) and all(
        None in (size, other) or size == other for size, other in zip(shape, wanted, strict=True)
    )


def _refuse_loss(label: str, given: Any, wanted: np.dtype[Any] | None) -> None:
    if given.dtype is None or wanted is None or not np.can_cast(given.dtype, wanted, "same_kind"):
        called = f" {given.name}" if isinstance(given, Symbol) else ""
        raise DTypeError(
            f"{label} of dtype {wanted} was given a value{called} of dtype {given.dtype}, which "
            "cannot be converted without loss; convert it with .astype."
        )


def _read(keeping: Keeping) -> Parameter:
    return keeping.parameter(keeping.symbol)


def _assign(keeping: Keeping, value: Any) -> Parameter:
    (variable,) = keeping.symbol.updates or ()
    return keeping.assign(variable, value)


def _initialize(keeping: Keeping, values: list[Any]) -> None:
    variables = keeping.symbol.updates or ()
    keeping.restart(variables)
    for variable, value in zip(variables, values, strict=True):
        keeping.assign(variable, value)
