"""A failing example as a script: what to paste and run to see the failure again."""

from __future__ import annotations

import functools
import sys
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.testing.source import ANNOTATIONS, source_of

HEAD = f"""{ANNOTATIONS}
import numpy as np
from numpy import inf, nan

from tinygrad_mnist.testing import assert_grads
"""
WRITTEN_AS_SHOWN = (bool, int, float, complex, str, bytes, type(None), slice, range, type(...))
MISSING = "# This could not be written out. Define it here, before running the script:"
TWICE = "# {} stands for two values in what was checked; only the first is written, so rename one."
WIDTH = 90


def script(function: Callable[..., Any], arrays: tuple[Any, ...], options: dict[str, Any]) -> str:
    """Return a program that checks a function at these arrays.

    Functions are written out with the functions, objects, arrays and numbers that they use; what
    cannot be is listed in a comment at the top.
    """
    writer = _Writer()
    call = [writer.argument("f", function)]
    given = {k: writer.argument(k, v) if callable(v) else repr(v) for k, v in options.items()}
    for i, array in enumerate(arrays):
        point = array.data if isinstance(array, Tensor) else np.asarray(array)
        call.append(writer.bring(writer.free(f"x{i}", point), point))
    call += [f"{option}={text}" for option, text in given.items()]
    lines = [*writer.told(), *writer.lines, f"print(assert_grads({', '.join(call)}))"]
    return "\n".join([HEAD, *lines])


class _UnwritableError(Exception):
    """There is no expression for a value."""


class _Writer:
    """Writes values as Python, those that a definition uses before the definition."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.missing: list[str] = []
        self.twice: list[str] = []
        self.values: dict[str, Any] = {"np": np, "inf": np.inf, "nan": np.nan}
        self.names: dict[int, str] = {}

    def told(self) -> list[str]:
        """Return comments on what the script lacks."""
        missing = [MISSING, *(f"#   {line}" for line in self.missing)] if self.missing else []
        return missing + [TWICE.format(name) for name in self.twice]

    def argument(self, name: str, value: Any) -> str:
        """Return an expression for a value: the name that it is, or would have been, given."""
        try:
            return self.expression(value, name)
        except _UnwritableError:
            self.missing.append(f"{name} = {textwrap.shorten(repr(value), WIDTH)}")
            return name

    def bring(self, name: str, value: Any) -> str:
        """Give a value its name, which others use, and return the name."""
        if name in self.values:
            if not _same(self.values[name], value):
                self.twice.append(name)
            return name
        self.values[name] = value
        expression = self.argument(name, value)
        if expression != name:
            self.lines.append(f"{name} = {expression}")
        return name

    def free(self, name: str, value: Any, *others: str) -> str:
        """Return the name, made longer while it is another value's or among the others."""
        while name in others or (name in self.values and self.values[name] is not value):
            name += "_"
        return name

    def expression(self, value: Any, name: str) -> str:
        """Return an expression for a value, after the lines of definitions that it needs."""
        if id(value) in self.names:
            return self.names[id(value)]
        text = self._literal(value, name) or self._imported(value, name)
        return text or self._bound(value, name) or self._defined(value, name)

    def _literal(self, value: Any, name: str) -> str:
        """Return an expression for data; nothing if it is none."""
        if type(value) in WRITTEN_AS_SHOWN or isinstance(value, np.generic):
            return repr(value)
        if isinstance(value, np.dtype):
            return f"np.{value!r}"
        if type(value) is np.ndarray and value.dtype.kind != "O":
            dtype = f"np.{value.dtype}" if hasattr(np, str(value.dtype)) else repr(value.dtype.str)
            shape = f".reshape({value.shape})" if not value.size else ""
            return f"np.array({value.tolist()!r}, {dtype}){shape}"
        if type(value) is dict:
            items = [(self.expression(k, name), self.expression(v, name)) for k, v in value.items()]
            return f"{{{', '.join(f'{k}: {v}' for k, v in items)}}}"
        if type(value) in (list, tuple):
            parts = ", ".join(self.expression(v, name) for v in value)
            one = "," if len(value) == 1 else ""
            return f"[{parts}]" if type(value) is list else f"({parts}{one})"
        if isinstance(value, Tensor):
            data = self.expression(value.data, name)
            kind = self.expression(type(value), type(value).__name__)
            return f"{kind}({data}, requires_grad={value.requires_grad})"
        return _seeded(value) if isinstance(value, np.random.Generator) else ""

    def _bound(self, value: Any, name: str) -> str:
        """Return an expression for a method of an object, or for a function with arguments."""
        if isinstance(value, functools.partial):
            parts = [self.expression(v, name) for v in (value.func, *value.args)]
            parts += [f"{k}={self.expression(v, k)}" for k, v in value.keywords.items()]
            return f"{self.expression(functools, 'functools')}.partial({', '.join(parts)})"
        owner = getattr(value, "__self__", None)
        if owner is None or isinstance(owner, ModuleType):
            return ""
        kind = owner if isinstance(owner, type) else type(owner)
        return f"{self.expression(owner, kind.__name__.lower())}.{value.__name__}"

    def _imported(self, value: Any, name: str) -> str:
        """Return the name of a module or a member of an installed one; nothing if it is neither."""
        module, own = getattr(value, "__module__", None), str(getattr(value, "__name__", ""))
        if getattr(np, own, None) is value:
            return f"np.{own}"
        installed = "." in str(module) or str(module) in sys.stdlib_module_names
        if isinstance(value, ModuleType):
            line = f"import {own}"
        elif installed and getattr(sys.modules.get(str(module)), own, None) is value:
            line = f"from {module} import {own}"
        else:
            return ""
        name = self._named(value, name)
        self.lines.append(line if name == own else f"{line} as {name}")
        return name

    def _defined(self, value: Any, name: str) -> str:
        """Write the definition of a function or class, or make an object; return its name."""
        source = source_of(value) if callable(value) else None
        if source is None:
            return self._object(value, name)
        if source.name and not _same(self.values.get(source.name, value), value):
            self.twice.append(source.name)
        name = source.name or self.free(name, value, *source.used)
        self.names[id(value)] = name
        self.values.setdefault(name, value)
        for other, used in source.used.items():
            self.bring(other, used)
        self.missing += [f"{unknown}, which {name} uses" for unknown in source.unknown]
        self.lines.append(source.text if source.name else f"{name} = {source.text}")
        return name

    def _object(self, value: Any, name: str) -> str:
        """Write an object with the attributes it has now; return its name."""
        kind = type(value)
        if getattr(kind, "__new__", None) is not object.__new__ or not hasattr(value, "__dict__"):
            raise _UnwritableError
        made = self.expression(kind, kind.__name__)
        name = self._named(value, name)
        self.lines.append(f"{name} = {made}.__new__({made})  # with the attributes that it had")
        self.lines.append(f"vars({name}).update({self.expression(vars(value), name)})")
        return name

    def _named(self, value: Any, name: str) -> str:
        name = self.free(name, value)
        self.names[id(value)], self.values[name] = name, value
        return name


def _seeded(generator: np.random.Generator) -> str:
    """Return a new generator of the same seed, if it was made by default_rng."""
    sequence = generator.bit_generator.seed_seq
    default = type(generator.bit_generator) is np.random.PCG64
    if not default or not isinstance(sequence, np.random.SeedSequence) or sequence.spawn_key:
        raise _UnwritableError
    return f"np.random.default_rng({sequence.entropy})"


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) in WRITTEN_AS_SHOWN and repr(one) == repr(other))
