"""Nested tuples, lists and dictionaries, taken apart into leaves and put together again.

>>> structure, leaves = flatten({"cost": 1.0, "hidden": [2.0, (3.0,)]})
>>> leaves
[1.0, 2.0, 3.0]
>>> paths(structure)
[('cost',), ('hidden', 0), ('hidden', 1, 0)]
>>> unflatten(structure, [leaf * 2 for leaf in leaves])
{'cost': 2.0, 'hidden': [4.0, (6.0,)]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

LEAF = "*"

Path = tuple[Any, ...]


def flatten(value: Any) -> tuple[Any, list[Any]]:
    """Return the structure, which is hashable if keys are, and the leaves."""
    leaves: list[Any] = []
    return _taken_apart(value, leaves), leaves


def _taken_apart(value: Any, leaves: list[Any]) -> Any:
    factory = None
    if isinstance(value, dict):
        keys: Any = tuple(value)
        members: Iterable[Any] = value.values()
        factory = getattr(value, "default_factory", None)
    elif isinstance(value, tuple | list):
        keys, members = None, value
    else:
        leaves.append(value)
        return LEAF
    return type(value), factory, keys, tuple([_taken_apart(one, leaves) for one in members])


def paths(structure: Any) -> list[Path]:
    """Return where each leaf is: the keys and places that lead to it."""
    if structure is LEAF:
        return [()]
    _, _, keys, structures = structure
    steps = range(len(structures)) if keys is None else keys
    return [
        (step, *path)
        for step, below in zip(steps, structures, strict=True)
        for path in paths(below)
    ]


def unflatten(structure: Any, leaves: Sequence[Any]) -> Any:
    """Return the value of this structure with these leaves."""
    return _built(structure, iter(leaves))


def _built(structure: Any, leaves: Iterator[Any]) -> Any:
    if structure is LEAF:
        return next(leaves)
    kind, factory, keys, structures = structure
    members = [_built(member, leaves) for member in structures]
    if keys is not None:
        built = kind()
        if factory is not None:
            built.default_factory = factory
        built.update(zip(keys, members, strict=True))
        return built
    return kind(*members) if hasattr(kind, "_fields") else kind(members)
