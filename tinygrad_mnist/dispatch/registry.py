"""The registry: what each NumPy function runs on objects of ours.

NumPy's own protocol is the dispatcher: called on such an object, ``np.tanh`` calls the object back
with itself (see ``operators.py``), and here is looked up what it means.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_mnist.errors import UnsupportedError


class Dispatch:
    """How the arguments of a NumPy function become a primitive's operands and static arguments."""

    def __init__(self, function: Any, target: Any, renamed: Mapping[str, str]) -> None:
        self.function = function
        self.target = target
        self.renamed = renamed
        self.width = len(target.operand_names)
        self.static_names = frozenset(target.static_names)
        self._names: tuple[str, ...] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the primitive as the NumPy function was called.

        Raises
        ------
        UnsupportedError
            If an argument has no counterpart in the primitive and is not at its default.
        """
        target = self.target
        if len(args) != self.width or not kwargs.keys() <= self.static_names:
            args, kwargs = self._bind(args, kwargs)
        if target.variadic:
            args = tuple(args[0])
        return target(*args, **kwargs)

    @property
    def names(self) -> tuple[str, ...]:
        """What NumPy calls the arguments."""
        # No cached_property: before Python 3.12 it has a lock, which a forked process may miss.
        if self._names is None:
            try:
                self._names = tuple(inspect.signature(self.function).parameters)
            except ValueError:  # several of NumPy's functions written in C have no signature
                self._names = (*self.target.operand_names, *self.target.static_names)
        return self._names

    def _bind(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given = dict(zip(self.names, args, strict=False)) | kwargs
        operands = [given.pop(name) for name in self.names[: self.width] if name in given]
        static = {}
        for name, value in given.items():
            name = self.renamed.get(name, name)
            if name in self.static_names:
                if value is not np._NoValue:
                    static[name] = value
            elif value is not None and value is not np._NoValue and (name, value) != ("order", "C"):
                raise UnsupportedError(
                    f"{_public(self.function)} on a Tensor does not take {name}= "
                    f"(received {value!r}). It takes {', '.join(self.target.static_names) or 'no'}"
                    " keyword arguments; use .numpy() where no gradient is wanted."
                )
        return tuple(operands), static


registry: dict[Any, Callable[..., Any]] = {}
"""What a NumPy function, called on a Tensor, runs: a ``Dispatch`` or a composition of others."""


def composes(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the function below, written with other NumPy functions, their meaning on Tensors."""

    def decorate(composition: Callable[..., Any]) -> Callable[..., Any]:
        # What Python calls it when an argument is missing or unknown.
        composition.__qualname__ = _public(functions[0])
        registry.update(dict.fromkeys(functions, composition))
        return composition

    return decorate


def lookup(function: Any) -> Callable[..., Any]:
    """Return what a NumPy function runs on Tensors.

    Raises
    ------
    UnsupportedError
        If it has no primitive; the nearest names that have one are listed.
    """
    found = registry.get(function)
    if found is None:
        import difflib  # only errors need it

        near = difflib.get_close_matches(
            _public(function), [_public(known) for known in registry], n=3, cutoff=0.6
        )
        raise UnsupportedError(
            f"{_public(function)} has no primitive, so it cannot be called on a Tensor: it would "
            f"silently drop the gradient. {'Nearest: ' + ', '.join(near) + '. ' if near else ''}"
            "Call it on tensor.numpy() if no gradient is wanted, or add it with @primitive."
        )
    return found


def _public(function: Any) -> str:
    """What users call a NumPy function, such as ``np.linalg.norm``."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"
