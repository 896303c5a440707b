"""Graph: symbols in creation order, under unique names as TensorFlow 1 gives them.

>>> graph = Graph()
>>> with graph.name_scope("layer"):
...     graph.unique_name("MatMul"), graph.unique_name("MatMul")
('layer/MatMul', 'layer/MatMul_1')
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_mnist.errors import ArgumentError, SessionError
from tinygrad_mnist.tf1.signatures import takes

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/]*")


class Graph:
    """The symbols that can be run together in one session, as in ``with Graph().as_default()``.

    Parameters
    ----------
    seed
        What all random symbols of the graph draw from. TensorFlow 1 takes another one in each
        process where none is given; here it is 0, so that a program gives the same result twice.

    Attributes
    ----------
    symbols
        All symbols, oldest first.
    variables
        The variables among them.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.symbols: list[Any] = []
        self.variables: list[Any] = []
        self._by_name: dict[str, Any] = {}
        self._taken: dict[str, int] = {}  # and the number last given to it
        self._scope = ""

    def __repr__(self) -> str:
        return f"<Graph of {len(self.symbols)} symbols, {len(self.variables)} variables>"

    def add(self, symbol: Any) -> int:
        """Take a symbol in and return its number in creation order."""
        self.symbols.append(symbol)
        self._by_name[symbol.name] = symbol
        return len(self.symbols) - 1

    @takes("name mark_as_used", mark_as_used=True)
    def unique_name(self, name: str) -> str:
        """Return the name within the current scope, numbered if it is taken, and take it.

        Raises
        ------
        ArgumentError
            If it has characters that a name cannot have.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ArgumentError(
                "A name begins with a letter, a digit or a dot and goes on with these, _ - or /. "
                f"Received: {name!r}."
            )
        wanted = unique = self._scope + name
        key = wanted.lower()  # case is no difference in a file's name
        number = self._taken.get(key, 0)
        while unique.lower() in self._taken:
            number += 1
            unique = f"{wanted}_{number}"
        self._taken[key] = number
        self._taken.setdefault(unique.lower(), 0)
        return unique

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Put ``name/`` before the names given inside the block.

        None is the outermost scope; a name that ends with / is a scope as it is, to enter it again.
        """
        before = self._scope
        if name is None or name == "":
            scope = ""
        else:
            scope = name if name.endswith("/") else self.unique_name(name) + "/"
        try:
            self._scope = scope
            yield scope
        finally:
            self._scope = before

    def get_tensor_by_name(self, name: str) -> Any:
        """Return the symbol of a name such as ``"X:0"``, which ``"X"`` is short for.

        Raises
        ------
        SessionError
            If the graph has none of that name.
        """
        found = self._by_name.get(f"{name}:0", self._by_name.get(name))
        if found is None:
            import difflib  # only errors need it

            near = difflib.get_close_matches(name, self._by_name, n=3)
            raise SessionError(
                f"The graph has no tensor {name!r}. "
                + (f"Nearest: {', '.join(near)}." if near else "It may be of another graph.")
            )
        return found

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Make this the graph that new symbols go to, inside the block and in this thread."""
        with _entered(_defaults.entered, self):
            yield self


class _Defaults(threading.local):
    def __init__(self) -> None:
        self.outermost = Graph()
        self.entered: list[list[Graph]] = []
        self.sessions: list[list[Any]] = []


_defaults = _Defaults()


def get_default_graph() -> Graph:
    """Return the graph that new symbols go to, in this thread: that of the ``with`` block."""
    return _defaults.entered[-1][0] if _defaults.entered else _defaults.outermost


def reset_default_graph() -> None:
    """Put a new graph in the place of the default one.

    Raises
    ------
    SessionError
        Inside ``with graph.as_default()`` or ``with Session()``, which would go on with the old.
    """
    if _defaults.entered:
        raise SessionError(
            "The default graph cannot be reset inside a with block of a graph or a session; leave "
            "the block first."
        )
    _defaults.outermost = Graph()


@contextmanager
def default_session(session: Any) -> Iterator[Any]:
    """Make this the session of ``symbol.eval()``, inside the block and in this thread."""
    with _entered(_defaults.sessions, session):
        yield session


@contextmanager
def _entered(entries: list[Any], one: Any) -> Iterator[None]:
    """Have an entry inside the block. Blocks may be left in any order, as sessions are closed."""
    entry = [one]
    try:
        entries.append(entry)
        yield
    finally:
        entries[:] = [other for other in entries if other is not entry]


def get_default_session() -> Any:
    """Return the session that ``symbol.eval()`` runs in, or None."""
    return _defaults.sessions[-1][0] if _defaults.sessions else None
