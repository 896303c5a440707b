"""What the optimizers share: packed parameters, slots, the step count, eager and recorded steps."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from tinygrad_mnist.arguments import in_range, plain, real
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import aligned_zeros
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, CheckpointError, GradientError, ShapeError
from tinygrad_mnist.optim.packing import lies_in, pack
from tinygrad_mnist.replay.capture import host

BLOCK = 32_768
"""Elements updated at once: the temporaries of a rule then stay in the processor's cache, and below
the size from which the C library asks the operating system for fresh pages each time."""
FLUSH_EVERY = 128
"""Steps after which what has all but decayed is set to zero: multiplied by 0.9 again and again it
becomes subnormal and never zero, and processors multiply subnormal numbers many times slower."""


class Optimizer:
    """What the optimizers share: the packed parameters, their slots, the step count.

    Parameters
    ----------
    parameters
        The parameters to update, of one dtype. Frozen ones (``requires_grad=False``) are left out.
    learning_rate
        The size of a step; may be set to another value at any time.

    Raises
    ------
    ArgumentError
        If there is nothing to update, a parameter is given twice, or a number is out of range.
    """

    slot_names: ClassVar[tuple[str, ...]] = ()
    decaying: ClassVar[tuple[str, ...]] = ()
    """The slots of which what is far below any number that counts is set to zero at times."""

    update: Callable[..., tuple[Any, ...]]
    """``update(parameter, gradient, *slots, *numbers) -> (parameter, *slots)``, of a subclass.

    It is written with in-place operators: arrays are updated where they lie, while a Tensor,
    being a value, is replaced, so that the results can be assigned.
    """

    numbers: Callable[[], tuple[float, ...]]
    """``numbers()``, of a subclass: what the update multiplies by, read anew at every step, also of
    a captured function. ``self.iterations`` counts this step, from 1."""

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float) -> None:
        given = [] if isinstance(parameters, Parameter) else parameters
        given = list(given) if isinstance(given, Iterable) else []
        if not given or not all(isinstance(parameter, Parameter) for parameter in given):
            kinds = sorted({type(member).__name__ for member in given})
            raise ArgumentError(
                "An optimizer takes the Parameters to update, as in model.parameters(). Received: "
                f"{type(parameters).__name__} of {', '.join(kinds) or 'nothing'}."
            )
        self.parameters = [parameter for parameter in given if parameter.requires_grad]
        if not self.parameters or len({id(p) for p in self.parameters}) != len(self.parameters):
            raise ArgumentError(
                "An optimizer needs at least one parameter that is not frozen, each given once. "
                "Received: " + (", ".join(p.label for p in self.parameters) or "none") + "."
            )
        self.learning_rate = learning_rate
        self.iterations = 0
        self._vector = pack(self.parameters)
        # Of float16 in float32, to be rounded once: squares of gradients are no float16 numbers.
        self._dtype = np.result_type(self._vector.dtype, np.float32)
        self._gradient = aligned_zeros(self._vector.shape, self._dtype)
        zeros = np.zeros(self._vector.shape, self._dtype)
        self.slots = {
            name: Parameter(zeros, requires_grad=False, name=name) for name in self.slot_names
        }

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            tape.watcher.get().changed(self, name)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        options = inspect.signature(type(self)).parameters
        told = [
            f"{name}={getattr(self, name)!r}"
            for name in (*options, "iterations")
            if name != "parameters" and hasattr(self, name)
        ]
        count = f"{len(self.parameters)} parameter{'s' * (len(self.parameters) != 1)}"
        return f"{type(self).__name__}({', '.join([count, *told])})"

    @property
    def learning_rate(self) -> float:
        """The size of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = in_range("learning_rate", value, 0.0, math.inf)

    def zero_grad(self) -> None:
        """Forget the gradients of the parameters."""
        nothing = [None] * len(self.parameters)
        tape.watcher.get().set_gradients(self.parameters, nothing)

    def step(self) -> None:
        """Update every parameter by its gradient.

        Raises
        ------
        GradientError
            If a parameter has no gradient; nothing is updated then.
        """
        gradients = []
        for parameter in self.parameters:
            if parameter.grad is None:
                raise GradientError(
                    f"{parameter.label} has no gradient: it took no part in what backward() was "
                    "called on, or backward() was not called. If that is meant, freeze it or "
                    "leave it out before the optimizer is made."
                )
            gradients.append(parameter.grad)
        self.apply_gradients(gradients)

    def apply_gradients(self, gradients: Sequence[Any]) -> None:
        """Update every parameter by the gradient given for it, an array or a Tensor.

        Raises
        ------
        ShapeError
            If there is not one gradient of its shape for each of ``self.parameters``.
        DTypeError
            If one is not made of real numbers.
        """
        shapes = [parameter.shape for parameter in self.parameters]
        if [np.shape(gradient) for gradient in gradients] != shapes:
            raise ShapeError(
                f"The gradients must have the shapes of the parameters, {shapes}. Received: "
                f"{[np.shape(gradient) for gradient in gradients]}."
            )
        gradients = [
            gradient if isinstance(gradient, Tensor) else real(gradient, "A gradient")
            for gradient in gradients
        ]
        if not all(lies_in(parameter, self._vector) for parameter in self.parameters):
            self._vector = pack(self.parameters)  # another optimizer had taken them
        watcher = tape.watcher.get()
        if watcher.rules_on_tensors:
            with watcher.phase("update"), no_grad():
                self._record_update(gradients)
            return
        flat = [
            gradient.numpy().ravel() if isinstance(gradient, Tensor) else gradient.ravel()
            for gradient in gradients
        ]
        np.concatenate(flat, out=self._gradient)
        numbers = self._next_numbers()
        state = [self._vector, *self.slots.values()]
        parameter, *slots = [parameter.storage() for parameter in state]
        arrays = (parameter, self._gradient, *slots)
        for start in range(0, self._gradient.size, BLOCK):
            block, *others = [array[start : start + BLOCK] for array in arrays]
            wide = block.astype(self._dtype, copy=False)
            self.update(wide, *others, *numbers)
            if wide is not block:
                block[...] = wide

    def _record_update(self, gradients: Sequence[Any]) -> None:
        """The same on Tensors, which write down what is done to them."""
        gradient: Any = np.concatenate([np.reshape(one, -1) for one in gradients])
        numbers = host(self._next_numbers_as_array)
        state = [self._vector, *self.slots.values()]
        wide = [
            tensor if tensor.dtype == self._dtype else tensor.astype(self._dtype)
            for tensor in (self._vector, gradient)
        ]
        updated = self.update(*wide, *self.slots.values(), *numbers)
        for parameter, value in zip(state, updated, strict=True):
            parameter.assign(value)

    def _next_numbers(self) -> tuple[float, ...]:
        self.iterations += 1
        if self.iterations % FLUSH_EVERY == 0:
            for name in self.decaying:
                _flush(self.slots[name].storage())
        return self.numbers()

    def _next_numbers_as_array(self) -> Any:
        return np.array(self._next_numbers(), self._dtype)

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the slots, vectors over all parameters in order, and the step count."""
        slots = {name: slot.numpy() for name, slot in self.slots.items()}
        return {"iterations": self.iterations, "learning_rate": self.learning_rate, **slots}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Raises
        ------
        CheckpointError
            If it is of another kind of optimizer, or of other parameters; nothing is taken then.
        DTypeError
            If a slot is masked or an np.matrix; nothing is taken then.
        """
        expected = {"iterations", "learning_rate", *self.slot_names}
        if not isinstance(state, Mapping) or set(state) != expected:
            received = list(state) if isinstance(state, Mapping) else type(state).__name__
            raise CheckpointError(
                f"The state of {type(self).__name__} has {sorted(expected)}. Received: {received}."
            )
        for name, slot in self.slots.items():
            given = state[name]
            described = getattr(given, "shape", None), getattr(given, "dtype", None)
            # Earlier versions kept the slots of float16 parameters in float16.
            kinds = [(slot.shape, dtype) for dtype in (slot.dtype, self._vector.dtype)]
            if not isinstance(given, np.ndarray) or described not in kinds:
                raise CheckpointError(
                    f"The slot {name} must be an array of shape {slot.shape} and dtype "
                    f"{slot.dtype}. Received: {type(given).__name__} of {described[0]} and "
                    f"{described[1]}."
                )
            plain(f"The slot {name}", given)
        iterations = state["iterations"]
        if not isinstance(iterations, int | np.integer) or iterations < 0:
            raise CheckpointError(
                f"The step count must be an integer of at least 0. Received: {iterations!r}."
            )
        try:
            self.learning_rate = state["learning_rate"]
        except ArgumentError as error:
            raise CheckpointError(f"The saved {error}") from None
        self.iterations = int(iterations)
        for name, slot in self.slots.items():
            slot.assign(state[name])


def _flush(slot: Any) -> None:
    """Set to zero what could become subnormal before the next time."""
    limits = np.finfo(slot.dtype)
    slot[np.abs(slot) < limits.tiny / limits.eps] = 0
