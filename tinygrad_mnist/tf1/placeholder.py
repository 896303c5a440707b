"""Placeholders: symbols whose values are fed to a run.

>>> placeholder(np.float32, [None, 784], name="images")
<Placeholder 'images:0' shape=(None, 784) dtype=float32>
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.errors import DTypeError, SessionError
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.shape import known_shape
from tinygrad_mnist.tf1.symbol import Symbol


def placeholder(
    dtype: npt.DTypeLike, shape: Sequence[int | None] | int | None = None, name: str | None = None
) -> Placeholder:
    """Return a symbol whose value is given to each run.

    Parameters
    ----------
    dtype
        Of the values; what is fed is converted, if that loses nothing but precision.
    shape
        None for a size that may be any, or in place of the shape for any number of axes.

    Raises
    ------
    DTypeError, ShapeError
        If one of them is none.
    """
    graph = get_default_graph()
    checked = np.dtype(dtype)
    if checked.kind not in "biuf":
        raise DTypeError(f"A placeholder holds booleans, integers or real numbers, not {checked}.")
    sizes = known_shape(shape)
    return Placeholder(
        graph,
        graph.unique_name(name or "Placeholder") + ":0",
        _fed,
        shape=sizes,
        dtype=checked,
    )


class Placeholder(Symbol):
    """A symbol whose value is fed."""


def _fed() -> NoReturn:
    raise SessionError("A placeholder has no value but the one that is fed.")
