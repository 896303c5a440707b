"""Verdicts and the report that carries them.

>>> Verdict.OK.passed, Verdict.WRONG.passed
(True, False)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tinygrad_mnist.errors import TinygradError
from tinygrad_mnist.notebook import html_table


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


@dataclass(frozen=True, repr=False)
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

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table that it is, by its ``COLUMNS``."""
        slopes = (
            f"{self.analytic:.7g}",
            f"{self.numeric:.7g}",
            f"{self.left:.5g}",
            f"{self.right:.5g}",
        )
        return self.place, *slopes, f"{self.error:.1e}", f"{self.relative:.1e}", f"{self.bound:.1e}"

    def __repr__(self) -> str:
        return _line(self.cells)


def _ratio(error: float, size: float) -> float:
    """Return what part of a size an error is: 0 of nothing if there is none."""
    ratio = error / size if error and size else error and math.inf
    return ratio if math.isfinite(ratio) else math.inf


COLUMNS = {
    "at": "<16",
    "analytic": ">14",
    "numeric": ">14",
    "left": ">12",
    "right": ">12",
    "error": ">10",
    "relative": ">10",
    "bound": ">10",
}
"""Of the table of elements: heads and widths."""


def _line(cells: Iterable[str]) -> str:
    return "".join(f"{cell:{width}}" for cell, width in zip(cells, COLUMNS.values(), strict=True))


@dataclass(frozen=True, repr=False)
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

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table that it is: name, verdict, worst error, bound, note."""
        error, bound = "", ""
        if self.worst and self.worst.measured:
            error, bound = f"{self.worst.error:.1e}", f"{self.worst.bound:.1e}"
        return self.name, str(self.verdict), error, bound, self.note

    def __repr__(self) -> str:
        name, verdict, error, bound, note = self.cells
        found = f" worst error {error}, bound {bound}" if error else ""
        return f"{name:<12} {verdict:<17}{found}  {note}".rstrip()


@dataclass(frozen=True, repr=False)
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

    def __repr__(self) -> str:
        lines = [f"  {argument}" for argument in self._gravest_first[:10]]
        if len(self.arguments) > 10:
            lines.append(f"  and {len(self.arguments) - 10} more arguments")
        title, elements = self._shown
        if title:
            lines += [f"  {title}:", f"    {_line(COLUMNS)}", *(f"    {e}" for e in elements)]
        return "\n".join([self._headline, *lines, *(f"  {remark}" for remark in self._remarks)])

    def _repr_html_(self) -> str:
        heads = ["argument", "verdict", "worst error", "bound", ""]
        rows = [argument.cells for argument in self._gravest_first]
        title, elements = self._shown
        remarks = "\n".join(self._remarks)
        html = html_table(heads, rows, above=self._headline, below="" if title else remarks)
        if title:
            rows = [element.cells for element in elements]
            html += html_table([*COLUMNS], rows, above=f"{title}:", below=remarks)
        return html

    @property
    def _gravest_first(self) -> list[ArgumentReport]:
        return sorted(self.arguments, key=lambda a: GRAVITY.index(a.verdict))

    @property
    def _by_convention(self) -> bool:
        return self.verdict is Verdict.KINK and bool(self.rule)

    @property
    def _headline(self) -> str:
        meaning = BY_CONVENTION if self._by_convention else self.verdict.meaning
        return f"{self.verdict}: {self.derivative} of {self.function}: {meaning}."

    @property
    def _shown(self) -> tuple[str, tuple[Element, ...]]:
        """What elements are shown, in words, and these; no words if none are."""
        if self.verdict is Verdict.OK or not self.worst:
            return "", ()
        name = self.worst[0]
        elements = next(a.elements for a in self._gravest_first if a.name == name)
        if self.verdict is Verdict.KINK and not self._by_convention:
            return f"at a kink of {name}", tuple(e for e in elements if e.kink)
        return f"the worst of {name}", elements

    @property
    def _remarks(self) -> list[str]:
        lines = []
        if self.cause:
            lines.append(f"likely cause: {self.cause}.")
        if self.rule:
            what = "at its kink" if self.verdict in _RIGHT_ELSEWHERE else "first wrong rule"
            what = "first non-finite step" if self.verdict is Verdict.NON_FINITE else what
            lines.append(f"{what}: {self.rule}.")
        if math.isfinite(self.taylor):
            lines.append(
                f"Taylor remainder falls like h^{self.taylor:.2f} "
                "(2 or more: right; 1: wrong, or a kink)."
            )
        return lines


class GradientCheckError(TinygradError, AssertionError):
    """A gradient failed its check; ``report`` says how, and is the message."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report
