"""Variables by name: ``get_variable`` and the scopes in which names are taken and shared.

What a graph knows of them is kept beside the graph, and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.graph.graph import Graph, get_default_graph
from tinygrad_mnist.graph.symbol import Symbol
from tinygrad_mnist.tf1.dtypes import as_dtype, float32
from tinygrad_mnist.tf1.initializers import glorot_uniform_initializer, zeros_initializer
from tinygrad_mnist.tf1.operands import operand
from tinygrad_mnist.tf1.variables import Variable

AUTO_REUSE = "tf.AUTO_REUSE"
"""For ``reuse=``: take the variable of that name if there is one, else make it."""

Reuse = bool | str | None


@dataclass
class VariableScope:
    """Where ``get_variable`` is: what is put before names, and what holds unless it is given."""

    name: str = ""
    reuse: Reuse = None
    initializer: Any = None
    dtype: Any = float32

    def reuse_variables(self) -> None:
        """From here on take variables that there are, instead of making them."""
        self.reuse = True


class _Names:
    """What one graph knows: its variables by name, the scope it is in, the scopes it has had."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.scope = VariableScope()
        self.opened: set[str] = set()


_names: WeakKeyDictionary[Graph, _Names] = WeakKeyDictionary()


def _here() -> _Names:
    return _names.setdefault(get_default_graph(), _Names())


def get_variable_scope() -> VariableScope:
    """Return the scope that the program is in."""
    return _here().scope


@contextmanager
def variable_scope(
    name_or_scope: str | VariableScope | None,
    default_name: str | None = None,
    values: Any = None,
    initializer: Any = None,
    reuse: Reuse = None,
    dtype: Any = None,
) -> Iterator[VariableScope]:
    """Put ``name/`` before the names of variables and operations made inside the block.

    Parameters
    ----------
    name_or_scope
        A name within the scope the program is in, or a scope to enter again.
    default_name
        Taken, with a number if it is taken, where ``name_or_scope`` is None.
    values
        Ignored; TensorFlow finds the graph by them.
    initializer, dtype
        Of the variables inside that give none.
    reuse
        True: variables inside must exist; ``tf.AUTO_REUSE``: they may. Inner scopes inherit it.

    Raises
    ------
    ArgumentError
        If no name is given.
    """
    here = _here()
    before = here.scope
    if isinstance(name_or_scope, VariableScope):
        outer, full = name_or_scope, name_or_scope.name
    else:
        outer, name = before, name_or_scope or _unused(here, before.name, default_name)
        full = f"{before.name}/{name}" if before.name else name
    here.opened.add(full)
    here.scope = replace(
        outer,
        name=full,
        reuse=outer.reuse if reuse is None else reuse,
        initializer=initializer or outer.initializer,
        dtype=as_dtype(dtype or outer.dtype),
    )
    try:
        with get_default_graph().name_scope(full.rpartition("/")[2] or None):
            yield here.scope
    finally:
        here.scope = before


def _unused(here: _Names, outer: str, name: str | None) -> str:
    """Return the default name, with a number if a scope of that name has been."""
    if not name:
        raise ArgumentError("variable_scope needs a name, or a default_name where it is None.")
    prefix, unused, number = f"{outer}/" if outer else "", name, 0
    while prefix + unused in here.opened:
        number += 1
        unused = f"{name}_{number}"
    return unused


def name_scope(
    name: str | None, default_name: str | None = None, values: Any = None
) -> AbstractContextManager[str]:
    """Put ``name/`` before the names of operations made inside the block, not of get_variable's.

    ``default_name`` is taken where ``name`` is None; ``values`` are ignored.
    """
    return get_default_graph().name_scope(name or default_name)


def get_variable(
    name: str,
    shape: Sequence[int] | int | None = None,
    dtype: Any = None,
    initializer: Any = None,
    trainable: bool = True,
) -> Variable:
    """Make the variable of a name, or take it where the scope says to reuse.

    Parameters
    ----------
    name
        Within the scope that the program is in.
    shape
        May be left out where the initializer is an array or a Symbol.
    dtype
        float32 unless it or the scope's is given.
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
        If the one to reuse differs, or no shape can be told.
    """
    here = _here()
    scope = here.scope
    full = f"{scope.name}/{name}" if scope.name else name
    wanted = None if shape is None else _sizes(full, shape)
    if full in here.variables:
        return _reused(here.variables[full], full, scope, wanted, dtype)
    if scope.reuse is True:
        raise ArgumentError(
            f"The variable {full} does not exist, and the scope says reuse=True; make it outside "
            "that scope first, or use reuse=tf.AUTO_REUSE."
        )
    graph, dtype = get_default_graph(), as_dtype(dtype or scope.dtype)
    with graph.name_scope(f"{full}/Initializer/"):
        initializer = scope.initializer if initializer is None else initializer
        value = _initial(full, wanted, dtype, initializer)
    with graph.name_scope(None):
        variable = Variable(value, trainable=trainable, name=full, dtype=dtype)
    here.variables[full] = variable
    return variable


def _sizes(name: str, shape: Sequence[int] | int) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(isinstance(size, Symbol) or size is None for size in sizes):
        raise ShapeError(
            f"The variable {name} needs a shape of known sizes. Received: {list(shape)}."  # type: ignore[arg-type]
        )
    return tuple(int(size) for size in sizes)


def _reused(
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


def _initial(name: str, shape: tuple[int, ...] | None, dtype: Any, initializer: Any) -> Any:
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
