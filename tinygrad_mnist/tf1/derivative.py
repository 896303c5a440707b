"""``tf.gradients``: derivatives as symbols.

>>> import tinygrad_mnist.tf1 as tf
>>> with tf.Graph().as_default():
...     x = tf.placeholder(tf.float64, [], name="x")
>>> (slope,) = tf.gradients(x**3, x)
>>> (bend,) = tf.gradients(slope, x)
>>> tf.Session(graph=x.graph).run([slope, bend], {x: 2.0})
[np.float64(12.0), np.float64(12.0)]
"""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.errors import ArgumentError, DTypeError
from tinygrad_mnist.tf1.evaluation import differentiate
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import Symbol, ancestors, parts, snapshot


@takes(
    "ys xs grad_ys name colocate_gradients_with_ops gate_gradients aggregation_method "
    "stop_gradients unconnected_gradients",
    unconnected_gradients="none",
)
def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = "gradients",
    stop_gradients: Any = None,
) -> list[Any]:
    """Return the gradients of the sum of ``ys`` with respect to each of ``xs``.

    Parameters
    ----------
    ys, xs
        Symbols, one or a sequence: variables, placeholders, or what is computed from them.
    grad_ys
        The cotangents of the ys, else ones.
    stop_gradients
        Not supported: only None, or an empty list.

    Returns
    -------
    list
        A symbol of the shape and dtype of each x, or None where it does not influence a y.

    Raises
    ------
    DTypeError
        If a y is not floating.
    ArgumentError
        If there is no y, something is not a symbol, a cotangent is missing, or something that is
        not supported is given.
    """
    name = name or "gradients"
    is_empty = isinstance(stop_gradients, list | tuple) and not stop_gradients
    if stop_gradients is not None and not is_empty:
        raise ArgumentError(
            f"{name} does not support stop_gradients. Take tf.stop_gradient(x) for x in what is "
            f"differentiated. Received: {stop_gradients!r:.60}."
        )
    outputs, inputs = _symbols("ys", ys), _symbols("xs", xs)
    cotangents = [None] * len(outputs)
    if grad_ys is not None:
        cotangents = list(grad_ys) if isinstance(grad_ys, list | tuple) else [grad_ys]
    if len(cotangents) != len(outputs):
        raise ArgumentError(
            f"{name}: each y needs a cotangent. Received: {len(outputs)} ys and "
            f"{len(cotangents)} grad_ys."
        )
    for y in outputs:
        if y.dtype is None or y.dtype.kind != "f":
            raise DTypeError(
                f"{name}: {y.name} has dtype {y.dtype}, and only floating symbols have gradients."
            )
    influences = ancestors(outputs, _lets_gradients_through)
    reached = [x for x in inputs if x in influences and _is_floating(x)]
    found: dict[Symbol, Symbol] = {}
    if reached:
        graph = outputs[0].graph
        arguments = snapshot((outputs, reached, cotangents))
        whole = Symbol(graph, graph.unique_name(name), differentiate, arguments)
        signatures = [(x.shape, x.dtype) for x in reached]
        found = dict(zip(reached, parts(whole, signatures), strict=True))
    return [found.get(x) for x in inputs]


def _symbols(role: str, given: Any) -> list[Symbol]:
    members = list(given) if isinstance(given, list | tuple) else [given]
    if not members or not all(isinstance(member, Symbol) for member in members):
        raise ArgumentError(f"gradients: {role} must be one or more symbols. Received: {given!r}.")
    return members


def _is_floating(symbol: Symbol) -> bool:
    return symbol.dtype is not None and symbol.dtype.kind == "f"


def _lets_gradients_through(symbol: Symbol) -> bool:
    """Whether what it is computed from influences it smoothly; one of several results has no dtype.

    What a session keeps, and random numbers, depend on nothing.
    """
    return not symbol.session and (symbol.dtype is None or symbol.dtype.kind == "f")
