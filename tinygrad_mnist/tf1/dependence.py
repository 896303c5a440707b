"""What symbols are computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tinygrad_mnist.tf1.symbol import Symbol


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
