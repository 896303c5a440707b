"""Evaluation: one run of a session as a function of the fed arrays, to be captured.

A run computes values first, from the variables as they are; then come the effects, such as
assignments, and what is computed from them, both in the order in which the symbols were made. So
``run([train, cost])`` gives the cost before the step, and two optimizers in one run both go by
gradients at the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import reduce
from typing import Any

import numpy as np

from tinygrad_mnist.core import gradient
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import (
    DTypeError,
    IndexingError,
    SessionError,
    ShapeError,
    TinygradError,
)
from tinygrad_mnist.lines import said_of
from tinygrad_mnist.replay.signature import flatten, unflatten
from tinygrad_mnist.tf1.inference import misfit
from tinygrad_mnist.tf1.keeping import Keeping, Store, read
from tinygrad_mnist.tf1.sizes import is_size
from tinygrad_mnist.tf1.symbol import Placeholder, Symbol, ancestors
from tinygrad_mnist.tf1.unknown import Unknown


class Evaluation:
    """The symbols that some fetches need, in order.

    Parameters
    ----------
    fetched, fed
        Symbols of one graph.
    store
        What the session keeps.

    Raises
    ------
    SessionError
        If a placeholder is needed but not fed, or a variable is not initialised.
    """

    def __init__(self, fetched: Sequence[Symbol], fed: Sequence[Symbol], store: Store) -> None:
        self.fetched = fetched
        self.fed = fed
        self.store = store
        given = set(fed)
        for symbol in given:
            if is_size(symbol):
                raise SessionError(
                    f"{symbol.name} follows from the shape of what is fed, so it cannot be fed."
                )
        needed = ancestors(fetched, lambda symbol: symbol not in given) - given
        values, late = _in_order(needed)
        self.order = values + late
        self._refuse_missing()
        updated = {variable for symbol in late for variable in symbol.updates or ()}
        self.copied = updated & {symbol for each in late for symbol in each.inputs()}
        gradients = [symbol for symbol in self.order if symbol.function is differentiate]
        self.sought = {x for symbol in gradients for x in symbol.arguments[1]}
        self.recorded = set(gradients) & ancestors(
            y for symbol in gradients for y in symbol.arguments[0]
        )
        self.differentiates = bool(gradients)

    def run(self, /, **feeds: Tensor) -> list[Tensor | None]:
        """Compute the fetched symbols from the fed values, which are given in the fed order."""
        values: dict[Symbol, Any] = {}
        results: dict[Symbol, Any] = {}
        wanted = set(self.fetched)
        with nullcontext() if self.differentiates else no_grad():
            for symbol, feed in zip(self.fed, feeds.values(), strict=True):
                values[symbol] = self._leaf(symbol, feed)
            for symbol in self.order:
                value = self._value(symbol, values)
                if symbol in self.copied:  # an effect is to see it as it was before the others
                    value = value.astype(value.dtype)
                values[symbol] = self._leaf(symbol, value)
                if symbol in wanted:  # now: a later effect may assign it
                    results[symbol] = _constant(values[symbol])
        for symbol in self.fed:
            results[symbol] = _constant(values[symbol])
        return [results[symbol] for symbol in self.fetched]

    def _value(self, symbol: Symbol, values: dict[Symbol, Any]) -> Any:
        structure, leaves = flatten((symbol.arguments, symbol.keywords))
        arguments, keywords = unflatten(
            structure, [values[leaf] if isinstance(leaf, Symbol) else leaf for leaf in leaves]
        )
        if symbol.session:
            arguments = (Keeping(self.store, symbol), *arguments)
        if symbol in self.recorded:
            keywords = {"record": True}
        try:
            with said_of(symbol.line):
                value = symbol.function(*arguments, **keywords)
        except (ShapeError, DTypeError, IndexingError) as error:
            known = [_as_of_now(leaf, values) for leaf in leaves]
            raise misfit(f"{symbol.op_name} ({symbol.line})", known, error) from error
        except TinygradError as error:
            raise type(error)(f"{symbol.op_name} ({symbol.line}): {error}") from error
        # Of arrays alone, as in a sum of constants, a function makes an array.
        is_tensor = value is None or symbol.dtype is None or isinstance(value, Tensor)
        return value if is_tensor else Tensor(value)

    def _leaf(self, symbol: Symbol, value: Any) -> Any:
        """The value, or of one that gradients are taken by and that is a constant, a leaf."""
        if symbol not in self.sought or value.requires_grad:
            return value
        leaf = value.detach()
        leaf.requires_grad = True
        return leaf

    def _refuse_missing(self) -> None:
        for symbol in self.order:
            if isinstance(symbol, Placeholder):
                raise SessionError(
                    f"{symbol.name} of shape {symbol.shape} and dtype {symbol.dtype} was not fed, "
                    f"and {self._needing(symbol).name} needs it: "
                    f"run(..., feed_dict={{{symbol.op_name}: value}})."
                )
            if symbol.function is read and symbol not in self.store.parameters:
                raise SessionError(
                    f"The variable {symbol.name} is not initialised in this session, and "
                    f"{self._needing(symbol).name} needs it: run global_variables_initializer() "
                    "first."
                )

    def _needing(self, symbol: Symbol) -> Symbol:
        return next(fetch for fetch in self.fetched if symbol in ancestors([fetch]))


def differentiate(
    ys: Sequence[Tensor], xs: Sequence[Tensor], cotangents: Sequence[Any], *, record: bool = False
) -> list[Tensor]:
    """Return the gradients of the sum of Tensors; zeros for what they do not depend on.

    With ``record`` they can be differentiated again.
    """
    output = reduce(np.add, map(_sum, ys, cotangents))
    if not output.requires_grad:  # a value that was fed in between cuts the graph
        return [Tensor(np.zeros(x.shape, x.dtype)) for x in xs]
    found = gradient.gradients(output, xs, record=record)
    return [each if isinstance(each, Tensor) else Tensor(each) for each in found]


def _sum(y: Any, cotangent: Any) -> Any:
    if cotangent is not None:
        y = y * cotangent
    return np.sum(y) if y.ndim else y


def _in_order(symbols: set[Symbol]) -> tuple[list[Symbol], list[Symbol]]:
    """Values in order of creation; effects and what depends on them likewise."""
    values, late = [], []
    behind_effects: set[Symbol] = set()
    for symbol in sorted(symbols, key=lambda symbol: symbol.number):
        if symbol.updates is None and behind_effects.isdisjoint(symbol.inputs()):
            values.append(symbol)
        else:
            behind_effects.add(symbol)
            late.append(symbol)
    return values, late


def _as_of_now(leaf: Any, values: Mapping[Symbol, Any]) -> Any:
    """What an error says of an argument: of a symbol its name, and the shape that it has now."""
    value = values[leaf] if isinstance(leaf, Symbol) else None
    return Unknown(leaf.name, value.shape, value.dtype) if isinstance(value, Tensor) else leaf


def _constant(value: Any) -> Any:
    """The value as it is now, without its graph; None of what has none."""
    if isinstance(value, Parameter):
        value = value.astype(value.dtype)  # a copy
    return value.detach() if isinstance(value, Tensor) else None
