"""Gradients: what ``backward`` leaves on the leaves, and gradients as values.

Both exhaust the sweep of ``tape.py`` and add up what it yields.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> gradients(np.sum(x * x), [x])
[array([2., 4.])]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tape import as_array, no_grad, reverse_sweep
from tinygrad_mnist.errors import GradientError, ShapeError

_deposit = threading.Lock()
"""Two threads may add to the same leaf's gradient at once."""


def backward(output: Any, cotangent: Any = None) -> None:
    """Add the gradient of a Tensor to ``.grad`` of its leaves; see ``Tensor.backward``."""
    seed = _seed(output, cotangent)
    with np.errstate(all="ignore"):  # infinities and NaN are this gradient's honest values
        totals = _totals(output, seed, lambda operand: operand.node is None)
    with _deposit:
        for leaf, total, owned in totals.values():
            if leaf._grad is not None:
                total, owned = as_array(leaf._grad + total), True
            leaf._grad = total if owned else total.copy()


def gradients(
    output: Any, inputs: Sequence[Any], cotangent: Any = None, *, record: bool = False
) -> list[Any]:
    """Return the gradients of a Tensor with respect to leaves or inner Tensors.

    Parameters
    ----------
    output
        A Tensor.
    inputs
        Tensors that require gradients; one that the output does not depend on gets zeros.
    cotangent
        The cotangent of the output; may be left out if it has one element.
    record
        Return Tensors that can be differentiated again, instead of arrays; a cotangent given as
        a Tensor can then be differentiated by too.

    Raises
    ------
    GradientError, ShapeError, StaleGraphError
        As ``Tensor.backward``.

    >>> from tinygrad_mnist import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> (slope,) = gradients(x**3, [x], record=True)
    >>> gradients(slope, [x])
    [array(12.)]
    """
    seed = _seed(output, cotangent)
    if record:
        seed = cotangent if hasattr(cotangent, "node") else _constant_like(output, seed)
    wanted = {_key(tensor) for tensor in inputs}
    with np.errstate(all="ignore"):
        totals = _totals(output, seed, lambda operand: _key(operand) in wanted, record=record)
    found = []
    for tensor in inputs:
        key = _key(tensor)
        if key in totals:
            _, total, owned = totals[key]
            found.append(total if record or owned else total.copy())
            totals[key] = tensor, total, False  # the caller's now: an input given twice gets a copy
        else:
            zeros = np.zeros(tensor.shape, tensor.dtype)
            found.append(_constant_like(output, zeros) if record else zeros)
    return found


def _constant_like(tensor: Any, array: Array) -> Any:
    """The array, which nobody else holds, as a constant Tensor."""
    array.flags.writeable = False
    return tensor.of(array, None)


def _key(tensor: Any) -> int:
    """What a cotangent is accumulated by: negative for leaves, so that it is never a node's id."""
    return tensor.node.id if tensor.node else -id(tensor)


def _totals(
    output: Any, seed: Any, wanted: Callable[[Any], bool], *, record: bool = False
) -> dict[int, tuple[Any, Any, bool]]:
    """Sum the contributions to the wanted operands: ``(operand, total, is it ours alone)``."""
    totals: dict[int, tuple[Any, Any, bool]] = {}
    if wanted(output):
        totals[_key(output)] = output, seed, True
    for step in reverse_sweep(output, seed, record=record):
        for operand, contribution in step.contributions:
            if not wanted(operand):
                continue
            key = _key(operand)
            if key in totals:
                totals[key] = operand, as_array(totals[key][1] + contribution), True
            else:
                owned = not record and _is_fresh(contribution, step.cotangent)
                totals[key] = operand, contribution, owned
    return totals


def _is_fresh(contribution: Array, cotangent: Array) -> bool:
    """Whether a rule made this array: of the arrays it was given only one is writable."""
    flags = contribution.flags
    return flags.owndata and flags.writeable and contribution is not cotangent


def _seed(output: Any, cotangent: Any) -> Array:
    """A copy of the cotangent to start with, or one for a scalar."""
    if not output.requires_grad:
        raise GradientError(
            f"{output.label} does not depend on anything that requires a gradient. Make a "
            "Parameter or Tensor(..., requires_grad=True) of what it should be differentiated by, "
            "and do not compute it under no_grad()."
        )
    if cotangent is None:
        if output.size != 1:
            raise GradientError(
                f"{output.label} is not a scalar, so its gradient needs a cotangent: pass one "
                f"of shape {output.shape}, as in backward(np.ones({output.shape})), or reduce "
                "the tensor first with np.sum or np.mean."
            )
        return np.ones(output.shape, output.dtype)
    with no_grad():
        seed = np.array(cotangent)
    if seed.shape != output.shape or seed.dtype.kind not in "biuf":
        raise ShapeError(
            f"The cotangent of {output.label} must be real and of its shape. Received: shape "
            f"{seed.shape}, dtype {seed.dtype}."
        )
    return seed.astype(output.dtype, copy=False)
