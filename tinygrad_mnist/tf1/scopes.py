"""The scopes in which names of variables and operations are taken and shared; ``get_variable``.

What a graph knows of them is kept beside the graph, and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.tf1.arguments import sizes
from tinygrad_mnist.tf1.conversion import as_dtype, float32
from tinygrad_mnist.tf1.first_values import glorot_uniform_initializer, zeros_initializer
from tinygrad_mnist.tf1.graph import Graph, get_default_graph
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import operand
from tinygrad_mnist.tf1.variables import Variable

AUTO_REUSE = "tf.AUTO_REUSE"
"""For ``reuse=``: take the variable of that name if there is one, else make it."""

Reuse = bool | str | None


@dataclass
class VariableScope:
    """Where ``get_variable`` is: what is put before names, and what holds unless it is given."""

    name: str = ""
    reuse: Reuse = False
    initializer: Any = None
    dtype: Any = float32

    def reuse_variables(self) -> None:
        """From here on take variables that there are, instead of making them."""
        self.reuse = True


class Names:
    """What one graph knows: its variables by name, the scope it is in, the scopes it has had."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.scope = VariableScope()
        self.opened: set[str] = set()


_names: WeakKeyDictionary[Graph, Names] = WeakKeyDictionary()


def names_here() -> Names:
    """Return what the default graph knows of names."""
    return _names.setdefault(get_default_graph(), Names())


def get_variable_scope() -> VariableScope:
    """Return the scope that the program is in."""
    return names_here().scope


@takes(
    "name_or_scope default_name values initializer regularizer caching_device partitioner "
    "custom_getter reuse dtype use_resource constraint auxiliary_name_scope",
    regularizer=None,
    partitioner=None,
    custom_getter=None,
    constraint=None,
    auxiliary_name_scope=True,
)
@contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    initializer: Any = None,
    reuse: Reuse = None,
    dtype: Any = None,
) -> Iterator[VariableScope]:
    """Put ``name/`` before the names of variables and operations made inside the block.

    Parameters
    ----------
    name_or_scope
        A name within the scope the program is in, or a scope to enter again. ``""`` leaves the
        names of operations as they are.
    default_name
        Taken, with a number if it is taken, where ``name_or_scope`` is None.
    initializer, dtype
        Of the variables inside that give none.
    reuse
        True: variables inside must exist; ``tf.AUTO_REUSE``: they may. Inner scopes inherit both,
        and False does not end it.

    Raises
    ------
    ArgumentError
        If no name is given, or the name or ``reuse`` is of another kind.
    """
    if not isinstance(reuse, bool | None) and reuse is not AUTO_REUSE:
        raise ArgumentError(
            f"reuse must be True, False, None or tf.AUTO_REUSE. Received: {reuse!r:.60}."
        )
    names = names_here()
    before = names.scope
    if isinstance(name_or_scope, VariableScope):
        outer, full = name_or_scope, name_or_scope.name
        label = full.rpartition("/")[2]
    else:
        label = _scope_label(name_or_scope, default_name, reuse)
        name = label if name_or_scope is not None else _unused_name(names, before.name, label)
        outer, full = before, f"{before.name}/{name}" if before.name else name
    opened = names.opened | {full}
    scope = replace(
        outer,
        name=full,
        reuse=reuse or outer.reuse,
        initializer=outer.initializer if initializer is None else initializer,
        dtype=as_dtype(dtype or outer.dtype),
    )
    try:
        names.scope, names.opened = scope, opened
        with get_default_graph().name_scope(label) if label else nullcontext():
            yield scope
    finally:
        # Default names begin anew in a scope that is opened again, so that they can be shared.
        names.scope, names.opened = before, opened


def _scope_label(name: Any, default_name: Any, reuse: Reuse) -> str:
    """Return the name of the one kind or the other that was given."""
    if isinstance(name, str):
        return name
    if name is not None or not default_name or not isinstance(default_name, str):
        raise ArgumentError(
            "variable_scope needs a name or a scope, or a default_name where it is None. "
            f"Received: {name!r:.60} and default_name {default_name!r:.60}."
        )
    if reuse:
        raise ArgumentError(
            "variable_scope needs the name of what to share; a default_name is always a new one. "
            f"Received: reuse {reuse!r}."
        )
    return default_name


def _unused_name(names: Names, outer: str, name: str) -> str:
    """Return the default name, with a number if a scope of that name has been."""
    prefix, unused, number = f"{outer}/" if outer else "", name, 0
    while prefix + unused in names.opened:
        number += 1
        unused = f"{name}_{number}"
    return unused


def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None
) -> AbstractContextManager[str]:
    """Put ``name/`` before the names of operations made inside the block, not of get_variable's.

    ``default_name`` is taken where ``name`` is None; ``values`` are ignored.

    Raises
    ------
    ArgumentError
        If it is no name.
    """
    given = default_name if name is None else name
    if not isinstance(given, str | None):
        raise ArgumentError(f"name_scope takes a name, which is text. Received: {given!r:.60}.")
    return get_default_graph().name_scope(given)


@takes(
    "name shape dtype initializer regularizer trainable collections caching_device partitioner "
    "validate_shape use_resource custom_getter constraint synchronization aggregation",
    regularizer=None,
    collections=None,
    partitioner=None,
    custom_getter=None,
    constraint=None,
)
def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    trainable: bool | None = True,
) -> Variable:
    """Make the variable of a name, or take it where the scope says to reuse.

    Parameters
    ----------
    name
        Within the scope that the program is in.
    shape
        May be left out where the initializer is an array or a Symbol.
    dtype
        That of the initializer where this is an array, a number or a Symbol, else float32, unless
        it or the scope's is given.
    initializer
        ``initializer(shape, dtype=dtype)``, or a class of them, an array or a Symbol; by default
        Glorot's uniform distribution, and zeros for integers and booleans.
    trainable
        Whether optimizers change it.

    Raises
    ------
    ArgumentError
        If the name is taken and may not be reused, or must be reused and does not exist.
    ShapeError, DTypeError
        If the one to reuse differs, or no shape is given.
    """
    names = names_here()
    scope = names.scope
    full = f"{scope.name}/{name}" if scope.name else name
    wanted = None if shape is None else sizes(f"The shape of the variable {full}", shape)
    if full in names.variables:
        return _existing_variable(names.variables[full], full, scope, wanted, dtype)
    if scope.reuse is True:
        raise ArgumentError(
            f"The variable {full} does not exist, and the scope says reuse=True; make it outside "
            "that scope first, or use reuse=tf.AUTO_REUSE."
        )
    graph = get_default_graph()
    with graph.name_scope(f"{full}/Initializer/"):
        initializer = scope.initializer if initializer is None else initializer
        if initializer is None or callable(initializer):
            dtype = as_dtype(dtype or scope.dtype)
        value = _first_value(full, wanted, dtype, initializer)
    with graph.name_scope(None):
        variable = Variable(value, trainable=trainable, name=full, dtype=dtype)
    names.variables[full] = variable
    return variable


def _existing_variable(
    variable: Variable, name: str, scope: VariableScope, shape: Any, dtype: Any
) -> Variable:
    if not scope.reuse:
        raise ArgumentError(
            f"The variable {name} exists already in this graph. Give the new one another name, "
            "share the old one inside tf.variable_scope(..., reuse=True) or, to build the graph "
            "again, call tf.reset_default_graph() before."
        )
    if shape is not None and shape != variable.shape:
        raise ShapeError(
            f"The variable {name} exists with shape {variable.shape}. Received: shape {shape}."
        )
    if dtype is not None and as_dtype(dtype) != variable.dtype:
        raise DTypeError(
            f"The variable {name} exists with dtype {variable.dtype}. Received: {dtype}."
        )
    return variable


def _first_value(name: str, shape: tuple[int, ...] | None, dtype: Any, initializer: Any) -> Any:
    """The first value, made inside the scope of its own that TensorFlow gives it."""
    if initializer is None:
        initializer = glorot_uniform_initializer if dtype.kind == "f" else zeros_initializer
    if isinstance(initializer, type):
        initializer = initializer()
    if not callable(initializer):
        value = operand(initializer, dtype, name)
        if shape not in (None, value.shape):
            raise ShapeError(
                f"The variable {name} of shape {shape} was given a first value of {value.shape}."
            )
        return value
    if shape is None:
        raise ShapeError(f"The variable {name} needs a shape: its initializer fills any.")
    return initializer(shape, dtype=dtype)
