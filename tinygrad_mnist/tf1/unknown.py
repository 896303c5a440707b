"""What a value that is not computed yet refuses: to be a Python number, a list, or an array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.tf1.shape import Shape, TensorShape


class Uncomputed:
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
