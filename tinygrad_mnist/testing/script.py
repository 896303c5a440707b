"""A failing example as a script: what to paste and run to see the failure again."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

HEAD = """import numpy as np
from numpy import inf, nan

from tinygrad_mnist.testing import assert_grads
"""
PLAIN = (np.ndarray, np.generic, bool, int, float, str, tuple, list, type(None))


def script(function: Callable[..., Any], arrays: tuple[Any, ...], options: dict[str, Any]) -> str:
    """Return a program that checks a function at these arrays.

    Functions are written out with the functions, arrays and numbers that they use; what has no
    source is named in a comment.
    """
    lines: dict[str, str] = {}
    name = _define(function, "f", lines)
    call = [name]
    for i, array in enumerate(arrays):
        lines[f"x{i}"] = f"x{i} = {_literal(np.asarray(array))}"
        call.append(f"x{i}")
    for option, value in options.items():
        if callable(value):
            call.append(f"{option}={_define(value, option, lines)}")
        else:
            call.append(f"{option}={value!r}")
    return "\n".join([HEAD, *lines.values(), f"print(assert_grads({', '.join(call)}))"])


def _literal(value: Any) -> str:
    """Return an expression for an array, a number, a string, or a list or tuple of such."""
    if isinstance(value, np.ndarray):
        shape = f".reshape({value.shape})" if not value.size else ""
        return f"np.array({value.tolist()!r}, np.{value.dtype}){shape}"
    if isinstance(value, tuple | list):
        parts = ", ".join(map(_literal, value))
        return f"[{parts}]" if isinstance(value, list) else f"({parts}{',' if parts else ''})"
    return repr(value)


def _define(function: Callable[..., Any], name: str, lines: dict[str, str]) -> str:
    """Add the lines that define a function, after those of what it uses; return its name."""
    own = getattr(function, "__name__", name)
    source = _source(function, name)
    if source is None:
        lines[name] = _imported(function, name) or f"# {name} = {function!r}: define it here"
        return name
    if own.isidentifier():  # not a lambda
        name = own
    if name in lines:
        return name
    lines[name] = ""  # its place, should it call itself
    used = inspect.getclosurevars(function)
    for other, value in {**used.globals, **used.nonlocals}.items():
        if other not in lines and other != name:
            _bring(other, value, lines)
    del lines[name]
    lines[name] = source
    return name


def _bring(name: str, value: Any, lines: dict[str, str]) -> None:
    if isinstance(value, PLAIN):
        lines[name] = f"{name} = {_literal(value)}"
    elif _imported(value, name):
        lines[name] = _imported(value, name)
    elif inspect.isfunction(value):
        _define(value, name, lines)
    else:
        lines[name] = f"# {name} = {value!r}: define it here"


def _imported(value: Any, name: str) -> str:
    """Return the line that imports a module, or a member of an installed one; or nothing."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    installed = "." in str(module) or str(module) in sys.stdlib_module_names | {"numpy"}
    if isinstance(value, np.ufunc):
        return f"{name} = np.{own}"
    if installed and own and getattr(sys.modules.get(str(module)), own, None) is value:
        return f"from {module} import {own} as {name}"
    return ""


def _source(function: Callable[..., Any], name: str) -> str | None:
    """Return the definition of a function of Python; None if it has none that stands alone."""
    if not inspect.isfunction(function) or _imported(function, name):
        return None
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source)
    except (OSError, SyntaxError):
        return None
    if function.__name__ != "<lambda>":
        return source.rstrip()
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    own = [node for node in lambdas if _names(node) == _names_of(function)]
    return f"{name} = {ast.unparse(own[0])}" if len(own) == 1 else None


def _names(node: ast.Lambda) -> tuple[list[str], set[str]]:
    """Return the parameters and the other names of a lambda: they tell it from its neighbours."""
    parameters = [argument.arg for argument in node.args.args]
    body = list(ast.walk(node.body))
    names = {n.id for n in body if isinstance(n, ast.Name)}
    names |= {n.attr for n in body if isinstance(n, ast.Attribute)}
    return parameters, names - set(parameters)


def _names_of(function: Callable[..., Any]) -> tuple[list[str], set[str]]:
    code = function.__code__
    return list(code.co_varnames[: code.co_argcount]), {*code.co_names, *code.co_freevars}
