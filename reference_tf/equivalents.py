"""What TensorFlow calls each primitive: ``EQUIVALENTS[name](*tensors, **static)``.

Names and keyword arguments are those of our primitives; operands are TensorFlow tensors of the
dtypes that NumPy promoted them to. Where TensorFlow has an operation of its own it is taken, so
that its kernel and its gradient are the judge, and only arguments that it lacks (several axes of
a softmax, vectors in a matrix product, indices by arrays) are put together from others.

>>> float(EQUIVALENTS["sum"](tf.constant([1.0, 2.0]), axis=None, keepdims=False))
3.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Axis = int | tuple[int, ...] | None
Index = Any


def _axes(x: Any, axis: Axis) -> list[int]:
    """Axes as TensorFlow wants them: a list, none of them negative; all for None."""
    if axis is None or not x.ndim:
        return list(range(x.ndim))
    return [i % x.ndim for i in (axis if isinstance(axis, tuple) else (axis,))]


def _flat(x: Any) -> Any:
    return tf.reshape(x, [-1] if x.shape.num_elements() else [0])


# Elementwise.
def _clip(x: Any, lower: Any, upper: Any) -> Any:
    """Broadcast first: TensorFlow's bounds must not be larger than what they limit."""
    shape = np.broadcast_shapes(*(tuple(tf.shape(t).numpy()) for t in (x, lower, upper)))
    return tf.clip_by_value(*(tf.broadcast_to(t, shape) for t in (x, lower, upper)))


def _round(x: Any, decimals: int) -> Any:
    scale = tf.cast(10.0 ** abs(decimals), x.dtype)
    return tf.round(x * scale) / scale if decimals >= 0 else tf.round(x / scale) * scale


def _truth(x: Any) -> Any:
    return tf.cast(x, tf.bool)


def _bitwise(of_bits: Callable[..., Any], of_booleans: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *x: of_booleans(*x) if x[0].dtype == tf.bool else of_bits(*x)


# Reductions.
def _reduction(reduce: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis, keepdims: reduce(x, axis=_axes(x, axis), keepdims=keepdims)


def _variance(x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    axes = _axes(x, axis)
    count = math.prod(x.shape[i] for i in axes)
    variance = tf.math.reduce_variance(x, axis=axes, keepdims=keepdims)
    # Divided as a tensor: by no degrees of freedom it is NaN, not an error.
    return variance * count / tf.cast(max(count - ddof, 0), x.dtype) if ddof else variance


def _along(function: Callable[..., Any]) -> Callable[..., Any]:
    """Apply along one axis; None: along the flattened array."""
    return lambda x, axis: function(_flat(x), axis=0) if axis is None else function(x, axis=axis)


def _linear_recurrence(x: Any, factor: Any, axis: int) -> Any:
    rows: list[Any] = []
    for row, by in zip(tf.unstack(x, axis=axis), tf.unstack(factor, axis=axis), strict=True):
        rows.append(row + by * rows[-1] if rows else row)
    return tf.stack(rows, axis=axis) if rows else tf.identity(x)


def _place(find: Callable[..., Any]) -> Callable[..., Any]:
    def place(x: Any, axis: int | None, keepdims: bool) -> Any:
        if axis is None:
            found = find(_flat(x), axis=0)
            return tf.reshape(found, [1] * x.ndim) if keepdims else found
        found = find(x, axis=axis)
        return tf.expand_dims(found, axis) if keepdims else found

    return place


def _argsort(x: Any, axis: int) -> Any:
    return tf.cast(tf.argsort(x, axis=axis, stable=True), tf.int64)


# Constants.
def _isclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    near = tf.abs(a - b) <= atol + rtol * tf.abs(b)
    both_nan = tf.math.is_nan(a) & tf.math.is_nan(b) & equal_nan
    return (near & tf.math.is_finite(b)) | (a == b) | both_nan


def _full_like(x: Any, fill_value: Any, dtype: Any, shape: Any) -> Any:
    value = tf.cast(fill_value, x.dtype if dtype is None else np.dtype(dtype))
    return tf.broadcast_to(value, x.shape if shape is None else shape)


def _searchsorted(a: Any, v: Any, side: str) -> Any:
    return tf.reshape(tf.searchsorted(a, _flat(v), side, tf.int64), v.shape)


# Shapes.
def _reshape(x: Any, shape: int | tuple[int, ...], order: str) -> Any:
    shape = shape if isinstance(shape, tuple) else (shape,)
    return (
        tf.reshape(x, shape)
        if order == "C"
        else tf.transpose(tf.reshape(tf.transpose(x), shape[::-1]))
    )


def _transpose(x: Any, axes: tuple[int, ...] | None) -> Any:
    return tf.transpose(x, None if axes is None else _axes(x, axes))


def _squeeze(x: Any, axis: Axis) -> Any:
    return x if axis == () else tf.squeeze(x, None if axis is None else _axes(x, axis))


def _expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    new = axis if isinstance(axis, tuple) else (axis,)
    rank = x.ndim + len(new)
    for place in sorted(i % rank for i in new):
        x = tf.expand_dims(x, place)
    return x


def _concatenate(*arrays: Any, axis: int | None) -> Any:
    return tf.concat([_flat(x) for x in arrays], 0) if axis is None else tf.concat(arrays, axis)


# Indices: slices and integers are TensorFlow's; arrays are looked up in a table of places, which
# NumPy, whose index it is, makes.
def _places(shape: tuple[int, ...], index: Index) -> npt.NDArray[np.int64]:
    return np.asarray(np.arange(math.prod(shape)).reshape(shape)[index])


def _getitem(x: Any, index: Index) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, np.ndarray | list | bool) for part in parts):
        return tf.gather(_flat(x), _places(tuple(x.shape), index))
    return x[index]


def _diagonal(x: Any, **where: int) -> Any:
    places = np.arange(math.prod(x.shape)).reshape(x.shape)
    return tf.gather(_flat(x), np.diagonal(places, **where))


def _gather(x: Any, *indices: Any, index: tuple[Any, ...]) -> Any:
    return tf.gather(_flat(x), _places(tuple(x.shape), _with_operands(index, indices)))


def _with_operands(index: tuple[Any, ...], indices: Sequence[Any]) -> tuple[Any, ...]:
    """The index with its operands; what stands for them is no part that NumPy knows."""
    remaining = iter(indices)
    known = (int, slice, type(None), type(Ellipsis), np.ndarray)
    return tuple(part if isinstance(part, known) else next(remaining).numpy() for part in index)


def _scatter_add(x: Any, *indices: Any, index: Index, shape: tuple[int, ...]) -> Any:
    places = _places(shape, _with_operands(index, indices) if indices else index)
    spread = tf.broadcast_to(x, places.shape)
    summed = tf.scatter_nd(places.reshape(-1, 1), _flat(spread), [math.prod(shape)])
    return tf.reshape(summed, shape)


# Linear algebra.
def _matmul(a: Any, b: Any) -> Any:
    product = tf.matmul(a[None, :] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b)
    product = product[..., 0] if b.ndim == 1 else product
    return product if a.ndim > 1 else product[0] if b.ndim == 1 else product[..., 0, :]


# Activations.
def _leaky_relu(x: Any, alpha: float) -> Any:
    """TensorFlow's operation holds alpha in float32, so that in float64 it is another number."""
    if x.dtype == tf.float32:
        return tf.nn.leaky_relu(x, alpha)
    return tf.where(x > 0, x, alpha * x)


def _elu(x: Any, alpha: float) -> Any:
    # tf.nn.elu computes exp(x) - 1, which cancels near 0; at NaN see ``deviations``.
    return tf.where(x > 0, x, alpha * tf.math.expm1(tf.where(x > 0, tf.zeros_like(x), x)))


def _normalised(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a softmax, which takes one axis, run over several: move them last and join them."""

    def over_axes(x: Any, axis: Axis) -> Any:
        axes = _axes(x, axis)
        order = [i for i in range(x.ndim) if i not in axes] + axes
        moved = tf.transpose(x, order)
        kept = list(moved.shape[: x.ndim - len(axes)])
        joined = tf.reshape(moved, [*kept, math.prod(x.shape[i] for i in axes)])
        return tf.transpose(tf.reshape(function(joined), moved.shape), np.argsort(order))

    return over_axes


EQUIVALENTS: dict[str, Callable[..., Any]] = {
    # arithmetic
    "add": tf.add,
    "subtract": tf.subtract,
    "multiply": tf.multiply,
    "divide": tf.divide,
    "remainder": tf.math.floormod,
    "floor_divide": tf.math.floordiv,
    "negative": tf.negative,
    "positive": tf.identity,
    "reciprocal": tf.math.reciprocal,
    "absolute": tf.abs,
    "conjugate": tf.math.conj,
    # powers, exponentials, circles
    "power": tf.pow,
    "square": tf.square,
    "sqrt": tf.sqrt,
    "exp": tf.exp,
    "expm1": tf.math.expm1,
    "log": tf.math.log,
    "log1p": tf.math.log1p,
    "sin": tf.sin,
    "cos": tf.cos,
    "tanh": tf.tanh,
    "hypot": lambda a, b: tf.sqrt(tf.square(a) + tf.square(b)),
    "arctan2": tf.atan2,
    # choices, steps, casts
    "maximum": tf.maximum,
    "minimum": tf.minimum,
    "where": lambda condition, a, b: tf.where(_truth(condition), a, b),
    "masked": lambda x, condition: tf.where(_truth(condition), x, tf.zeros_like(x)),
    "clip": _clip,
    "astype": lambda x, dtype: tf.cast(x, np.dtype(dtype)),
    "sign": tf.sign,
    "floor": tf.floor,
    "ceil": tf.math.ceil,
    "rint": tf.math.rint,
    "trunc": lambda x: tf.where(x < 0, tf.math.ceil(x), tf.floor(x)),
    "round": _round,
    # questions
    "greater": tf.greater,
    "greater_equal": tf.greater_equal,
    "less": tf.less,
    "less_equal": tf.less_equal,
    "equal": tf.equal,
    "not_equal": tf.not_equal,
    "logical_and": lambda a, b: tf.logical_and(_truth(a), _truth(b)),
    "logical_or": lambda a, b: tf.logical_or(_truth(a), _truth(b)),
    "logical_xor": lambda a, b: tf.math.logical_xor(_truth(a), _truth(b)),
    "logical_not": lambda x: tf.logical_not(_truth(x)),
    "bitwise_and": _bitwise(tf.bitwise.bitwise_and, tf.logical_and),
    "bitwise_or": _bitwise(tf.bitwise.bitwise_or, tf.logical_or),
    "bitwise_xor": _bitwise(tf.bitwise.bitwise_xor, tf.math.logical_xor),
    "left_shift": tf.bitwise.left_shift,
    "right_shift": tf.bitwise.right_shift,
    "invert": _bitwise(tf.bitwise.invert, tf.logical_not),
    "isnan": tf.math.is_nan,
    "isfinite": tf.math.is_finite,
    "isinf": tf.math.is_inf,
    "signbit": lambda x: (x < 0) | (1 / x < 0),
    "isclose": _isclose,
    # constants
    "full_like": _full_like,
    "searchsorted": _searchsorted,
    # reductions
    "sum": _reduction(tf.reduce_sum),
    "mean": _reduction(tf.reduce_mean),
    "var": _variance,
    "max": _reduction(tf.reduce_max),
    "min": _reduction(tf.reduce_min),
    "prod": _reduction(tf.reduce_prod),
    "any": lambda x, axis, keepdims: tf.reduce_any(_truth(x), _axes(x, axis), keepdims),
    "all": lambda x, axis, keepdims: tf.reduce_all(_truth(x), _axes(x, axis), keepdims),
    "cumsum": _along(tf.cumsum),
    "cumprod": _along(tf.math.cumprod),
    "linear_recurrence": _linear_recurrence,
    "sort": _along(tf.sort),
    "argsort": _along(_argsort),
    "argmax": _place(tf.argmax),
    "argmin": _place(tf.argmin),
    # shapes and indices
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "expand_dims": _expand_dims,
    "broadcast_to": lambda x, shape: tf.broadcast_to(
        x, shape if isinstance(shape, tuple) else (shape,)
    ),
    "flip": lambda x, axis: tf.reverse(x, _axes(x, axis)),
    "concatenate": _concatenate,
    "stack": lambda *arrays, axis: tf.stack(arrays, axis),
    "getitem": _getitem,
    "diagonal": _diagonal,
    "gather": _gather,
    "scatter_add": _scatter_add,
    # linear algebra
    "matmul": _matmul,
    "norm": _reduction(tf.math.reduce_euclidean_norm),
    # activations and losses
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "sigmoid": tf.sigmoid,
    "softplus": tf.math.softplus,
    "softmax": _normalised(tf.nn.softmax),
    "log_softmax": _normalised(tf.nn.log_softmax),
    "logsumexp": _reduction(tf.reduce_logsumexp),
    "softmax_cross_entropy_with_logits": tf.nn.softmax_cross_entropy_with_logits,
    "sparse_softmax_cross_entropy_with_logits": (tf.nn.sparse_softmax_cross_entropy_with_logits),
    "sigmoid_cross_entropy_with_logits": tf.nn.sigmoid_cross_entropy_with_logits,
}
"""A primitive's name -> ``function(*tensors, **static) -> tensor``."""
