"""Conventions: what a function's derivative is made of where one of its steps is at a kink.

``abs(x) * abs(x)`` is as smooth as ``x * x``. But at 0 the rule of ``abs`` takes 0, one of the
slopes that are possible there, for its derivative, and so the second derivative of the product is
0 by the rules, and 2 by differences. No rule is wrong: each step is right by itself, and so is the
derivative beside 0.

>>> from tinygrad_mnist.testing.check import check_grads
>>> def squared(x):
...     return abs(x) * abs(x)
>>> report = check_grads(squared, np.array([0.0, 1.0]))
>>> print(report.verdict, report.order, report.rule)  # doctest: +ELLIPSIS
KINK 2 absolute (...)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.lines import users_line
from tinygrad_mnist.testing.subject import Subject

BESIDE = "beside this point it agrees: a step is at its kink here, and its convention was used"
RIGHT_BESIDE = (
    "beside this point it agrees: an operation within is at its kink here, or a condition "
    "chooses by what holds here alone"
)


class Applied(NamedTuple):
    """A primitive that a function applied to its arguments, or to what came of them."""

    primitive: Primitive
    arrays: Sequence[Any]
    static: dict[str, Any]
    value: Array
    positions: Sequence[int]
    line: str
    purpose: str = ""

    @property
    def name(self) -> str:
        """What was applied, of a question for which choice, and where."""
        return f"{self.primitive.name}{self.purpose} ({self.line})"

    @property
    def moved(self) -> list[Array]:
        """The operands at the positions, by which it is differentiated."""
        return [self.arrays[i] for i in self.positions]

    @property
    def alone(self) -> Subject:
        """The primitive as a function of these operands, whatever it is a part of."""

        def alone(*moved: Any) -> Any:
            operands = dict(enumerate(self.arrays)) | dict(zip(self.positions, moved, strict=True))
            return self.primitive(*operands.values(), **self.static)

        return Subject(alone)


class Steps(tape.Watcher):
    """Notes what is applied to what a gradient is asked by, in comparisons too."""

    def __init__(self) -> None:
        self.noted: list[Applied] = []

    def applied(self, primitive: Any, operands: Any, arrays: Any, static: Any, value: Any) -> None:
        """Note what was applied, and where."""
        tracked = [i for i, one in enumerate(operands) if getattr(one, "requires_grad", False)]
        if tracked:
            self.noted.append(Applied(primitive, arrays, static, value, tracked, users_line()))
        super().applied(primitive, operands, arrays, static, value)


def applied_in(subject: Subject, arrays: Sequence[Array]) -> list[Applied]:
    """Return the steps of a function of this engine, in the order in which they were applied."""
    steps = Steps()
    if subject.by_engine:
        with tape.watching(steps):
            subject.output(arrays)
    users = {id(a): step.primitive.name for step in reversed(steps.noted) for a in step.arrays}
    return [
        step._replace(purpose=f", for {users[id(step.value)]}")
        if step.value.dtype.kind != "f" and id(step.value) in users
        else step
        for step in steps.noted
    ]


def beside(
    arrays: Sequence[Array], epsilon: float, generator: np.random.Generator
) -> Iterator[list[Array]]:
    """Yield the floating arrays moved to one side and to the other, then all up and all down.

    An element is moved by a small part of its size, or of 1 if it is 0: farther than differences
    reach of a function that rounds by epsilon, but not out of where the function is defined. No
    two are moved equally, so that what is equal is so no longer.
    """
    moves = [
        np.where(a == 0, 1.0, a) * epsilon ** (1 / 6) * generator.uniform(0.5, 1.5, a.shape)
        for a in arrays
    ]
    mixed = [move * generator.choice([-1.0, 1.0], move.shape) for move in moves]
    for move in (mixed, [-one for one in mixed], moves, [-one for one in moves]):
        yield [
            np.asarray(a + one, a.dtype) if a.dtype.kind == "f" else a
            for a, one in zip(arrays, move, strict=True)
        ]
