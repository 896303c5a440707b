"""Elementwise primitives: arithmetic, powers, logarithms, comparisons, choices.

Conventions at kinks and ties are TensorFlow's unless a comment says otherwise.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, 4.0], requires_grad=True)
>>> np.sum(np.sqrt(x)).backward()
>>> x.grad
array([0.5 , 0.25])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy._core import umath

from tinygrad_mnist.core.primitive import ZERO, Array, elementwise_ufunc, primitive
from tinygrad_mnist.dispatch.registry import composes
from tinygrad_mnist.errors import ArgumentError

# Arithmetic.
add = elementwise_ufunc(
    np.add,
    a=lambda ct, y, a, b: ct,
    b=lambda ct, y, a, b: ct,
)
subtract = elementwise_ufunc(
    np.subtract,
    a=lambda ct, y, a, b: ct,
    b=lambda ct, y, a, b: -ct,
)
multiply = elementwise_ufunc(
    np.multiply,
    a=lambda ct, y, a, b: ct * b,
    b=lambda ct, y, a, b: ct * a,
)
divide = elementwise_ufunc(
    np.divide,
    a=lambda ct, y, a, b: ct / b,
    b=lambda ct, y, a, b: -ct * y / b,
)
remainder = elementwise_ufunc(
    np.remainder,
    a=lambda ct, y, a, b: ct,
    b=lambda ct, y, a, b: -ct * np.rint((a - y) / b),  # 1 % 0.1 is not 1 - 10 * 0.1
)
floor_divide = elementwise_ufunc(np.floor_divide, a=ZERO, b=ZERO)
negative = elementwise_ufunc(np.negative, x=lambda ct, y, x: -ct)
positive = elementwise_ufunc(np.positive, x=lambda ct, y, x: ct)
reciprocal = elementwise_ufunc(np.reciprocal, x=lambda ct, y, x: -ct * y * y)
absolute = elementwise_ufunc(np.absolute, x=lambda ct, y, x: ct * np.sign(x))
conjugate = elementwise_ufunc(np.conjugate, x=lambda ct, y, x: ct)


@composes(np.divmod)
def _(a: Any, b: Any) -> tuple[Any, Any]:
    return np.floor_divide(a, b), np.remainder(a, b)


# Powers. The guards give x**0 a zero derivative at x = 0 (TF: nan), and make the derivative by
# the exponent zero where the base is not positive.
def _power_vjp_a(ct: Any, y: Any, a: Any, b: Any) -> Any:
    """Return b a^(b-1), which at 0^0 and nan^0 is 0 and must not become 0 times infinity or NaN.

    A number as exponent is guarded itself. An array is not, for then the derivative by b of this,
    1/a at b = 0, would be lost.
    """
    if isinstance(b, int | float):
        return ct * (b * np.power(a, b - 1 + (b == 0)))
    # In floats: 0 - 1 of an unsigned exponent would be its largest.
    return ct * (b * np.power(np.where(((a == 0) | (a != a)) & (b == 0), 1.0, a), b - 1.0))


power = elementwise_ufunc(
    np.power,
    a=_power_vjp_a,
    b=lambda ct, y, a, b: ct * y * np.log(np.where(a > 0, a, 1.0)),
)
square = elementwise_ufunc(np.square, x=lambda ct, y, x: 2.0 * ct * x)
sqrt = elementwise_ufunc(np.sqrt, x=lambda ct, y, x: 0.5 * ct / y)

# Exponentials, logarithms, circles.
exp = elementwise_ufunc(np.exp, x=lambda ct, y, x: ct * y)
expm1 = elementwise_ufunc(np.expm1, x=lambda ct, y, x: ct * np.exp(x))  # y + 1 cancels
log = elementwise_ufunc(np.log, x=lambda ct, y, x: ct / x)
log1p = elementwise_ufunc(np.log1p, x=lambda ct, y, x: ct / (1.0 + x))
sin = elementwise_ufunc(np.sin, x=lambda ct, y, x: ct * np.cos(x))
cos = elementwise_ufunc(np.cos, x=lambda ct, y, x: -ct * np.sin(x))
# Far out 1 - y y cancels to a rounding of ct; 1 / cosh(x)^2 does not, but its derivative is NaN.
tanh = elementwise_ufunc(np.tanh, x=lambda ct, y, x: ct * (1.0 - y * y))
hypot = elementwise_ufunc(  # at zero the subgradient 0, as of the norm
    np.hypot,
    a=lambda ct, y, a, b: ct * a / (y + (y == 0)),
    b=lambda ct, y, a, b: ct * b / (y + (y == 0)),
)


def _over_squared_length(x: Any, a: Any, b: Any) -> Any:
    """Return x / (a^2 + b^2) without squares, which overflow, underflow and wrap in integers."""
    length = np.hypot(a, b)
    return x / length / length


arctan2 = elementwise_ufunc(
    np.arctan2,
    a=lambda ct, y, a, b: ct * _over_squared_length(b, a, b),
    b=lambda ct, y, a, b: -ct * _over_squared_length(a, a, b),
)

# Choices. A tie, and nothing else, gives the whole cotangent to a; NaN in either gives it to b.
maximum = elementwise_ufunc(
    np.maximum,
    a=lambda ct, y, a, b: np.where(a >= b, ct, 0.0),
    b=lambda ct, y, a, b: np.where(a >= b, 0.0, ct),
)
minimum = elementwise_ufunc(
    np.minimum,
    a=lambda ct, y, a, b: np.where(a <= b, ct, 0.0),
    b=lambda ct, y, a, b: np.where(a <= b, 0.0, ct),
)


@primitive(np.where, elementwise=True)
def where(condition: Array, a: Array, b: Array) -> Any:
    """Take a where the condition holds, else b. A branch not taken gets a zero cotangent.

    The chain rule goes on multiplying behind that zero: in ``where(x > 0, 1 / x, 0)`` at 0 it is
    0 times infinity, NaN. Guard the operand too: ``where(x > 0, 1 / where(x > 0, x, 1), 0)``.
    """
    return np.where(condition, a, b)


where.vjp(
    condition=ZERO,
    a=lambda ct, y, condition, a, b: np.where(condition, ct, 0.0),
    b=lambda ct, y, condition, a, b: np.where(condition, 0.0, ct),
)


@primitive(elementwise=True)
def masked(x: Array, condition: Array, *, out: Array | None = None) -> Any:
    """Return x where the boolean condition holds, else 0, whatever x is there.

    ``where(condition, x, 0)`` for rules that run in every training step, in a third of its time:
    the bits of infinity times 0 are 0.
    """
    bits = _BITS.get(x.dtype)
    if bits is None:  # no integers are as wide
        return np.positive(np.where(condition, x, 0.0), out=out)
    given = None if out is None else out.view(bits)
    found = np.multiply(x.view(bits), np.asarray(condition, bool), out=given)
    return found.view(x.dtype) if out is None else out


_BITS = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}


masked.vjp(x=lambda ct, y, x, condition: masked(ct, condition), condition=ZERO)


@primitive(umath.clip, elementwise=True)  # type: ignore[attr-defined]  # array.clip(x, y) calls it
def clip(x: Array, lower: Array, upper: Array, *, out: Array | None = None) -> Any:
    """Limit x to an interval. At a bound the cotangent goes to x, outside it to the bound.

    Where the bounds cross, the value is the upper one, as NumPy's, whatever x is.
    """
    return np.clip(x, lower, upper, out=out)


clip.vjp(
    x=lambda ct, y, x, lower, upper: np.where((x >= lower) & (x <= upper), ct, 0.0),
    lower=lambda ct, y, x, lower, upper: np.where((x < lower) & ~(lower > upper), ct, 0.0),
    upper=lambda ct, y, x, lower, upper: np.where((x > upper) | (lower > upper), ct, 0.0),
)


@composes(np.clip)
def _(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    both = [one is not None and other is not None for one in (a_min, a_max) for other in (min, max)]
    if True in both:
        raise ArgumentError(
            "np.clip takes its bounds as a_min and a_max or as min and max, not both."
        )
    lower = min if a_min is None else a_min
    upper = max if a_max is None else a_max
    # As to NumPy, without a bound it is something else: an infinite one would make integers floats.
    if lower is None:
        return np.positive(a) if upper is None else np.minimum(a, upper)
    return np.maximum(a, lower) if upper is None else clip(a, lower, upper)


@primitive(np.ndarray.astype)
def astype(x: Array, *, dtype: npt.DTypeLike, out: Array | None = None) -> Any:
    """Cast to a dtype. The sweep casts the cotangent back."""
    if out is None:
        return x.astype(dtype)
    np.copyto(out, x, casting="unsafe")
    return out


astype.vjp(x=lambda ct, y, x, dtype: ct)


@composes(np.copy)
def _(a: Any, *, order: str = "K", subok: bool = False) -> Any:
    # A value has no order in memory and no class of its own.
    return astype(a, dtype=a.dtype)


@composes(np.real)
def _(val: Any) -> Any:
    return np.copy(val)


@composes(np.imag)
def _(val: Any) -> Any:
    return np.zeros_like(val)


# Steps: their derivative is zero wherever it exists.
sign = elementwise_ufunc(np.sign, x=ZERO)
floor = elementwise_ufunc(np.floor, x=ZERO)
ceil = elementwise_ufunc(np.ceil, x=ZERO)
rint = elementwise_ufunc(np.rint, x=ZERO)
trunc = elementwise_ufunc(np.trunc, x=ZERO)


@primitive((np.round, np.around), elementwise=True)
def round(x: Array, *, decimals: int = 0, out: Array | None = None) -> Any:
    """Round to a number of decimals; its derivative is zero wherever it exists."""
    return np.round(x, decimals, out=out)


round.vjp(x=ZERO)

# Questions: their results are boolean, hence constants.
greater = elementwise_ufunc(np.greater, a=ZERO, b=ZERO)
greater_equal = elementwise_ufunc(np.greater_equal, a=ZERO, b=ZERO)
less = elementwise_ufunc(np.less, a=ZERO, b=ZERO)
less_equal = elementwise_ufunc(np.less_equal, a=ZERO, b=ZERO)
equal = elementwise_ufunc(np.equal, a=ZERO, b=ZERO)
not_equal = elementwise_ufunc(np.not_equal, a=ZERO, b=ZERO)
logical_and = elementwise_ufunc(np.logical_and, a=ZERO, b=ZERO)
logical_or = elementwise_ufunc(np.logical_or, a=ZERO, b=ZERO)
logical_xor = elementwise_ufunc(np.logical_xor, a=ZERO, b=ZERO)
logical_not = elementwise_ufunc(np.logical_not, x=ZERO)
bitwise_and = elementwise_ufunc(np.bitwise_and, a=ZERO, b=ZERO)
bitwise_or = elementwise_ufunc(np.bitwise_or, a=ZERO, b=ZERO)
bitwise_xor = elementwise_ufunc(np.bitwise_xor, a=ZERO, b=ZERO)
left_shift = elementwise_ufunc(np.left_shift, a=ZERO, b=ZERO)
right_shift = elementwise_ufunc(np.right_shift, a=ZERO, b=ZERO)
invert = elementwise_ufunc(np.invert, x=ZERO)
isnan = elementwise_ufunc(np.isnan, x=ZERO)
isfinite = elementwise_ufunc(np.isfinite, x=ZERO)
isinf = elementwise_ufunc(np.isinf, x=ZERO)
signbit = elementwise_ufunc(np.signbit, x=ZERO)


@composes(np.isposinf)
def _(x: Any) -> Any:
    return np.logical_and(np.isinf(x), np.logical_not(np.signbit(x)))


@composes(np.isneginf)
def _(x: Any) -> Any:
    return np.logical_and(np.isinf(x), np.signbit(x))
