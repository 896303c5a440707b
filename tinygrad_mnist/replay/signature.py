"""Signatures: what tells the plans of a captured function apart, and what such a function returns.

Both are nested tuples, lists and dictionaries. They are taken apart into a structure and leaves:

>>> structure, leaves = flatten({"cost": 1.0, "hidden": [2.0, (3.0,)]})
>>> leaves
[1.0, 2.0, 3.0]
>>> paths(structure)
[('cost',), ('hidden', 0), ('hidden', 1, 0)]
>>> unflatten(structure, [leaf * 2 for leaf in leaves])
{'cost': 2.0, 'hidden': [4.0, (6.0,)]}
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.arguments import real
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.core.recording import open_no_grads
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError, GradientError

LEAF = "*"

Path = tuple[Any, ...]


def flatten(value: Any) -> tuple[Any, list[Any]]:
    """Return the structure, which is hashable if keys are, and the leaves."""
    keys: Sequence[Any]
    members: Iterable[Any]
    if isinstance(value, dict):
        keys, members = tuple(value), value.values()
    elif isinstance(value, tuple | list):
        keys, members = range(len(value)), value
    else:
        return LEAF, [value]
    below = [flatten(member) for member in members]
    factory = getattr(value, "default_factory", None)
    structure = type(value), factory, keys, tuple([structure for structure, _ in below])
    return structure, [leaf for _, leaves in below for leaf in leaves]


def paths(structure: Any) -> list[Path]:
    """Return where each leaf is: the keys and places that lead to it."""
    if structure is LEAF:
        return [()]
    _, _, keys, structures = structure
    members = zip(keys, structures, strict=True)
    return [(key, *path) for key, below in members for path in paths(below)]


def unflatten(structure: Any, leaves: Iterable[Any]) -> Any:
    """Return the value of this structure with these leaves."""
    leaves = iter(leaves)
    if structure is LEAF:
        return next(leaves)
    kind, factory, keys, structures = structure
    members = [unflatten(below, leaves) for below in structures]
    if not issubclass(kind, dict):
        return kind(*members) if hasattr(kind, "_fields") else kind(members)
    value = kind()
    if factory is not None:
        value.default_factory = factory
    value.update(zip(keys, members, strict=True))
    return value


class Signature(NamedTuple):
    """How the arguments are nested, the part of each, and whether gradients are recorded."""

    structure: Any
    parts: tuple[Any, ...]
    recording: bool


class Call(NamedTuple):
    """The arguments of one call: its signature, the leaves, and the arrays of those that have one.

    ``arrays`` has a place for each leaf; None is there for what is no array.
    """

    signature: Signature
    leaves: list[Any]
    arrays: list[Array | None]

    @property
    def fed(self) -> list[Array]:
        """The arrays, without the places of other leaves."""
        return [array for array in self.arrays if array is not None]


def call_of(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
    """Return what a function is called with, taken apart."""
    structure, leaves = flatten((arguments, keywords))
    pairs = [array_and_part(leaf) for leaf in leaves]
    parts = tuple([part for _, part in pairs])
    signature = Signature(structure, parts, not open_no_grads.get())
    return Call(signature, leaves, [array for array, _ in pairs])


def array_and_part(leaf: Any) -> tuple[Array | None, Any]:
    """Return the array of an argument, or None if it is no array, and its part of the signature.

    Arrays are told apart by shape, dtype, whether a gradient may be taken by them, and, since the
    order in which elements lie decides the order in which they are added up, by strides.

    >>> array_and_part(np.zeros((2, 3)))[1]
    ((2, 3), dtype('float64'), False)
    >>> array_and_part("mean")
    (None, (<class 'str'>, 'mean'))
    """
    if isinstance(leaf, Parameter):
        return None, (Parameter, Identity(leaf))
    if isinstance(leaf, Tensor):
        array, requires_grad = leaf._array, leaf.requires_grad
    elif isinstance(leaf, np.ndarray | np.generic):
        array, requires_grad = real(leaf), False
    elif isinstance(leaf, float):  # as text: 0.0 equals -0.0, and nan does not equal itself
        return None, (type(leaf), leaf.hex())
    else:
        return None, (type(leaf), leaf)
    if array.flags.c_contiguous:
        return array, (array.shape, array.dtype, requires_grad)
    return array, (array.shape, array.dtype, requires_grad, array.strides)


class Identity:
    """A Parameter in a signature: Parameters compare by element, signatures by identity."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.parameter is self.parameter

    def __hash__(self) -> int:
        return id(self.parameter)


def differing_numbers(one: Signature, other: Signature, function: Callable[..., Any]) -> list[str]:
    """Return what the arguments are called whose Python numbers differ, if nothing else does."""
    if (one.structure, one.recording) != (other.structure, other.recording):
        return []
    names = []
    for path, part, counterpart in zip(paths(one.structure), one.parts, other.parts, strict=True):
        if part != counterpart:
            if not {part[0], counterpart[0]} <= {int, float}:
                return []
            names.append(argument_name(function, path))
    return names


def argument_name(function: Callable[..., Any], path: Path) -> str:
    """Return what an argument is called, given its path in ``(arguments, keywords)``."""
    kind, name, *rest = path
    return f"{name if kind else _positional_name(function, name)}{_subscripts(rest)}"


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


def _subscripts(path: Sequence[Any]) -> str:
    """Return a path as it is written behind a name."""
    return "".join(f"[{key!r}]" for key in path)


class Results:
    """What a captured function returns, but for the arrays that a replay computes."""

    def __init__(self, name: str, structure: Any, leaves: Sequence[Any]) -> None:
        self._name = name
        self._structure = structure
        self._kept = [None if _is_computed(leaf) else leaf for leaf in leaves]
        self._tracked = {
            place: leaf.requires_grad for place, leaf in enumerate(leaves) if _is_computed(leaf)
        }
        self.seal([])

    def seal(self, read: Sequence[Tensor]) -> None:
        """Note what the function differentiably read that was no argument of it."""
        self._read = list(read)
        self._sealed = _sealed_node(self._name, self._read)

    def build(self, arrays: Sequence[Array], given: Sequence[Any] = ()) -> Any:
        """Return the results with these arrays, which nobody else holds, as computed Tensors.

        ``given`` are the arguments of the call, if a Tensor may be among them.
        """
        trained = [leaf for leaf in given if isinstance(leaf, Tensor) and leaf.requires_grad]
        node = _sealed_node(self._name, [*self._read, *trained]) if trained else self._sealed
        leaves = self._kept.copy()
        for (place, tracked), array in zip(self._tracked.items(), arrays, strict=True):
            array.flags.writeable = False
            leaves[place] = Tensor.of(array, node if tracked else None)
        return unflatten(self._structure, leaves)


def results_of(name: str, value: Any) -> tuple[list[Tensor], Results]:
    """Return the Tensors that are computed, and what builds such results; Parameters and None stay.

    Raises
    ------
    CaptureError
        If there is anything else: a replay would repeat it for ever.
    """
    structure, leaves = flatten(value)
    for path, leaf in zip(paths(structure), leaves, strict=True):
        if leaf is not None and not isinstance(leaf, Tensor):
            raise CaptureError(
                f"The captured {name} returned {type(leaf).__name__} {leaf!r:.60}"
                f"{' at ' + _subscripts(path) if path else ''}, which a replay would repeat for "
                "ever. Return Tensors; compute the rest outside, or with host()."
            )
    return [leaf for leaf in leaves if _is_computed(leaf)], Results(name, structure, leaves)


def _is_computed(leaf: Any) -> bool:
    return leaf is not None and not isinstance(leaf, Parameter)


def _sealed_node(name: str, read: Sequence[Tensor]) -> tape.Node:
    """Return the node of results: no gradient can be taken of them outside, which its rule says.

    What they depend on are its operands, so that the gradients by those are not zeros either.
    """

    def refuse(*_: Any) -> Any:
        raise GradientError(
            f"The gradient of what the captured {name} returned was asked for outside: its program "
            "is over. Call backward() or gradients() inside the captured function, or .detach() "
            "the result."
        )

    primitive = Primitive(refuse, operand_names=("inside",))
    primitive.name = name
    primitive.vjp(inside=refuse)
    operands = (Tensor(0.0, requires_grad=True), *read)
    arrays = [operand._array for operand in operands]
    return tape.Node(primitive, operands, arrays, {}, arrays[0], [*enumerate(operands)], [])
