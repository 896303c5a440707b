"""The names of the face, and what one that it has not is answered with: the nearest there are."""

from __future__ import annotations

import difflib
import importlib
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_mnist.dispatch.registry import registry

MODULES = (
    "tf",
    "tf.nn",
    "tf.train",
    "tf.layers",
    "tf.math",
    "tf.random",
    "tf.initializers",
    "tf.dtypes",
    "tf.compat",
    "tf.contrib",
    "tf.contrib.layers",
)
"""The modules of the face as programs call them."""

WRITTEN = {
    "neg": "tf.negative",
    "div": "tf.divide",
    "floordiv": "x // y",
    "floor_div": "x // y",
    "mod": "x % y",
    "floormod": "x % y",
    "logical_and": "x & y",
    "logical_or": "x | y",
    "logical_xor": "x != y",
    "logical_not": "~x",
    "to_float": "tf.cast(x, tf.float32)",
    "to_double": "tf.cast(x, tf.float64)",
    "to_int32": "tf.cast(x, tf.int32)",
    "to_int64": "tf.cast(x, tf.int64)",
    "pack": "tf.stack",
    "unpack": "x[i]",
    "unstack": "x[i]",
    "slice": "x[i:j]",
    "select": "tf.where",
    "ceil": "np.ceil(x)",
    "batch_matmul": "tf.matmul",
    "all_variables": "tf.global_variables",
    "embedding_lookup": "tf.gather",
}
"""How to write what TensorFlow had a name for that is unlike what it is here."""

ALIKE = 0.75
"""Misspelt names are more alike than that; split is less like slim, and Saver less like Server."""


class Namespace(ModuleType):
    """A module of the face: it has the names that it lists, and answers others with the nearest."""

    def __init__(self, called: str, *members: Any, **renamed: Any) -> None:
        super().__init__(called)
        found = {member.__name__: member for member in members} | renamed
        self.__all__ = sorted(found)
        self.__dict__.update(found)

    def __getattr__(self, name: str) -> Any:
        raise missing(self.__name__, name)


def namespace(called: str, module: ModuleType) -> Namespace:
    """Return the names that a file of ours lists, without what else it works with."""
    found = {name: getattr(module, name) for name in module.__all__}
    for name, value in found.items():
        if isinstance(value, ModuleType) and value.__name__ == f"{module.__name__}.{name}":
            found[name] = namespace(f"{called}.{name}", value)
    return Namespace(called, **found)


def missing(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module, called as programs call it, does not have.

    >>> print(missing("tf", "relu"))
    tf has no name 'relu'. Nearest: tf.nn.relu, tf.nn.leaky_relu, tf.nn.elu.
    >>> print(missing("tf", "sin"))
    tf has no name 'sin'. Nearest: np.sin(x), tf.sign.
    """
    near = [WRITTEN[name]] if name in WRITTEN else _nearest(module, name)
    told = ", ".join(near)
    told = f". Nearest: {told}" if told else f", and none is like it; {module}.__all__ lists all"
    return AttributeError(f"{module} has no name {name!r}{told}.")


def _nearest(module: str, name: str) -> list[str]:
    """The names that are like one, the most alike first, three at most."""
    # A name is rarely misspelt and in the wrong module at once: compare last parts only.
    last: dict[str, str] = {}
    for place in (module, *MODULES):
        for known in names(place):
            last.setdefault(known, f"{place}.{known}")
    likeness = {known: _likeness(name.lower(), known.lower()) for known in last}
    alike = sorted((known for known in last if likeness[known]), key=lambda k: -likeness[k])
    near = [last[known] for known in alike]
    if getattr(np, name, None) in registry and not any(name in k.split("_") for k in alike):
        near.insert(0, f"np.{name}(x)")
    return near[:3]


def _likeness(name: str, known: str) -> float:
    """How like a known name is: 0 if it is quite another, most if it begins with the name."""
    ratio = difflib.SequenceMatcher(None, name, known).ratio()
    if name in known and len(name) > 2:
        return 1 + ratio + known.startswith(name)
    return ratio if ratio >= ALIKE else 0.0


def names(module: str) -> list[str]:
    """Return the public names of a module of the face."""
    found: Any = importlib.import_module("tinygrad_mnist.tf1")
    for part in module.split(".")[1:]:
        found = getattr(found, part)
    return list(found.__all__)
