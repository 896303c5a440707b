"""Shapes of which some sizes, or even their number, are not known before a graph is run.

>>> known_shape([None, 3]).as_list()
[None, 3]
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from tinygrad_mnist.errors import ShapeError


class TensorShape(tuple[int | None, ...]):
    """A tuple of sizes, None for one that is not known."""

    __slots__ = ()

    def as_list(self) -> list[int | None]:
        """Return the sizes in a list, as TensorFlow 1 does."""
        return list(self)


Shape = tuple[int | None, ...] | None
"""None where the number of axes is not known."""


def known_shape(shape: Any) -> TensorShape | None:
    """Return the shape, of one size if it is an integer; None as it is.

    Raises
    ------
    ShapeError
        If a size is neither None nor an integer that is not negative.
    """
    if shape is None:
        return None
    given = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    try:
        sizes = tuple(None if size is None else operator.index(size) for size in given)
    except TypeError:
        sizes = (-1,)
    if any(size is not None and size < 0 for size in sizes):
        raise ShapeError(f"A shape is made of sizes, or None where any fits. Received: {shape!r}.")
    return TensorShape(sizes)
