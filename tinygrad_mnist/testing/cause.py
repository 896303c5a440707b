"""A guess at why a gradient is wrong, from the pattern of its error.

A guess must explain the error: what it leaves is within the bound of the differences, at every
element that was differentiated.

>>> right = np.array([[1.0, 2.0], [5.0, 3.0]])
>>> guess(-right, right)
'its sign is wrong (it is -1 times the right one)'
>>> guess(right.T, right)
'it is transposed'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.testing.compare import Projection, numeric_gradient
from tinygrad_mnist.testing.verdict import Element

ZERO = "it is zero: a value was detached on the way, or its contribution never added"
AXIS = "the size of an axis (sum or mean?)"
CLOSE = 1e-4
"""The bound where none was measured, relative to the largest element."""
UNEXPLAINED = 0.1
"""How much of the largest error a guess may leave: bounds can be wider than the error is."""
TELLING = 10
"""An element of so many bounds is not right by chance."""
RIGHT = 0.1
"""How many of the telling elements must be right, for the others to be the exception."""


def likely(
    gradient: Array,
    doubled: Array | None,
    projection: Projection,
    x: Array,
    compared: Sequence[Element],
    sizes: Sequence[int],
) -> str:
    """Return what a wrong gradient of a projection at x looks like, or nothing.

    Parameters
    ----------
    doubled
        What twice the cotangent gives, if the gradient takes one.
    compared
        What was compared already.
    sizes
        As of `guess`.
    """
    if doubled is not None and gradient.any() and np.array_equal(gradient, doubled):
        return "the upstream cotangent is ignored: twice of it gives the same gradient"
    numeric, bound = numeric_gradient(projection, x, compared)
    return no_subgradient(compared) or guess(gradient, numeric, sizes, bound)


class Evidence(NamedTuple):
    """What differences give where they were ``seen``, and the largest error of the gradient."""

    numeric: Array
    bound: Array
    seen: Array
    error: float

    def explained_by(self, candidate: Array) -> bool:
        """Whether the candidate agrees wherever differences were taken."""
        left, bound = np.abs(candidate - self.numeric)[self.seen], self.bound[self.seen]
        return bool((left <= bound).all() and left.max() <= UNEXPLAINED * self.error)


def guess(
    analytic: Array,
    numeric: Array,
    sizes: Sequence[int] = (),
    bound: Array | None = None,
) -> str:
    """Return what a wrong gradient looks like, or nothing.

    Parameters
    ----------
    analytic
        The wrong gradient; its shape may be wrong too.
    numeric
        What differences give; NaN where none were taken.
    sizes
        Those of the axes of the arguments and the result: a factor 1/64 is a batch's.
    bound
        How far the differences may be off.
    """
    seen = np.isfinite(numeric)
    if not np.isfinite(analytic).all() or not seen.any():
        return ""
    if bound is None:
        bound = np.full(numeric.shape, CLOSE * np.abs(numeric[seen]).max())
    evidence = Evidence(numeric, bound, seen, math.inf)
    if analytic.shape != numeric.shape:
        return _of_shapes(analytic, evidence)
    errors = np.abs(analytic - numeric)[seen]
    if (errors <= bound[seen]).all():
        return ""
    evidence = evidence._replace(error=float(errors.max()))
    if not analytic.any():
        return ZERO
    return (
        _factor(analytic, evidence, sizes)
        or _transposed(analytic, evidence)
        or _sums(analytic, evidence)
        or _counts(analytic, evidence)
    )


def no_subgradient(elements: Sequence[Element]) -> str:
    """Say so if all that is wrong is at a kink."""
    wrong = [e for e in elements if e.wrong and e.measured]
    if not wrong or not all(e.kink for e in wrong):
        return ""
    shown = min(wrong, key=lambda e: e.index is None)
    at = f"at {shown.place}" if shown.index is not None else "along a direction"
    low, high = sorted((shown.left, shown.right))
    return (
        f"it is no subgradient at a kink: {at} it is {shown.analytic:.6g}, but must lie between "
        f"the slopes {low:.6g} and {high:.6g}"
    )


def _of_shapes(analytic: Array, evidence: Evidence) -> str:
    shape = evidence.numeric.shape
    if analytic.shape == shape[::-1] and evidence.explained_by(analytic.T):
        return "it is transposed"
    if analytic.size == evidence.numeric.size:
        return f"it has the right number of elements; reshape it to {shape}"
    axes = _repeated_axes(analytic.shape, shape)
    if axes and evidence.explained_by(analytic.sum(axes).reshape(shape)):
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


def _factor(analytic: Array, evidence: Evidence, sizes: Sequence[int]) -> str:
    numeric, bound = evidence.numeric[evidence.seen], evidence.bound[evidence.seen]
    norm = float(numeric @ numeric)
    factor = float(numeric @ analytic[evidence.seen]) / norm if norm else 0.0
    if not factor or not evidence.explained_by(analytic / factor):
        return ""
    largest = np.abs(numeric).argmax()
    return _origin_of(factor, float(bound[largest] / abs(numeric[largest])), sizes)


def _origin_of(factor: float, uncertainty: float, sizes: Sequence[int]) -> str:
    """Return what a factor may come from, if it is known to a relative uncertainty."""
    if abs(factor + 1) <= uncertainty:
        return "its sign is wrong (it is -1 times the right one)"
    if abs(2 * factor - 1) <= uncertainty:
        return (
            "it is half of the right one: a factor 2 is missing, or a missing accumulation (of "
            "two equal contributions one was kept)"
        )
    times = max(abs(factor), abs(1 / factor))
    for counts in (sizes, [round(times)]):
        near = [n for n in counts if n > 1 and abs(times / n - 1) <= uncertainty]
        if near and factor > 0:
            count = min(near, key=lambda n: abs(times / n - 1))
            shown = f"{count}" if factor > 1 else f"1/{count}"
            if counts is sizes:
                return f"it is {shown} times the right one; {count} is {AXIS}"
            asked = f"; is {count} {AXIS}" if count > 2 else ""
            return f"it is {shown} times the right one{asked}"
    digits = min(6, max(3, int(-math.log10(uncertainty)))) if uncertainty else 6
    shown = f"{factor:.{digits}g}"
    return f"it is {shown} times the right one" if float(shown) != 1 else ""


def _transposed(analytic: Array, evidence: Evidence) -> str:
    if analytic.ndim < 2:
        return ""
    if analytic.shape == analytic.shape[::-1] and evidence.explained_by(analytic.T):
        return "it is transposed"
    if evidence.explained_by(analytic.reshape(analytic.shape[::-1]).T):
        return "it is transposed: its elements are those of the transpose, reshaped"
    return ""


def _sums(analytic: Array, evidence: Evidence) -> str:
    numeric, bound, seen, error = evidence
    for axis in range(analytic.ndim):
        if evidence.explained_by(_spread_sum(analytic, axis)):
            return f"a sum is left out over axis {axis}"
        # It takes all of the right gradient to see that this one is its sum.
        summed = Evidence(_spread_sum(numeric, axis), _spread_sum(bound, axis), seen, error)
        if seen.all() and summed.explained_by(analytic):
            return f"it is summed over axis {axis}, which it should not be"
    return ""


def _spread_sum(array: Array, axis: int) -> Array:
    return np.broadcast_to(array.sum(axis, keepdims=True), array.shape)


def _counts(analytic: Array, evidence: Evidence) -> str:
    """Where some elements are right and others not, they differ in how often they were used."""
    numeric, bound, seen, _ = evidence
    right = seen & (np.abs(analytic - numeric) <= bound)
    wrong = seen & ~right
    telling = seen & (np.abs(numeric) > TELLING * bound)
    if (right & telling).sum() <= RIGHT * telling.sum():
        return ""
    share = f"{int(right.sum())} of {int(seen.sum())} {'' if seen.all() else 'compared '}elements"
    zeros = _slice_of_zeros(analytic, np.argwhere(wrong))
    if zeros:
        return f"{share} are right, but all of {zeros} is zero: its contribution was never added"
    where = [list(map(int, index)) for index in np.argwhere(wrong)[:3]]
    return (
        f"{share} are right, those at {', '.join(map(str, where))}"
        f"{' ...' if wrong.sum() > 3 else ''} are not: a missing "
        "accumulation (an element used more than once must add up its contributions), or a "
        "condition that chooses the wrong ones"
    )


def _slice_of_zeros(analytic: Array, wrong: Array) -> str:
    """Return the row, column or other slice that has all wrong elements and is zero, if any."""
    for axis, indices in enumerate(wrong.T):
        index = int(indices[0])
        rest = analytic.take(index, axis)
        if (indices == index).all() and rest.size > 1 and not rest.any():
            return f"[{', '.join(str(index) if a == axis else ':' for a in range(analytic.ndim))}]"
    return ""
