"""What a name that TensorFlow had and this face has not is answered with: the nearest there are."""

from __future__ import annotations

import difflib
import importlib

MODULES = {
    "tf": "tinygrad_mnist.tf1",
    "tf.nn": "tinygrad_mnist.tf1.nn",
    "tf.train": "tinygrad_mnist.tf1.train",
    "tf.layers": "tinygrad_mnist.tf1.layers",
    "tf.compat": "tinygrad_mnist.tf1.compat",
    "tf.contrib": "tinygrad_mnist.tf1.contrib",
    "tf.contrib.layers": "tinygrad_mnist.tf1.contrib.layers",
}
"""The modules of the face by the names that programs call them."""

ALIKE = 0.75
"""Misspelt names are more alike than that; split is less like slim, and Saver less like Server."""


def missing(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module, called as programs call it, does not have.

    >>> print(missing("tf", "relu"))
    tf has no name 'relu'. Nearest: tf.nn.relu, tf.nn.leaky_relu, tf.nn.elu.
    """
    dotted = [f"{m}.{known}" for m in (module, *MODULES) for known in names(m)]
    # A name is rarely misspelt and in the wrong module at once: compare last parts only.
    last: dict[str, str] = {}
    for known in dotted:
        last.setdefault(known.rpartition(".")[2], known)
    likeness = {known: _likeness(name.lower(), known.lower()) for known in last}
    alike = sorted((known for known in last if likeness[known]), key=lambda k: -likeness[k])
    near = ", ".join(last[known] for known in alike[:3])
    told = f". Nearest: {near}" if near else f", and none is like it; {module}.__all__ lists all"
    return AttributeError(f"{module} has no name {name!r}{told}.")


def _likeness(name: str, known: str) -> float:
    """How like a known name is: more than 1 if it contains the name, 0 if it is quite another."""
    ratio = difflib.SequenceMatcher(None, name, known).ratio()
    if name in known and len(name) > 2:
        return 1 + ratio
    return ratio if ratio >= ALIKE else 0.0


def names(module: str) -> list[str]:
    """Return the public names of a module of the face."""
    return list(importlib.import_module(MODULES[module]).__all__)
