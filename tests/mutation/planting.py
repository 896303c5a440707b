"""Planting: one wrong thing put in the place of a right one for as long as a block lasts.

A place is looked up, and what goes there is made, when the block begins: a mutant whose place or
text is gone fails as the one test it is.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable
from contextlib import contextmanager
from itertools import chain
from pkgutil import resolve_name
from typing import Any, NamedTuple

import pytest

from tinygrad_mnist import Primitive
from tinygrad_mnist.core import recording, tape
from tinygrad_mnist.tf1.missing import Namespace

from .oracles import Oracle, of_rules


def as_it_is(right):
    """What is there already: the frame of a replacement."""
    return right


class Mutant(NamedTuple):
    """One wrong thing: what it is, where it goes, and who should notice."""

    name: str
    holder: Any
    """A primitive; or a module or a class, by its dotted name."""
    key: str
    """An operand of the primitive, whose rule is meant; or an attribute."""
    wrong: Callable[[Any], Any]
    """Makes the wrong thing, given the right one."""
    oracles: tuple[Oracle, ...]
    """Tried in order until one rejects it."""
    right: Callable[[Any], Any] = as_it_is
    """Makes a right thing in the way the wrong one is made: the frame to be accepted."""


@contextmanager
def planted(mutant, make):
    """Have what is made of the right thing in its place, and wherever that was imported to.

    The right one, recording, and that dead graphs are let go, come back in any case.
    """
    holder, key = mutant.holder, mutant.key
    with pytest.MonkeyPatch.context() as patch:
        if isinstance(holder, Primitive) and key in holder.rules:
            patch.setitem(holder.rules, key, make(holder.rules[key]))
        else:
            holder = resolve_name(holder) if isinstance(holder, str) else holder
            right = getattr(holder, key)
            wrong = make(right)
            named = [vars(m).values() for m in sys.modules.values() if hasattr(m, "__dict__")]
            namespaces = [m for m in chain(*named) if isinstance(m, Namespace)]
            users = [
                m
                for m in (*sys.modules.values(), *namespaces)
                if getattr(m, "__dict__", {}).get(key) is right
            ]
            for place in (holder, *users):
                patch.setattr(place, key, wrong)
        try:
            yield
        finally:
            recording.open_no_grads.set(())
            tape._graveyard.digging = False


def edited(function, *changes, **names):
    """A function compiled from its source again, with some text, met exactly once, replaced.

    Its decorators are applied again. Its globals are those of its module, so that what else is
    planted there reaches it too; names are added for the new text.
    """
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in changes:
        found = source.count(old)
        if found != 1:
            raise LookupError(f"{function.__qualname__} has {old!r} {found} times, not once.")
        source = source.replace(old, new)
    holder = function.__qualname__.rpartition(".")[0]
    names["__class__"] = getattr(inspect.getmodule(function), holder, None)  # what super() asks for
    maker = f"def make({', '.join(names)}):\n{textwrap.indent(source, '    ')}\n"
    scope = {}
    exec(f"{maker}    return {function.__name__}", vars(inspect.getmodule(function)), scope)
    return scope["make"](**names)


def instead(name, target, wrong, *oracles):
    """A mutant that replaces what has this dotted name."""
    holder, _, key = target.rpartition(".")
    return Mutant(name, holder, key, lambda _: wrong, oracles)


def edit(name, target, *changes, oracles, **names):
    """A mutant of the text of the function that has this dotted name."""
    holder, _, key = target.rpartition(".")
    return Mutant(name, holder, key, lambda f: edited(f, *changes, **names), oracles, edited)


def rule(primitive, operand, fault, wrong, *more):
    """A mutant of one derivative rule, shown to the oracles of its primitive."""
    name = f"{primitive.name} {operand}: {fault}"
    return Mutant(name, primitive, operand, lambda _: wrong, (*of_rules(primitive), *more))


def edited_rule(primitive, operand, fault, *changes):
    """A mutant of the text of one derivative rule."""
    mutant = rule(primitive, operand, fault, None)
    return mutant._replace(wrong=lambda f: edited(f, *changes), right=edited)
