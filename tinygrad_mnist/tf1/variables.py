"""Variables, and what programs do with them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tinygrad_mnist.errors import ArgumentError, SessionError
from tinygrad_mnist.tf1 import variable as graph_variable
from tinygrad_mnist.tf1.dtypes import as_dtype
from tinygrad_mnist.tf1.graph import get_default_session
from tinygrad_mnist.tf1.graphs import get_default_graph
from tinygrad_mnist.tf1.operands import operand, refuse
from tinygrad_mnist.tf1.symbol import Symbol


class Variable(graph_variable.Variable):
    """A value that each session keeps, and that optimizers change.

    Parameters
    ----------
    initial_value
        A Symbol, an array or numbers; Python's numbers are float32 and int32.
    trainable
        Whether optimizers change it unless they are told which to.
    collections
        Not supported: only None.
    validate_shape, caching_device
        Ignored: the shape is always that of the initial value, which must be known.
    name
        Made unique.
    variable_def
        Not supported: only None.
    dtype
        Converts the initial value.

    Raises
    ------
    ShapeError, DTypeError
        If a size of the initial value is not known, or it cannot be converted.
    ArgumentError
        If something not supported is given.
    """

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        collections: None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: None = None,
        dtype: Any = None,
    ) -> None:
        refuse("tf.Variable", collections=collections, variable_def=variable_def)
        value = operand(initial_value, dtype, f"The variable {name or ''}".rstrip())
        with get_default_graph().as_default():
            super().__init__(value, trainable, name, None if dtype is None else as_dtype(dtype))

    @property
    def op(self) -> SimpleNamespace:
        """The operation behind it, of which only ``op.name`` is there, the name without ``:0``."""
        return SimpleNamespace(name=self.op_name)

    def assign(self, value: Any, name: str | None = None) -> Symbol:
        """Return the operation that gives the variable another value, and has that value."""
        return assign(self, value, name=name)

    def assign_add(self, delta: Any, name: str | None = None) -> Symbol:
        """Return the operation that adds to the variable, and has its new value."""
        return assign_add(self, delta, name=name)

    def assign_sub(self, delta: Any, name: str | None = None) -> Symbol:
        """Return the operation that subtracts from the variable, and has its new value."""
        return assign_sub(self, delta, name=name)

    def load(self, value: Any, session: Any = None) -> None:
        """Give the variable a value at once, in a session or in that of the ``with`` block.

        Raises
        ------
        SessionError
            Without a session.
        """
        session = session or get_default_session()
        if session is None:
            raise SessionError(f"{self.name} needs the session to load its value in.")
        session.load(self, value)


def assign(
    ref: graph_variable.Variable,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Symbol:
    """Return the operation that gives a variable another value, and has that value.

    ``validate_shape`` and ``use_locking`` are ignored: the shape is always that of the variable.

    Raises
    ------
    ShapeError, DTypeError
        If the value does not have the variable's shape, or cannot be converted to its dtype.
    ArgumentError
        If what is assigned is no variable.
    """
    ref = _variable("assign", ref)
    return graph_variable.assign(ref, operand(value, ref.dtype, ref.name), name)


def assign_add(
    ref: graph_variable.Variable,
    value: Any,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Symbol:
    """Return the operation that adds to a variable, and has its new value; else as `assign`."""
    ref = _variable("assign_add", ref)
    return assign(ref, ref + operand(value, ref.dtype), name=name or "AssignAdd")


def assign_sub(
    ref: graph_variable.Variable,
    value: Any,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Symbol:
    """Return the operation that subtracts from a variable; else as `assign_add`."""
    ref = _variable("assign_sub", ref)
    return assign(ref, ref - operand(value, ref.dtype), name=name or "AssignSub")


def _variable(caller: str, ref: Any) -> graph_variable.Variable:
    if not isinstance(ref, graph_variable.Variable):
        raise ArgumentError(f"{caller} changes a variable. Received: {ref!r:.60}.")
    return ref


def global_variables_initializer(name: str = "init") -> Symbol:
    """Return the operation that gives all variables made so far their initial values.

    It begins the optimizers of those variables anew.
    """
    with get_default_graph().as_default():
        return graph_variable.initializer(global_variables(), name)


def initialize_all_variables() -> Symbol:
    """Return what `global_variables_initializer` does, whose old name this is."""
    return global_variables_initializer()


def global_variables() -> list[graph_variable.Variable]:
    """Return the variables of the default graph, oldest first."""
    return list(get_default_graph().variables)


def trainable_variables() -> list[graph_variable.Variable]:
    """Return the variables of the default graph that optimizers change, oldest first."""
    return [variable for variable in global_variables() if variable.trainable]
