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

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import update_wrapper
from types import ModuleType
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np

from tinygrad_mnist.arguments import integer, real
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import open_no_grads
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.replay.draws import GENERATORS, Draws
from tinygrad_mnist.replay.plan import Plan
from tinygrad_mnist.replay.program import Program, with_constants_folded, without_dead_code
from tinygrad_mnist.replay.recorder import Conditions, Recorder
from tinygrad_mnist.replay.signature import (
    Call,
    Results,
    Signature,
    argument_name,
    call_of,
    differing_numbers,
    paths,
    results_of,
    unflatten,
)
from tinygrad_mnist.replay.verify import run_both_ways

MOST_SIGNATURES = 32
"""Signatures a captured function has plans for; the one made first is let go."""
MOST_VARIANTS = 4
"""Plans kept of one signature, for other conditions."""


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
    >>> [step(np.array([0.0, 0.0])).item() for _ in range(3)]
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
    array = real(tape.watcher.get().host(source), "What the source of a host() value returns")
    array.flags.writeable = False
    return Tensor.of(array, None)


class Replay(NamedTuple):
    """What further calls of one signature are: the plan, when it applies, and what they return.

    ``recorded`` is what the function did in the first one, before any pass.
    """

    recorded: Program
    plan: Plan
    conditions: Conditions
    results: Results

    def run(self, arrays: Sequence[Array], given: Sequence[Any] = ()) -> Any:
        """Run the plan on these arguments and return what the function would have returned."""
        return self.results.build(self.plan.run(arrays), given)


class Captured:
    """A captured function; see `capture`."""

    def __init__(self, function: Callable[..., Any], verify: int = 0) -> None:
        if not callable(function):
            raise CaptureError(f"capture takes a function. Received: {function!r:.60}.")
        update_wrapper(self, function)
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self._verify = verify
        self._replays: dict[Signature, list[Replay]] = {}
        self._last: tuple[tuple[str, ...], Signature, Replay] | None = None
        self._has_warned = False
        self._lock = threading.Lock()
        self._thread: int | None = None  # the one that has the lock
        _captured.add(self)

    @property
    def plans(self) -> list[Plan]:
        """The plans made so far, one for each signature."""
        return [replay.plan for group in self._replays.values() for replay in group]

    def __repr__(self) -> str:
        count = len(self.plans)
        return f"<captured {self.name}, {count} plan{'s' * (count != 1)}>"

    def __reduce__(self) -> Any:
        raise CaptureError(
            f"The captured {self.name} cannot be copied or pickled: its plans are bound to the "
            "memory of the Parameters it uses. Copy what it was captured from, its .function, and "
            "capture that."
        )

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        raise CaptureError(
            f"{self.name} is a method; capture it bound, as in step = capture(trainer.step), so "
            "that each object has plans of its own."
        )

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        """Call the function, or replay it."""
        if tape.watcher.get().rules_on_tensors:  # inside another captured function: part of it
            return self.function(*arguments, **keywords)
        if self._thread == threading.get_ident():
            raise CaptureError(
                f"The captured {self.name} was called by the source of one of its own host() "
                "values, while it was running. Call what it was captured from instead."
            )
        with self._lock:
            try:
                self._thread = threading.get_ident()
                return self._call(arguments, keywords)
            finally:
                self._thread = None

    def _call(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Replay the plan of this signature; where there is none, run the function and make one."""
        given = (*arguments, *keywords.values())
        if replay := self._last_replay_if_alike(given, tuple(keywords)):
            return replay.run(given)
        call = call_of(arguments, keywords)
        replay = self._replay_of(call.signature)
        if replay is None:
            return self._run_and_plan(call)
        if self._verify > 0:
            self._verify -= 1
            outputs = run_both_ways(
                replay.recorded, replay.plan, call.fed, lambda: self._record(call)[:2]
            )
            return replay.results.build(outputs, call.leaves)
        if all(type(argument) is np.ndarray for argument in given):
            self._last = tuple(keywords), call.signature, replay
        return replay.run(call.fed, call.leaves)

    def _last_replay_if_alike(self, given: Sequence[Any], names: tuple[str, ...]) -> Replay | None:
        """The last replay, if these are plain arrays of the same signature and it applies.

        ``given`` are the positional arguments and then the keywords, called ``names``. Most calls
        of a loop are thus spared `call_of`.
        """
        if self._last is None:
            return None
        last_names, (_, parts, recording), replay = self._last
        if names != last_names or len(given) != len(parts):
            return None
        if recording is bool(open_no_grads.get()):
            return None
        for array, part in zip(given, parts, strict=True):
            if type(array) is not np.ndarray or not array.flags.c_contiguous:
                return None
            if (array.shape, array.dtype, False) != part:
                return None
        return replay if replay.conditions.hold() else None

    def _replay_of(self, signature: Signature) -> Replay | None:
        """The replay of this signature that applies, or None if the function is to be run.

        Raises
        ------
        CaptureError
            If an argument cannot be compared with others.
        """
        try:
            group = self._replays.get(signature)
        except TypeError:
            raise CaptureError(
                f"The arguments of the captured {self.name} that are not arrays must be hashable, "
                f"since they tell its plans apart. Received: {signature.parts!r:.200}."
            ) from None
        if group is None:
            self._warn_of_numbers(signature)
            return None
        return next((replay for replay in group if replay.conditions.hold()), None)

    def _warn_of_numbers(self, signature: Signature) -> None:
        """Say once that plans come and go because of numbers of Python that change."""
        if self._has_warned or len(self._replays) < MOST_SIGNATURES:
            return
        names = differing_numbers(signature, next(iter(self._replays)), self.function)
        if names:
            self._has_warned = True
            warnings.warn(
                f"The captured {self.name} is run as it is and planned anew for each value of "
                f"{' and '.join(names)}, which is slower than no capture. Pass it as a NumPy "
                f"number of the dtype you compute in, such as np.float32({names[0]}): a replay "
                "reads that anew.",
                RuntimeWarning,
                stacklevel=5,  # the user's call of the captured function
            )

    def _run_and_plan(self, call: Call) -> Any:
        """Run the function, and keep a plan of what it did; the oldest go where there are many."""
        recorder, recorded, results = self._record(call)
        if not recorder.has_moved:
            program = with_constants_folded(without_dead_code(recorded), recorder.values)
            replay = Replay(recorded, Plan(program), recorder.conditions, results)
            group = self._replays.pop(call.signature, [])
            self._replays[call.signature] = [*group[-MOST_VARIANTS + 1 :], replay]
            if len(self._replays) > MOST_SIGNATURES:
                del self._replays[next(iter(self._replays))]
        outputs = [recorder.values[slot].copy(order="K") for slot in recorded.outputs]
        return results.build(outputs, call.leaves)

    def _refuse_changeable(self, name: str, leaf: Any) -> None:
        """Raise where a replay would go on with what an argument was in this one call."""
        kind = type(leaf)
        by_identity = object.__hash__ is kind.__hash__  # type: ignore[comparison-overlap]
        if isinstance(leaf, (Iterator, np.random.BitGenerator, *GENERATORS)) or (
            by_identity
            and hasattr(leaf, "__dict__")
            and not callable(leaf)
            and not isinstance(leaf, ModuleType)
            and not hasattr(leaf, "state_dict")  # an optimizer, whose state is read anew
        ):
            raise CaptureError(
                f"The argument {name} of the captured {self.name} is a {kind.__name__}, which may "
                "be another one at the next call without a replay seeing it. Pass the arrays and "
                "numbers that are used of it, or read it in a host() value."
            )

    def _record(self, call: Call) -> tuple[Recorder, Program, Results]:
        """Run the function and write down what it does."""
        recorder, structure = Recorder(Draws(self.function)), call.signature.structure
        with tape.watching(recorder):
            inside = []
            for path, leaf, array in zip(paths(structure), call.leaves, call.arrays, strict=True):
                name = argument_name(self.function, path)
                if array is None:
                    self._refuse_changeable(name, leaf)
                else:
                    trained = isinstance(leaf, Tensor) and leaf.requires_grad
                    leaf = recorder.argument(name, array, requires_grad=trained)
                inside.append(leaf)
            arguments, keywords = unflatten(structure, inside)
            try:
                tensors, results = results_of(self.name, self.function(*arguments, **keywords))
            finally:
                recorder.settle()
        results.seal([*recorder.read.values()])
        return recorder, recorder.program(self.name, tensors), results


_captured: WeakSet[Captured] = WeakSet()


def _unlock_in_child() -> None:
    """Unlock what other threads were running when this process was forked: it has none of them."""
    for captured in _captured:
        if captured._thread != threading.get_ident():
            captured._lock, captured._thread = threading.Lock(), None


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_unlock_in_child)
