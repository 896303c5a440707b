"""Gradients: what ``backward`` leaves on the leaves, and gradients as values.

Both exhaust the sweep of ``tape.py`` and take what it has added up.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> gradients(np.sum(x * x), [x])
[array([2., 4.])]
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import real
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tape import as_array, key, reverse_sweep
from tinygrad_mnist.errors import ArgumentError, GradientError, ShapeError, description

_deposit = threading.Lock()
"""Two threads may add to the same leaf's gradient at once."""


if hasattr(os, "register_at_fork"):  # the thread that has it is none of a forked process
    os.register_at_fork(after_in_child=_deposit._at_fork_reinit)  # type: ignore[attr-defined]


def backward(output: Any, cotangent: Any = None) -> None:
    """Add the gradient of a Tensor to ``.grad`` of its leaves; see ``Tensor.backward``."""
    with _backward_phase():
        arrived: dict[int, tuple[Any, Any]] = {}
        for _ in reverse_sweep(output, _seed(output, cotangent), arrived=arrived):
            pass
        given: set[int] = set()
        with _deposit:
            leaves, sums = [], []
            for leaf, total in arrived.values():
                before = leaf.grad
                leaves.append(leaf)
                # Not in place: a caller may have kept what was there before.
                sums.append(_owned(total, given) if before is None else as_array(before + total))
            tape.watcher.get().set_gradients(leaves, sums)


def gradients(
    output: Any, inputs: Iterable[Any], cotangent: Any = None, *, record: bool = False
) -> list[Any]:
    """Return the gradients of a Tensor with respect to leaves or inner Tensors.

    The sweep goes only where the inputs are, so a branch that leads to none of them may lack a
    rule, or have read a parameter that was assigned since. A node that does lead to one still needs
    everything it read.

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
    GradientError
        If an input is of integers or booleans; else as ``Tensor.backward``.
    ShapeError, StaleGraphError
        As ``Tensor.backward``.

    >>> from tinygrad_mnist import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> (slope,) = gradients(x**3, [x], record=True)
    >>> gradients(slope, [x])
    [array(12.)]
    """
    inputs = _tensors(inputs)
    inner = {tensor.node.id for tensor in inputs if tensor.node}
    arrived: dict[int, tuple[Any, Any]] = {}
    with _backward_phase():
        seed = _seed(output, cotangent, record)
        sweep = reverse_sweep(output, seed, inputs=inputs, arrived=arrived, record=record)
        found = {node.id: total for node, total, _ in sweep if node.id in inner}
    found |= {identity: total for identity, (_, total) in arrived.items()}
    given: set[int] = set()
    return [
        _owned(found[key(tensor)], given)
        if key(tensor) in found
        else _value(output, np.zeros(tensor.shape, tensor.dtype), record)
        for tensor in inputs
    ]


def _tensors(inputs: Any) -> list[Any]:
    """Return the inputs as a list; refuse what holds no Tensors, and the rows of one Tensor."""
    given = list(inputs) if isinstance(inputs, Iterable) and not hasattr(inputs, "node") else None
    if given is None or not all(hasattr(one, "node") for one in given):
        raise ArgumentError(
            "gradients takes the Tensors to differentiate by in a list, as in gradients(y, [x]). "
            f"Received: {description(inputs)}."
        )
    for tensor in given:
        if not tensor.requires_grad and tensor.dtype.kind != "f":
            raise GradientError(
                f"There is no gradient by {tensor.label}: integers and booleans are constants. "
                "Differentiate by what it was made of, or use .astype(np.float32) first."
            )
    return given


@contextmanager
def _backward_phase() -> Iterator[None]:
    # Infinities and NaN are this gradient's honest values.
    with np.errstate(all="ignore"), tape.watcher.get().phase("backward"):
        yield


def _seed(output: Any, cotangent: Any, record: bool = False) -> Any:
    """A copy of the cotangent to start with, or one for a scalar."""
    if not hasattr(output, "node"):
        raise ArgumentError(
            f"gradients takes the Tensor to differentiate first. Received: {description(output)}."
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
    as_tensor = hasattr(cotangent, "node") and (record or tape.watcher.get().rules_on_tensors)
    with no_grad():
        seed: Any = cotangent if as_tensor else real(cotangent, "A cotangent").copy()
    if seed.shape != output.shape:
        raise ShapeError(
            f"The cotangent of {output.label} must have its shape. Received: shape {seed.shape}."
        )
    if as_tensor:
        if seed.assignable:  # as of now: what is passed on as it is must not change with it
            seed = np.positive(seed)
        return seed if seed.dtype == output.dtype else seed.astype(output.dtype)
    return _value(output, seed.astype(output.dtype, copy=False), record)


def _value(output: Any, array: Array, record: bool) -> Any:
    """The array, which nobody else holds: as a constant Tensor where rules run on Tensors."""
    if not (record or tape.watcher.get().rules_on_tensors):
        return array
    array.flags.writeable = False
    return output.of(array, None)


def _owned(total: Any, given: set[int]) -> Any:
    """The array if it is ours alone, else a copy; a Tensor is a value that all may hold.

    A rule may pass on an array that it was given: the cotangent, which another operand may get too,
    a view of it, or a read-only operand. What it made is writable and nobody's view.
    """
    if not isinstance(total, np.ndarray):
        return total
    flags = total.flags
    if not (flags.owndata and flags.writeable) or id(total) in given:
        return total.copy()
    given.add(id(total))
    return total
