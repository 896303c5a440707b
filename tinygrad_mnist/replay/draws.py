"""Draws: random numbers that a captured function takes, which a replay would not draw anew.

>>> def noisy(x, generator=np.random.default_rng(0)):
...     return x + generator.normal()
>>> draws = Draws(noisy)
>>> draws.drawn()
>>> _ = noisy(1.0)
>>> draws.drawn()
'generator'
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from tinygrad_mnist.core.tensor import Tensor

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
GLOBAL: dict[str, Any] = {
    "np.random": np.random.rand.__self__,  # type: ignore[attr-defined]
    "random": random.random.__self__,  # type: ignore[attr-defined]
}


class Draws:
    """The generators that a function can be seen to refer to, and where each stands.

    Those are the ones it names, in a closure, a global name or a default, those that lie in the
    attributes of what it names, and those of the functions it names; NumPy's and Python's global
    ones where it names a module ``random``. What lies deeper is not found.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._generators = dict(_generators(function, set()))
        self.renew()

    def renew(self) -> None:
        """Take where they stand now as where they should."""
        self._states = self._now()

    def drawn(self) -> str | None:
        """Return the name of a generator that was drawn from since, or None."""
        now = self._now()
        return next((name for name in now if now[name] != self._states[name]), None)

    def _now(self) -> dict[str, bytes]:
        return {name: pickle.dumps(_state(one)) for name, one in self._generators.items()}


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    if isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    return generator.getstate()


def _generators(function: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(function) in seen:
        return
    seen.add(id(function))
    names = dict(_names(function))
    if "random" in names:
        yield from GLOBAL.items()
    for name, value in names.items():
        if isinstance(value, GENERATORS):
            yield name, value
        elif isinstance(value, FunctionType | MethodType | partial):
            yield from _generators(value, seen)
        elif not isinstance(value, type | ModuleType | Tensor):
            for attribute, member in getattr(value, "__dict__", {}).items():
                if isinstance(member, GENERATORS):
                    yield f"{name}.{attribute}", member


def _names(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a function refers to by a name; None for the name of an attribute."""
    if isinstance(function, partial):
        yield from function.keywords.items()
        yield from zip(map(str, function.args), function.args, strict=True)
        yield "function", function.func
    elif isinstance(function, MethodType):
        yield "self", function.__self__
        yield "function", function.__func__
    elif isinstance(function, FunctionType):
        code = function.__code__
        for name in _words(code):
            yield name, function.__globals__.get(name)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                yield name, cell.cell_contents
            except ValueError:  # it is defined later
                yield name, None
        arguments = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        yield from zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True)
        yield from (function.__kwdefaults__ or {}).items()
    elif isinstance(function.__call__, MethodType):  # an object that can be called
        yield from _names(function.__call__)


def _words(code: CodeType) -> Iterator[str]:
    """Yield the names in a function's code, and in that of the functions written in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _words(constant)
