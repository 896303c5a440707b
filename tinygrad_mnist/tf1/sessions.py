"""The session of a program that is typed line by line."""

from __future__ import annotations

from contextlib import ExitStack

from tinygrad_mnist.graph.graph import Graph, default_session
from tinygrad_mnist.graph.session import Session


class InteractiveSession(Session):
    """A session that ``symbol.eval()`` uses from here on, until it is closed.

    Parameters
    ----------
    graph
        The graph, which is then the default one until the session is closed.
    """

    def __init__(self, graph: Graph | None = None) -> None:
        super().__init__(graph)
        self._installed = ExitStack()
        if graph is not None:
            self._installed.enter_context(graph.as_default())
        self._installed.enter_context(default_session(self))

    def close(self) -> None:
        """Let go of the variables' values; the session cannot be run any more."""
        self._installed.close()
        super().close()
