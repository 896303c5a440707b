"""Parameter: the one kind of tensor that can be assigned.

>>> from tinygrad_mnist import Parameter
>>> weight = Parameter([1.0, 2.0])
>>> loss = np.sum(weight * weight)
>>> weight.assign([0.0, 0.0])
>>> loss.backward()  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
tinygrad_mnist.errors.StaleGraphError: Parameter ... was assigned after multiply used it, ...
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.arguments import real
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import aligned_zeros
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ShapeError


class Parameter(Tensor):
    """A leaf whose value can be assigned: what an optimizer updates.

    Parameters
    ----------
    data
        The initial value, copied. Floating dtypes only.
    dtype
        Converts the data; None keeps it.
    requires_grad
        False freezes it: no gradient is computed for it.
    name
        Used in error messages.

    >>> weight = Parameter([1.0, 2.0], name="weight")
    >>> weight.assign(weight.numpy() * 3)
    >>> weight
    Parameter([3., 6.], dtype=float64, name='weight')
    """

    __slots__ = ("_assigned_at", "_slices", "_storage")

    assignable = True

    def __init__(
        self,
        data: Any,
        dtype: npt.DTypeLike | None = None,
        *,
        requires_grad: bool = True,
        name: str | None = None,
    ) -> None:
        if isinstance(data, Tensor):
            tape.watcher.get().asked(data, "Parameter()")
        super().__init__(data, dtype, requires_grad=requires_grad, name=name)
        self._assigned_at = 0
        self._slices: list[Parameter] = []
        self._move_to(aligned_zeros(self.shape, self.dtype))

    def _split_among(self, slices: list[Parameter]) -> None:
        """Give this vector's memory to parameters, each a slice of it from now on.

        So that an optimizer can update all of them as one. What assigns one of them assigns this
        vector too, and the reverse, so they also date each other's graphs.
        """
        start = 0
        for parameter in slices:
            stop = start + parameter.size
            parameter._move_to(self._storage[start:stop].reshape(parameter.shape))
            start = stop
        self._slices = slices

    def _move_to(self, storage: Array) -> None:
        storage[...] = self._array
        self._storage = storage
        self._array = storage.view()
        self._array.flags.writeable = False

    def assign(self, value: Any) -> None:
        """Replace the value in place, elementwise equal in shape and of a dtype that fits.

        Graphs that read the old value refuse to differentiate from now on (StaleGraphError).

        Raises
        ------
        ShapeError
            If the shape differs.
        DTypeError
            If the value is not made of real numbers.
        """
        array = value._array if isinstance(value, Tensor) else real(value)
        if array.shape != self.shape:
            raise ShapeError(
                f"{self.label} was assigned a value of shape {array.shape}; the shapes must be "
                "equal."
            )
        np.copyto(self._dated(), array, casting="same_kind")
        tape.watcher.get().assigned(self, value)

    def storage(self) -> Array:
        """Return the array that holds the value, to write into; counts as an assignment."""
        tape.watcher.get().changed(self, "storage()")
        return self._dated()

    def _dated(self) -> Array:
        tick = next(tape.clock)
        for parameter in (self, *self._slices):
            parameter._assigned_at = tick
        return self._storage

    @property
    def assigned_at(self) -> int:
        """The tick of the clock at the last assignment to it or to any of its slices."""
        return max((p._assigned_at for p in self._slices), default=self._assigned_at)

    def detach(self) -> Tensor:
        """Return a constant of the same value, as of now: later assignments do not change it."""
        with no_grad():
            return np.positive(self)  # type: ignore[return-value]
