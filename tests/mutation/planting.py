"""Planting: one wrong thing put in the place of a right one for as long as a block lasts."""

import inspect
import textwrap
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tinygrad_mnist.core import tape

from .oracles import Oracle, of_rules


class Mutant(NamedTuple):
    """One wrong thing: what it is, where it goes, what is right there, and who should notice."""

    name: str
    holder: Any
    """A module, a class or an object; or a dictionary, such as the rules of a primitive."""
    key: str
    wrong: Any
    right: Any
    """What is there, made in the way the wrong one was made: the frame to be accepted."""
    oracles: tuple[Oracle, ...]
    """Tried in order until one rejects it."""


@contextmanager
def planted(mutant, value):
    """Have the value in the mutant's place; the right one, and recording, come back in any case."""
    with pytest.MonkeyPatch.context() as patch:
        put = patch.setitem if isinstance(mutant.holder, dict) else patch.setattr
        put(mutant.holder, mutant.key, value)
        try:
            yield
        finally:
            tape.recording.on = True


def edited(function, *changes, **names):
    """A function compiled from its source again, with some text, met exactly once, replaced.

    Its globals are those of its module, so that what else is planted there reaches it too; names
    are added for the new text.
    """
    source = textwrap.dedent(inspect.getsource(function))
    source = source[source.index("def ") :]  # without decorators
    for old, new in changes:
        found = source.count(old)
        if found != 1:
            raise LookupError(f"{function.__qualname__} has {old!r} {found} times, not once.")
        source = source.replace(old, new)
    maker = f"def make({', '.join(names)}):\n{textwrap.indent(source, '    ')}\n"
    scope = {}
    exec(f"{maker}    return {function.__name__}", vars(inspect.getmodule(function)), scope)
    return scope["make"](**names)


def edit(name, holder, function, *changes, oracles, decorate: Callable = lambda f: f, **names):
    """A mutant of a function that its holder has by the function's name."""
    wrong, right = (decorate(edited(function, *parts, **names)) for parts in (changes, ()))
    return Mutant(name, holder, function.__name__, wrong, right, oracles)


def rule(primitive, operand, fault, wrong, *more):
    """A mutant of one derivative rule, shown to the oracles of its primitive."""
    right = primitive.rules[operand]
    name = f"{primitive.name} {operand}: {fault}"
    return Mutant(name, primitive.rules, operand, wrong, right, (*of_rules(primitive), *more))
