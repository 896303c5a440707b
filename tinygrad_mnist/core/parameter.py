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

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import allocated, real
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import DTypeError, ShapeError


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

    __slots__ = ("_assigned_at", "_members", "_storage")

    assignable = True

    def __init__(
        self,
        data: Any,
        dtype: npt.DTypeLike | None = None,
        *,
        requires_grad: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(data, dtype, requires_grad=requires_grad, name=name)
        self._assigned_at = 0
        self._members: list[Parameter] = []
        self._move_to(allocated(self.shape, self.dtype))

    @classmethod
    def pack(cls, parameters: Sequence[Parameter]) -> Parameter:
        """Return one vector whose slices are, from now on, the memory of these parameters.

        Assigning the vector assigns them all. Values, names and gradients stay.

        Raises
        ------
        DTypeError
            If their dtypes differ.
        """
        dtypes = {str(parameter.dtype): parameter for parameter in parameters}
        if len(dtypes) > 1:
            received = ", ".join(parameter.label for parameter in dtypes.values())
            raise DTypeError(
                f"Parameters updated together must share one dtype. Received: {received}."
            )
        joined = np.concatenate([parameter.data.ravel() for parameter in parameters])
        vector = cls(joined, name="packed")
        start = 0
        for parameter in parameters:
            stop = start + parameter.size
            parameter._move_to(vector._storage[start:stop].reshape(parameter.shape))
            start = stop
        vector._members = list(parameters)
        return vector

    def lies_in(self, vector: Parameter) -> bool:
        """Whether this parameter's memory is a slice of that vector."""
        return self._storage.base is vector._storage.base

    def _move_to(self, storage: Array) -> None:
        storage[...] = self.data
        self._storage = storage
        self.data = storage.view()
        self.data.flags.writeable = False

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
        array = value.data if isinstance(value, Tensor) else real(value)
        if array.shape != self.shape:
            raise ShapeError(
                f"{self.label} was assigned a value of shape {array.shape}; the shapes must be "
                "equal."
            )
        np.copyto(self.storage(), array, casting="same_kind")
        if tape.recording.journal is not None:
            tape.recording.journal.assigned(self, value)

    def storage(self) -> Array:
        """Return the array that holds the value, to write into; counts as an assignment."""
        tick = next(tape.clock)
        for parameter in (self, *self._members):
            parameter._assigned_at = tick
        if tape.recording.aside is not None:
            tape.recording.aside.written(self)
        return self._storage

    @property
    def assigned_at(self) -> int:
        """The tick of the clock at the last assignment to it or to any of its slices."""
        return max((p._assigned_at for p in self._members), default=self._assigned_at)

    def detach(self) -> Tensor:
        """Return a constant of the same value, as of now: later assignments do not change it."""
        with tape.no_grad():
            copy: Any = np.positive(self)
        return copy  # type: ignore[no-any-return]
