"""Sessions with TensorFlow 1's arguments, and that of a program that is typed line by line."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from types import SimpleNamespace
from typing import Any

from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.tf1 import graph as graphs
from tinygrad_mnist.tf1 import session
from tinygrad_mnist.tf1.graphs import get_default_graph


class ConfigProto(SimpleNamespace):
    """Options of a session, ``config.gpu_options.allow_growth = True`` too; all are ignored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"gpu_options": SimpleNamespace(), **options})


class Session(session.Session):
    """Runs symbols of one graph: see `tinygrad_mnist.tf1.session.Session`.

    Parameters
    ----------
    target
        Only ``""``, this process: there are no others to compute in. A graph may stand here too,
        as it does in the engine's own sessions.
    graph
        The graph, else the default one.
    config
        Ignored: there are no devices to choose among, and no threads but NumPy's.

    Raises
    ------
    ArgumentError
        If one of them is of another kind.
    """

    def __init__(
        self,
        target: str | graphs.Graph = "",
        graph: graphs.Graph | None = None,
        config: ConfigProto | None = None,
    ) -> None:
        if isinstance(target, graphs.Graph) and graph is None:
            graph = target
        elif not isinstance(target, str) or target:
            raise ArgumentError(
                "The target of a session is '', this process. Received: "
                f"{type(target).__name__} {target!r:.60}. A graph is given as Session(graph=graph)."
            )
        if not isinstance(graph, graphs.Graph | None):
            raise ArgumentError(f"The graph of a session is a tf.Graph. Received: {graph!r:.60}.")
        if not isinstance(config, ConfigProto | None):
            raise ArgumentError(
                f"The config of a session is a tf.ConfigProto. Received: {config!r:.60}."
            )
        super().__init__(get_default_graph() if graph is None else graph)

    def as_default(self) -> AbstractContextManager[Session]:
        """Make this the session of ``symbol.eval()`` inside the block, and leave it open after."""
        return graphs.default_session(self)


class InteractiveSession(Session):
    """A session that ``symbol.eval()`` uses from here on, until it is closed.

    Parameters
    ----------
    target, graph, config
        As of `Session`; the graph is then the default one until the session is closed.
    """

    def __init__(
        self,
        target: str | graphs.Graph = "",
        graph: graphs.Graph | None = None,
        config: ConfigProto | None = None,
    ) -> None:
        super().__init__(target, graph, config)
        self._installed = ExitStack()
        if self.graph is not get_default_graph():
            self._installed.enter_context(self.graph.as_default())
        self._installed.enter_context(graphs.default_session(self))

    def close(self) -> None:
        """Let go of the variables' values; the session cannot be run any more."""
        self._installed.close()
        super().close()


def disable_eager_execution() -> None:
    """Do nothing: operations are described first here, and computed by a session, always."""


def disable_v2_behavior() -> None:
    """Do nothing: TensorFlow 1's is the only behavior here."""
