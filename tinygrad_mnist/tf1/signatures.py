"""The arguments that TensorFlow's functions have, whether this face has a use for them or not.

>>> @takes("a b transpose_a grad_loss", grad_loss=None)
... def product(a, b):
...     return a * b
>>> product(2, 3, transpose_a=False)
6
>>> product(2, 3, False, 4)
Traceback (most recent call last):
    ...
tinygrad_mnist.errors.ArgumentError: product does not support grad_loss. Received: 4.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from tinygrad_mnist.errors import ArgumentError

F = TypeVar("F", bound=Callable[..., Any])


def takes(order: str, **refused: Any) -> Callable[[F], F]:
    """Return a decorator: the function is called with the arguments that TensorFlow's has.

    What the function has no parameter for is ignored, as what changes no value, unless it is one
    of the refused ones.

    Parameters
    ----------
    order
        The names of TensorFlow's arguments, in its order; the function's others come after them.
    refused
        By name, what leaves each one that is refused as it is: its default.

    Raises
    ------
    ArgumentError
        In the call: if a refused argument is given, and not its default.
    """

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        label = function.__qualname__.removesuffix(".__init__")

        def parameter(name: str) -> inspect.Parameter:
            unused = inspect.Parameter(
                name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=refused.get(name)
            )
            return own.parameters.get(name, unused)

        before = [name for name in own.parameters if name == "self"]
        names = dict.fromkeys([*before, *order.split(), *own.parameters])
        signature = own.replace(parameters=[parameter(name) for name in names])

        @wraps(function)
        def call(*unnamed: Any, **named: Any) -> Any:
            given = signature.bind(*unnamed, **named).arguments
            for name, default in refused.items():
                refuse(label, name, given.get(name, default), default)
            return function(**{name: x for name, x in given.items() if name in own.parameters})

        call.__signature__ = signature  # type: ignore[attr-defined]
        return call  # type: ignore[return-value]

    return decorate


def refuse(caller: str, name: str, value: Any, default: Any = None) -> None:
    """Refuse an argument that TensorFlow has and this face has not, unless it is its default.

    Raises
    ------
    ArgumentError
        If it is not.
    """
    plain = isinstance(value, int | str | list | tuple)  # and not an array, which has no one truth
    as_it_is = value is None or (plain and (value == default or not (value or default)))
    if not as_it_is:
        raise ArgumentError(f"{caller} does not support {name}. Received: {value!r:.60}.")
