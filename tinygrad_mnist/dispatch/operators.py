"""The mixin that makes an object behave like an array: every operator and method calls ``np.*``.

NumPy then calls ``__array_ufunc__`` or ``__array_function__`` below, and the registry finds the
primitive. So ``a * b``, ``np.multiply(a, b)`` and ``array * b`` are one path, and a new kind of
deferred value needs only ``_apply_primitive`` to have all of them.
"""

# What the np below returns is a Result:
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy

from tinygrad_mnist.dispatch.hints import public_name
from tinygrad_mnist.dispatch.methods import Methods, Result
from tinygrad_mnist.dispatch.registry import Dispatch, lookup, registry
from tinygrad_mnist.errors import (
    DTypeError,
    TinygradError,
    UnsupportedError,
    description,
    kernel_error,
)

np: Any = numpy  # whose type stubs do not know that these objects answer its protocol


class Operators(Methods[Result]):
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
                f"{public_name(ufunc)}.{method} cannot be called on a Tensor; use the function "
                "of that purpose, such as np.sum for np.add.reduce."
            )
        if "out" in kwargs:
            raise UnsupportedError(
                f"{public_name(ufunc)} cannot write a Tensor's result into an array (out= or an "
                "in-place operator such as array += tensor); write array = array + tensor."
            )
        target = registry.get(ufunc)
        if kwargs or type(target) is not Dispatch:
            return _call(ufunc, inputs, kwargs)
        return self._apply_primitive(target.target, inputs, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return _call(function, args, kwargs)

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

    def __floordiv__(self, other: Any) -> Result:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Result:
        return np.floor_divide(other, self)

    def __mod__(self, other: Any) -> Result:
        return np.remainder(self, other)

    def __rmod__(self, other: Any) -> Result:
        return np.remainder(other, self)

    def __divmod__(self, other: Any) -> tuple[Result, Result]:
        return np.divmod(self, other)

    def __rdivmod__(self, other: Any) -> tuple[Result, Result]:
        return np.divmod(other, self)

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

    def __rand__(self, other: Any) -> Result:
        return np.bitwise_and(other, self)

    def __or__(self, other: Any) -> Result:
        return np.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Result:
        return np.bitwise_or(other, self)

    def __xor__(self, other: Any) -> Result:
        return np.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Result:
        return np.bitwise_xor(other, self)

    def __lshift__(self, other: Any) -> Result:
        return np.left_shift(self, other)

    def __rlshift__(self, other: Any) -> Result:
        return np.left_shift(other, self)

    def __rshift__(self, other: Any) -> Result:
        return np.right_shift(self, other)

    def __rrshift__(self, other: Any) -> Result:
        return np.right_shift(other, self)

    def __invert__(self) -> Result:
        return np.invert(self)

    def __getitem__(self, index: Any) -> Result:
        return lookup(np.ndarray.__getitem__)(self, index)

    def __len__(self) -> int:
        if not np.ndim(self):
            raise DTypeError(f"len() needs an axis. Received: {description(self)}.")
        return np.shape(self)[0]

    def __iter__(self) -> Iterator[Result]:
        return (self[row] for row in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(np.equal(self, value)))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._refuse_to_change("be written into")

    def __delitem__(self, index: Any) -> None:
        self._refuse_to_change("lose elements")

    def _refuse_to_change(self, what: str) -> NoReturn:
        raise UnsupportedError(
            f"{type(self).__name__}s are values and cannot {what}. Build the result with np.where "
            "or np.concatenate; to change a Parameter use parameter.assign(value)."
        )

    def __round__(self, ndigits: int | None = None) -> Result:
        return np.round(self, ndigits or 0)


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a NumPy function means; what NumPy says on the way becomes an error of ours."""
    meaning = lookup(function)
    try:
        return meaning(*args, **kwargs)
    except TinygradError:
        raise
    except (ValueError, TypeError, IndexError) as error:
        raise kernel_error(error, function.__name__, args, kwargs) from None
