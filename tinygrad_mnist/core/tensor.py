"""Tensor: an array that remembers how it was made.

Tensors are values: their arrays are read-only, and nothing but ``Parameter.assign`` changes one.

>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> y = np.sum(x * x)
>>> y.backward()
>>> x.grad
array([2., 4.])
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.arguments import real
from tinygrad_mnist.core import gradient, tape
from tinygrad_mnist.core.arrays import SCALARS, read_only
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.core.recording import open_no_grads
from tinygrad_mnist.dispatch.operators import Operators
from tinygrad_mnist.errors import (
    DTypeError,
    InnerGradientError,
    ShapeError,
    TinygradError,
    UnsupportedError,
    description,
    kernel_error,
)


class Tensor(Operators["Tensor"]):
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

    __slots__ = ("__weakref__", "_array", "_grad", "name", "node", "requires_grad")

    assignable: ClassVar[bool] = False

    _array: Array
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
        if isinstance(data, Tensor):
            data = data.detach()
            self._array = (data if dtype is None else data.astype(dtype))._array
        else:
            array = real(data)
            self._array = read_only(array if dtype is None else real(array.astype(dtype)))
        self.node = None
        self.requires_grad = requires_grad
        self.name = name
        self._grad: Array | Callable[[], Array] | None = None
        if requires_grad and self._array.dtype.kind != "f":
            raise DTypeError(
                f"{self.label} cannot require a gradient: integers and booleans are constants. "
                "Use .astype(np.float32) first."
            )

    @classmethod
    def of(cls, data: Array, node: tape.Node | None) -> Tensor:
        """Wrap the result of a node; the array must be read-only and held by nobody else."""
        self = Tensor.__new__(Tensor)
        self._array = data
        self.node = node
        self.requires_grad = node is not None
        self.name = None
        self._grad = None
        return self

    def _apply_primitive(
        self, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any]
    ) -> Tensor:
        if len(static) < len(primitive.static_names):
            static = {**primitive.defaults, **static}
        arrays: list[Any] = []
        tracked, reads, constants = [], [], False
        for operand in operands:
            if isinstance(operand, Tensor):
                if operand.requires_grad:
                    tracked.append((len(arrays), operand))
                if operand.assignable:
                    reads.append(operand)
                arrays.append(operand._array)
            elif type(operand) in SCALARS:
                arrays.append(operand)
            else:
                arrays.append(real(operand))
                constants = True
        try:
            value = primitive.kernel(*arrays, **static)
        except TinygradError:
            raise
        except (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
            raise kernel_error(error, primitive.name, operands, static) from None
        if type(value) is not np.ndarray:
            value = np.asarray(value) if isinstance(value, np.generic) else real(value, "A result")
        if primitive.view:
            if reads:  # a view would change under its holder at the next assign
                value = value.copy()
        elif type(primitive.kernel) is not np.ufunc and (
            value.base is not None or any(value is array for array in arrays)
        ):
            value = value.copy(order="K")  # the kernel may have returned what it was given
        value.setflags(write=False)
        watcher = tape.watcher.get()
        watched = watcher is not tape.NOBODY  # two calls of a method that does nothing take 0.1 µs
        if watched:
            watcher.applied(primitive, operands, arrays, static, value)
        if not (tracked and not open_no_grads.get() and value.dtype.kind == "f"):
            return Tensor.of(value, None)
        if constants:
            operands = tuple(
                operand if isinstance(operand, Tensor) else read_only(array)
                for operand, array in zip(operands, arrays, strict=True)
            )
            arrays = [o._array if isinstance(o, Tensor) else o for o in operands]
        node = tape.Node(primitive, operands, arrays, static, value, tracked, reads)
        if watched:
            watcher.recorded(node)
        return Tensor.of(value, node)

    @property
    def data(self) -> Array:
        """The values, read-only; ``numpy()`` returns a copy, and ``assign`` changes a Parameter."""
        tape.watcher.get().asked(self, ".data")
        return self._array.view()  # of a view nobody can lift the write protection

    @property
    def label(self) -> str:
        """How error messages call this: its kind, name, shape and dtype."""
        name = f" {self.name!r}" if self.name else ""
        return f"{type(self).__name__}{name} of shape {self.shape} and dtype {self.dtype}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self._array.dtype

    @property
    def grad(self) -> Array | None:
        """The gradient that ``backward`` left on a leaf, an owned array; None before and reset.

        Raises
        ------
        InnerGradientError
            If this tensor was computed: its gradient is not kept.
        ShapeError, DTypeError
            If set to anything but None or a plain array of the leaf's shape and dtype.
        """
        self._refuse_inner()
        return tape.watcher.get().gradient(self)  # type: ignore[no-any-return]

    @grad.setter
    def grad(self, value: Array | None) -> None:
        self._refuse_inner()
        watcher = tape.watcher.get()
        if isinstance(value, np.ndarray | np.generic):  # of 0-d arrays NumPy makes scalars
            value = real(value, "A gradient")
        if value is not None and (
            not isinstance(value, (np.ndarray, Tensor)[: 1 + watcher.rules_on_tensors])
            or (value.shape, value.dtype) != (self.shape, self.dtype)
        ):
            raise ShapeError(
                f"The gradient of {self.label} must be None or an array of its shape and dtype. "
                f"Received: {description(value)}."
            )
        watcher.set_gradients([self], [value])

    def _refuse_inner(self) -> None:
        if self.node is not None:
            raise InnerGradientError(
                f"{self.label} is the result of {self.node.primitive.name}, and .grad belongs to "
                "leaves. Ask for its gradient: gradients(y, [h]) for the output y and this h."
            )

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
        gradient.backward(self, cotangent)

    def numpy(self) -> Array:
        """Return the values as a new, writable array."""
        tape.watcher.get().asked(self, "numpy()")
        return self._array.copy()

    def detach(self) -> Tensor:
        """Return a constant of the same value, as of now."""
        return Tensor.of(self._array, None)

    def item(self, *index: int) -> Any:
        """Return the only element, or the one at an index, as a Python scalar.

        Raises
        ------
        ShapeError
            If there is not exactly one element.
        """
        if index:
            return (self[index] if len(index) > 1 else self.ravel()[index[0]]).item()
        return self._scalar("item()")

    def _scalar(self, what: str, *, drops_gradient: bool = False) -> Any:
        if self.size != 1:
            raise ShapeError(
                f"Only a tensor of one element is a Python scalar. Received: {self.label}. "
                "Reduce it first (np.sum, np.mean) or use .numpy()."
            )
        self._ask(what, drops_gradient)
        return self._array.item()

    def _ask(self, what: str, drops_gradient: bool = True) -> None:
        """Raise where NumPy or Python would go on with a number that remembers nothing."""
        tape.watcher.get().asked(self, what)
        if drops_gradient and self.requires_grad and not open_no_grads.get():
            raise UnsupportedError(
                f"{what} of {self.label} would silently drop its gradient. If that is meant, use "
                ".item(), .numpy() or .detach(), or wrap the code in no_grad(); else use NumPy's "
                "functions on the Tensor itself, and np.stack to join Tensors."
            )

    def tolist(self) -> Any:
        """Return the values of a constant as nested lists of Python scalars; see ``numpy``."""
        self._ask("tolist()")
        return self._array.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self._ask("np.asarray()")
        return np.array(self._array, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return float(self._scalar("float()", drops_gradient=True))

    def __int__(self) -> int:
        return int(self._scalar("int()", drops_gradient=True))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex()", drops_gradient=True))

    def __bool__(self) -> bool:
        return bool(self._scalar("bool()"))

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise DTypeError(f"Only an integer scalar can be an index. Received: {self.label}.")
        return int(self._scalar("operator.index()"))

    def __format__(self, spec: str) -> str:
        return format(self._scalar(f"format {spec!r}"), spec) if spec else str(self)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        origin = ""
        if self.node:
            origin = f", made by {self.node.primitive.name}"
        elif self.requires_grad and type(self) is Tensor:
            origin = ", requires_grad=True"
        head = f"{type(self).__name__}("
        text = np.array2string(self._array, separator=", ", prefix=head, threshold=100, edgeitems=3)
        return f"{head}{text}, dtype={self.dtype}{name}{origin})"

    __copy__ = copy.deepcopy

    def __reduce__(self) -> Any:
        if self.node is not None:
            raise UnsupportedError(
                f"{self.label} is the result of {self.node.primitive.name}; copying or pickling "
                "it would cut its graph off. Use .detach() first."
            )
        return _rebuilt, (type(self), self.numpy(), self.requires_grad, self.name, self.grad)


def _rebuilt(kind: type[Tensor], data: Array, requires_grad: bool, name: Any, grad: Any) -> Tensor:
    tensor = kind(data, requires_grad=requires_grad, name=name)
    tensor.grad = grad
    return tensor
