"""Optimizers: SGD, Momentum, Adam.

An update rule is a few NumPy statements on a parameter, its gradient and its slots. The parameters
of an optimizer are packed into one vector, so that they run once, not once for each.

>>> import numpy as np
>>> from tinygrad_mnist import Parameter
>>> weight = Parameter([1.0, 2.0])
>>> optimizer = SGD([weight], learning_rate=0.5)
>>> np.sum(weight * weight).backward()
>>> optimizer.step()
>>> weight.numpy()
array([0., 0.])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import allocated
from tinygrad_mnist.core.host import host
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError, CheckpointError, GradientError, ShapeError

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
                f"{type(parameters).__name__}{' of ' + ', '.join(kinds) if kinds else ''}."
            )
        self.parameters = [parameter for parameter in given if parameter.requires_grad]
        if not self.parameters or len({id(p) for p in self.parameters}) != len(self.parameters):
            raise ArgumentError(
                "An optimizer needs at least one parameter that is not frozen, each given once. "
                "Received: " + (", ".join(p.label for p in self.parameters) or "none") + "."
            )
        self.learning_rate = learning_rate
        self.iterations = 0
        self._vector = Parameter.pack(self.parameters)
        self._gradient = allocated(self._vector.shape, self._vector.dtype)
        self.slots = {
            name: Parameter(np.zeros_like(self._vector.data), requires_grad=False, name=name)
            for name in self.slot_names
        }

    @property
    def learning_rate(self) -> float:
        """The size of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = in_range("learning_rate", value, 0.0, math.inf)

    def zero_grad(self) -> None:
        """Forget the gradients of the parameters."""
        for parameter in self.parameters:
            parameter.grad = None

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
        """
        shapes = [parameter.shape for parameter in self.parameters]
        if [np.shape(gradient) for gradient in gradients] != shapes:
            raise ShapeError(
                f"The gradients must have the shapes of the parameters, {shapes}. Received: "
                f"{[np.shape(gradient) for gradient in gradients]}."
            )
        if not all(parameter.lies_in(self._vector) for parameter in self.parameters):
            self._vector = Parameter.pack(self.parameters)  # another optimizer had taken them
        journal = tape.recording.journal
        if journal is not None:
            with journal.phase("update"), tape.no_grad():
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
            self.update(*[array[start : start + BLOCK] for array in arrays], *numbers)

    def _record_update(self, gradients: Sequence[Any]) -> None:
        """The same on Tensors, which write down what is done to them."""
        gradient: Any = np.concatenate([np.reshape(one, -1) for one in gradients])
        numbers = host(self._next_numbers_as_array)
        state = [self._vector, *self.slots.values()]
        updated = self.update(self._vector, gradient, *self.slots.values(), *numbers)
        for parameter, value in zip(state, updated, strict=True):
            parameter.assign(value)

    def _next_numbers(self) -> tuple[float, ...]:
        self.iterations += 1
        if self.iterations % FLUSH_EVERY == 0:
            for name in self.decaying:
                _flush(self.slots[name].storage())
        return self.numbers()

    def _next_numbers_as_array(self) -> Any:
        return np.array(self._next_numbers(), self._vector.dtype)

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
            if not isinstance(given, np.ndarray) or described != (slot.shape, slot.dtype):
                raise CheckpointError(
                    f"The slot {name} must be an array of shape {slot.shape} and dtype "
                    f"{slot.dtype}. Received: {type(given).__name__} of {described[0]} and "
                    f"{described[1]}."
                )
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


class SGD(Optimizer):
    """Stochastic gradient descent: ``parameter - learning_rate * gradient``."""

    def __init__(self, parameters: Iterable[Parameter], learning_rate: float = 0.01) -> None:
        super().__init__(parameters, learning_rate)

    def numbers(self) -> tuple[float, ...]:
        """Return the learning rate."""
        return (self.learning_rate,)

    def update(self, parameter: Any, gradient: Any, learning_rate: Any) -> tuple[Any, ...]:
        """Return the new parameter."""
        parameter -= learning_rate * gradient
        return (parameter,)


class Momentum(Optimizer):
    """Gradient descent with a velocity, as TensorFlow's ``MomentumOptimizer``.

    ``velocity = momentum * velocity + gradient``; the step is ``learning_rate`` times the velocity
    or, with ``nesterov``, times ``gradient + momentum * velocity``.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning".
    """

    slot_names = decaying = ("velocity",)

    def __init__(
        self,
        parameters: Iterable[Parameter],
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum = in_range("momentum", momentum, 0.0, 1.0)
        self.nesterov = nesterov

    def numbers(self) -> tuple[float, ...]:
        """Return the learning rate and the momentum."""
        return self.learning_rate, self.momentum

    def update(
        self, parameter: Any, gradient: Any, velocity: Any, learning_rate: Any, momentum: Any
    ) -> tuple[Any, ...]:
        """Return the new parameter and velocity."""
        velocity *= momentum
        velocity += gradient
        direction = gradient + momentum * velocity if self.nesterov else velocity
        parameter -= learning_rate * direction
        return parameter, velocity


class Adam(Optimizer):
    """Adam: a step by the mean of the gradients over the root of the mean of their squares.

    ``epsilon_mode="tensorflow"`` adds epsilon to the root before its bias is corrected (the
    "epsilon-hat" of the paper's section 2, and what TF1 and Keras compute); ``"paper"`` adds it
    after, as Algorithm 1 and PyTorch do.

    The slots are the discounted sums of the gradients and of their squares. The paper's moments
    m and v are (1 - beta_1) and (1 - beta_2) times them: those constants are moved into the rate
    and epsilon, which saves two passes over all parameters.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", arXiv:1412.6980.
    """

    slot_names = ("first_sum", "second_sum")
    decaying = ("first_sum",)

    def __init__(
        self,
        parameters: Iterable[Parameter],
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        epsilon_mode: str = "tensorflow",
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.beta_1 = in_range("beta_1", beta_1, 0.0, 1.0)
        self.beta_2 = in_range("beta_2", beta_2, 0.0, 1.0)
        self.epsilon = in_range("epsilon", epsilon, 0.0, math.inf)
        if epsilon_mode not in ("tensorflow", "paper"):
            raise ArgumentError(
                f"epsilon_mode must be 'tensorflow' or 'paper'. Received: {epsilon_mode!r}."
            )
        self.epsilon_mode = epsilon_mode

    def numbers(self) -> tuple[float, ...]:
        """Return the discounts, the bias-corrected rate and epsilon of this step."""
        first_bias = (1.0 - self.beta_1**self.iterations) / (1.0 - self.beta_1)
        root_bias = math.sqrt((1.0 - self.beta_2**self.iterations) / (1.0 - self.beta_2))
        if self.epsilon_mode == "paper":
            epsilon = self.epsilon * root_bias
        else:
            epsilon = self.epsilon / math.sqrt(1.0 - self.beta_2)
        return self.beta_1, self.beta_2, self.learning_rate * root_bias / first_bias, epsilon

    def update(
        self,
        parameter: Any,
        gradient: Any,
        first_sum: Any,
        second_sum: Any,
        beta_1: Any,
        beta_2: Any,
        rate: Any,
        epsilon: Any,
    ) -> tuple[Any, ...]:
        """Return the new parameter and sums."""
        first_sum *= beta_1
        first_sum += gradient
        second_sum *= beta_2
        second_sum += gradient * gradient
        parameter -= rate * (first_sum / (np.sqrt(second_sum) + epsilon))
        return parameter, first_sum, second_sum
