"""Values that are not computed yet: what is known of their shapes, and what they refuse.

>>> as_shape([None, 3]).as_list()
[None, 3]
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from tinygrad_mnist.errors import CaptureError, ShapeError


class Dimension(int):
    """A size that is known, and that TensorFlow 1's programs ask for its value."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The size."""
        return int(self)


class TensorShape(tuple[int | None, ...]):
    """A tuple of sizes, None for one that is not known, with the words of TensorFlow 1."""

    __slots__ = ()

    def __new__(cls, sizes: Iterable[int | None]) -> TensorShape:  # noqa: D102
        return super().__new__(cls, [size if size is None else Dimension(size) for size in sizes])

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return TensorShape(found) if isinstance(index, slice) else found

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)

    def as_list(self) -> list[int | None]:
        """Return the sizes in a list."""
        return [size if size is None else int(size) for size in self]

    def is_fully_defined(self) -> bool:
        """Return whether all sizes are known."""
        return None not in self

    def num_elements(self) -> int | None:
        """Return the number of elements, or None if it is not known."""
        return None if None in self else math.prod(size for size in self if size is not None)


Shape = tuple[int | None, ...] | None
"""None where the number of axes is not known."""


def as_shape(shape: Any) -> TensorShape | None:
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


def fits(shape: Shape, wanted: Shape) -> bool:
    """Whether a value of the one shape can be of the other; None is any size, or any shape."""
    if shape is None or wanted is None:
        return True
    if len(shape) != len(wanted):
        return False
    for size, other in zip(shape, wanted, strict=True):  # as this takes less time than all()
        if size != other and size is not None and other is not None:
            return False
    return True


class Unknown:
    """A value of which only name, shape and dtype are known; None is the dtype of no value."""

    def __init__(self, name: str, shape: Shape, dtype: np.dtype[Any] | None) -> None:
        self.name = name
        self.shape = None if shape is None else TensorShape(shape)
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """The number of axes.

        Raises
        ------
        CaptureError
            If it is not known before the graph is run.
        """
        return len(self._known_shape())

    @property
    def size(self) -> int:
        """The number of elements.

        Raises
        ------
        CaptureError
            If it is not known before the graph is run.
        """
        size = 1
        for length in self._known_shape():
            if length is None:
                self._refuse("its size")
            size *= length
        return size

    def get_shape(self) -> TensorShape:
        """Return the shape, as TensorFlow 1 calls it.

        Raises
        ------
        CaptureError
            If the number of axes is not known before the graph is run.
        """
        return self._known_shape()

    def _known_shape(self) -> TensorShape:
        if self.shape is None:
            self._refuse("its number of axes")
        return self.shape

    def _refuse(self, what: str) -> NoReturn:
        raise CaptureError(
            f"{self.name} is a symbol of shape {self.shape} and dtype {self.dtype} that is not "
            f"computed yet, so {what} cannot be asked for: run it in a session, as in "
            f"session.run({self.name.partition(':')[0]})."
        )

    def __bool__(self) -> bool:
        self._refuse("its truth")

    def __float__(self) -> float:
        self._refuse("its number")

    def __int__(self) -> int:
        self._refuse("its number")

    def __index__(self) -> int:
        self._refuse("its number")

    def __len__(self) -> int:
        self._refuse("its length")

    def __iter__(self) -> Iterator[Any]:
        self._refuse("its elements")

    def __contains__(self, item: Any) -> bool:
        self._refuse("its elements")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self._refuse("its array")
