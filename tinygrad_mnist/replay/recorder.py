"""The recorder: writes down every primitive that is applied while a captured function runs once.

Arrays are known by identity, and kept alive for as long as the recorder is, so that an identity is
never used twice. An array that is neither an argument, nor a result, nor a parameter is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.arrays import is_unchangeable
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.lines import users_line
from tinygrad_mnist.replay.draws import Draws
from tinygrad_mnist.replay.memory import copy_in_layout
from tinygrad_mnist.replay.poison import refuse_unfilled
from tinygrad_mnist.replay.program import (
    ASSIGN,
    HOST,
    Instruction,
    Program,
    Slot,
    leaf_name,
    memory_of,
)

NUMPYS_ERRSTATE = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


class Recorder(tape.Watcher):
    """What a function did, as it is being done.

    ``values`` are the arrays that slots held: what a replay must reproduce. ``conditions`` tell
    when a plan made of the program applies. ``effects`` are what the sources of ``host`` values
    wrote into parameters, by the slot of that value. ``read`` are the Tensors from outside that a
    gradient flows to.
    """

    def __init__(self, draws: Draws) -> None:
        self.instructions: list[Instruction] = []
        self.arguments: list[Slot] = []
        self.values: dict[Slot, Array] = {}
        self._errstate = np.geterr()
        default = self._errstate == NUMPYS_ERRSTATE
        self.conditions = Conditions([], [], None if default else self._errstate)
        self.effects: dict[Slot, list[tuple[Parameter, Array]]] = {}
        self.read: dict[int, Tensor] = {}
        self._slots: dict[int, Slot] = {}
        self._owners: dict[int, Parameter] = {}
        self._alive: list[Any] = []
        self._assignments: dict[int, int] = {}
        self._gradients: dict[int, tuple[Tensor, Any]] = {}
        self._phase = "forward"
        self._in_source = False
        self._draws = draws

    @property
    def rules_on_tensors(self) -> bool:
        """Yes, but not while a ``host`` value is computed, unless somebody around asks for it."""
        return not self._in_source or super().rules_on_tensors

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Mark what is applied in the block as part of a phase."""
        before = self._phase
        try:
            self._phase = name
            with super().phase(name):
                yield
        finally:
            self._phase = before

    def argument(self, name: str, array: Array, requires_grad: bool) -> Tensor:
        """Return the Tensor that stands for an argument inside the function."""
        tensor = Tensor.of(copy_in_layout(array), None)
        tensor.requires_grad, tensor.name = requires_grad, name
        slot = self._define(tensor._array, "argument", name=name)
        self.arguments.append(slot)
        return tensor

    def applied(
        self,
        primitive: Primitive,
        operands: Sequence[Any],
        arrays: Sequence[Any],
        static: dict[str, Any],
        value: Array,
    ) -> None:
        """Write an instruction down."""
        super().applied(primitive, operands, arrays, static, value)
        if self._in_source:
            return
        for operand in operands:
            tracked = isinstance(operand, Tensor) and operand.requires_grad
            if tracked and (operand.assignable or id(operand._array) not in self._slots):
                self.read[id(operand)] = operand
        slots = tuple(
            self._slot(operand, array) if isinstance(array, np.ndarray) else array
            for operand, array in zip(operands, arrays, strict=True)
        )
        base = slots[0].root if primitive.view and np.may_share_memory(value, arrays[0]) else None
        self._append(primitive, slots, static, self._define(value, "value", base=base))
        refuse_unfilled(self.instructions[-1], arrays, value)

    def assigned(self, parameter: Parameter, value: Any) -> None:
        """Write down that a parameter was assigned."""
        super().assigned(parameter, value)
        if self._in_source:
            return
        array = value._array if isinstance(value, Tensor) else np.asarray(value)
        operand = self._slot(value, array)
        self._watch(parameter)
        root = memory_of(parameter)
        self._assignments[id(root)] = self._assignments.get(id(root), 0) + 1
        for other, _, _ in self.conditions.parameters:
            if memory_of(other) is root:
                self._slots.pop(id(other._array), None)
        result = self._version(parameter)
        self.values[result] = array.astype(parameter.dtype)  # the parameter's own will change
        self._append(ASSIGN, (operand,), {}, result)

    def host(self, source: Callable[[], Any]) -> Array:
        """Write down that an array is computed by Python, and nothing of how it does so."""
        if self._in_source:
            return super().host(source)
        self._refuse_draws()
        aside = Aside()
        try:
            self._in_source = True
            with tape.watching(aside):
                array = super().host(source)
        finally:
            self._in_source = False
            self._draws.renew()
        array.flags.writeable = False
        result = self._define(array, "value")
        self._append(HOST, (), {"source": source}, result)
        self.effects[result] = [(changed, changed._array.copy()) for changed in aside.parameters]
        return array

    def changed(self, owner: Any, what: str) -> None:
        """Raise CaptureError: a replay would not change it again."""
        if not self._in_source:
            which = getattr(owner, "label", f"the {type(owner).__name__}")
            raise CaptureError(
                f"{users_line()}: {what} of {which} inside a captured function would change it in "
                "this one call, and in no replay. Change it between calls, or in host(); a "
                "Parameter by assign()."
            )
        super().changed(owner, what)

    def asked(self, tensor: Tensor, what: str) -> None:
        """Raise CaptureError if another call would give this tensor another value."""
        slot = self._slots.get(id(tensor._array))
        if tensor.assignable or (slot is not None and slot.origin != "constant"):
            made = [one for one in self.instructions if one.result is slot]
            which = f"a {tensor.label}"
            if made:
                which = f"the result of {made[0].primitive.name} ({made[0].line}), {which},"
            raise CaptureError(
                f"{users_line()}: {what} of {which} inside a captured function would freeze "
                "the value it has in this one call. Return the tensor and convert it outside, or "
                "choose with np.where."
            )
        super().asked(tensor, what)

    def gradient(self, leaf: Tensor) -> Any:
        """Return the gradient of a leaf as it is at this place of the function."""
        if id(leaf) not in self._gradients:
            before = super().gradient(leaf)
            self.conditions.gradients.append((leaf, before is None))
            if before is not None:
                name = f"grad of {leaf_name(leaf)}"
                before = Tensor(before, name=name)
                self._define(before._array, "gradient", content=leaf, name=name)
            self._gradients[id(leaf)] = leaf, before
        return self._gradients[id(leaf)][1]

    def set_gradients(self, leaves: Sequence[Tensor], values: Sequence[Any]) -> None:
        """Set the gradients of leaves from this place of the function on."""
        for leaf in leaves:
            slot = self._slots.get(id(leaf._array))
            if slot is not None and slot.origin == "argument":
                raise CaptureError(
                    f"{users_line()}: backward() inside a captured function cannot leave a "
                    f"gradient on its argument {leaf.name}; use gradients(output, [{leaf.name}]) "
                    "and return what it returns."
                )
        entries = {
            id(leaf): (leaf, None if value is None else self._unchanging(value))
            for leaf, value in zip(leaves, values, strict=True)
        }
        self._gradients.update(entries)  # at once: an interruption leaves all of them or none

    def _unchanging(self, value: Any) -> Tensor:
        """Return an array or a Tensor as one that no later assignment changes."""
        if isinstance(value, np.ndarray):
            return Tensor(value)
        if self._slot(value, value._array).root.origin != "parameter":
            return value  # type: ignore[no-any-return]
        with no_grad():
            return np.positive(value)  # type: ignore[no-any-return]

    @property
    def has_moved(self) -> bool:
        """Whether a parameter was moved to other memory, so that no plan would ever apply."""
        watched = self.conditions.parameters
        return any(parameter._storage is not storage for parameter, storage, _ in watched)

    def settle(self) -> None:
        """Leave the gradients on the leaves, as the function itself would have."""
        leaves = [leaf for leaf, _ in self._gradients.values()]
        values = [
            None if value is None else value._array.copy() for _, value in self._gradients.values()
        ]
        super().set_gradients(leaves, values)

    def program(self, name: str, outputs: Sequence[Tensor]) -> Program:
        """Return what was written down."""
        self._refuse_draws()
        gradients = tuple(
            (leaf, None if value is None else self._slot(value, value._array))
            for leaf, value in self._gradients.values()
        )
        fetched = tuple(self._slot(tensor, tensor._array) for tensor in outputs)
        arguments, instructions = tuple(self.arguments), tuple(self.instructions)
        return Program(name, arguments, instructions, fetched, gradients)

    def _append(
        self, primitive: Primitive, operands: tuple[Any, ...], static: dict[str, Any], result: Slot
    ) -> None:
        self._refuse_draws()
        line, errstate = users_line(), {**np.geterr()}
        special = self._phase == "backward" or errstate != self._errstate
        self.instructions.append(
            Instruction(
                primitive,
                operands,
                static,
                result,
                self._phase,
                line,
                errstate if special else None,
            )
        )

    def _refuse_draws(self) -> None:
        name = self._draws.drawn()
        if name is not None:
            raise CaptureError(
                f"{users_line()}: by here the captured function had drawn from {name}, and each "
                "replay would repeat the numbers of this one call. Draw in host(), as in "
                f"host(lambda: {name}.normal(size=x.shape)), or pass the numbers as an argument."
            )

    def _define(self, array: Array, origin: str, **attributes: Any) -> Slot:
        slot = Slot(origin, array.shape, array.dtype, array.strides, **attributes)
        self._slots[id(array)] = slot
        self._alive.append(array)
        self.values[slot] = array
        return slot

    def _slot(self, operand: Any, array: Array) -> Slot:
        slot = self._slots.get(id(array))
        if slot is None:  # the backward phase meets the array of a parameter without it
            parameter = operand if isinstance(operand, Parameter) else self._owners.get(id(array))
            if parameter is not None:
                self._watch(parameter)
                slot = self._version(parameter)
        if slot is None:
            if not isinstance(operand, Tensor) and not is_unchangeable(array):
                array = copy_in_layout(array)  # which is never met again
            slot = self._define(array, "constant", content=array)
        return slot

    def _version(self, parameter: Parameter) -> Slot:
        version = self._assignments.get(id(memory_of(parameter)), 0)
        self._owners[id(parameter._array)] = parameter
        return self._define(
            parameter._array,
            "parameter",
            content=parameter,
            version=version,
            name=leaf_name(parameter),
        )

    def _watch(self, parameter: Parameter) -> None:
        """Note a parameter whose memory a plan is bound to, and what would make that plan wrong."""
        if all(parameter is not known for known, _, _ in self.conditions.parameters):
            state = parameter, parameter._storage, parameter.requires_grad
            self.conditions.parameters.append(state)
            for member in parameter._slices:  # another optimizer may take them out of the vector
                self._watch(member)


class Conditions(NamedTuple):
    """Under which a plan is right: what it is bound to is as it was when it was recorded.

    Attributes
    ----------
    parameters
        ``(parameter, memory, requires_grad)``: where each lies, and whether it is trained.
    gradients
        ``(leaf, missing)``: whether a leaf that the function adds to has no gradient before.
    errstate
        What ``np.geterr()`` was around the call, if not what NumPy begins with: blocks of the same
        setting within the function cannot be told from it then.
    """

    parameters: list[tuple[Parameter, Array, bool]]
    gradients: list[tuple[Tensor, bool]]
    errstate: Any

    def hold(self) -> bool:
        """Whether all of them are met."""
        for parameter, storage, required in self.parameters:
            if parameter._storage is not storage or parameter.requires_grad is not required:
                return False
        for leaf, missing in self.gradients:
            if (leaf._grad is None) is not missing:
                return False
        return self.errstate is None or self.errstate == np.geterr()


class Aside(tape.Watcher):
    """Sees to it that the source of a ``host`` value uses nothing that is of one call only."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []

    def assigned(self, parameter: Parameter, value: Any) -> None:
        """Note a parameter that the source changes: a verified replay must find it changed too."""
        self.parameters.append(parameter)
        super().assigned(parameter, value)

    def changed(self, owner: Any, what: str) -> None:
        """Note it likewise."""
        if isinstance(owner, Parameter):
            self.parameters.append(owner)
        super().changed(owner, what)

    def asked(self, tensor: Tensor, what: str) -> None:
        """Allow to look at parameters, which are as they will be when a replay comes here."""
        if not tensor.assignable:
            super().asked(tensor, what)

    def gradient(self, leaf: Tensor) -> Any:
        """Refuse: what is there is of another call."""
        raise CaptureError(
            f"{users_line()}: the source of a host() value inside a captured function used the "
            f"gradient of {leaf.label}, which a replay has not left there yet. Pass through the "
            "function what depends on it."
        )

    def set_gradients(self, leaves: Sequence[Tensor], values: Sequence[Any]) -> None:
        """Refuse likewise."""
        if leaves:
            self.gradient(leaves[0])
