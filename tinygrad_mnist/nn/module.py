"""Module: a function of Tensors with named parameters; what every layer and network is.

>>> import numpy as np
>>> from tinygrad_mnist import Parameter
>>> class Scale(Module):
...     def __init__(self):
...         self.factor = Parameter(2.0)
...     def forward(self, inputs):
...         return self.factor * inputs
>>> Scale()(np.array([1.0, 2.0])).numpy()
array([2., 4.])
>>> list(Scale().named_parameters())
['factor']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import CheckpointError, UnsupportedError
from tinygrad_mnist.notebook import html_table

Layer = Callable[[Any], Any]


class Module:
    """A function of Tensors with parameters: its attributes, and those of its modules, in order.

    Subclasses assign ``Parameter`` and ``Module`` attributes, or lists, tuples and dictionaries of
    them, and define ``forward``.
    """

    def forward(self, inputs: Any) -> Any:
        """Return the outputs for a batch of inputs."""
        raise UnsupportedError(f"{type(self).__name__} does not define forward(inputs).")

    def __call__(self, inputs: Any) -> Any:
        """Return ``forward(inputs)``."""
        return self.forward(inputs)

    def modules(self) -> Iterator[tuple[str, Module]]:
        """Yield the names and modules one level below, attributes in the order of assignment."""
        for name, member in _members(self):
            if isinstance(member, Module):
                yield name, member

    def named_parameters(self) -> dict[str, Parameter]:
        """Return all parameters by qualified name, in order; a shared one once, as first met."""
        return dict(_walk(self, "", {id(self)}))

    def parameters(self) -> list[Parameter]:
        """Return all parameters, in order."""
        return list(self.named_parameters().values())

    def state_dict(self) -> dict[str, Array]:
        """Return copies of the parameters' values, by name."""
        return {name: parameter.numpy() for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Assign the parameters, after all names, shapes and dtypes have been checked.

        Raises
        ------
        CheckpointError
            If they are not those of this network.
        DTypeError
            If one is masked or an np.matrix; nothing is assigned then.
        """
        if not isinstance(state, Mapping):
            raise CheckpointError(
                f"The state of a network maps names to arrays. Received: {type(state).__name__}."
            )
        parameters = self.named_parameters()
        expected = {name: (p.shape, p.dtype) for name, p in parameters.items()}
        received = {
            name: (getattr(value, "shape", ()), getattr(value, "dtype", type(value).__name__))
            for name, value in state.items()
        }
        if expected != received:
            raise CheckpointError(
                f"The parameters are those of another network. Expected: {_shapes(expected)}. "
                f"Received: {_shapes(received) or 'none'}."
            )
        arrays = {name: plain(f"The state of {name}", value) for name, value in state.items()}
        for name, parameter in parameters.items():
            parameter.assign(arrays[name])

    def __repr__(self) -> str:
        rows = [_HEADS, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [
            f"{name:>{widths[0]}}  {kind:<{widths[1]}}  {shapes:<{widths[2]}}  {count:>9}".rstrip()
            for name, kind, shapes, count in rows
        ]
        return "\n".join([*lines, self._total()])

    def _repr_html_(self) -> str:
        return html_table(_HEADS, self._rows(), below=self._total())

    def _rows(self) -> list[tuple[str, ...]]:
        return [_row(name, layer) for name, layer in self._layers()]

    def _total(self) -> str:
        count = sum(parameter.size for parameter in self.parameters())
        return f"{type(self).__name__}: {count:,} parameters"

    def _layers(self) -> list[tuple[str, Layer]]:
        return list(self.modules()) or [("", self)]


_HEADS = ("layer", "kind", "parameters", "count")


def _row(name: str, layer: Layer) -> tuple[str, str, str, str]:
    parameters = layer.parameters() if isinstance(layer, Module) else []
    kind = type(layer).__name__ if isinstance(layer, Module) else _name(layer)
    count = f"{sum(p.size for p in parameters):,}" if parameters else ""
    return name, kind, " ".join(str(p.shape) for p in parameters), count


def _name(function: Layer) -> str:
    function = function.func if isinstance(function, partial) else function
    return str(getattr(function, "__name__", type(function).__name__))


def _members(module: Module) -> Iterator[tuple[str, Module | Parameter]]:
    """Yield the names and members of a module, in the order of assignment."""
    pending = list(reversed(vars(module).items()))
    while pending:
        name, value = pending.pop()
        if isinstance(value, Module | Parameter):
            yield name, value
        elif isinstance(value, list | tuple | dict):
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            pending += reversed([(f"{name}.{key}", entry) for key, entry in entries])


def _walk(module: Module, prefix: str, seen: set[int]) -> Iterator[tuple[str, Parameter]]:
    """Yield a module's own parameters, then those of its modules; nothing twice."""
    members = [(prefix + name, member) for name, member in _members(module)]
    for kind in (Parameter, Module):
        for name, member in members:
            if isinstance(member, kind) and id(member) not in seen:
                seen.add(id(member))
                if isinstance(member, Parameter):
                    yield name, member
                else:
                    yield from _walk(member, f"{name}.", seen)


def _shapes(described: Mapping[str, tuple[tuple[int, ...], Any]]) -> str:
    return ", ".join(f"{name} {shape} {dtype}" for name, (shape, dtype) in described.items())
