"""Session: runs symbols of a graph, and keeps the values of its variables between runs.

>>> import tinygrad_mnist.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.placeholder(tf.float32, [None, 2], name="x")
...     session.run({"sums": x.sum(axis=1)}, feed_dict={x: [[1, 2], [3, 4]]})
{'sums': array([3., 7.], dtype=float32)}
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from copy import copy
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, DTypeError, SessionError, ShapeError, plainly
from tinygrad_mnist.replay.capture import Captured, capture
from tinygrad_mnist.replay.plan import Plan
from tinygrad_mnist.replay.signature import flatten, unflatten
from tinygrad_mnist.tf1.conversion import same_values
from tinygrad_mnist.tf1.evaluation import Evaluation
from tinygrad_mnist.tf1.graph import Graph, default_session, get_default_graph
from tinygrad_mnist.tf1.keeping import Store
from tinygrad_mnist.tf1.signatures import refuse
from tinygrad_mnist.tf1.symbol import Symbol, Text
from tinygrad_mnist.tf1.unknown import fits


class ConfigProto(SimpleNamespace):
    """Options of a session, ``config.gpu_options.allow_growth = True`` too; all are ignored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"gpu_options": SimpleNamespace(), **options})


class Session:
    """Runs symbols of one graph; two sessions keep separate values of its variables.

    The first run of some fetches with some feeds computes them as it goes, and makes what the
    session keeps; from the next one on they are captured, with a plan for each shape of the feeds.

    Parameters
    ----------
    target
        Only ``""``, this process: there are no others to compute in. A graph may stand here too.
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
        target: str | Graph = "",
        graph: Graph | None = None,
        config: ConfigProto | None = None,
    ) -> None:
        if isinstance(target, Graph) and graph is None:
            graph = target
        elif not isinstance(target, str) or target:
            raise ArgumentError(
                "The target of a session is '', this process. Received: "
                f"{type(target).__name__} {target!r:.60}. A graph is given as Session(graph=graph)."
            )
        if not isinstance(graph, Graph | None):
            raise ArgumentError(f"The graph of a session is a tf.Graph. Received: {graph!r:.60}.")
        if not isinstance(config, ConfigProto | None):
            raise ArgumentError(
                f"The config of a session is a tf.ConfigProto. Received: {config!r:.60}."
            )
        self.graph = get_default_graph() if graph is None else graph
        self.store = Store()
        self.closed = False
        self._programs: dict[Any, Captured] = {}
        self._changes = 0
        self._entered = ExitStack()

    def __repr__(self) -> str:
        closed = ", closed" if self.closed else ""
        return f"<{type(self).__name__} of {self.graph!r}{closed}>"

    def run(
        self,
        fetches: Any,
        feed_dict: Mapping[Any, Any] | None = None,
        options: None = None,
        run_metadata: None = None,
    ) -> Any:
        """Compute symbols and return their values as NumPy arrays and scalars.

        Values are computed from the variables as they are before the run; effects follow in the
        order in which their symbols were made.

        Parameters
        ----------
        fetches
            A symbol or a name such as ``"cost:0"``, or tuples, lists and dicts of them; the values
            come back in the same structure, with None for an operation that has none.
        feed_dict
            Values by symbol or name. Any symbol can be fed; what is fed is not computed.
        options, run_metadata
            Not supported: only None. What a run does is told by `plans`.

        Raises
        ------
        ArgumentError
            If something not supported is given.
        SessionError
            If the session is closed, the graph is empty, a fetch or feed is not of this graph, a
            placeholder is needed but not fed, or a variable is not initialised.
        ShapeError, DTypeError
            If what is fed does not have the shape, or cannot be converted to the dtype.
        """
        if options is not None or run_metadata is not None:
            refuse("Session.run", "options", options)
            refuse("Session.run", "run_metadata", run_metadata)
        self._refuse_closed()
        if not self.graph.symbols:
            raise SessionError("The session's graph is empty: make the symbols before running one.")
        given = {} if feed_dict is None else feed_dict
        if not isinstance(given, Mapping):
            raise SessionError(
                "What is fed is a dictionary, as in run(cost, feed_dict={X: images}). Received: "
                f"{type(feed_dict).__name__} {feed_dict!r:.60}."
            )
        structure, leaves = flatten(fetches)
        wanted = [self._symbol(leaf, "fetch") for leaf in leaves]
        feeds = {self._symbol(key, "feed"): value for key, value in given.items()}
        if len(feeds) != len(given):
            names = [getattr(key, "name", key) for key in given]
            raise SessionError(f"A symbol is fed twice, under two names. Received: {names}.")
        fed = sorted(feeds, key=_number)
        arrays = {_feed_name(symbol): _feed_array(symbol, feeds[symbol]) for symbol in fed}
        fetched = list(dict.fromkeys(wanted))
        values = self._values(fetched, fed, arrays)
        if len(fetched) != len(wanted):  # an array for each time that a symbol is fetched
            by_symbol = dict(zip(fetched, values, strict=True))
            values = [copy(by_symbol[symbol]) for symbol in wanted]
        return unflatten(structure, values)

    def _values(self, fetched: list[Symbol], fed: list[Symbol], arrays: dict[str, Array]) -> Any:
        """Return arrays and scalars that nobody else holds, or None of what has no value."""
        if self._changes != self.store.changes:  # programs are bound to the objects there were
            self._changes = self.store.changes
            self._programs.clear()
        key = tuple(map(_number, fetched)), tuple(map(_number, fed))
        inside = tape.watcher.get().rules_on_tensors  # a captured function, which sees all of it
        if key in self._programs and not inside:
            return [_owned_value(value) for value in self._programs[key](**arrays)]
        evaluation = Evaluation(fetched, fed, self.store)
        results = evaluation.run(**{name: _lend(array) for name, array in arrays.items()})
        texts = [symbol for symbol in fetched if isinstance(symbol, Text)]  # which no program has
        if self._changes == self.store.changes and not texts:
            self._programs.setdefault(key, capture(evaluation.run))
        return [
            symbol.text.copy()[()] if isinstance(symbol, Text) else _new_value(value)
            for symbol, value in zip(fetched, results, strict=True)
        ]

    @property
    def plans(self) -> list[Plan]:
        """The plans captured so far; ``print(plan)`` shows what a run does."""
        return [plan for program in self._programs.values() for plan in program.plans]

    def load(self, variable: Symbol, value: Any) -> None:
        """Give a variable a value, its first or another one.

        Raises
        ------
        SessionError
            If the session is closed, or the variable is not of its graph.
        ShapeError, DTypeError
            If the value does not have the variable's shape, or cannot be converted to its dtype.
        """
        self._refuse_closed()
        symbol = self._symbol(variable, "feed")
        self.store.assign(symbol, _feed_array(symbol, value))

    def as_default(self) -> AbstractContextManager[Session]:
        """Make this the session of ``symbol.eval()`` inside the block, and leave it open after."""
        return default_session(self)

    def close(self) -> None:
        """Let go of the variables' values; the session cannot be run any more."""
        self.closed = True
        self.store = Store()
        self._programs.clear()

    def __enter__(self) -> Session:
        self._refuse_closed()
        self._entered.enter_context(self.graph.as_default())
        self._entered.enter_context(default_session(self))
        return self

    def __exit__(self, *_: object) -> None:
        self._entered.close()
        self.close()

    def _refuse_closed(self) -> None:
        if self.closed:
            raise SessionError("The session is closed, and its variables are gone; make a new one.")

    def _symbol(self, given: Any, role: str) -> Symbol:
        if isinstance(given, str):
            found: Symbol = self.graph.get_tensor_by_name(given)
            return found
        if not isinstance(given, Symbol):
            raise SessionError(
                f"A {role} must be a symbol or the name of one. Received: "
                f"{type(given).__name__} {given!r:.60}."
            )
        if given.graph is not self.graph:
            raise SessionError(
                f"The {role} {given.name} is not of this session's graph; was the graph reset, or "
                "is it of another session?"
            )
        return given


class InteractiveSession(Session):
    """A session that ``symbol.eval()`` uses from here on, until it is closed.

    Parameters
    ----------
    target, graph, config
        As of `Session`; the graph is then the default one until the session is closed.
    """

    def __init__(
        self,
        target: str | Graph = "",
        graph: Graph | None = None,
        config: ConfigProto | None = None,
    ) -> None:
        super().__init__(target, graph, config)
        self._installed = ExitStack()
        if self.graph is not get_default_graph():
            self._installed.enter_context(self.graph.as_default())
        self._installed.enter_context(default_session(self))

    def close(self) -> None:
        """Let go of the variables' values; the session cannot be run any more."""
        self._installed.close()
        super().close()


def disable_eager_execution() -> None:
    """Do nothing: operations are described first here, and computed by a session, always."""


def disable_v2_behavior() -> None:
    """Do nothing: TensorFlow 1's is the only behavior here."""


_number = attrgetter("number")


def _feed_name(symbol: Symbol) -> str:
    """What a program calls a fed symbol."""
    return symbol.name.removesuffix(":0")


def _feed_array(symbol: Symbol, value: Any) -> Array:
    """What is fed, as an array of the symbol's dtype and a shape that fits."""
    if (
        type(value) is np.ndarray
        and value.dtype == symbol.dtype
        and fits(value.shape, symbol.shape)
    ):
        return value
    if isinstance(value, Symbol):
        raise DTypeError(
            f"{symbol.name} was fed the symbol {value.name}; a feed is an array, such as "
            f"session.run({value.op_name}) gives."
        )
    if symbol.dtype is None or isinstance(symbol, Text):
        raise SessionError(f"{symbol.name} has no value, or strings, so it cannot be fed.")
    try:
        fed = value.data if isinstance(value, Tensor) else value
        given = np.asarray(plain(f"What {symbol.name} was fed", fed))
    except ValueError as error:
        raise ShapeError(
            f"{symbol.name} was fed what cannot be made an array: {plainly(error)}."
        ) from None
    array = same_values(given, symbol.dtype)
    if array is None and (value is None or isinstance(value, str | bytes)):
        raise DTypeError(
            f"{symbol.name} was fed {value!r:.60}; a feed is a number, an array, or a list of them."
        )
    if not fits(given.shape, symbol.shape):
        raise ShapeError(
            f"{symbol.name} was fed an array of shape {given.shape}, but its shape is "
            f"{symbol.shape}."
        )
    if array is None:
        raise DTypeError(
            f"{symbol.name} of dtype {symbol.dtype} was fed a value of dtype {given.dtype}, which "
            f"cannot be converted without loss. Received: {value!r:.60}."
        )
    return array


def _lend(array: Array) -> Tensor:
    """Return the array as a constant for one run. It is no copy: it may be a whole data set."""
    view = array.view()
    view.flags.writeable = False
    return Tensor.of(view, None)


def _new_value(value: Tensor | None) -> Any:
    return None if value is None else value.numpy()[()]


def _owned_value(value: Tensor | None) -> Any:
    """Return the array of a result, writable: the replay copied it for this call alone.

    That a variable's value is copied too, `Evaluation` sees to. Without axes: a NumPy scalar.
    """
    if value is None:
        return None
    array = value._array
    if array.flags.owndata:
        array.setflags(write=True)
    else:  # a constant, for ever read-only
        array = array.copy()
    return array if array.ndim else array[()]
