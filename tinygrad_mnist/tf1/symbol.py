"""Symbol: a deferred call of a function, computed when a session runs it.

A Symbol answers the operators and the NumPy functions that a Tensor does. Shapes and dtypes are
known, and checked, at once.

>>> import tinygrad_mnist.tf1 as tf
>>> with tf.Graph().as_default():
...     x = tf.placeholder(tf.float32, [None, 3], name="X")
>>> np.tanh(x @ np.ones((3, 2))).sum(axis=1)
<Symbol 'sum:0' shape=(None,) dtype=float32>

TensorFlow 1 never promotes: float32 and float64 do not meet in one operation, and constants take
the dtype of the symbol that they meet (`operands`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.arguments import without_mask
from tinygrad_mnist.core.arrays import SCALARS, read_only
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.dispatch.operators import Operators
from tinygrad_mnist.dispatch.registry import lookup
from tinygrad_mnist.errors import ArgumentError, DTypeError, SessionError
from tinygrad_mnist.lines import users_line
from tinygrad_mnist.replay.signature import flatten, unflatten
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.conversion import as_array
from tinygrad_mnist.tf1.graph import Graph, get_default_graph, get_default_session
from tinygrad_mnist.tf1.inference import infer
from tinygrad_mnist.tf1.unknown import Shape, Unknown

_ABOUT_SHAPES = (np.shape, np.ndim, np.size, np.isrealobj, np.iscomplexobj)
"""What a symbol answers at once."""

_OF_VALUES = (np.allclose, np.array_equal, np.array_equiv, np.nonzero, np.flatnonzero, np.argwhere)
"""What a symbol, which has no value yet, cannot answer."""


class Symbol(Unknown, Operators["Symbol"]):
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

    _values = "session.run(x)"

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
        of_one_dtype = operands(ufunc.__name__, *inputs)
        return super().__array_ufunc__(ufunc, method, *of_one_dtype, **kwargs)

    def __floordiv__(self, other: Any) -> Symbol:
        return _divide("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Symbol:
        return _divide("floor_divide", other, self)

    def __mod__(self, other: Any) -> Symbol:
        return _divide("remainder", self, other)

    def __rmod__(self, other: Any) -> Symbol:
        return _divide("remainder", other, self)

    def _apply_primitive(
        self, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]
    ) -> Any:
        arrays = tuple(np.asarray(o) if isinstance(o, list | tuple) else o for o in operands)
        return _symbols_of(primitive, arrays, static, primitive.name)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        meaning = lookup(function)
        if function in _ABOUT_SHAPES:
            return meaning(*args, **kwargs)
        if function in _OF_VALUES:
            self._refuse(f"np.{function.__name__}")
        return _symbols_of(meaning, args, kwargs, function.__name__)

    def __getitem__(self, index: Any) -> Symbol:
        return _symbols_of(lookup(np.ndarray.__getitem__), (self, index), {}, "getitem")  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} shape={self.shape} dtype={self.dtype}>"


class Placeholder(Symbol):
    """A symbol whose value is fed."""


class Text(Symbol):
    """A constant of strings, which a session returns and no operation takes.

    Attributes
    ----------
    text
        An array of bytes.
    """

    def __init__(self, graph: Graph, name: str, text: Array) -> None:
        super().__init__(graph, name, _no_tensor, shape=text.shape, dtype=text.dtype)
        self.text = text


def _no_tensor() -> None:
    return None


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

    >>> import tinygrad_mnist.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [None, 4])
    >>> defer(np.matmul, x, np.ones((4, 2), np.float32), name="MatMul")
    <Symbol 'MatMul:0' shape=(None, 2) dtype=float32>
    """
    return _symbols_of(function, arguments, keywords, name or _name_of(function))


def operation(
    kind: str, name: str | None, function: Callable[..., Any], *arguments: Any, **keywords: Any
) -> Symbol:
    """Return `defer`'s Symbol, under the name that was given or, without one, that of its kind."""
    symbol: Symbol = defer(function, *arguments, name=name or kind, **keywords)
    return symbol


def declare(
    kind: str,
    name: str | None,
    function: Callable[..., Any],
    *arguments: Any,
    shape: Shape,
    dtype: Any,
) -> Symbol:
    """Return the Symbol of a call whose shape and dtype are not found by calling it."""
    graph = _graph_of(kind, arguments)
    op_name = graph.unique_name(name or kind)
    call = (function, *snapshot((arguments, {})))
    return Symbol(graph, f"{op_name}:0", *call, shape=shape, dtype=np.dtype(dtype))


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
        *snapshot((arguments, keywords)),
        shape=shape,
        dtype=None if dtype is None else np.dtype(dtype),
        session=True,
        updates=None if updates is None else tuple(updates),
    )


def _symbols_of(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    name: str,
    like: Callable[..., Any] | None = None,
) -> Any:
    """The symbols of a call, with the shapes and dtypes that it has or, if given, one like it."""
    graph = _graph_of(name, (arguments, keywords))
    call = (function, *snapshot((arguments, keywords)))
    result = infer(name, like or function, arguments, keywords)
    op_name = graph.unique_name(name)
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


def operand(value: Any, dtype: Any = None, caller: str = "An operation") -> Any:
    """Return a Symbol as it is, a sequence with Symbols in it stacked, and else an array.

    Raises
    ------
    DTypeError
        If it is an operation without a value, or no numbers, or cannot be of the dtype.
    """
    if _holds_symbols(value):
        return defer(np.stack, operand_list(caller, value), name="packed")
    if not isinstance(value, Symbol):
        return as_array(value, dtype, f"{caller}: an operand")
    if value.dtype is None:
        raise DTypeError(f"{caller}: {value.name} is an operation, which has no value.")
    if isinstance(value, Text):
        raise DTypeError(f"{caller}: {value.name} is of strings, which can only be fetched.")
    return value


def operand_list(caller: str, values: Any) -> list[Any]:
    """Return Symbols and arrays of the one dtype that they must have, of an array its rows.

    Raises
    ------
    ArgumentError
        If it is no list or tuple of them, or an empty one.
    DTypeError
        If two Symbols differ in dtype, or a constant cannot be converted to theirs.
    """
    if isinstance(values, np.ndarray) and values.ndim:
        values = list(values)
    if not isinstance(values, list | tuple) or not values:
        raise ArgumentError(
            f"{caller} takes a list of at least one operand. Received: {values!r:.60}."
        )
    values = [operand(v, caller=caller) if _holds_symbols(v) else v for v in values]
    symbols = [value for value in values if isinstance(value, Symbol)]
    first = operand(symbols[0] if symbols else values[0], caller=caller)
    for symbol in symbols:
        if symbol.dtype != first.dtype:
            raise DTypeError(
                f"{caller} takes operands of one dtype. Received: {first.name} of dtype "
                f"{first.dtype} and {symbol.name} of dtype {symbol.dtype}. Convert one with "
                "tf.cast."
            )
    return [operand(value, first.dtype, caller) for value in values]


def operands(caller: str, *values: Any) -> list[Any]:
    """Return operands as `operand_list` does, but Python's numbers beside Symbols as they are.

    They take the Symbols' dtype by themselves, and a program prints them as they were written.
    """
    found = operand_list(caller, values)
    if not any(isinstance(value, Symbol) for value in found):
        return found
    return [
        value if type(value) in SCALARS else converted
        for value, converted in zip(values, found, strict=True)
    ]


def ancestors(
    symbols: Iterable[Symbol], goes_on: Callable[[Symbol], bool] = lambda symbol: True
) -> set[Symbol]:
    """Return the symbols that these are computed from, with themselves.

    The search does not go behind a symbol where ``goes_on(symbol)`` is false.
    """
    found: set[Symbol] = set()
    pending = list(symbols)
    while pending:
        symbol = pending.pop()
        if symbol not in found:
            found.add(symbol)
            if goes_on(symbol):
                pending += symbol.inputs()
    return found


def _divide(kind: str, a: Any, b: Any) -> Symbol:
    """A division that is rounded down, or what remains of it, by the dtype of the symbols."""
    a, b = operands(kind, a, b)
    of_floats, of_integers = _DIVISIONS[kind]
    is_floating = any(np.issubdtype(x.dtype, np.floating) for x in (a, b) if hasattr(x, "dtype"))
    # Of stand-ins for integers, which are zeros, NumPy's remainder has the shape and the dtype too.
    symbol: Symbol = _symbols_of(
        of_floats if is_floating else of_integers, (a, b), {}, kind, like=np.remainder
    )
    return symbol


def _floor_of_quotient(a: Any, b: Any) -> Any:
    return np.floor(np.divide(a, b))


_DIVISIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "floor_divide": (_floor_of_quotient, primitives.integer_quotient),
    "remainder": (np.remainder, primitives.integer_remainder),
}
"""What divides floats, and what integers."""


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


def snapshot(value: Any) -> Any:
    """Return the value with its arrays as they are now, whatever is written into them later.

    Raises
    ------
    DTypeError
        If one is masked.
    """
    structure, leaves = flatten(value)
    return unflatten(
        structure,
        [
            read_only(without_mask("An operand", leaf)).view(type(leaf))
            if isinstance(leaf, np.ndarray)
            else leaf
            for leaf in leaves
        ],
    )


def _name_of(function: Callable[..., Any]) -> str:
    """The function's name, as far as it can be one of an operation: ``<lambda>`` is ``lambda``."""
    return re.sub(r"\W", "", getattr(function, "__name__", type(function).__name__)).strip("_")


def _holds_symbols(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(
        isinstance(leaf, Symbol) for leaf in flatten(value)[1]
    )
