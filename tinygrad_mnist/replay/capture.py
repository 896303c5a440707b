"""Capture: run a function once, write down what it does, and replay that from then on.

>>> import numpy as np
>>> from tinygrad_mnist import Parameter, capture
>>> weight = Parameter([2.0], name="weight")
>>> @capture
... def scaled(x):
...     return weight * x
>>> scaled(np.array([1.0])), scaled(np.array([3.0]))
(Tensor([2.], dtype=float64, made by scaled), Tensor([6.], dtype=float64, made by scaled))
"""

from __future__ import annotations

import operator
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.arguments import integer
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.replay.plan import Plan
from tinygrad_mnist.replay.program import Program, with_constants_folded, without_dead_code
from tinygrad_mnist.replay.recorder import Recorder
from tinygrad_mnist.replay.signature import (
    Returned,
    Signature,
    argument_name,
    differing_numbers,
    flatten,
    part_of,
    paths,
    unflatten,
)
from tinygrad_mnist.replay.verify import matched


def capture(function: Callable[..., Any] | None = None, *, verify: int = 0) -> Any:
    """Return the function, captured: its first call is written down, further ones are replayed.

    The function is run as it is once for each signature, that is for each shape and dtype of its
    arguments; what it does to Tensors then becomes a program, which later calls of the same
    signature run in preallocated memory. Bit for bit they do what the function would have done:
    they assign the same parameters, step the same optimizers, leave the same gradients.

    Parameters
    ----------
    function
        A function of arrays or Tensors, which it sees as Tensors, in nested tuples, lists and
        dictionaries. Parameters and other objects are part of the signature, by identity or
        value. It returns Tensors, or None, nested likewise; numbers and arrays cannot be returned
        because a replay would repeat those of the first call.
    verify
        Run the first so many replays both ways and compare each instruction's result.

    Raises
    ------
    ArgumentError
        If ``verify`` is no count.
    CaptureError
        If the function asks a Tensor for its value, returns something else, or does another thing
        when a replay is verified.

    Warns
    -----
    RuntimeWarning
        If an argument is another Python number at each call, so that no plan is ever used twice.

    >>> import numpy as np
    >>> from tinygrad_mnist import Parameter, optim
    >>> weight = Parameter([1.0, 2.0], name="weight")
    >>> optimizer = optim.SGD([weight], learning_rate=0.25)
    >>> @capture
    ... def step(target):
    ...     loss = np.sum((weight - target) ** 2)
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> [float(step(np.array([0.0, 0.0]))) for _ in range(3)]
    [5.0, 1.25, 0.3125]
    """
    verify = integer("capture's verify, the replays that are run both ways,", verify, least=0)
    if function is None:
        return lambda function: Captured(function, verify)
    return Captured(function, verify)


def host(source: Callable[[], Any]) -> Tensor:
    """Return what ``source()`` returns as a constant Tensor; a replay calls ``source`` again.

    For what Python must compute anew at each call of a captured function, such as random numbers.
    Its shape and dtype must be the same at each call. Of what a captured function computes, the
    source can use shapes and dtypes; a value, being of one call only, is refused.

    Raises
    ------
    CaptureError
        If the source asks a Tensor for its value that a captured function was given or computed.

    >>> generator = np.random.default_rng(0)
    >>> @capture
    ... def noisy(x):
    ...     return x + host(lambda: generator.normal(size=x.shape))
    >>> [noisy(np.zeros(1)).item() for _ in range(2)]
    [0.1257302210933933, -0.1321048632913019]
    """
    return Tensor(tape.watcher.get().host(source))


class Captured:
    """A captured function; see `capture`."""

    def __init__(self, function: Callable[..., Any], verify: int = 0) -> None:
        if not callable(function):
            raise CaptureError(f"capture takes a function. Received: {function!r:.60}.")
        update_wrapper(self, function)
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self._verify = verify
        self._plans = Plans(self.name, function)
        self._lock = threading.Lock()
        self._thread: int | None = None  # the one that has the lock
        self._last: tuple[Signature, Made] | None = None

    @property
    def plans(self) -> list[Plan]:
        """The plans made so far, one for each signature."""
        return [made.plan for made in self._plans]

    @property
    def recordings(self) -> list[Program]:
        """What was written down for each plan, before any pass."""
        return [made.recorded for made in self._plans]

    def __repr__(self) -> str:
        count = len(self.plans)
        return f"<captured {self.name}, {count} plan{'s' * (count != 1)}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        raise CaptureError(
            f"{self.name} is a method; capture it bound, as in step = capture(trainer.step), so "
            "that each object has plans of its own."
        )

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function, or replay it."""
        if tape.watcher.get().rules_on_tensors:  # inside another captured function: part of it
            return self.function(*arguments, **keywords)
        if self._thread == threading.get_ident():
            raise CaptureError(
                f"The captured {self.name} was called by the source of one of its own host() "
                "values, while it was running. Call what it was captured from instead."
            )
        with self._lock:
            self._thread = threading.get_ident()
            try:
                return self._called(arguments, keywords)
            finally:
                self._thread = None

    def _called(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Replay the plan of this signature; where there is none, run the function and make one."""
        if not keywords and (made := self._as_before(arguments)):
            return made.returned.filled(made.plan.run(arguments))
        structure, leaves = flatten((arguments, keywords))
        arrays, parts = [], []
        for leaf in leaves:
            array, part = part_of(leaf)
            parts.append(part)
            if array is not None:
                arrays.append(array)
        signature = Signature(structure, tuple(parts), tape.no_grad_depth.get() == 0)
        made = self._plans.found(signature)
        if made is None:
            return self._captured(signature, leaves)
        if self._verify > 0:
            self._verify -= 1
            return made.returned.filled(self._verified(made, structure, leaves, arrays))
        if len(leaves) == len(arguments) and all(map(operator.is_, leaves, arguments)):
            self._last = signature, made
        return made.returned.filled(made.plan.run(arrays))

    def _as_before(self, arguments: tuple[Any, ...]) -> Made | None:
        """What the last replay was made by, if these are plain arrays of the same signature.

        It spares most calls of a loop the way through `part_of`.
        """
        if self._last is None:
            return None
        (_, parts, on), made = self._last
        if len(parts) != len(arguments) or on is not (tape.no_grad_depth.get() == 0):
            return None
        for array, part in zip(arguments, parts, strict=True):
            if type(array) is not np.ndarray or not array.flags.c_contiguous:
                return None
            if (array.shape, array.dtype, False) != part:
                return None
        return made if made.applies() else None

    def _captured(self, signature: Signature, leaves: list[Any]) -> Any:
        """Run the function, and make a plan of what it did."""
        recorder, returned, recorded = self._recorded(signature.structure, leaves)
        if not recorder.moved:
            program = with_constants_folded(without_dead_code(recorded), recorder.values)
            self._plans.add(signature, Made(recorded, Plan(program), recorder.guards, returned))
        arrays = [tensor.data.copy(order="K") for tensor in returned.fetched]
        returned.forget()
        return returned.filled(arrays)

    def _recorded(self, structure: Any, leaves: list[Any]) -> tuple[Recorder, Returned, Program]:
        """Run the function and write down what it does."""
        recorder = Recorder()
        with tape.watching(recorder):
            inside = []
            for path, leaf in zip(paths(structure), leaves, strict=True):
                array, part = part_of(leaf)
                if array is not None:
                    name = argument_name(self.function, path)
                    leaf = recorder.argument(name, array.copy(order="K"), requires_grad=part[2])
                inside.append(leaf)
            arguments, keywords = unflatten(structure, inside)
            try:
                returned = Returned(self.name, self.function(*arguments, **keywords))
            finally:
                recorder.settle()
        return recorder, returned, recorder.program(self.name, returned.fetched)

    def _verified(
        self, made: Made, structure: Any, leaves: list[Any], arrays: Sequence[Array]
    ) -> list[Array]:
        """Run the function, then the plan from the same state, and compare."""
        arrays = [array.copy(order="K") for array in arrays]  # a host may write into what was fed
        parameters = {
            slot.content: slot.content.data.copy()
            for slot in made.recorded.slots
            if slot.origin == "parameter"
        }
        gradients = {
            leaf: None if leaf.grad is None else leaf.grad.copy()
            for leaf, _ in made.recorded.gradients
        }
        recorder, _, again = self._recorded(structure, leaves)
        slots = matched(made.recorded, again)
        for parameter, value in parameters.items():
            parameter.assign(value)
        for leaf, gradient in gradients.items():
            leaf.grad = gradient
        values = {old: recorder.values[new] for old, new in slots.items()}
        effects = {old: recorder.effects.get(new, []) for old, new in slots.items()}
        return made.plan.verify(arrays, values, effects, self.name)


MOST_PLANS = 32
"""Signatures a captured function has plans for; the one made first is let go."""
MOST_VARIANTS = 4
"""Plans kept of one signature, for other states of what guards watch."""


class Made(NamedTuple):
    """A plan, what it was made of, when it applies, and how its outputs are handed out."""

    recorded: Program
    plan: Plan
    guards: list[Callable[[], bool]]
    returned: Returned

    def applies(self) -> bool:
        """Whether the plan is still right: parameters lie where they did, and so on."""
        for guard in self.guards:  # noqa: SIM110  all() of a generator takes longer than they do
            if not guard():
                return False
        return True


class Plans:
    """The plans of a function of this name, in the order in which their signatures came."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        self._function = function
        self._groups: dict[Signature, list[Made]] = {}
        self._has_warned = False

    def __iter__(self) -> Iterator[Made]:
        return (made for group in self._groups.values() for made in group)

    def found(self, signature: Signature) -> Made | None:
        """Return the plan of this signature that applies, or None if one is to be made.

        Raises
        ------
        CaptureError
            If an argument cannot be compared with others.
        """
        try:
            group = self._groups.get(signature)
        except TypeError:
            raise CaptureError(
                f"The arguments of the captured {self._name} that are not arrays must be hashable, "
                f"since they tell its plans apart. Received: {signature.parts!r:.200}."
            ) from None
        if group is None:
            self._warn_of_numbers(signature)
            return None
        return next((made for made in group if made.applies()), None)

    def add(self, signature: Signature, made: Made) -> None:
        """Keep a plan; let go of the oldest where there are too many."""
        group = self._groups.pop(signature, [])
        self._groups[signature] = [*group[-MOST_VARIANTS + 1 :], made]
        if len(self._groups) > MOST_PLANS:
            del self._groups[next(iter(self._groups))]

    def _warn_of_numbers(self, signature: Signature) -> None:
        """Say once that plans come and go because of numbers of Python that change."""
        if self._has_warned or len(self._groups) < MOST_PLANS:
            return
        places = differing_numbers(signature, next(iter(self._groups)))
        if places:
            self._has_warned = True
            where = paths(signature.structure)
            names = [argument_name(self._function, where[place]) for place in places]
            warnings.warn(
                f"The captured {self._name} is run as it is and planned anew for each value of "
                f"{' and '.join(names)}, which is slower than no capture. Pass it as a NumPy "
                f"number of the dtype you compute in, such as np.float32({names[0]}): a replay "
                "reads that anew.",
                RuntimeWarning,
                stacklevel=5,  # the user's call of the captured function
            )
