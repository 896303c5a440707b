"""Verdicts and the report that carries them.

>>> Verdict.OK.passed, Verdict.WRONG.passed
(True, False)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from tinygrad_mnist.errors import TinygradError


class Verdict(Enum):
    """What a check found, the gravest first: a report has the gravest of its arguments'."""

    SHAPE_OR_DTYPE = "SHAPE-OR-DTYPE"
    NONDETERMINISTIC = "NONDETERMINISTIC"
    NON_FINITE = "NON-FINITE"
    WRONG = "WRONG"
    PRECISION_LIMITED = "PRECISION-LIMITED"
    KINK = "KINK"
    OK = "OK"

    @property
    def passed(self) -> bool:
        """Whether the gradient was seen to be right, or at a kink to be a possible one."""
        return self in (Verdict.OK, Verdict.KINK)

    @property
    def meaning(self) -> str:
        """One sentence for the report."""
        return _MEANINGS[self]

    def __str__(self) -> str:
        return self.value


GRAVITY = list(Verdict)
_MEANINGS = {
    Verdict.SHAPE_OR_DTYPE: "a gradient has not the shape and dtype of its argument",
    Verdict.NONDETERMINISTIC: "the same arguments gave two results, so differences mean nothing",
    Verdict.NON_FINITE: "the function, its slope or a gradient is infinite or NaN here",
    Verdict.WRONG: "a gradient differs from the differences by more than its bound",
    Verdict.PRECISION_LIMITED: "nothing was seen to be wrong, but rounding would hide it",
    Verdict.KINK: "not differentiable here; any slope between left and right is accepted",
    Verdict.OK: "every gradient agrees with the differences",
}
_RIGHT_ELSEWHERE = Verdict.PRECISION_LIMITED, Verdict.KINK
BY_CONVENTION = "made of the convention of a step at its kink; the function may have another"


@dataclass(frozen=True)
class Element:
    """One comparison: of the derivative by an element, or along a direction (index None).

    The bound is infinite where the differences do not converge at any step. It is ``unsure``
    where the function may move in steps of its own: it stands still within a small step, the usual
    one roughly agrees with the gradient, or the complex step alone does not.
    """

    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    left: float
    right: float
    bound: float
    kink: bool = False
    unsure: bool = False

    @property
    def error(self) -> float:
        """The distance from the differences; at a kink, from what lies between the slopes."""
        if self.kink:
            slopes = [value for value in (self.left, self.right) if math.isfinite(value)]
            if not slopes:
                return math.inf
            return max(min(slopes) - self.analytic, self.analytic - max(slopes), 0.0)
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """The error relative to the numeric derivative; infinite if that alone is zero."""
        return _ratio(self.error, abs(self.numeric))

    @property
    def measured(self) -> bool:
        """Whether there is a slope: no jump, and finite values on both sides."""
        return math.isfinite(self.numeric)

    @property
    def unbounded(self) -> bool:
        """Whether there is no telling right from wrong: differences do not converge."""
        return math.isinf(self.bound)

    @property
    def wrong(self) -> bool:
        """Whether the error is above the bound, or is NaN."""
        return not self.error <= self.bound

    @property
    def severity(self) -> float:
        """The error in bounds."""
        return _ratio(self.error, self.bound)

    @property
    def place(self) -> str:
        """The index, or what stands for it along a direction."""
        return "direction" if self.index is None else str(list(self.index))

    def __str__(self) -> str:
        return (
            f"{self.place:<16}{self.analytic:>14.7g}{self.numeric:>14.7g}{self.left:>12.5g}"
            f"{self.right:>12.5g}{self.error:>10.1e}{self.relative:>10.1e}{self.bound:>10.1e}"
        )


def _ratio(error: float, size: float) -> float:
    """Return what part of a size an error is: 0 of nothing if there is none."""
    ratio = error / size if error and size else error and math.inf
    return ratio if math.isfinite(ratio) else math.inf


HEADINGS = (
    f"{'at':<16}{'analytic':>14}{'numeric':>14}{'left':>12}{'right':>12}{'error':>10}"
    f"{'relative':>10}{'bound':>10}"
)


@dataclass(frozen=True)
class ArgumentReport:
    """The verdict on the gradient by one argument.

    ``elements`` are compared, first what is wrong, then what is at a kink, the worst of each
    first; ``taylor`` is the power with which the Taylor remainder falls, NaN where it cannot be
    measured.
    """

    name: str
    verdict: Verdict
    elements: tuple[Element, ...] = ()
    note: str = ""
    taylor: float = math.nan

    @property
    def worst(self) -> Element | None:
        """The first comparison."""
        return self.elements[0] if self.elements else None

    def __str__(self) -> str:
        found = f"{self.name:<12} {self.verdict!s:<17}"
        if self.worst and self.worst.measured:
            found += f" worst error {self.worst.error:.1e}, bound {self.worst.bound:.1e}"
        return f"{found}  {self.note}".rstrip()


@dataclass(frozen=True)
class Report:
    """What `check_grads` found.

    Attributes
    ----------
    function
        The name of what was checked.
    verdict
        The gravest verdict of all arguments.
    arguments
        A report per floating argument.
    order
        Which derivative was checked last: the one at fault, if there is one.
    cause
        A guess at what is wrong, from the pattern of the error; empty without one.
    rule
        The first wrong (or non-finite) step of the engine's sweep; empty if none was looked for. If
        nothing is wrong but for conventions, the steps at a kink whose conventions they are.
    """

    function: str
    verdict: Verdict
    arguments: tuple[ArgumentReport, ...] = ()
    order: int = 1
    cause: str = ""
    rule: str = ""

    @property
    def taylor(self) -> float:
        """The lowest power with which an argument's Taylor remainder falls; NaN without one.

        It is 2 or more if the gradient is right, 1 if it is wrong or at a kink.
        """
        found = [a.taylor for a in self.arguments if math.isfinite(a.taylor)]
        return min(found, default=math.nan)

    @property
    def passed(self) -> bool:
        """Whether the gradient was seen to be right, or at a kink to be a possible one."""
        return self.verdict.passed

    @property
    def derivative(self) -> str:
        """What was checked last, in words."""
        return {1: "gradient", 2: "second derivative"}.get(
            self.order, f"derivative of order {self.order}"
        )

    @property
    def worst(self) -> tuple[str, Element] | None:
        """The gravest argument's name and its first comparison; the largest error in bounds."""
        gravest = [a for a in self.arguments if a.verdict is self.verdict]
        found = [(a.name, a.worst) for a in gravest or self.arguments if a.worst]
        return max(found, key=lambda pair: pair[1].severity, default=None)

    def __str__(self) -> str:
        by_convention = self.verdict is Verdict.KINK and bool(self.rule)
        meaning = BY_CONVENTION if by_convention else self.verdict.meaning
        lines = [f"{self.verdict}: {self.derivative} of {self.function}: {meaning}."]
        gravest_first = sorted(self.arguments, key=lambda a: GRAVITY.index(a.verdict))
        lines += [f"  {argument}" for argument in gravest_first[:10]]
        if len(self.arguments) > 10:
            lines.append(f"  and {len(self.arguments) - 10} more arguments")
        if self.verdict is not Verdict.OK and self.worst:
            name = self.worst[0]
            elements = next(a.elements for a in gravest_first if a.name == name)
            shown = "the worst"
            if self.verdict is Verdict.KINK and not by_convention:
                shown, elements = "at a kink", tuple(e for e in elements if e.kink)
            lines += [f"  {shown} of {name}:", f"    {HEADINGS}", *(f"    {e}" for e in elements)]
        if self.cause:
            lines.append(f"  likely cause: {self.cause}.")
        if self.rule:
            what = "at its kink" if self.verdict in _RIGHT_ELSEWHERE else "first wrong rule"
            what = "first non-finite step" if self.verdict is Verdict.NON_FINITE else what
            lines.append(f"  {what}: {self.rule}.")
        if math.isfinite(self.taylor):
            lines.append(
                f"  Taylor remainder falls like h^{self.taylor:.2f} "
                "(2 or more: right; 1: wrong, or a kink)."
            )
        return "\n".join(lines)


class GradientCheckError(TinygradError, AssertionError):
    """A gradient failed its check; ``report`` says how, and is the message."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report
