"""Arrays by their TensorFlow names: made, joined and cut, arranged, and chosen from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NoReturn

import numpy as np

from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, DTypeError, SessionError, ShapeError
from tinygrad_mnist.ops import elementwise
from tinygrad_mnist.tf1 import primitives
from tinygrad_mnist.tf1.arguments import (
    constant_value,
    either,
    integer,
    integers,
    refuse_old_order,
    shape_to_fill,
    sizes,
)
from tinygrad_mnist.tf1.conversion import as_array, as_dtype, as_text, float32, int32
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.sizes import fact_of_shape, sizes_in_run, sizes_now
from tinygrad_mnist.tf1.symbol import (
    Placeholder,
    Symbol,
    Text,
    declare,
    defer_in_session,
    operand,
    operand_list,
    operands,
    operation,
)
from tinygrad_mnist.tf1.unknown import Shape, as_shape, fits


def placeholder(
    dtype: Any, shape: Sequence[int | None] | int | None = None, name: str | None = None
) -> Placeholder:
    """A place for values that are given to each run.

    Parameters
    ----------
    dtype
        Of the values, also as ``"float"``; what is fed is converted, if that loses nothing but
        precision.
    shape
        None for a size that may be any, or in place of the shape for any number of axes.

    Raises
    ------
    DTypeError, ShapeError
        If one of them is none.
    """
    graph, dtype = get_default_graph(), as_dtype(dtype)
    if dtype.kind not in "biuf":
        raise DTypeError(f"A placeholder holds booleans, integers or real numbers, not {dtype}.")
    sizes = as_shape(shape)
    full_name = graph.unique_name(name or "Placeholder") + ":0"
    return Placeholder(graph, full_name, _feed, shape=sizes, dtype=dtype)


def _feed() -> NoReturn:
    raise SessionError("A placeholder has no value but the one that is fed.")


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str | None = None,
    verify_shape: bool = False,
) -> Symbol:
    """A constant; Python's numbers are float32 or int32 unless a dtype is given.

    Parameters
    ----------
    value
        Numbers or booleans; or strings, which a session returns as bytes, and no operation takes.
    shape
        Fills this shape, repeating the last element where there are too few.
    verify_shape
        Whether the values must have the shape, and are not repeated.

    Raises
    ------
    DTypeError
        If the values are neither numbers nor strings, or do not fit the dtype.
    ShapeError
        If there are more values than the shape holds.
    """
    text = as_text(value, dtype)
    array = as_array(value, dtype, name or "A constant") if text is None else text
    if shape is not None:
        shape = sizes("Const: shape", shape)
        missing = int(np.prod(shape)) - array.size
        if verify_shape and array.shape != shape:
            raise ShapeError(f"{name or 'Const'} of shape {shape} was given one of {array.shape}.")
        if missing < 0 or not array.size:
            raise ShapeError(
                f"{name or 'Const'}: a shape of {shape} cannot be filled with {array.size} "
                "values; it needs at least one and at most as many as it holds."
            )
        array = np.pad(array.ravel(), (0, missing), mode="edge").reshape(shape)
    if text is not None:
        graph = get_default_graph()
        return Text(graph, graph.unique_name(name or "Const") + ":0", array)
    return operation("Const", name, Tensor, array)


@takes("value dtype name preferred_dtype dtype_hint", preferred_dtype=None, dtype_hint=None)
def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Symbol:
    """A Symbol as it is, one of a list with Symbols in it, and a constant of anything else.

    Raises
    ------
    DTypeError
        If a Symbol has another dtype, or anything else is not of numbers that fit it.
    """
    found = operand(value, dtype, "convert_to_tensor")
    if not isinstance(found, Symbol):
        return constant(found, name=name)
    if dtype is not None and as_dtype(dtype) != found.dtype:
        raise DTypeError(
            f"convert_to_tensor: {found.name} has dtype {found.dtype}. Received: dtype {dtype}. "
            "Use tf.cast."
        )
    return found


def concat(values: Any, axis: Any, name: str | None = None) -> Symbol:
    """Join along an axis that all have; a single value stays as it is.

    Raises
    ------
    ArgumentError
        If the axis is no integer, or comes first, as it did before TensorFlow 1.0.
    """
    is_old = isinstance(values, int) and not isinstance(axis, int)
    refuse_old_order("concat", is_old, "tf.concat(values, axis)")
    several = values if isinstance(values, list | tuple) else [values]
    axis = integer("concat: axis", axis)
    return operation("concat", name, np.concatenate, operand_list("concat", several), axis=axis)


def stack(values: Any, axis: Any = 0, name: str | None = None) -> Symbol:
    """Join along a new axis.

    Raises
    ------
    ArgumentError
        If it is no list of operands, or the axis is no integer.
    """
    axis = integer("stack: axis", axis)
    return operation("stack", name, np.stack, operand_list("stack", values), axis=axis)


@takes("value num_or_size_splits axis num name")
def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, name: str | None = None
) -> list[Symbol]:
    """Cut along an axis into so many equal parts, or into parts of these sizes, one of them -1.

    Raises
    ------
    ShapeError
        If the parts do not make up the axis, or its size is not known, or there is no such axis.
    ArgumentError
        If an argument is no integer, or the axis comes first, as it did before TensorFlow 1.0.
    """
    is_old = isinstance(value, int) and not isinstance(axis, int)
    refuse_old_order("split", is_old, "tf.split(value, num_or_size_splits, axis)")
    value, axis = operand(value, caller="split"), integer("split: axis", axis)
    parts = integers("split: num_or_size_splits", num_or_size_splits)
    lengths = _lengths(value.shape, axis, parts)
    before = (slice(None),) * (axis % len(value.shape))
    ends = zip(lengths, accumulate(lengths), strict=True)
    places = [(*before, slice(end - length, end)) for length, end in ends]
    found: Any = operation("split", name, _parts, value, places)  # a Symbol of each part
    return list(found)


def _lengths(shape: Shape, axis: int, parts: int | tuple[int, ...]) -> list[int]:
    """The sizes of the parts of an axis."""
    rank = 0 if shape is None else len(shape)
    if shape is not None and not -rank <= axis < rank:
        raise ShapeError(f"split: there is no axis {axis}. Received: shape {shape}.")
    total = None if shape is None else shape[axis]
    if isinstance(parts, int):
        lengths = [(total or 0) // max(parts, 1)] * parts
    else:
        rest = (total or 0) - sum(size for size in parts if size != -1)
        lengths = [rest if size == -1 else size for size in parts]
    if total is None or sum(lengths) != total or min(lengths, default=-1) < 0:
        raise ShapeError(
            f"split: an axis of size {total} cannot be cut into {parts} "
            f"{'equal parts' if isinstance(parts, int) else 'as sizes'}. Received: shape "
            f"{shape}, axis {axis}."
        )
    return lengths


def _parts(x: Any, places: list[tuple[slice, ...]]) -> tuple[Any, ...]:
    return tuple([x[place] for place in places])


def identity(input: Any, name: str | None = None) -> Symbol:
    """The same value."""
    x = operand(input)
    return operation("Identity", name, elementwise.astype, x, dtype=x.dtype)


def stop_gradient(input: Any, name: str | None = None) -> Symbol:
    """The same value, which gradients do not see: by what it depends on they are None."""
    x, name = operand(input), name or "StopGradient"
    # Gradients stop at what depends on the session.
    return defer_in_session(_stop_gradient, x, name=name, shape=x.shape, dtype=x.dtype)


def _stop_gradient(keeping: Any, x: Any) -> Any:
    return primitives.stop_gradient(x)


@takes("shape dtype name layout", layout=None)
def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Symbol:
    """Zeros of a shape, also of one that follows from other shapes."""
    return _full("zeros", name, shape, 0, dtype)


@takes("shape dtype name layout", layout=None)
def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Symbol:
    """Ones of a shape, as `zeros`."""
    return _full("ones", name, shape, 1, dtype)


def _full(kind: str, name: str | None, shape: Any, value: int, dtype: Any) -> Symbol:
    known, told = shape_to_fill(f"{kind}: shape", shape)
    dtype = as_dtype(dtype)
    if told is known:
        return constant(np.full(told, value, dtype), name=name or kind)
    return declare(kind, name, _full_in_run, told, value, dtype, shape=known, dtype=dtype)


def _full_in_run(told: Any, value: int, dtype: Any) -> Any:
    return np.full(sizes_now(told), value, dtype)


@takes("tensor dtype name optimize")
def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None) -> Symbol:
    """Zeros of the shape, and unless another is given the dtype, of an operand."""
    return _like("zeros_like", name, 0, tensor, dtype)


@takes("tensor dtype name optimize")
def ones_like(tensor: Any, dtype: Any = None, name: str | None = None) -> Symbol:
    """Ones of the shape, and unless another is given the dtype, of an operand."""
    return _like("ones_like", name, 1, tensor, dtype)


def _like(kind: str, name: str | None, value: int, tensor: Any, dtype: Any) -> Symbol:
    x = operand(tensor, caller=kind)
    dtype = x.dtype if dtype is None else as_dtype(dtype)
    if has_known_shape(x):
        return constant(np.full(x.shape, value, dtype), name=name or kind)
    return operation(kind, name, _full_like, stop_gradient(x), value, dtype)


def _full_like(x: Any, value: int, dtype: Any) -> Any:
    return np.full(x.shape, value, dtype)


@takes("dims value name layout", layout=None)
def fill(dims: Any, value: Any, name: str | None = None) -> Symbol:
    """One value, a number or a Symbol of one, in each element of a shape, which is as of `zeros`.

    Raises
    ------
    ShapeError
        If the value is not a scalar.
    """
    scalar = operand(value, caller="Fill")
    if not fits(scalar.shape, ()):
        raise ShapeError(f"Fill takes a scalar as value. Received: shape {scalar.shape}.")
    known, told = shape_to_fill("Fill: dims", dims)
    return declare("Fill", name, _fill, scalar, told, shape=known, dtype=scalar.dtype)


def _fill(scalar: Any, told: Any) -> Any:
    return np.broadcast_to(scalar, sizes_now(told))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Symbol:
    """Numbers from a start, 0 if only the limit is given, in steps up to and without the limit.

    Integers may follow from shapes.

    Raises
    ------
    ArgumentError
        If one is no number, or the steps do not lead to the limit.
    """
    given = (0, start, delta) if limit is None else (start, limit, delta)
    what = "range: a bound"
    if sizes_in_run(what, given) != ():
        kind = as_dtype(dtype or int32)
        return declare("range", name, _range, given, kind, shape=(None,), dtype=kind)
    bounds = [as_array(constant_value(what, value), dtype, what) for value in given]
    are_scalars = not any(bound.ndim for bound in bounds)
    first, last, step = (bound.item() for bound in bounds) if are_scalars else (0, 0, 0)
    if not step or not 0 <= (last - first) * step < math.inf:
        raise ArgumentError(
            "range takes a start, a limit, and steps other than 0 that lead from the one to the "
            f"other. Received: {given!r:.60}."
        )
    widest = max((bound.dtype for bound in bounds), key=lambda d: (d.kind == "f", d.itemsize))
    numbers: Any = np.arange(first, last, step, dtype=widest)
    return constant(numbers, name=name or "range")


def _range(told: Any, dtype: Any) -> Any:
    return np.arange(*sizes_now(told, least=-(2**63)), dtype=dtype)


@takes("a perm name conjugate")
def transpose(a: Any, perm: Any = None, name: str | None = None) -> Symbol:
    """Permute the axes; reverse them if no permutation is given."""
    perm = None if perm is None else integers("transpose: perm", perm)
    return operation("transpose", name, np.transpose, operand(a), axes=perm)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Symbol:
    """Arrange the elements in another shape, of which one size may be -1."""
    x, what = operand(tensor), "Reshape: shape"
    known = sizes_in_run(what, shape)
    if known == ():
        return operation("Reshape", name, np.reshape, x, integers(what, shape))
    sizes = known and [None if size == -1 else size for size in known]
    return declare("Reshape", name, _reshape, x, shape, shape=as_shape(sizes), dtype=x.dtype)


def _reshape(x: Any, told: Any) -> Any:
    return np.reshape(x, sizes_now(told, least=-1))


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Symbol:
    """Drop axes of size 1: those given, or all."""
    axis = either(axis, squeeze_dims, "axis and squeeze_dims")
    found = () if axis is None else integers("Squeeze: axis", axis)
    axes = None if found == () else found  # of which an empty list is another name
    return operation("Squeeze", name, np.squeeze, operand(input), axis=axes)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Symbol:
    """Insert an axis of size 1.

    Raises
    ------
    ArgumentError
        If no axis is given, or several.
    """
    axis = either(axis, dim, "axis and dim")
    found = None if axis is None else integers("ExpandDims: axis", axis)
    if isinstance(found, tuple) and len(found) == 1:
        (found,) = found  # which TensorFlow takes here, and nowhere else
    axis = integer("ExpandDims: axis", found)
    return operation("ExpandDims", name, np.expand_dims, operand(input), axis=axis)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Symbol:
    """The sizes of the axes: a constant if they are known, else what they are in a run."""
    x = operand(input, caller="Shape")
    return _fact_of_shape("Shape", name, np.shape, x, out_type, has_known_shape(x))


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Symbol:
    """The number of elements: a constant if it is known, else what it is in a run."""
    x = operand(input, caller="Size")
    return _fact_of_shape("Size", name, np.size, x, out_type, has_known_shape(x))


def rank(input: Any, name: str | None = None) -> Symbol:
    """The number of axes: a constant if it is known, else what it is in a run."""
    x = operand(input, caller="Rank")
    return _fact_of_shape("Rank", name, np.ndim, x, int32, x.shape is not None)


def has_known_shape(x: Any) -> bool:
    """Whether all sizes of a Symbol or an array are known when the graph is built."""
    return x.shape is not None and None not in x.shape


def _fact_of_shape(
    kind: str, name: str | None, function: Callable[[Any], Any], x: Any, dtype: Any, known: bool
) -> Symbol:
    """What a function tells of a shape; only a constant can stand where a size must be known."""
    dtype = as_dtype(dtype)
    if known:
        return constant(fact_of_shape(function, x, dtype), name=name or kind)
    return operation(kind, name, fact_of_shape, function, x, dtype)


@takes("params indices validate_indices name axis batch_dims", batch_dims=0)
def gather(params: Any, indices: Any, name: str | None = None, axis: Any = None) -> Symbol:
    """Take slices by number along an axis, 0 unless it is given; one may be taken more than once.

    Raises
    ------
    ShapeError
        When it is run, if an index is out of range.
    """
    params, indices = operand(params), operand(indices)
    axis = 0 if axis is None else integer("GatherV2: axis", axis)
    return operation("GatherV2", name, primitives.gather, params, indices, axis=axis)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Symbol:
    """One (or ``on_value``) at each index of a new axis, by default the last, else zero.

    An index outside 0 to ``depth - 1`` gives a row of zeros. The dtype is that of the values, if
    they are given, else float32.
    """
    if sizes_in_run("one_hot: depth", depth) == ():
        depth = integer("one_hot: depth", depth)
    axis = -1 if axis is None else integer("one_hot: axis", axis)
    on_value, off_value = (
        constant_value("one_hot: on_value", on_value),
        constant_value("one_hot: off_value", off_value),
    )
    if dtype is None and (on_value is not None or off_value is not None):
        dtype = as_array(off_value if on_value is None else on_value).dtype
    dtype = float32 if dtype is None else as_dtype(dtype)
    on = as_array(1 if on_value is None else on_value, dtype, "one_hot: on_value")
    off = as_array(0 if off_value is None else off_value, dtype, "one_hot: off_value")
    indices = operand(indices)
    if not isinstance(depth, Symbol):
        return operation("one_hot", name, _one_hot, indices, [depth], on, off, axis)
    known = None if indices.shape is None else list(indices.shape)
    if known is not None:
        known.insert(axis % (len(known) + 1), None)
    arguments = (indices, [depth], on, off, axis)
    return declare("one_hot", name, _one_hot, *arguments, shape=as_shape(known), dtype=dtype)


def _one_hot(indices: Any, depth: list[Any], on: Any, off: Any, axis: int) -> Any:
    classes = np.arange(*sizes_now(depth)).reshape(
        [-1] + [1] * (indices.ndim - axis % (indices.ndim + 1))
    )
    return np.where(np.equal(np.expand_dims(indices, axis), classes), on, off)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Symbol:
    """Take x where the condition holds, else y: elements or, by a vector, whole rows.

    Raises
    ------
    ArgumentError
        If x and y are not both given: the places where a condition holds have no fixed shape.
    ShapeError
        If x and y, or the condition, differ in shape; nothing is broadcast but a vector.
    """
    if x is None or y is None:
        raise ArgumentError(
            "tf.where(condition) alone is not supported: how many places it finds depends on the "
            "values. Give x and y, or fetch the condition and use np.argwhere."
        )
    x, y = operands("Select", x, y)
    return operation("Select", name, _select, operand(condition), x, y)


def _select(condition: Any, x: Any, y: Any) -> Any:
    if np.shape(x) != np.shape(y):
        raise ShapeError(f"x and y must have one shape. Received: {np.shape(x)} and {np.shape(y)}.")
    rows = np.ndim(condition) == 1 and np.shape(condition) == np.shape(x)[:1]
    if not rows and np.shape(condition) not in ((), np.shape(x)):
        raise ShapeError(
            "the condition must be a scalar, of the shape of x, or a vector with an element for "
            f"each row of x. Received: {np.shape(condition)} for {np.shape(x)}."
        )
    if rows:
        condition = np.reshape(condition, (-1,) + (1,) * (np.ndim(x) - 1))
    return np.where(condition, x, y)
