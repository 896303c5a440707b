"""Tensor: an array that remembers how it was made; Parameter: the one kind that can be assigned.

Tensors are values: their arrays are read-only, and nothing but ``Parameter.assign`` changes one.

>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> y = np.sum(x * x)
>>> y.backward()
>>> x.grad
array([2., 4.])
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.operators import Operators
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.errors import DTypeError, IndexingError, ShapeError, UnsupportedError


class Tensor(Operators):
    """An array of real numbers on which gradients can be taken.

    Parameters
    ----------
    data
        Anything ``numpy.asarray`` takes; writable arrays are copied. A Tensor is detached.
    dtype
        Converts the data; None keeps NumPy's choice.
    requires_grad
        Makes this a leaf: ``backward`` leaves its gradient in ``.grad``. Floating dtypes only.
    name
        Used in error messages.

    Raises
    ------
    DTypeError
        If the dtype is not boolean, integer or real floating, or not floating but a leaf.
    """

    __slots__ = ("__weakref__", "_grad", "data", "name", "node", "requires_grad")

    data: Array
    node: tape.Node | None
    requires_grad: bool
    name: str | None

    def __init__(
        self,
        data: Any,
        dtype: npt.DTypeLike | None = None,
        *,
        requires_grad: bool = False,
        name: str | None = None,
    ) -> None:
        self.data = _constant(data, dtype)
        self.node = None
        self.requires_grad = requires_grad
        self.name = name
        self._grad: Array | None = None
        if requires_grad and self.data.dtype.kind != "f":
            raise DTypeError(
                f"{self.label} has dtype {self.data.dtype}: integer and boolean tensors are "
                "constants and have no gradient. Use .astype(np.float32) first."
            )

    @classmethod
    def of(cls, data: Array, node: tape.Node | None) -> Tensor:
        """Wrap the result of a node; the array must be read-only and held by nobody else."""
        self = Tensor.__new__(Tensor)
        self.data = data
        self.node = node
        self.requires_grad = node is not None
        self.name = None
        self._grad = None
        return self

    def _apply_primitive(
        self, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]
    ) -> Tensor:
        if len(static) < len(primitive.defaults):
            static = {**primitive.defaults, **static}
        arrays: list[Any] = []
        tracked, reads, constants = [], [], False
        for operand in operands:
            if isinstance(operand, Tensor):
                if operand.requires_grad:
                    tracked.append((len(arrays), operand))
                if isinstance(operand, Parameter):
                    reads.append(operand)
                arrays.append(operand.data)
            elif type(operand) in _SCALARS:
                arrays.append(operand)
            else:
                arrays.append(_real(operand))
                constants = True
        try:
            value = primitive.kernel(*arrays, **static)
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
            raise _explained(error, primitive, operands, static) from None
        if type(value) is not np.ndarray:
            value = np.asarray(value)
        if primitive.view and reads:
            value = value.copy()  # a view would change under its holder at the next assign
        value.setflags(write=False)
        if not (tracked and tape.recording.on and value.dtype.kind == "f"):
            return Tensor.of(value, None)
        if constants:
            operands = tuple(
                operand if isinstance(operand, Tensor) else _held(array)
                for operand, array in zip(operands, arrays, strict=True)
            )
            arrays = [o.data if isinstance(o, Tensor) else o for o in operands]
        node = tape.Node(primitive, operands, arrays, static, value, tracked, reads)
        return Tensor.of(value, node)

    @property
    def label(self) -> str:
        """How error messages call this: its kind, name, shape and dtype."""
        name = f" {self.name!r}" if self.name else ""
        return f"{type(self).__name__}{name} of shape {self.shape} and dtype {self.dtype}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self.data.dtype

    @property
    def grad(self) -> Array | None:
        """The gradient that ``backward`` left on a leaf, an owned array; None before and reset.

        Raises
        ------
        ShapeError
            If set to anything but None or an array of the leaf's shape and dtype.
        """
        return self._grad

    @grad.setter
    def grad(self, value: Array | None) -> None:
        if value is not None and (
            not isinstance(value, np.ndarray)
            or (value.shape, value.dtype) != (self.shape, self.dtype)
        ):
            raise ShapeError(
                f"The gradient of {self.label} must be None or an array of its shape and dtype. "
                f"Received: {_described(value)}."
            )
        self._grad = value

    def backward(self, cotangent: Any = None) -> None:
        """Add the gradient of this tensor to ``.grad`` of every leaf it was computed from.

        Parameters
        ----------
        cotangent
            The cotangent of this tensor, of its shape; may be left out if it has one element.

        Raises
        ------
        GradientError
            If nothing here requires a gradient, or the cotangent is missing.
        ShapeError
            If the cotangent has another shape.
        StaleGraphError
            If a parameter was assigned after the graph read it.
        """
        tape.backward(self, cotangent)

    def numpy(self) -> Array:
        """Return the values as a new, writable array."""
        return self.data.copy()

    def detach(self) -> Tensor:
        """Return a constant of the same value, as of now."""
        return Tensor.of(self.data, None)

    def item(self) -> Any:
        """Return the only element as a Python scalar.

        Raises
        ------
        ShapeError
            If there is not exactly one element.
        """
        if self.size != 1:
            raise ShapeError(
                f"Only a tensor of one element is a Python scalar. Received: {self.label}. "
                "Reduce it first (np.sum, np.mean) or use .numpy()."
            )
        return self.data.item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python scalars."""
        return self.data.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad and tape.recording.on:
            raise UnsupportedError(
                f"Making an array of {self.label} would silently drop its gradient. Use .numpy() "
                "if that is meant, np.stack to join tensors, or wrap the code in no_grad()."
            )
        return np.array(self.data, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise DTypeError(f"Only an integer scalar can be an index. Received: {self.label}.")
        return int(self.item())

    def __len__(self) -> int:
        if not self.ndim:
            raise DTypeError(f"len() needs an axis. Received: {self.label}.")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        origin = ""
        if self.node:
            origin = f", made by {self.node.primitive.name}"
        elif self.requires_grad and type(self) is Tensor:
            origin = ", requires_grad=True"
        head = f"{type(self).__name__}("
        values = np.array2string(self.data, separator=", ", prefix=head, threshold=100, edgeitems=3)
        return f"{head}{values}, dtype={self.dtype}{name}{origin})"

    def __copy__(self) -> Tensor:
        return copy.deepcopy(self)

    def __reduce__(self) -> Any:
        if self.node is not None:
            raise UnsupportedError(
                f"{self.label} is the result of {self.node.primitive.name}; copying or pickling "
                "it would cut its graph off. Use .detach() first."
            )
        return _rebuilt, (type(self), self.numpy(), self.requires_grad, self.name, self._grad)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise UnsupportedError(
            "Tensors are values and cannot be written into. Build the result with np.where or "
            "np.concatenate; to change a Parameter use parameter.assign(value)."
        )


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
        self._move_to(self.data.copy())

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
        vector = cls(np.concatenate([parameter.data.ravel() for parameter in parameters]))
        start = 0
        for parameter in parameters:
            stop = start + parameter.size
            parameter._move_to(vector._storage[start:stop].reshape(parameter.shape))
            start = stop
        vector._members = list(parameters)
        return vector

    def lies_in(self, vector: Parameter) -> bool:
        """Whether this parameter's memory is a slice of that vector."""
        return self._storage.base is vector._storage

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
        array = value.data if isinstance(value, Tensor) else _real(value)
        if array.shape != self.shape:
            raise ShapeError(
                f"{self.label} was assigned a value of shape {array.shape}; the shapes must be "
                "equal."
            )
        np.copyto(self.storage(), array, casting="same_kind")

    def storage(self) -> Array:
        """Return the array that holds the value, to write into; counts as an assignment."""
        for parameter in (self, *self._members):
            parameter._assigned_at = next(tape.clock)
        return self._storage

    @property
    def assigned_at(self) -> int:
        """The tick of the clock at the last assignment to it or to any of its slices."""
        return max((p._assigned_at for p in self._members), default=self._assigned_at)

    def detach(self) -> Tensor:
        """Return a constant of the same value, as of now: later assignments do not change it."""
        value = self.numpy()
        value.flags.writeable = False
        return Tensor.of(value, None)


_SCALARS = frozenset({bool, int, float})


def _rebuilt(kind: type[Tensor], data: Array, requires_grad: bool, name: Any, grad: Any) -> Tensor:
    tensor = kind(data, requires_grad=requires_grad, name=name)
    tensor.grad = grad
    return tensor


def _real(data: Any) -> Array:
    """The data as an array of booleans, integers or real numbers, not copied if it is one."""
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"The data cannot be made an array: {error}.") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"A tensor holds booleans, integers or real numbers. Received: {_described(data)} "
            f"of dtype {array.dtype}."
        )
    return array


def _held(array: Any) -> Any:
    """The operand itself if nobody can write into it, else a read-only copy."""
    if type(array) in _SCALARS:
        return array
    owner = array
    while owner is not None:
        if not isinstance(owner, np.ndarray) or owner.flags.writeable:
            array = array.copy()
            array.flags.writeable = False
            return array
        owner = owner.base
    return array


def _constant(data: Any, dtype: npt.DTypeLike | None) -> Any:
    array = _real(data.data if isinstance(data, Tensor) else data)
    if dtype is not None and array.dtype != dtype:
        array = _real(array.astype(dtype))
    array = _held(array)
    array.flags.writeable = False
    return array


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return value.label
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape} and dtype {value.dtype}"
    return f"{type(value).__name__} {value!r:.60}"


_KINDS = {IndexError: IndexingError, TypeError: DTypeError, ZeroDivisionError: ShapeError}


def _explained(
    error: Exception, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]
) -> Exception:
    """The kernel's complaint, with the primitive and what it received."""
    kind = next((kind for base, kind in _KINDS.items() if isinstance(error, base)), ShapeError)
    if isinstance(error, np.exceptions.AxisError):
        kind = ShapeError
    received = ", ".join(map(_described, operands))
    options = "".join(f", {name}={value!r:.60}" for name, value in static.items())
    return kind(f"{primitive.name}: {str(error).rstrip('.')}. Received: {received}{options}.")
