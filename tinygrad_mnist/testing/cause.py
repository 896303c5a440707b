"""A guess at why a gradient is wrong, from the pattern of its error.

>>> right = np.array([[1.0, 2.0], [5.0, 3.0]])
>>> guess(-right, right)
'its sign is wrong (it is -1 times the right one)'
>>> guess(right.T, right)
'it is transposed'
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygrad_mnist.core.primitive import Array

ZERO = "it is zero: a value was detached on the way, or its contribution never added"
CLOSE = 1e-4
"""Relative to the largest element: differences are good to 1e-5."""


def guess(analytic: Array, numeric: Array, sizes: Sequence[int] = ()) -> str:
    """Return what a wrong gradient looks like, or nothing.

    Parameters
    ----------
    analytic
        The wrong gradient; its shape may be wrong too.
    numeric
        What differences give.
    sizes
        Those of the axes of the arguments and the result: a factor 1/64 is a batch's.
    """
    if not np.isfinite(analytic).all() or not np.isfinite(numeric).all() or not numeric.size:
        return ""
    if analytic.shape != numeric.shape:
        return _of_shapes(analytic, numeric)
    if not analytic.any():
        return ZERO
    return (
        _factor(analytic, numeric, sizes)
        or _transposed(analytic, numeric)
        or _sums(analytic, numeric)
        or _counts(analytic, numeric)
    )


def of_samples(analytic: Array, numeric: Array, sizes: Sequence[int] = ()) -> str:
    """Return what some elements of a wrong gradient, or sums of them, have in common."""
    if not np.isfinite(analytic).all() or not np.isfinite(numeric).all():
        return ""
    return _factor(analytic, numeric, sizes) if analytic.any() else ZERO


def ignores_upstream(gradient: Array, doubled: Array) -> str:
    """Say so if twice the cotangent gives the same gradient."""
    if gradient.any() and np.array_equal(gradient, doubled):
        return "the upstream cotangent is ignored: twice of it gives the same gradient"
    return ""


def _close(one: Array, other: Array) -> bool:
    return bool(np.abs(one - other).max() <= CLOSE * np.abs(other).max())


def _of_shapes(analytic: Array, numeric: Array) -> str:
    if analytic.shape == numeric.shape[::-1] and _close(analytic.T, numeric):
        return "it is transposed"
    if analytic.size == numeric.size:
        return f"it has the right number of elements; reshape it to {numeric.shape}"
    axes = _repeated_axes(analytic.shape, numeric.shape)
    if axes and _close(analytic.sum(axes).reshape(numeric.shape), numeric):
        return (
            f"missing unbroadcast: it must be summed over {_axes(axes)}, along which the argument "
            "was broadcast"
        )
    return ""


def _repeated_axes(wide: tuple[int, ...], narrow: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes that broadcasting adds to the narrow shape, or nothing if it does not."""
    try:
        if np.broadcast_shapes(wide, narrow) != wide:
            return ()
    except ValueError:
        return ()
    padded = (0,) * (len(wide) - len(narrow)) + narrow
    return tuple(i for i, (a, b) in enumerate(zip(wide, padded, strict=True)) if a != b)


def _axes(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"


def _factor(analytic: Array, numeric: Array, sizes: Sequence[int]) -> str:
    norm = float(np.vdot(numeric, numeric))
    factor = float(np.vdot(numeric, analytic)) / norm if norm else 0.0
    if not factor or not _close(analytic / factor, numeric):
        return ""
    if abs(factor + 1) < CLOSE:
        return "its sign is wrong (it is -1 times the right one)"
    if abs(factor - 0.5) < CLOSE:
        return (
            "it is half of the right one: a factor 2 is missing, or a missing accumulation (of "
            "two equal contributions one was kept)"
        )
    for size in sorted({2, *sizes} - {0, 1}):
        for power, shown in ((size, f"{size}"), (1 / size, f"1/{size}")):
            if abs(factor / power - 1) < CLOSE:
                origin = f"; {size} is the size of an axis (sum or mean?)" if size in sizes else ""
                return f"it is {shown} times the right one{origin}"
    return f"it is {factor:.6g} times the right one"


def _transposed(analytic: Array, numeric: Array) -> str:
    if analytic.ndim < 2:
        return ""
    if analytic.shape == analytic.shape[::-1] and _close(analytic.T, numeric):
        return "it is transposed"
    if _close(analytic.reshape(numeric.shape[::-1]).T, numeric):
        return "it is transposed: its elements are those of the transpose, reshaped"
    return ""


def _sums(analytic: Array, numeric: Array) -> str:
    for axis in range(analytic.ndim):
        if analytic.shape[axis] == 1:
            continue
        if _close(np.broadcast_to(analytic.sum(axis, keepdims=True), numeric.shape), numeric):
            return f"a sum is left out over axis {axis}"
        if _close(np.broadcast_to(numeric.sum(axis, keepdims=True), analytic.shape), analytic):
            return f"it is summed over axis {axis}, which it should not be"
    return ""


def _counts(analytic: Array, numeric: Array) -> str:
    """Where some elements are right and others not, they differ in how often they were used."""
    right = np.abs(analytic - numeric) <= CLOSE * np.abs(numeric).max()
    if not right.any():
        return ""
    where = [list(map(int, index)) for index in np.argwhere(~right)[:3]]
    return (
        f"{int(right.sum())} of {right.size} elements are right, those at "
        f"{', '.join(map(str, where))}{' ...' if (~right).sum() > 3 else ''} are not: a missing "
        "accumulation (an element used more than once must add up its contributions), or a "
        "condition that chooses the wrong ones"
    )
