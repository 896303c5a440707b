"""The scopes in which names of variables and operations are taken and shared.

What a graph knows of them is kept beside the graph, and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.tf1.dtypes import as_dtype, float32
from tinygrad_mnist.tf1.graph import Graph, get_default_graph
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


def here() -> Names:
    """Return what the default graph knows of names."""
    return _names.setdefault(get_default_graph(), Names())


def get_variable_scope() -> VariableScope:
    """Return the scope that the program is in."""
    return here().scope


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
        A name within the scope the program is in, or a scope to enter again. ``""`` leaves the
        names of operations as they are.
    default_name
        Taken, with a number if it is taken, where ``name_or_scope`` is None.
    values
        Ignored; TensorFlow finds the graph by them.
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
    names = here()
    before = names.scope
    if isinstance(name_or_scope, VariableScope):
        outer, full = name_or_scope, name_or_scope.name
        label = full.rpartition("/")[2]
    else:
        label = _given(name_or_scope, default_name, reuse)
        name = label if name_or_scope is not None else _unused(names, before.name, label)
        outer, full = before, f"{before.name}/{name}" if before.name else name
    names.opened = opened = names.opened | {full}
    names.scope = replace(
        outer,
        name=full,
        reuse=reuse or outer.reuse,
        initializer=outer.initializer if initializer is None else initializer,
        dtype=as_dtype(dtype or outer.dtype),
    )
    try:
        with get_default_graph().name_scope(label) if label else nullcontext():
            yield names.scope
    finally:
        # Default names begin anew in a scope that is opened again, so that they can be shared.
        names.scope, names.opened = before, opened


def _given(name: Any, default_name: Any, reuse: Reuse) -> str:
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


def _unused(names: Names, outer: str, name: str) -> str:
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
