"""The source of a function or a class, and the values of the names that it uses.

>>> import textwrap
>>> found = source_of(textwrap.fill)
>>> found.name, found.used
('fill', {'TextWrapper': <class 'textwrap.TextWrapper'>})
"""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, NamedTuple

ANNOTATIONS = "from __future__ import annotations\n"
"""In a script that begins so, the names in annotations need no value."""
LAMBDA = "<lambda>"


class Source(NamedTuple):
    """A definition of a name (none if it is a lambda), and what it uses from around it.

    ``used`` are the values of names; ``unknown`` are names without one.
    """

    name: str
    text: str
    used: dict[str, Any]
    unknown: list[str]


def source_of(thing: Callable[..., Any]) -> Source | None:
    """Return the source of a function or class; None if there is none that can be found."""
    try:
        written = _written(thing)
        if not inspect.isfunction(written) and not inspect.isclass(written):
            return None
        text = _text(written, decorated=written is not thing)
        definition = ast.parse(text).body[0]
        names, known = _names_in(text), _values_in_scope(written, definition)
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    used = {n: known[n] for n in names if n in known}
    unknown = [n for n in names if n not in known and not hasattr(builtins, n)]
    return Source(getattr(definition, "name", ""), text, used, unknown)


def _written(thing: Any) -> Any:
    """Return the function within decorators, if its source has them all; else the outermost."""
    inner, depth = thing, 0
    while hasattr(inner, "__wrapped__"):
        inner, depth = inner.__wrapped__, depth + 1
    if depth and inspect.isfunction(inner) and inner.__code__.co_name != LAMBDA:
        definition = ast.parse(textwrap.dedent(inspect.getsource(inner))).body[0]
        if len(getattr(definition, "decorator_list", [])) == depth:
            return inner
    return thing


def _text(thing: Any, decorated: bool) -> str:
    if inspect.isclass(thing):
        return textwrap.dedent(inspect.getsource(thing)).rstrip()
    if thing.__code__.co_name == LAMBDA:
        return ast.unparse(_lambda(thing))
    text = textwrap.dedent(inspect.getsource(thing.__code__)).rstrip()
    start = 0 if decorated else ast.parse(text).body[0].lineno - 1
    return "\n".join(text.splitlines()[start:])


def _lambda(function: Any) -> ast.Lambda:
    """Return the lambda of the function's line that has its parameters and names."""
    code = function.__code__
    lines, _ = inspect.findsource(code)
    parameters = list(code.co_varnames[: code.co_argcount])
    found = [
        node
        for node in ast.walk(ast.parse("".join(lines)))
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and [argument.arg for argument in node.args.args] == parameters
        and _names_of_node(node) == _names_of_code(code)
    ]
    if len({ast.unparse(node) for node in found}) != 1:
        raise ValueError("No single lambda of this line looks like the function.")
    return found[0]


def _names_of_node(function: ast.Lambda) -> set[str]:
    nodes = list(ast.walk(function.body))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    nodes += ast.walk(function.args)
    return names | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _names_of_code(code: CodeType) -> set[str]:
    names = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return names.union(*map(_names_of_code, inner)) - {".0"}


def _names_in(text: str) -> list[str]:
    """Return the names that a definition takes from around it."""

    def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        yield table
        for child in table.get_children():
            yield from tables(child)

    top = symtable.symtable(ANNOTATIONS + text, "definition", "exec")
    own = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}
    symbols = [symbol for table in tables(top) for symbol in table.get_symbols()]
    names = [s.get_name() for s in symbols if s.is_global() and s.is_referenced()]
    return [name for name in dict.fromkeys(names) if name not in own]


def _values_in_scope(thing: Any, definition: ast.stmt) -> dict[str, Any]:
    """Return the values of globals, of closures, and of defaults that are names."""
    if inspect.isclass(thing):
        known = dict(vars(sys.modules.get(thing.__module__, builtins)))
        for member in vars(thing).values():
            if inspect.isfunction(member):
                known |= inspect.getclosurevars(member).nonlocals
        return known
    known = dict(thing.__globals__) | dict(inspect.getclosurevars(thing).nonlocals)
    arguments = getattr(getattr(definition, "value", definition), "args", None)
    if isinstance(arguments, ast.arguments):
        values = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        written = [*arguments.defaults, *(node for node in arguments.kw_defaults if node)]
        pairs = zip(written, values, strict=True)
        known |= {node.id: value for node, value in pairs if isinstance(node, ast.Name)}
    return known
