"""The plans of one captured function: one for each signature, and the first made are let go."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tinygrad_mnist.errors import CaptureError
from tinygrad_mnist.replay.plan import Plan
from tinygrad_mnist.replay.program import Program
from tinygrad_mnist.replay.returned import Returned
from tinygrad_mnist.replay.signature import Signature, argument_name, differing_numbers
from tinygrad_mnist.replay.structure import paths

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
