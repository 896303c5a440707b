"""A failing example as a script, to paste and run: its arrays, and the text of its functions.

What the text names is written above it: data, other functions, and imports. Anything else, such as
an object with a state of its own, is named in a comment at the top, for the reader to define.
"""

from __future__ import annotations

import builtins
import inspect
import re
import symtable
import sys
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.lines import Source, source_of

ANNOTATIONS = "from __future__ import annotations\n"
"""In a script that begins so, the names in annotations need no value."""
HEAD = f"""{ANNOTATIONS}
import numpy as np
from numpy import inf, nan

from tinygrad_mnist import Tensor
from tinygrad_mnist.testing import assert_grads
"""
WRITTEN_AS_SHOWN = (bool, int, float, complex, str, bytes, type(None), slice, range, type(...))
MISSING = "# This could not be written out. Define it here, before running the script:"
TWICE = "# {} stands for two values in what was checked; only the first is written, so rename one."
WIDTH = 60
TEST_FILE = re.compile(r"(^|\.)(test_\w+|\w+_test)$")
"""A module that pytest collects, in a package or not."""


def script(function: Callable[..., Any], arrays: tuple[Any, ...], options: dict[str, Any]) -> str:
    """Return a program that checks a function at these arrays."""
    writer = _Writer()
    call = [writer.argument("f", function)]
    given = {k: writer.argument(k, v) if callable(v) else repr(v) for k, v in options.items()}
    for i, array in enumerate(arrays):
        point = array.data if isinstance(array, Tensor) else np.asarray(array)
        call.append(writer.argument(f"x{i}", point))
    call += [f"{option}={text}" for option, text in given.items()]
    told = [MISSING] * bool(writer.missing) + writer.missing + writer.twice
    return "\n".join([HEAD, *told, *writer.lines, f"print(assert_grads({', '.join(call)}))"])


class _Writer:
    """Writes definitions of names, those that a function uses before its own."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.missing: list[str] = []
        self.twice: list[str] = []
        self.values: dict[str, Any] = {"np": np, "inf": np.inf, "nan": np.nan, "Tensor": Tensor}

    def argument(self, name: str, value: Any) -> str:
        """Define what is given to the check under a name that no function uses, and return it."""
        source = Source() if _importable(value) else source_of(value)
        if source.text:
            self.define_used(value, source)
        while not source.name and name in self.values:
            name += "_"
        name = source.name or name
        self.define(name, value)
        return name

    def define(self, name: str, value: Any) -> None:
        """Define a name in the script, or say why it is not."""
        if name in self.values:
            first = self.values[name]
            if first is not value and (not _literal(value) or _literal(first) != _literal(value)):
                self.twice.append(TWICE.format(name))
            return
        self.values[name] = value
        literal = _literal(value)
        if isinstance(value, ModuleType):
            self.lines.append(f"import {value.__name__} as {name}")
        elif _importable(value):
            self.lines.append(f"from {value.__module__} import {value.__name__} as {name}")
        elif literal:
            self.lines.append(f"{name} = {literal}")
        elif callable(value) and (source := source_of(value)).text:
            self.define_used(value, source)
            self.lines.append(source.text if source.name else f"{name} = {source.text}")
            if source.name not in ("", name):
                self.lines.append(f"{name} = {source.name}")
        else:
            shown = textwrap.shorten(repr(value), WIDTH)
            why = f" ({source_of(value).reason})" if inspect.isfunction(value) else ""
            self.missing.append(f"#   {name} = {shown}{why}")

    def define_used(self, function: Any, source: Source) -> None:
        """Define the names that the text of a function takes from around it."""
        inner = inspect.unwrap(function)
        parameters = inspect.signature(inner).parameters.values()
        known = inner.__globals__ | inspect.getclosurevars(inner).nonlocals
        # As in factor=factor, where what is around has another value by now, or none.
        known |= {p.name: p.default for p in parameters if p.default is not p.empty}
        for used in _names_from_around(source.text):
            if used in known:
                self.define(used, known[used])
            elif not hasattr(builtins, used):
                self.missing.append(f"#   {used}, which {source.name or source.text} uses")


def _names_from_around(text: str) -> list[str]:
    """Return the names that a definition uses and does not bind."""
    top = symtable.symtable(ANNOTATIONS + text, "definition", "exec")
    own = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}
    tables, names = [top], dict.fromkeys(own)
    for table in tables:
        tables += table.get_children()
        symbols = [s for s in table.get_symbols() if s.is_global() and s.is_referenced()]
        names |= dict.fromkeys(symbol.get_name() for symbol in symbols)
    return [name for name in names if name not in own]


def _importable(value: Any) -> bool:
    """Whether a value is a member of an installed module; those of a test file are none."""
    module, name = str(getattr(value, "__module__", "")), getattr(value, "__name__", "")
    installed = "." in module or module in (*sys.stdlib_module_names, "numpy")
    if TEST_FILE.search(module):
        return False
    return installed and getattr(sys.modules.get(module), name, None) is value


def _literal(value: Any) -> str:
    """Return an expression for data; nothing where there is none."""
    if type(value) in WRITTEN_AS_SHOWN or isinstance(value, np.generic):
        return repr(value)
    if type(value) is np.ndarray and value.dtype.kind != "O":
        shape = f".reshape({value.shape})" if not value.size else ""
        return f"np.array({value.tolist()!r}, {value.dtype.str!r}){shape}"
    if isinstance(value, Tensor):
        return f"Tensor({_literal(value.data)}, requires_grad={value.requires_grad})"
    if type(value) is dict:
        parts = [part for item in value.items() for part in map(_literal, item)]
        items = ", ".join(f"{k}: {v}" for k, v in zip(parts[::2], parts[1::2], strict=True))
        return f"{{{items}}}" if all(parts) else ""
    if type(value) in (list, tuple):
        parts = [_literal(part) for part in value]
        shown = ", ".join(parts) + "," * (len(parts) == 1)
        written = f"[{shown}]" if type(value) is list else f"({shown})"
        return written if all(parts) else ""
    return ""
