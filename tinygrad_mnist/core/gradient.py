"""Gradients: what ``backward`` leaves on the leaves, and gradients as values.

Both exhaust the sweep of ``tape.py`` and add up what it yields.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> gradients(np.sum(x * x), [x])
[array([2., 4.])]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_mnist.core.arrays import described
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tape import as_array, no_grad, reverse_sweep, watcher
from tinygrad_mnist.errors import ArgumentError, GradientError, ShapeError

_deposit = threading.Lock()
"""Two threads may add to the same leaf's gradient at once."""


def backward(output: Any, cotangent: Any = None) -> None:
    """Add the gradient of a Tensor to ``.grad`` of its leaves; see ``Tensor.backward``."""
    with _backward_phase():
        seed = _seed(output, cotangent)
        totals = _totals(output, seed, lambda operand: operand.node is None)
        with _deposit:
            sums = []
            for leaf, total, owned in totals.values():
                before = leaf.grad
                if before is not None:
                    total, owned = as_array(before + total), True
                sums.append(_owned(total, owned))
            watcher.get().set_gradients([leaf for leaf, _, _ in totals.values()], sums)


@contextmanager
def _backward_phase() -> Iterator[None]:
    # Infinities and NaN are this gradient's honest values.
    with np.errstate(all="ignore"), watcher.get().phase("backward"):
        yield


def gradients(
    output: Any, inputs: Iterable[Any], cotangent: Any = None, *, record: bool = False
) -> list[Any]:
    """Return the gradients of a Tensor with respect to leaves or inner Tensors.

    Parameters
    ----------
    output
        A Tensor.
    inputs
        Tensors that require gradients, a sequence or an iterator of them; one that the output
        does not depend on gets zeros.
    cotangent
        The cotangent of the output; may be left out if it has one element.
    record
        Return Tensors that can be differentiated again, instead of arrays; a cotangent given as
        a Tensor can then be differentiated by too.

    Raises
    ------
    ArgumentError
        If the inputs are no Tensors, or one Tensor alone.
    GradientError, ShapeError, StaleGraphError
        As ``Tensor.backward``.

    >>> from tinygrad_mnist import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> (slope,) = gradients(x**3, [x], record=True)
    >>> gradients(slope, [x])
    [array(12.)]
    """
    inputs = _tensors(inputs)
    wanted = {_key(tensor) for tensor in inputs}
    with _backward_phase():
        seed = _seed(output, cotangent, record)
        totals = _totals(output, seed, lambda operand: _key(operand) in wanted, record=record)
    found = []
    for tensor in inputs:
        key = _key(tensor)
        if key in totals:
            _, total, owned = totals[key]
            found.append(_owned(total, owned))
            totals[key] = tensor, total, False  # the caller's now: an input given twice gets a copy
        else:
            found.append(_value(output, np.zeros(tensor.shape, tensor.dtype), record))
    return found


def _tensors(inputs: Any) -> list[Any]:
    """Return the inputs as a list; refuse what holds no Tensors, and the rows of one Tensor."""
    given = list(inputs) if isinstance(inputs, Iterable) and not hasattr(inputs, "node") else None
    if given is None or not all(hasattr(one, "node") for one in given):
        raise ArgumentError(
            "gradients takes the Tensors to differentiate by in a list, as in gradients(y, [x]). "
            f"Received: {described(inputs)}."
        )
    return given


def _value(output: Any, array: Array, record: bool) -> Any:
    """The array, which nobody else holds: as a constant Tensor where rules run on Tensors."""
    if not (record or watcher.get().rules_on_tensors):
        return array
    array.flags.writeable = False
    return output.of(array, None)


def _owned(total: Any, owned: bool) -> Any:
    """The array if it is ours alone, else a copy; a Tensor is a value that all may hold."""
    return total.copy() if isinstance(total, np.ndarray) and not owned else total


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
                owned = _is_fresh(contribution, step.cotangent)
                totals[key] = operand, contribution, owned
    return totals


def _is_fresh(contribution: Any, cotangent: Any) -> bool:
    """Whether a rule made this array: of the arrays it was given only one is writable."""
    if not isinstance(contribution, np.ndarray):
        return False
    flags = contribution.flags
    return flags.owndata and flags.writeable and contribution is not cotangent


def _seed(output: Any, cotangent: Any, record: bool = False) -> Any:
    """A copy of the cotangent to start with, or one for a scalar."""
    if not hasattr(output, "node"):
        raise ArgumentError(
            f"gradients takes the Tensor to differentiate first. Received: {described(output)}."
        )
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
        return _value(output, np.ones(output.shape, output.dtype), record)
    as_tensor = hasattr(cotangent, "node") and (record or watcher.get().rules_on_tensors)
    with no_grad():
        seed: Any = cotangent if as_tensor else np.array(cotangent)
    if seed.shape != output.shape or seed.dtype.kind not in "biuf":
        raise ShapeError(
            f"The cotangent of {output.label} must be real and of its shape. Received: shape "
            f"{seed.shape}, dtype {seed.dtype}."
        )
    if as_tensor:
        if seed.assignable:  # as of now: what is passed on as it is must not change with it
            seed = np.positive(seed)
        return seed if seed.dtype == output.dtype else seed.astype(output.dtype)
    return _value(output, seed.astype(output.dtype, copy=False), record)
