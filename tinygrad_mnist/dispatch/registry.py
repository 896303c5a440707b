"""The registry: what each NumPy function runs on objects of ours.

NumPy's own protocol is the dispatcher: called on such an object, ``np.tanh`` calls the object back
with itself (see ``operators.py``), and here is looked up what it means.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.dispatch.hints import instead_of, public_name
from tinygrad_mnist.errors import ArgumentError, UnsupportedError, description

_DEFAULTS = {"casting": "same_kind", "order": "K", "subok": True}
"""What ufuncs take that NumPy 2.0 tells of in no signature; the rest defaults to None there."""

NO_VALUE = np._NoValue
"""What NumPy's functions have for the default of what they do not hand on."""


class Binding:
    """How the arguments of a NumPy function become those of what it runs on objects of ours.

    Parameters
    ----------
    function, target
        The NumPy function, and what it runs.
    operand_names, static_names
        Of the target: those that are NumPy's first arguments, and those that have NumPy's names.
    renamed
        Other names that NumPy has for static arguments.
    """

    def __init__(
        self,
        function: Any,
        target: Any,
        operand_names: Sequence[str],
        static_names: Sequence[str],
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.function = function
        self.target = target
        self.operand_names = tuple(operand_names)
        self.static_names = frozenset(static_names)
        self._names = {name: name for name in static_names} | dict(renamed or {})
        self._defaults: dict[str, Any] | None = None

    @property
    def defaults(self) -> dict[str, Any]:
        """What NumPy calls the arguments, in order, and their defaults."""
        # No cached_property: before Python 3.12 it has a lock, which a forked process may miss.
        if self._defaults is None:
            try:
                parameters = inspect.signature(self.function).parameters
                self._defaults = {name: p.default for name, p in parameters.items()}
            except ValueError:  # some of NumPy's functions written in C have no signature
                names = (*self.operand_names, *self._names)
                self._defaults = dict.fromkeys(names, inspect.Parameter.empty)
        return self._defaults

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments by our names, without those that are at NumPy's defaults."""
        known = dict(zip(self.defaults, self.operand_names, strict=False)) | self._names
        found: dict[str, Any] = {}
        for name, value in [*zip(self.defaults, args, strict=False), *kwargs.items()]:
            if self._is_default(name, value):
                continue
            if name not in known:
                raise UnsupportedError(
                    f"{public_name(self.function)} on a Tensor does not take {name}= (received "
                    f"{description(value)}). Besides its operands it takes "
                    f"{', '.join(self._names) or 'nothing'}; use .numpy() where no gradient is "
                    "wanted."
                )
            own = known[name]
            if own in found and found[own] != value:
                names = " and ".join(other for other in known if known[other] == own)
                raise ArgumentError(
                    f"{public_name(self.function)} was given {names}, two names of one argument. "
                    f"Received: {found[own]!r:.60} and {value!r:.60}."
                )
            found[own] = value
        return found

    def _is_default(self, name: str, value: Any) -> bool:
        """Whether NumPy would do the same without this argument."""
        default = self.defaults.get(name, _DEFAULTS.get(name))
        if name == "where":
            return value is True or value is np.True_ or value is NO_VALUE
        if value is None:
            return default is None or default is NO_VALUE
        if name == "order" and isinstance(value, str) and value == "C":  # no Tensor has another
            return True
        return type(value) is type(default) and bool(value == default)


class Dispatch(Binding):
    """A NumPy function that runs a primitive."""

    def __init__(
        self, function: Any, target: Any, renamed: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(function, target, target.operand_names, target.static_names, renamed)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the primitive as the NumPy function was called.

        Raises
        ------
        UnsupportedError
            If an argument has no counterpart in the primitive and is not at NumPy's default, or an
            operand is missing.
        """
        target = self.target
        usual = len(args) == len(self.operand_names) and kwargs.keys() <= self.static_names
        if not usual or any(value is NO_VALUE for value in kwargs.values()):
            kwargs = self._bind(args, kwargs)
            pairs = zip(self.defaults, self.operand_names, strict=False)
            missing = [name for name, own in pairs if own not in kwargs]
            if missing:
                raise UnsupportedError(
                    f"{public_name(self.function)} on a Tensor needs {' and '.join(missing)} too; "
                    "use .numpy() where no gradient is wanted."
                )
            args = tuple(kwargs.pop(name) for name in self.operand_names)
        if target.variadic:
            args = tuple(args[0])
        return target(*args, **kwargs)


class Composition(Binding):
    """A NumPy function that runs a function written with other NumPy functions."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as the NumPy function was called."""
        usual = not kwargs and len(args) <= len(self.operand_names)
        if usual and not any(value is NO_VALUE for value in args):
            return self.target(*args)
        return self.target(**self._bind(args, kwargs))


registry: dict[Any, Dispatch | Composition] = {}
"""What a NumPy function, called on a Tensor, runs."""


def composes(
    *functions: Any, renamed: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the function below, written with other NumPy functions, their meaning on Tensors.

    Its positional arguments are NumPy's first ones, its keyword-only ones have NumPy's names.
    """

    def decorate(composition: Callable[..., Any]) -> Callable[..., Any]:
        # What Python calls it when an argument is missing or unknown.
        composition.__qualname__ = public_name(functions[0])
        parameters = inspect.signature(composition).parameters
        static = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY]
        operands = [name for name in parameters if name not in static]
        for function in functions:
            registry[function] = Composition(function, composition, operands, static, renamed)
        return composition

    return decorate


def lookup(function: Any) -> Callable[..., Any]:
    """Return what a NumPy function runs on Tensors.

    Raises
    ------
    UnsupportedError
        If it has no primitive; what to write instead is named where something is known.
    """
    found = registry.get(function)
    if found is None:
        name = public_name(function)
        instead = instead_of(name, map(public_name, registry))
        raise UnsupportedError(
            f"{name} has no primitive, so it cannot be called on a Tensor: it would silently drop "
            f"the gradient. {'Use ' + instead + ' instead. ' if instead else ''}Call it on "
            "tensor.numpy() if no gradient is wanted, or add it with @primitive."
        )
    return found
