"""Networks that come back from files, with the names of their classes.

>>> import tempfile
>>> from tinygrad_mnist import nn
>>> with tempfile.TemporaryDirectory() as folder:
...     nn.MLP([4, 3, 2]).save(f"{folder}/network.npz")
...     print(load(f"{folder}/network.npz"))
layer  kind    parameters       count
    0  Linear  (4, 3) (3,)         15
    1  relu
    2  Linear  (3, 2) (2,)          8
MLP: 23 parameters
"""

from __future__ import annotations

from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist import checkpoint
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import CheckpointError
from tinygrad_mnist.nn.initializers import zeros
from tinygrad_mnist.nn.layers import ACTIVATIONS, MLP, Linear, Sequential, are_names
from tinygrad_mnist.nn.module import Layer

_PREFIX = "parameter/"


def load(path: str | PathLike[str]) -> Sequential:
    """Return the network of a file that ``Sequential.save`` or a training run wrote.

    Raises
    ------
    CheckpointError
        If it cannot be read, is damaged, or holds no network.
    """
    with checkpoint.reading(Path(path)) as saved:
        return saved_network(saved, saved.description.get("network"))


def mlp_network(sizes: list[int]) -> dict[str, Any]:
    """Return what ``MLP(sizes).network()`` does, without making it.

    >>> mlp_network([4, 3, 2]) == MLP([4, 3, 2]).network()
    True
    """
    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [[inputs, outputs, "float32"], "relu"]
    return {"kind": "MLP", "layers": layers[:-1]}


def saved_network(saved: checkpoint.Saved, network: Any) -> Sequential:
    """Return the network of a checkpoint, given the description of its layers.

    Raises
    ------
    CheckpointError
        If the description or the parameters are not those of a network.
    """
    layers = network.get("layers") if isinstance(network, dict) else None
    if not isinstance(layers, list) or not layers or not all(map(_is_layer, layers)):
        raise CheckpointError("it holds no network, or none that this version knows.")
    state = saved_parameters(saved, layers)  # first: what the file does not hold takes no memory
    model = _build(network.get("kind"), layers)
    if model.network() != network:
        raise CheckpointError("its network is of a kind that this version does not know.")
    model.load_state_dict(state)
    model.classes = saved_classes(saved, layers)
    return model


def saved_parameters(saved: checkpoint.Saved, layers: list[Any]) -> dict[str, Array]:
    """Return the parameters of layers, which are finite.

    Raises
    ------
    CheckpointError
        If the checkpoint holds others.
    """
    expected: dict[str, tuple[tuple[int, ...], str]] = {}
    for position, layer in enumerate(layers):
        if isinstance(layer, list):
            inputs, outputs, dtype = layer
            expected[f"layers.{position}.weight"] = ((inputs, outputs), dtype)
            expected[f"layers.{position}.bias"] = ((outputs,), dtype)
    names = {name for name in saved.names if name.startswith(_PREFIX)}
    if names != {_PREFIX + name for name in expected}:
        raise CheckpointError("its parameters are those of another network than it describes.")
    return {name: finite(saved, _PREFIX + name, *kind) for name, kind in expected.items()}


def finite(saved: checkpoint.Saved, name: str, shape: tuple[int, ...], dtype: str) -> Array:
    """Return an array of a checkpoint, of finite numbers, or raise CheckpointError."""
    array = saved.array(name, shape, dtype)
    if not np.isfinite(array).all():
        raise CheckpointError(f"the array {name} holds infinite or undefined numbers.")
    return array


def saved_classes(saved: checkpoint.Saved, layers: list[Any]) -> tuple[str, ...] | None:
    """Return the names of the classes, if they were saved, or raise CheckpointError."""
    classes = saved.description.get("classes")
    if classes is None:
        return None
    if not are_names(classes, layers):
        raise CheckpointError(f"its classes, {classes!r:.60}, are no names, one for each output.")
    return tuple(classes)


def _is_layer(layer: Any) -> bool:
    if isinstance(layer, list):
        dtypes = ("float16", "float32", "float64")
        sizes = layer[:-1]
        counts = all(type(size) is int and 0 < size < 1 << 40 for size in sizes)
        return len(layer) == 3 and counts and layer[-1] in dtypes
    return isinstance(layer, str) and layer in ACTIVATIONS


def _build(kind: Any, layers: list[Any]) -> Sequential:
    """The network with all parameters zero."""
    linear = [layer for layer in layers if isinstance(layer, list)]
    if kind == "MLP" and linear:
        sizes = [inputs for inputs, *_ in linear] + [linear[-1][1]]
        between = next((layer for layer in layers if isinstance(layer, str)), "relu")
        return MLP(sizes, ACTIVATIONS[between], initializer=zeros, dtype=linear[0][2])
    return Sequential(*map(_layer, layers))


def _layer(layer: Any) -> Layer:
    if isinstance(layer, str):
        return ACTIVATIONS[layer]
    inputs, outputs, dtype = layer
    return Linear(inputs, outputs, np.random.default_rng(0), initializer=zeros, dtype=dtype)
