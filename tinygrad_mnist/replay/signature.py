"""Signatures: what tells the plans of a captured function apart.

>>> part_of(np.zeros((2, 3)))
(array([[0., 0., 0.],
       [0., 0., 0.]]), ((2, 3), dtype('float64'), False))
>>> part_of("mean")
(None, (<class 'str'>, 'mean'))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core.arrays import real
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.replay.structure import Path


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
