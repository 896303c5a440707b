"""Variables: descriptions of values that each session keeps for itself.

>>> import tinygrad_mnist.tf1 as tf
>>> with tf.Graph().as_default():
...     count = tf.Variable(1.0, name="count")
...     more = count.assign_add(1.0)
...     with tf.Session() as session:
...         session.run(count.initializer), session.run(more), session.run(count)
(None, np.float32(2.0), np.float32(2.0))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinygrad_mnist.core.arrays import read_only
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError, DTypeError, SessionError, ShapeError
from tinygrad_mnist.tf1.conversion import as_dtype
from tinygrad_mnist.tf1.graph import get_default_graph, get_default_session
from tinygrad_mnist.tf1.keeping import Keeping, read
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import Symbol, defer_in_session, operand
from tinygrad_mnist.tf1.unknown import fits


class Variable(Symbol):
    """A symbol whose value each session keeps, as an engine `Parameter`, until it is assigned.

    Parameters
    ----------
    initial_value
        A Symbol, an array or numbers, or a function that returns one; Python's numbers are float32
        and int32. The shape is always that of the initial value, which must be known.
    trainable
        Whether optimizers change it unless they are told which to.
    name
        Made unique.
    dtype
        Converts the initial value.

    Raises
    ------
    ShapeError, DTypeError
        If a size of the initial value is not known, or it cannot be converted.
    ArgumentError
        If something not supported is given.
    """

    @takes(
        "initial_value trainable collections validate_shape caching_device name variable_def dtype "
        "expected_shape import_scope constraint use_resource synchronization aggregation shape",
        collections=None,
        variable_def=None,
        constraint=None,
        shape=None,
    )
    def __init__(
        self,
        initial_value: Any,
        trainable: bool | None = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if callable(initial_value):
            initial_value = initial_value()
        given = operand(initial_value, dtype, f"The variable {name or ''}".rstrip())
        graph = given.graph if isinstance(given, Symbol) else get_default_graph()
        op_name = graph.unique_name(name or "Variable")
        if given.shape is None or None in given.shape:
            raise ShapeError(
                f"The variable {op_name} needs an initial value of known shape. Received: "
                f"{given.name} of shape {given.shape}."
            )
        wanted = given.dtype if dtype is None else as_dtype(dtype)
        _refuse_loss(f"The variable {op_name}", given, wanted)
        super().__init__(graph, f"{op_name}:0", read, shape=given.shape, dtype=wanted, session=True)
        self.initial_value = given if isinstance(given, Symbol) else read_only(given)
        self.trainable = trainable is None or trainable
        graph.variables.append(self)
        with graph.name_scope(None):
            self.initializer = initializer([self], name=f"{op_name}/Assign")

    @property
    def op(self) -> SimpleNamespace:
        """The operation behind it, of which only ``op.name`` is there, the name without ``:0``."""
        return SimpleNamespace(name=self.op_name)

    @takes("value use_locking name read_value")
    def assign(self, value: Any, name: str | None = None) -> Symbol:
        """Return the operation that gives the variable another value, and has that value."""
        return assign(self, value, name=name)

    @takes("delta use_locking name read_value")
    def assign_add(self, delta: Any, name: str | None = None) -> Symbol:
        """Return the operation that adds to the variable, and has its new value."""
        return assign_add(self, delta, name=name)

    @takes("delta use_locking name read_value")
    def assign_sub(self, delta: Any, name: str | None = None) -> Symbol:
        """Return the operation that subtracts from the variable, and has its new value."""
        return assign_sub(self, delta, name=name)

    def eval(self, session: Any = None) -> Any:  # type: ignore[override]  # TensorFlow's
        """Return the value that a session keeps, else that of the ``with`` block, as a Symbol's."""
        return super().eval(None, session)

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


def initializer(variables: Sequence[Variable], name: str = "init") -> Symbol:
    """Return the operation that gives variables first values, and begins their optimizers anew."""
    values = [variable.initial_value for variable in variables]
    return defer_in_session(_initialize, values, name=name, updates=variables)


@takes("ref value validate_shape use_locking name")
def assign(ref: Variable, value: Any, name: str | None = None) -> Symbol:
    """Return the operation that gives a variable another value, of its shape, and has that value.

    Raises
    ------
    ShapeError, DTypeError
        If the value does not have the variable's shape, or cannot be converted to its dtype.
    ArgumentError
        If what is assigned is no variable.
    """
    _refuse_others("assign", ref)
    name, given = name or "Assign", operand(value, ref.dtype, ref.name)
    label = f"{name}: {ref.name} of shape {ref.shape}"
    if not fits(given.shape, ref.shape):
        raise ShapeError(
            f"{label} was assigned {getattr(given, 'name', 'a value')} of shape {given.shape}; the "
            "shapes must be equal."
        )
    _refuse_loss(label, given, ref.dtype)
    return defer_in_session(
        _assign, given, name=name, shape=ref.shape, dtype=ref.dtype, updates=[ref]
    )


@takes("ref value use_locking name")
def assign_add(ref: Variable, value: Any, name: str | None = None) -> Symbol:
    """Return the operation that adds to a variable, and has its new value; else as `assign`."""
    _refuse_others("assign_add", ref)
    return assign(ref, ref + operand(value, ref.dtype), name=name or "AssignAdd")


@takes("ref value use_locking name")
def assign_sub(ref: Variable, value: Any, name: str | None = None) -> Symbol:
    """Return the operation that subtracts from a variable; else as `assign_add`."""
    _refuse_others("assign_sub", ref)
    return assign(ref, ref - operand(value, ref.dtype), name=name or "AssignSub")


def global_variables_initializer(name: str = "init") -> Symbol:
    """Return the operation that gives all variables made so far their initial values.

    It begins the optimizers of those variables anew.
    """
    return initializer(global_variables(), name)


def initialize_all_variables() -> Symbol:
    """Return what `global_variables_initializer` does, whose old name this is."""
    return global_variables_initializer()


def global_variables(scope: str | None = None) -> list[Variable]:
    """Return the variables of the default graph, oldest first.

    With a scope, a regular expression, only those whose names begin with it.
    """
    found = get_default_graph().variables
    return [each for each in found if scope is None or re.match(scope, each.name)]


def trainable_variables(scope: str | None = None) -> list[Variable]:
    """Return those of `global_variables` that optimizers change."""
    return [variable for variable in global_variables(scope) if variable.trainable]


def _refuse_others(caller: str, ref: Any) -> None:
    if not isinstance(ref, Variable):
        raise ArgumentError(f"{caller} changes a variable. Received: {ref!r:.60}.")


def _refuse_loss(label: str, given: Any, wanted: np.dtype[Any] | None) -> None:
    if given.dtype is None or wanted is None or not np.can_cast(given.dtype, wanted, "same_kind"):
        called = f" {given.name}" if isinstance(given, Symbol) else ""
        raise DTypeError(
            f"{label} of dtype {wanted} was given a value{called} of dtype {given.dtype}, which "
            "cannot be converted without loss; convert it with .astype."
        )


def _assign(keeping: Keeping, value: Any) -> Parameter:
    (variable,) = keeping.symbol.updates or ()
    return keeping.assign(variable, value)


def _initialize(keeping: Keeping, values: list[Any]) -> None:
    variables = keeping.symbol.updates or ()
    keeping.restart(variables)
    for variable, value in zip(variables, values, strict=True):
        keeping.assign(variable, value)
