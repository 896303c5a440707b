"""Signatures: what tells the plans of a captured function apart.

>>> part_of(np.zeros((2, 3)))
(array([[0., 0., 0.],
       [0., 0., 0.]]), ((2, 3), dtype('float64'), False))
>>> part_of("mean")
(None, (<class 'str'>, 'mean'))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import real
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError, GradientError


class Identity:
    """A Parameter in a signature: Parameters compare by element, signatures by identity."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.parameter is self.parameter

    def __hash__(self) -> int:
        return id(self.parameter)


def part_of(leaf: Any) -> tuple[Array | None, Any]:
    """Return the array of an argument, or None if it is no array, and its part of the signature.

    Arrays are told apart by shape, dtype, whether a gradient may be taken by them, and, since the
    order in which elements lie decides the order in which they are added up, by strides.
    """
    if isinstance(leaf, Parameter):
        return None, Identity(leaf)
    if isinstance(leaf, Tensor):
        array, requires_grad = leaf.data, leaf.requires_grad
    elif isinstance(leaf, np.ndarray | np.generic):
        array, requires_grad = real(leaf), False
    elif isinstance(leaf, float):  # as text: 0.0 equals -0.0, and nan does not equal itself
        return None, (type(leaf), leaf.hex())
    else:
        return None, (type(leaf), leaf)
    if array.flags.c_contiguous:
        return array, (array.shape, array.dtype, requires_grad)
    if 0 in array.strides:  # broadcast: a replay has to keep the elements apart
        array = np.ascontiguousarray(array)
    return array, (array.shape, array.dtype, requires_grad, array.strides)


class Signature(NamedTuple):
    """How the arguments are nested, the part of each, and whether gradients are recorded."""

    structure: Any
    parts: tuple[Any, ...]
    recording: bool


def differing_numbers(one: Signature, other: Signature) -> list[int]:
    """Return the places at which Python numbers differ, if these signatures differ in no more."""
    if (one.structure, one.recording) != (other.structure, other.recording):
        return []
    pairs = list(zip(one.parts, other.parts, strict=True))
    places = [place for place, (part, counterpart) in enumerate(pairs) if part != counterpart]
    numbers = all({pairs[place][0][0], pairs[place][1][0]} <= {int, float} for place in places)
    return places if numbers else []


def argument_name(function: Callable[..., Any], path: Path) -> str:
    """Return what an argument is called, given its path in ``(arguments, keywords)``."""
    kind, name, *rest = path
    return f"{name if kind else _positional_name(function, name)}{indexed(rest)}"


def _positional_name(function: Callable[..., Any], position: int) -> str:
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except ValueError:  # of some that are built in Python does not know it
        parameters = []
    for place, parameter in enumerate(parameters):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return f"{parameter.name}{position}"
        if place == position:
            return parameter.name
    return f"argument{position}"  # one too many, as Python says when the function is called


def indexed(path: Sequence[Any]) -> str:
    """Return a path as it is written behind a name."""
    return "".join(f"[{key!r}]" for key in path)


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


class Returned:
    """What a function returned, taken apart.

    ``fetched`` are the Tensors whose values a replay computes; Parameters and None stay.

    Raises
    ------
    CaptureError
        If there is anything else: a replay would repeat it for ever.
    """

    def __init__(self, name: str, value: Any) -> None:
        self._structure, outputs = flatten(value)
        for path, leaf in zip(paths(self._structure), outputs, strict=True):
            if leaf is not None and not isinstance(leaf, Tensor):
                raise CaptureError(
                    f"The captured {name} returned {type(leaf).__name__} {leaf!r:.60}"
                    f"{' at ' + indexed(path) if path else ''}, which a replay would repeat for "
                    "ever. Return Tensors; compute the rest outside, or with host()."
                )
        self.fetched: list[Tensor] = [output for output in outputs if _is_fetched(output)]
        seal = _sealed(name)
        self._made: list[tuple[Any, Callable[[Array], Tensor] | None]] = [
            (None, seal if output.requires_grad else _constant)
            if _is_fetched(output)
            else (output, None)
            for output in outputs
        ]

    def forget(self) -> None:
        """Let go of the Tensors of the first call, and with them of its graph."""
        self.fetched = []

    def filled(self, arrays: Sequence[Array]) -> Any:
        """Return it with these arrays, which nobody else holds, as the fetched values."""
        if self._structure is LEAF and arrays:
            ((_, make),) = self._made
            return make(arrays[0]) if make else None
        remaining = iter(arrays)
        tensors = [make(next(remaining)) if make else stays for stays, make in self._made]
        return unflatten(self._structure, tensors)


def _is_fetched(output: Any) -> bool:
    return output is not None and not isinstance(output, Parameter)


def _constant(array: Array) -> Tensor:
    array.flags.writeable = False
    return Tensor.of(array, None)


def _sealed(name: str) -> Callable[[Array], Tensor]:
    """Return what makes a result of which no gradient can be taken outside, and which says so."""

    def refuse(*_: Any) -> Any:
        raise GradientError(
            f"The gradient of what the captured {name} returned was asked for outside: its program "
            "is over. Call backward() or gradients() inside the captured function, or .detach() "
            "the result."
        )

    primitive = Primitive(refuse, operand_names=("inside",))
    primitive.name = name
    primitive.vjp(inside=refuse)
    inside = Tensor(0.0, requires_grad=True)
    node = tape.Node(primitive, (inside,), [inside.data], {}, inside.data, [(0, inside)], [])

    def seal(array: Array) -> Tensor:
        array.flags.writeable = False
        return Tensor.of(array, node)

    return seal
