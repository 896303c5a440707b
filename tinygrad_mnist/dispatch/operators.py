"""The mixin that makes an object behave like an array: every operator and method calls ``np.*``.

NumPy then calls ``__array_ufunc__`` or ``__array_function__`` below, and the registry finds the
primitive. So ``a * b``, ``np.multiply(a, b)`` and ``array * b`` are one path, and a new kind of
deferred value needs only ``_apply_primitive`` to have all of them.
"""

# What the np below returns is a Result:
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import numpy

from tinygrad_mnist.dispatch.registry import Dispatch, lookup, registry
from tinygrad_mnist.errors import UnsupportedError

np: Any = numpy  # whose type stubs do not know that these objects answer its protocol

Result = TypeVar("Result")


class Operators(Generic[Result]):
    """Operators and methods of ``numpy.ndarray``, each a call of the NumPy function.

    Of NumPy's other ``options`` methods take, as the functions do, what is at its default. A class
    says what they return of it, as in ``class Tensor(Operators["Tensor"])``.
    """

    __slots__ = ()

    def _apply_primitive(
        self, primitive: Any, operands: tuple[Any, ...], static: dict[str, Any]
    ) -> Result:
        """Apply a primitive to operands of which one at least is of this class."""
        raise TypeError(f"{type(self).__name__} does not say how primitives apply to it.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise UnsupportedError(
                f"np.{ufunc.__name__}.{method} cannot be called on a Tensor; use the function "
                "of that purpose, such as np.sum for np.add.reduce."
            )
        if "out" in kwargs:
            raise UnsupportedError(
                f"np.{ufunc.__name__} cannot write a Tensor's result into an array (out= or an "
                "in-place operator such as array += tensor); write array = array + tensor."
            )
        target = registry.get(ufunc)
        if kwargs or type(target) is not Dispatch:
            return lookup(ufunc)(*inputs, **kwargs)
        return self._apply_primitive(target.target, inputs, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return lookup(function)(*args, **kwargs)

    def __add__(self, other: Any) -> Result:
        return np.add(self, other)

    def __radd__(self, other: Any) -> Result:
        return np.add(other, self)

    def __sub__(self, other: Any) -> Result:
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Result:
        return np.subtract(other, self)

    def __mul__(self, other: Any) -> Result:
        return np.multiply(self, other)

    def __rmul__(self, other: Any) -> Result:
        return np.multiply(other, self)

    def __truediv__(self, other: Any) -> Result:
        return np.divide(self, other)

    def __rtruediv__(self, other: Any) -> Result:
        return np.divide(other, self)

    def __mod__(self, other: Any) -> Result:
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> Result:
        return np.remainder(other, self)

    def __pow__(self, other: Any) -> Result:
        return np.power(self, other)

    def __rpow__(self, other: Any) -> Result:
        return np.power(other, self)

    def __matmul__(self, other: Any) -> Result:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Result:
        return np.matmul(other, self)

    def __neg__(self) -> Result:
        return np.negative(self)

    def __pos__(self) -> Result:
        return np.positive(self)

    def __abs__(self) -> Result:
        return np.absolute(self)

    def __lt__(self, other: Any) -> Result:
        return np.less(self, other)

    def __le__(self, other: Any) -> Result:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Result:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Result:
        return np.greater_equal(self, other)

    # Elementwise, where those of object return a bool.
    def __eq__(self, other: Any) -> Result:  # type: ignore[override]
        return np.equal(self, other)

    def __ne__(self, other: Any) -> Result:  # type: ignore[override]
        return np.not_equal(self, other)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Result:
        return np.bitwise_and(self, other)

    def __or__(self, other: Any) -> Result:
        return np.bitwise_or(self, other)

    def __invert__(self) -> Result:
        return np.invert(self)

    def __getitem__(self, index: Any) -> Result:
        return lookup(np.ndarray.__getitem__)(self, index)

    def __iter__(self) -> Iterator[Result]:
        return (self[row] for row in range(len(self)))  # type: ignore[arg-type]

    def __setitem__(self, index: Any, value: Any) -> None:
        raise UnsupportedError(
            "Tensors are values and cannot be written into. Build the result with np.where or "
            "np.concatenate; to change a Parameter use parameter.assign(value)."
        )

    @property
    def T(self) -> Result:  # noqa: N802  NumPy's name
        """The transpose: all axes reversed."""
        return np.transpose(self)

    def astype(self, dtype: Any, **options: Any) -> Result:
        """Cast to a dtype; the gradient is cast back. Casting to an integer ends the graph."""
        return lookup(np.ndarray.astype)(self, dtype=dtype, **options)

    def sum(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Sum over axes; see `numpy.sum`."""
        return np.sum(self, axis=axis, keepdims=keepdims, **options)

    def prod(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Multiply over axes; see `numpy.prod`."""
        return np.prod(self, axis=axis, keepdims=keepdims, **options)

    def mean(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Average over axes; see `numpy.mean`."""
        return np.mean(self, axis=axis, keepdims=keepdims, **options)

    def var(
        self, axis: Any = None, ddof: float = 0, keepdims: bool = False, **options: Any
    ) -> Result:
        """Variance over axes; see `numpy.var`."""
        return np.var(self, axis=axis, ddof=ddof, keepdims=keepdims, **options)

    def std(
        self, axis: Any = None, ddof: float = 0, keepdims: bool = False, **options: Any
    ) -> Result:
        """Take the standard deviation over axes; see `numpy.std`."""
        return np.std(self, axis=axis, ddof=ddof, keepdims=keepdims, **options)

    def max(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Maximum over axes; ties share the cotangent evenly. See `numpy.max`."""
        return np.max(self, axis=axis, keepdims=keepdims, **options)

    def min(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Minimum over axes; ties share the cotangent evenly. See `numpy.min`."""
        return np.min(self, axis=axis, keepdims=keepdims, **options)

    def argmax(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Index of the first maximum, an integer constant; see `numpy.argmax`."""
        return np.argmax(self, axis=axis, keepdims=keepdims, **options)

    def argmin(self, axis: Any = None, keepdims: bool = False, **options: Any) -> Result:
        """Index of the first minimum, an integer constant; see `numpy.argmin`."""
        return np.argmin(self, axis=axis, keepdims=keepdims, **options)

    def cumsum(self, axis: Any = None, **options: Any) -> Result:
        """Cumulative sum; see `numpy.cumsum`."""
        return np.cumsum(self, axis=axis, **options)

    def clip(self, a_min: Any = None, a_max: Any = None, **options: Any) -> Result:
        """Limit the values to an interval; see `numpy.clip`."""
        return np.clip(self, a_min, a_max, **options)

    def dot(self, other: Any) -> Result:
        """Return the dot product; see `numpy.dot`."""
        return np.dot(self, other)

    def reshape(self, *shape: Any) -> Result:
        """Change the shape, given as integers or as one tuple; see `numpy.reshape`."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def flatten(self) -> Result:
        """Reshape to one axis."""
        return np.reshape(self, -1)

    def ravel(self) -> Result:
        """Reshape to one axis."""
        return np.reshape(self, -1)

    def transpose(self, *axes: Any) -> Result:
        """Permute the axes, given as integers or as one tuple; see `numpy.transpose`."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def swapaxes(self, axis1: int, axis2: int) -> Result:
        """Exchange two axes; see `numpy.swapaxes`."""
        return np.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Result:
        """Drop axes of size 1; see `numpy.squeeze`."""
        return np.squeeze(self, axis=axis)
