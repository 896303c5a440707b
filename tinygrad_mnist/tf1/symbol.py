"""Symbol: a deferred call of a function, computed when a session runs it.

A Symbol answers the operators and the NumPy functions that a Tensor does. Shapes and dtypes are
known, and checked, at once.

>>> from tinygrad_mnist.tf1.placeholder import placeholder
>>> with Graph().as_default():
...     x = placeholder(np.float32, [None, 3], name="X")
>>> np.tanh(x @ np.ones((3, 2), np.float32)).sum(axis=1)
<Symbol 'sum:0' shape=(None,) dtype=float32>
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core.arrays import held
from tinygrad_mnist.core.primitive import Primitive
from tinygrad_mnist.dispatch.operators import Operators
from tinygrad_mnist.dispatch.registry import lookup
from tinygrad_mnist.errors import ArgumentError, SessionError
from tinygrad_mnist.lines import users_line
from tinygrad_mnist.replay.signature import flatten, unflatten
from tinygrad_mnist.tf1.graph import Graph, get_default_graph, get_default_session
from tinygrad_mnist.tf1.inference import infer
from tinygrad_mnist.tf1.shape import Shape
from tinygrad_mnist.tf1.unknown import Uncomputed

_ABOUT_SHAPES = (np.shape, np.ndim, np.size)
"""What a symbol answers at once."""


class Symbol(Uncomputed, Operators["Symbol"]):
    """A deferred call ``function(*arguments, **keywords)``; made by `defer` and its like.

    Attributes
    ----------
    graph, number
        Where it belongs, and its place in the order of creation.
    name, op_name
        ``"X:0"`` and ``"X"``.
    shape, dtype
        Of the value: a tuple with None for sizes that are not known, or None if their number is
        not. A symbol without a dtype has no value: it is run for what it does.
    function, arguments, keywords
        The call; symbols among the arguments, at any depth, are computed first.
    session
        Whether the function takes what the session keeps (`Keeping`) before its arguments.
    updates
        The variables that it changes, or None of a symbol that changes nothing.
    line
        The user's line that made it.
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...] = (),
        keywords: dict[str, Any] | None = None,
        *,
        shape: Shape = None,
        dtype: np.dtype[Any] | None = None,
        session: bool = False,
        updates: tuple[Symbol, ...] | None = None,
    ) -> None:
        super().__init__(name, shape, dtype)
        self.graph = graph
        self.op_name = name.partition(":")[0]
        self.function = function
        self.arguments = arguments
        self.keywords = keywords or {}
        self.session = session
        self.updates = updates
        self.line = users_line()
        self.number = graph.add(self)

    def inputs(self) -> Iterator[Symbol]:
        """Yield the symbols among the arguments."""
        for leaf in flatten((self.arguments, self.keywords))[1]:
            if isinstance(leaf, Symbol):
                yield leaf

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Return the value, computed in a session, else in that of the ``with`` block.

        Raises
        ------
        SessionError
            Outside ``with Session()``, or as `Session.run`.
        """
        session = session or get_default_session()
        if session is None:
            raise SessionError(
                f"{self.name} has no session to be computed in. Use `with Session():`, or "
                f"session.run({self.op_name})."
            )
        return session.run(self, feed_dict)

    run = eval

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        operands = self.graph.operands(ufunc.__name__, inputs)
        return super().__array_ufunc__(ufunc, method, *operands, **kwargs)

    def __floordiv__(self, other: Any) -> Symbol:
        return self._floor_divided(self, other)

    def __rfloordiv__(self, other: Any) -> Symbol:
        return self._floor_divided(other, self)

    def _floor_divided(self, *operands: Any) -> Symbol:
        operands = tuple(self.graph.operands("floor_divide", operands))
        return _deferred(_floor_of_quotient, operands, {}, "floor_divide")  # type: ignore[no-any-return]

    def _apply_primitive(
        self, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]
    ) -> Any:
        arrays = tuple(np.asarray(o) if isinstance(o, list | tuple) else o for o in operands)
        return _deferred(primitive, arrays, static, primitive.name)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        meaning = lookup(function)
        if function in _ABOUT_SHAPES:
            return meaning(*args, **kwargs)
        return _deferred(meaning, args, kwargs, function.__name__)

    def __getitem__(self, index: Any) -> Symbol:
        return _deferred(lookup(np.ndarray.__getitem__), (self, index), {}, "getitem")  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} shape={self.shape} dtype={self.dtype}>"


def defer(
    function: Callable[..., Any], *arguments: Any, name: str | None = None, **keywords: Any
) -> Any:
    """Return the Symbol of a call of any function of Tensors, or a tuple of them if it returns one.

    Shape and dtype are those that the function's results have for small stand-in arrays: it is
    called at once, and again when a session runs the symbol.

    Parameters
    ----------
    arguments, keywords
        Symbols, arrays and numbers, also nested in tuples, lists and dicts.
    name
        Of the operation, else the function's.

    Raises
    ------
    ShapeError, DTypeError
        If the arguments do not fit, naming the operation, its symbols and their shapes.
    ArgumentError
        If the symbols are of different graphs.

    >>> from tinygrad_mnist.tf1.placeholder import placeholder
    >>> with Graph().as_default():
    ...     x = placeholder(np.float32, [None, 4])
    >>> defer(np.matmul, x, np.ones((4, 2), np.float32), name="MatMul")
    <Symbol 'MatMul:0' shape=(None, 2) dtype=float32>
    """
    return _deferred(function, arguments, keywords, name or _name_of(function))


def defer_in_session(
    function: Callable[..., Any],
    *arguments: Any,
    name: str | None = None,
    shape: Shape = None,
    dtype: npt.DTypeLike | None = None,
    updates: Sequence[Symbol] | None = None,
    **keywords: Any,
) -> Symbol:
    """Return the Symbol of a call that needs what the session keeps: random numbers, updates.

    Parameters
    ----------
    function
        Called with a `Keeping` first, then with the arguments, Tensors where they were Symbols.
    shape, dtype
        Of the result; without a dtype it has none, and fetching it gives None.
    updates
        The variables that are changed. Not None, be it empty, is an effect: it happens after all
        values that do not depend on an effect are computed.
    """
    symbol_name = name or _name_of(function)
    graph = _graph_of(symbol_name, (arguments, keywords, tuple(updates or ())))
    return Symbol(
        graph,
        graph.unique_name(symbol_name) + (":0" if dtype is not None else ""),
        function,
        *_held((arguments, keywords)),
        shape=shape,
        dtype=None if dtype is None else np.dtype(dtype),
        session=True,
        updates=None if updates is None else tuple(updates),
    )


def _deferred(
    function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any], name: str
) -> Any:
    graph = _graph_of(name, (arguments, keywords))
    result = infer(name, function, arguments, keywords)
    op_name = graph.unique_name(name)
    call = (function, *_held((arguments, keywords)))
    if _is_signature(result):
        shape, dtype = result
        return Symbol(graph, f"{op_name}:0", *call, shape=shape, dtype=dtype)
    return parts(Symbol(graph, op_name, *call), result)


def parts(
    whole: Symbol, signatures: Sequence[tuple[Shape, np.dtype[Any] | None]]
) -> tuple[Symbol, ...]:
    """Return the symbols of what a symbol's function returns several of: ``"split:0"`` and on."""
    return tuple(
        Symbol(
            whole.graph,
            f"{whole.op_name}:{position}",
            operator.itemgetter(position),
            (whole,),
            shape=shape,
            dtype=dtype,
        )
        for position, (shape, dtype) in enumerate(signatures)
    )


def _floor_of_quotient(a: Any, b: Any) -> Any:
    """The floor of a / b in the dtype of both; exact of integers of up to 53 bits."""
    return np.floor(np.divide(a, b)).astype(np.remainder(a, b).dtype)


def _is_signature(result: Any) -> bool:
    return isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], np.dtype)


def _graph_of(name: str, call: Any) -> Graph:
    """The graph of the symbols in a call, or the default one if there are none."""
    symbols = [leaf for leaf in flatten(call)[1] if isinstance(leaf, Symbol)]
    for symbol in symbols:
        if symbol.graph is not symbols[0].graph:
            raise ArgumentError(
                f"{name}: {symbols[0].name} and {symbol.name} are of different graphs; make both "
                "inside the same `with graph.as_default():`, or after reset_default_graph()."
            )
    return symbols[0].graph if symbols else get_default_graph()


def _held(value: Any) -> Any:
    """The value with its arrays as they are now, whatever is written into them later."""
    structure, leaves = flatten(value)
    return unflatten(
        structure, [held(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
    )


def _name_of(function: Callable[..., Any]) -> str:
    """The function's name, as far as it can be one of an operation: ``<lambda>`` is ``lambda``."""
    return re.sub(r"\W", "", getattr(function, "__name__", type(function).__name__)).strip("_")
