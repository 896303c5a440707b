"""The methods and attributes of ``numpy.ndarray``: each calls the NumPy function of its name.

Their arguments are those of ndarray's methods, in their order. What a function does not take of a
Tensor, it refuses itself.
"""

# What the np below returns is a Result:
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy

from tinygrad_mnist.dispatch.hints import IN_PLACE, instead_of_attribute
from tinygrad_mnist.dispatch.registry import lookup
from tinygrad_mnist.errors import MissingAttributeError, UnsupportedError

np: Any = numpy  # whose type stubs do not know that these objects answer its protocol

Result = TypeVar("Result")


class Methods(Generic[Result]):
    """What `Operators` inherits: all of ndarray that is called by a name."""

    __slots__ = ()

    _values = "x.numpy()"
    """How messages call the values of x, as an array."""

    @property
    def T(self) -> Result:  # noqa: N802  NumPy's name
        """The transpose: all axes reversed."""
        return np.transpose(self)

    @property
    def mT(self) -> Result:  # noqa: N802  NumPy's name
        """The matrices along the last two axes, transposed."""
        return np.matrix_transpose(self)

    @property
    def real(self) -> Result:
        """The real part, which is all there is."""
        return np.real(self)

    @property
    def imag(self) -> Result:
        """The imaginary part: zeros."""
        return np.imag(self)

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.dtype.itemsize  # type: ignore[attr-defined]

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self.size * self.itemsize  # type: ignore[attr-defined]

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Result:
        """Cast to a dtype; the gradient is cast back. Casting to an integer ends the graph.

        ``order``, ``subok`` and ``copy`` make no difference to a value.
        """
        unusual = {} if casting == "unsafe" else {"casting": casting}
        return lookup(np.ndarray.astype)(self, dtype=dtype, **unusual)

    def copy(self, order: str = "C") -> Result:
        """Return the same value, through which the gradient flows; see `numpy.copy`."""
        return np.copy(self, order)

    def conj(self) -> Result:
        """Return the complex conjugate: of real numbers, themselves."""
        return np.copy(self)

    def conjugate(self) -> Result:
        """Return the complex conjugate: of real numbers, themselves."""
        return np.copy(self)

    def sum(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Result:
        """Sum over axes; see `numpy.sum`."""
        return np.sum(self, axis=axis, keepdims=keepdims, **_given(others, dtype=dtype, out=out))

    def prod(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Result:
        """Multiply over axes; see `numpy.prod`."""
        return np.prod(self, axis=axis, keepdims=keepdims, **_given(others, dtype=dtype, out=out))

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Result:
        """Average over axes; see `numpy.mean`."""
        return np.mean(self, axis=axis, keepdims=keepdims, **_given(others, dtype=dtype, out=out))

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        **others: Any,
    ) -> Result:
        """Variance over axes; see `numpy.var`."""
        others = _given(others, dtype=dtype, out=out)
        return np.var(self, axis=axis, ddof=ddof, keepdims=keepdims, **others)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        **others: Any,
    ) -> Result:
        """Take the standard deviation over axes; see `numpy.std`."""
        others = _given(others, dtype=dtype, out=out)
        return np.std(self, axis=axis, ddof=ddof, keepdims=keepdims, **others)

    def max(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any
    ) -> Result:
        """Maximum over axes; ties share the cotangent evenly. See `numpy.max`."""
        return np.max(self, axis=axis, keepdims=keepdims, **_given(others, out=out))

    def min(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any
    ) -> Result:
        """Minimum over axes; ties share the cotangent evenly. See `numpy.min`."""
        return np.min(self, axis=axis, keepdims=keepdims, **_given(others, out=out))

    def any(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any
    ) -> Result:
        """Whether any element is true, over axes; see `numpy.any`."""
        return np.any(self, axis=axis, keepdims=keepdims, **_given(others, out=out))

    def all(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any
    ) -> Result:
        """Whether all elements are true, over axes; see `numpy.all`."""
        return np.all(self, axis=axis, keepdims=keepdims, **_given(others, out=out))

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Result:
        """Index of the first maximum, an integer constant; see `numpy.argmax`."""
        return np.argmax(self, axis=axis, keepdims=keepdims, **_given({}, out=out))

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Result:
        """Index of the first minimum, an integer constant; see `numpy.argmin`."""
        return np.argmin(self, axis=axis, keepdims=keepdims, **_given({}, out=out))

    def argsort(
        self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
    ) -> Result:
        """Indices that sort along an axis, integer constants; see `numpy.argsort`."""
        return np.argsort(self, axis=axis, **_given({}, kind=kind, order=order, stable=stable))

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Result:
        """Places of values among these sorted ones, constants; see `numpy.searchsorted`."""
        return np.searchsorted(self, v, side, sorter)

    def nonzero(self) -> tuple[Any, ...]:
        """Return the indices of what is not zero, arrays; see `numpy.nonzero`."""
        return np.nonzero(self)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Result:
        """Cumulative sum; see `numpy.cumsum`."""
        return np.cumsum(self, axis=axis, **_given({}, dtype=dtype, out=out))

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Result:
        """Cumulative product; see `numpy.cumprod`."""
        return np.cumprod(self, axis=axis, **_given({}, dtype=dtype, out=out))

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **others: Any) -> Result:
        """Limit the values to an interval; see `numpy.clip`."""
        return np.clip(self, min, max, **_given(others, out=out))

    def round(self, decimals: int = 0, out: Any = None) -> Result:
        """Round to a number of decimals, a constant; see `numpy.round`."""
        return np.round(self, decimals=decimals, **_given({}, out=out))

    def dot(self, other: Any, out: Any = None) -> Result:
        """Return the dot product; see `numpy.dot`."""
        return np.dot(self, other, **_given({}, out=out))

    def trace(
        self,
        offset: int = 0,
        axis1: int = 0,
        axis2: int = 1,
        dtype: Any = None,
        out: Any = None,
    ) -> Result:
        """Sum along a diagonal; see `numpy.trace`."""
        return np.trace(self, offset, axis1, axis2, dtype, out)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Result:
        """Return a diagonal; see `numpy.diagonal`."""
        return np.diagonal(self, offset, axis1, axis2)

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Result:
        """Take elements along an axis; see `numpy.take`."""
        return np.take(self, indices, axis, out, mode)

    def repeat(self, repeats: Any, axis: Any = None) -> Result:
        """Repeat each element; see `numpy.repeat`."""
        return np.repeat(self, repeats, axis)

    def reshape(self, *shape: Any, order: str = "C", **others: Any) -> Result:
        """Change the shape, given as integers or as one tuple; see `numpy.reshape`."""
        sizes = shape[0] if len(shape) == 1 else shape
        others = _given(others, order=None if order == "C" else order)
        return np.reshape(self, sizes, **others)

    def flatten(self, order: str = "C") -> Result:
        """Reshape to one axis; see `numpy.ravel`."""
        return np.ravel(self, order)

    def ravel(self, order: str = "C") -> Result:
        """Reshape to one axis; see `numpy.ravel`."""
        return np.ravel(self, order)

    def transpose(self, *axes: Any) -> Result:
        """Permute the axes, given as integers or as one tuple; see `numpy.transpose`."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def swapaxes(self, axis1: int, axis2: int) -> Result:
        """Exchange two axes; see `numpy.swapaxes`."""
        return np.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Result:
        """Drop axes of size 1; see `numpy.squeeze`."""
        return np.squeeze(self, axis=axis)


def _given(others: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """Return the other arguments and, of these, those that are not None."""
    return others | {name: value for name, value in arguments.items() if value is not None}


class _Missing:
    """An attribute of ndarray that is not here: asked for, it says what to write instead.

    No ``__getattr__``: where there is one, Python takes longer over every attribute.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        name = self.name
        if instance is None:
            raise AttributeError(f"type object {owner.__name__!r} has no attribute {name!r}")
        try:
            told = instead_of_attribute(name, owner.__name__, instance._values)
            if name not in IN_PLACE and hasattr(np, name):
                lookup(getattr(np, name))
        except UnsupportedError as error:
            told = str(error)
        raise MissingAttributeError(told)


for _name in dir(np.ndarray):
    if not _name.startswith("_") and not hasattr(Methods, _name):
        setattr(Methods, _name, _Missing(_name))
