"""What a name that TensorFlow had and this face has not is answered with: the nearest there are."""

from __future__ import annotations

import difflib
import importlib

MODULES = {
    "tf": "tinygrad_mnist.tf1",
    "tf.nn": "tinygrad_mnist.tf1.nn",
    "tf.train": "tinygrad_mnist.tf1.train",
    "tf.layers": "tinygrad_mnist.tf1.layers",
    "tf.contrib": "tinygrad_mnist.tf1.contrib",
    "tf.contrib.layers": "tinygrad_mnist.tf1.contrib.layers",
}
"""The modules of the face by the names that programs call them."""


def missing(module: str, name: str) -> AttributeError:
    """Return the error for a name that a module, called as programs call it, does not have.

    >>> print(missing("tf", "relu"))
    tf has no name 'relu'. Nearest: tf.nn.relu, tf.nn.elu, tf.nn.leaky_relu.
    """
    here = [f"{module}.{known}" for known in names(module)]
    elsewhere = [f"{m}.{known}" for m in MODULES if m != module for known in names(m)]
    # A name is rarely misspelt and in the wrong module at once: compare last parts only.
    last: dict[str, str] = {}
    for dotted in (*here, *elsewhere):
        last.setdefault(dotted.rpartition(".")[2], dotted)
    alike = [known for known in last if known.startswith(name)]
    alike += difflib.get_close_matches(name, last, n=3, cutoff=0.5)
    near = [last[known] for known in dict.fromkeys(alike)][:3]
    return AttributeError(
        f"{module} has no name {name!r}. "
        + (f"Nearest: {', '.join(near)}." if near else f"It has: {', '.join(here)}.")
    )


def names(module: str) -> list[str]:
    """Return the public names of a module of the face."""
    return list(importlib.import_module(MODULES[module]).__all__)
