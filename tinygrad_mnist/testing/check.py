"""`check_grads`: is a gradient right? `assert_grads`: raise if it is not.

>>> import numpy as np
>>> print(check_grads(np.tanh, np.array([0.5, -1.0]), order=1).verdict)
OK
>>> halved = check_grads(lambda x: (x**2).sum(), np.array([1.0, 2.0]), gradient=lambda x: x)
>>> print(halved.verdict)
WRONG
>>> halved.cause.partition(":")[0]
'it is half of the right one'
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import integer, plain, without_mask
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.errors import ArgumentError, RuleError, plainly
from tinygrad_mnist.testing import cause
from tinygrad_mnist.testing.compare import (
    LINEAR,
    NEGLIGIBLE,
    Contraction,
    Opinion,
    Projection,
    numeric_gradient,
)
from tinygrad_mnist.testing.convention import BESIDE, RIGHT_BESIDE, Applied, applied_in, beside
from tinygrad_mnist.testing.differences import COMPLEX_STEP, random_direction
from tinygrad_mnist.testing.kinks import contradiction
from tinygrad_mnist.testing.subject import Subject
from tinygrad_mnist.testing.sweep import ALL_RIGHT, first_wrong_rule
from tinygrad_mnist.testing.verdict import (
    GRAVITY,
    ArgumentReport,
    GradientCheckError,
    Report,
    Verdict,
)

NO_RULE_WRONG = (
    "the differences disagree, but every rule agrees with its kernel, and the Taylor remainder "
    "with the gradient: the function moves in steps, or rounds within"
)
ENOUGH = Verdict.OK, Verdict.PRECISION_LIMITED
"""Nothing was seen that is not right."""
WHOLE_JACOBIAN_UP_TO = 64
"""Elements of a Jacobian that is checked row by row, after one random combination of its rows."""


def check_grads(
    function: Callable[..., Any],
    *arrays: Any,
    gradient: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    order: int = 2,
    seed: int = 0,
) -> Report:
    """Compare the gradients of a function with differences in float64.

    A derivative that disagrees because a step of the function is at a kink, whose convention the
    rules take, is no wrong one: its verdict is KINK, and ``rule`` names the step.

    Parameters
    ----------
    function
        A function of the arrays. It is given Tensors and must return one, unless ``gradient`` or
        ``vjp`` is given: then it is any NumPy function.
    arrays
        Where to check, Parameters too; gradients are taken by the floating ones.
    gradient
        ``gradient(*arrays)``, a person's own, of a function with a single result: an array, or a
        tuple or list with one per floating argument.
    vjp
        ``vjp(cotangent, *arrays)``, likewise, for a result of any shape: of
        ``sum(cotangent * result)``. The cotangent is random, for a sum would hide errors.
    order
        Up to which derivative the engine's are checked; a person's own only to the first.
    seed
        Of the cotangent and the directions.

    Raises
    ------
    ArgumentError
        If there is no floating array, what should be a function or a whole number is none, or the
        function returns no Tensor, or no real numbers where ``gradient`` or ``vjp`` is given;
        if ``gradient`` or ``vjp`` raises anything.
    DTypeError
        If an array, or what a function returns, is masked; if an array is an np.matrix.
    """
    subject = Subject(function, gradient, vjp)
    if any(inspect.isroutine(a) for a in arrays):
        raise ArgumentError(
            "check_grads received a function where an array belongs. A gradient written by hand "
            "is given by name, as in check_grads(f, x, gradient=df)."
        )
    for name, number, least in (("order", order, 1), ("seed", seed, 0)):
        integer(name, number, least=least)
    given = [_copy_of(a) for a in arrays]
    if not any(a.dtype.kind == "f" for a in given):
        raise ArgumentError(
            "check_grads needs at least one floating array, to differentiate by. Received: "
            f"{', '.join(f'an array of {a.dtype}' for a in given) or 'no array'}."
        )
    names = subject.argument_names(len(given))
    names = [name for name, a in zip(names, given, strict=True) if a.dtype.kind == "f"]
    with np.errstate(all="ignore"):  # what is not finite gets a verdict
        for check in _by_order(subject, given, names, order if subject.by_engine else 1, seed):
            report = check.report()
            if report.verdict is Verdict.OK and check.subject.order == 1:
                rows = (check.of_row(row).report() for row in check.rows)
                # A row may be too small beside the others to tell much; together they told enough.
                report = next((r for r in rows if r.verdict not in ENOUGH), report)
            if report.verdict is not Verdict.OK:
                break
    return replace(report, order=check.subject.order)


def _by_order(
    subject: Subject,
    given: Sequence[Array],
    names: Sequence[str],
    order: int,
    seed: int,
    row: int | None = None,
) -> Iterator[Examination]:
    """Yield the examinations of the first derivative, the second and so on, as long as asked."""
    for level in range(1, order + 1):
        check = Examination(subject, given, names, seed + level, row)
        yield check
        if not check.differentiable:
            return
        weights = [check.generator.standard_normal(given[i].shape) for i in check.floating]
        given = check.arrays
        subject = subject.derivative(weights, check.cotangent)


def _copy_of(array: Any) -> Array:
    try:
        with no_grad():  # a Parameter says where to check, and is no part of the function
            return np.array(plain("An argument", array))
    except ValueError as error:
        raise ArgumentError(f"An argument cannot be made an array: {plainly(error)}.") from None


def assert_grads(function: Callable[..., Any], *arrays: Any, **options: Any) -> Report:
    """Return the report of `check_grads`, or raise if the gradient was not seen to be right.

    Raises
    ------
    GradientCheckError
        An AssertionError with the report, unless its verdict is OK or KINK.
    """
    report = check_grads(function, *arrays, **options)
    if not report.passed:
        raise GradientCheckError(report)
    return report


class Examination:
    """One order of derivative of one function at one point.

    The cotangent is random, or picks out one ``row`` of the Jacobian.
    """

    def __init__(
        self,
        subject: Subject,
        given: Sequence[Array],
        names: Sequence[str],
        seed: int,
        row: int | None = None,
    ) -> None:
        self.subject, self.given, self.names, self.seed, self.row = subject, given, names, seed, row
        self.generator = np.random.default_rng(seed)
        self.wider = np.random.default_rng([seed, 1])  # of directions for the Taylor remainder
        self.floating = [i for i, a in enumerate(given) if a.dtype.kind == "f"]
        self.arrays = subject.in_float64(given)
        self.value = subject.value(self.arrays)
        # Away from zero, so that no element of the result is looked at less than the others.
        draw = random_direction(self.generator, self.value.shape)
        self.cotangent = draw * np.sqrt(max(1, draw.size))
        if subject.gradient is not None:
            self.cotangent = np.ones(self.value.shape)
        if row is not None:
            self.cotangent = np.zeros(self.value.shape)
            self.cotangent.flat[row] = 1.0
        self.contraction = Contraction(
            lambda arrays: subject.value_near(arrays, self.value.shape),
            self.arrays,
            self.cotangent,
            subject.epsilon(self.arrays, self.value),
            subject.scale,
        )
        self.opinions: dict[int, Opinion] = {}
        self.gradients: list[Array] = []
        self.doubled: list[Array] = []

    def of_row(self, row: int) -> Examination:
        """Return the examination of one row of the Jacobian."""
        return Examination(self.subject, self.given, self.names, self.seed, row)

    @property
    def differentiable(self) -> bool:
        """Whether the result depends on an argument by way of the engine's tape."""
        return self.subject.by_engine and self.subject.output(self.arrays)[1].requires_grad

    @property
    def rows(self) -> range:
        """The rows of the Jacobian, if it has several but is small."""
        inputs = sum(self.arrays[i].size for i in self.floating)
        small = self.value.size > 1 and self.value.size * inputs <= WHOLE_JACOBIAN_UP_TO
        return range(self.value.size if small else 0)

    def report(self) -> Report:
        """Judge the gradient by every argument; look for cause and rule if one is wrong."""
        report = self.judgement()
        wrong = report.verdict is Verdict.WRONG
        if wrong:
            k = next(i for i, a in enumerate(report.arguments) if a.verdict is Verdict.WRONG)
            report = replace(report, cause=self._cause(k))
        finite = all(np.isfinite(gradient).all() for gradient in self.gradients)
        if self.subject.by_engine and (wrong or not finite):
            fault = first_wrong_rule(self.subject, self.arrays, self.cotangent)
            report = replace(report, rule=fault.rule, cause=fault.cause or report.cause)
            if fault is not ALL_RIGHT:
                return report
            if report.taylor > LINEAR:
                return _limited(report, Verdict.PRECISION_LIMITED, NO_RULE_WRONG)
        return self._with_conventions(report) if wrong else report

    def judgement(self) -> Report:
        """Judge the gradient by every argument."""
        if not self._value_is_the_same():
            return self._verdict(Verdict.NONDETERMINISTIC, "two runs differ")
        try:
            found = self.subject.gradients(self.arrays, self.cotangent)
            again = self.subject.gradients(self.arrays, self.cotangent)
            doubled = self.subject.gradients(self.arrays, 2 * self.cotangent)
            own_dtype = self.subject.value(self.given).dtype
            own = self.subject.gradients(self.given, self.cotangent.astype(own_dtype))
        except RuleError as error:
            return self._verdict(
                Verdict.SHAPE_OR_DTYPE,
                str(error),
                rule=first_wrong_rule(self.subject, self.arrays, self.cotangent).rule,
            )
        misfit = self._misfits(own)
        if misfit:
            return misfit
        found, again, doubled, own = (
            [np.asarray(g) for g in gradients] for gradients in (found, again, doubled, own)
        )
        if any(a.tobytes() != b.tobytes() for a, b in zip(found, again, strict=True)):
            return self._verdict(Verdict.NONDETERMINISTIC, "two gradients differ")
        if not self._value_is_the_same():
            return self._verdict(Verdict.NONDETERMINISTIC, "the gradient changes the next result")
        if not np.isfinite(self.value).all():
            return self._verdict(Verdict.NON_FINITE, "the result itself is not finite")
        self.gradients, self.doubled = found, doubled
        arguments = [self._argument(k, found[k], own[k]) for k in range(len(found))]
        return _gravest(self._together(arguments, found), self.subject.name)

    def _with_conventions(self, report: Report) -> Report:
        """Return the report of what is wrong, though every rule agrees with its kernel.

        Where a step of the function is at a kink, the rules take its convention for its
        derivative, and the function may have another. That is no fault, if beside the kink the
        gradient is right, and if the steps are right each by itself.
        """
        kinks = []
        for step in applied_in(self.subject.origin, self.arrays):
            alone = self._alone(step)
            if alone.verdict is Verdict.WRONG and alone.rule != ALL_RIGHT.rule:
                rule = f"{step.name}, alone, has a wrong {alone.derivative}"
                return replace(report, rule=rule, cause=alone.cause or report.cause)
            if alone.verdict not in ENOUGH:
                kinks.append(step.name)
        if not self._right_beside():
            return report
        if not kinks:
            return replace(report, cause="; ".join(filter(None, (report.cause, RIGHT_BESIDE))))
        report = _limited(report, Verdict.KINK, BESIDE)
        return replace(report, rule=", ".join(dict.fromkeys(kinks)), cause="")

    def _alone(self, step: Applied) -> Report:
        """Judge the derivatives of one step, up to this order, as if it were the function."""
        report, check = self._judged(step.alone, step.moved, [""] * len(step.moved))
        if (report.verdict, report.order) == (Verdict.WRONG, 1):
            fault = first_wrong_rule(check.subject, check.arrays, check.cotangent)
            report = replace(report, rule=fault.rule, cause=fault.cause)
        return report

    def _right_beside(self) -> bool:
        """Whether derivatives are right on both sides of this point, where they can be judged."""
        right = 0
        for arrays in beside(self.arrays, self.contraction.epsilon, self.wider):
            if np.isfinite(self.subject.value_near(arrays, self.value.shape)).all():
                report, _ = self._judged(self.subject.origin, arrays, self.names, self.row)
                if report.verdict is Verdict.WRONG:
                    return False
                right += report.verdict is Verdict.OK
            if right == 2:
                break
        return right > 0

    def _judged(
        self,
        subject: Subject,
        given: Sequence[Array],
        names: Sequence[str],
        row: int | None = None,
    ) -> tuple[Report, Examination]:
        """Judge all derivatives up to this order; return the last report and its examination."""
        for check in _by_order(subject, given, names, self.subject.order, self.seed, row):
            report = replace(check.judgement(), order=check.subject.order)
            if report.verdict is not Verdict.OK:
                break
        return report, check

    def _value_is_the_same(self) -> bool:
        value = self.subject.value(self.arrays)
        return value.shape == self.value.shape and value.tobytes() == self.value.tobytes()

    def _verdict(self, verdict: Verdict, note: str, rule: str = "") -> Report:
        arguments = tuple(ArgumentReport(name, verdict, note=note) for name in self.names)
        return Report(self.subject.name, verdict, arguments, rule=rule)

    def _misfits(self, gradients: list[Any]) -> Report | None:
        """Return a report if a gradient has not the shape and dtype of its argument."""
        count = len(self.floating)
        if len(gradients) != count:
            received = f"{len(gradients)} gradient{'' if len(gradients) == 1 else 's'}"
            note = f"received {received}; must be {count}, one per floating argument"
            return self._verdict(Verdict.SHAPE_OR_DTYPE, note)
        reports, guesses = [], []
        for k, (name, gradient) in enumerate(zip(self.names, gradients, strict=True)):
            like, received = self.given[self.floating[k]], type(gradient).__name__
            array = _array_of(gradient)
            if array is not None:
                received = f"shape {array.shape}, dtype {array.dtype}"
            expected = f"shape {like.shape}, dtype {like.dtype}"
            fits = received == expected
            verdict = Verdict.OK if fits else Verdict.SHAPE_OR_DTYPE
            note = "" if fits else f"received {received}; must be {expected}"
            reports.append(ArgumentReport(name, verdict, note=note))
            if array is not None and array.dtype.kind in "biuf" and array.shape != like.shape:
                x = self.arrays[self.floating[k]].astype(np.float64)
                numeric, bound = numeric_gradient(self._projection(self.floating[k]), x)
                guesses.append(cause.guess(array, numeric, bound=bound))
        if all(r.verdict is Verdict.OK for r in reports):
            return None
        text = next((g for g in guesses if g), "")
        return replace(_gravest(tuple(reports), self.subject.name), cause=text)

    def _argument(self, k: int, gradient: Array, own: Array) -> ArgumentReport:
        name, position = self.names[k], self.floating[k]
        x = self.arrays[position].astype(np.float64)
        for what, array in (("gradient", gradient), ("argument", x)):
            if not np.isfinite(array).all():
                index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                note = f"the {what} at {list(index)} is {array[index]}"
                return ArgumentReport(name, Verdict.NON_FINITE, note=note)
        opinion = Opinion(self._projection(position), x, gradient, self.generator, self.wider)
        self.opinions[position] = opinion
        return opinion.report(name, own)

    def _projection(self, position: int) -> Projection:
        """Return the result, contracted with the cotangent, as a function of one argument."""

        def complex_step(x: Array, direction: Array) -> float:
            moved = {position: x + COMPLEX_STEP * 1j * direction}
            result = self.subject.complex_value(self.contraction.with_others(moved))
            if result is None:
                return math.nan
            return float((self.cotangent * result.imag).sum() / COMPLEX_STEP)

        negligible = NEGLIGIBLE * self.subject.scale
        projection = self.contraction.by(position)
        return replace(projection, complex_step=complex_step, negligible=negligible)

    def _together(
        self, arguments: list[ArgumentReport], gradients: Sequence[Array]
    ) -> tuple[ArgumentReport, ...]:
        """Return the reports, those of arguments whose kinked elements together are wrong changed.

        What an element at a kink is given is looked at along directions that move others too.
        """
        given = dict(zip(self.floating, gradients, strict=True))
        epsilons = [opinion.projection.epsilon for opinion in self.opinions.values()]
        contraction = replace(self.contraction, epsilon=max([self.contraction.epsilon, *epsilons]))
        compared = {position: opinion.elements for position, opinion in self.opinions.items()}
        found = contradiction(contraction, given, compared, self.wider)
        if found is None:
            return tuple(arguments)
        note = f"no subgradient: {found.kinks} elements at a kink, moved together, disagree"
        for k in (self.floating.index(position) for position in found.arguments):
            elements = (found.along, *arguments[k].elements[:4])
            arguments[k] = replace(
                arguments[k], verdict=Verdict.WRONG, elements=elements, note=note
            )
        return tuple(arguments)

    def _cause(self, k: int) -> str:
        opinion = self.opinions[self.floating[k]]
        sizes = [n for a in (*self.arrays, self.value) for n in a.shape]
        return cause.likely(
            self.gradients[k],
            None if self.subject.gradient is not None else self.doubled[k],
            opinion.projection,
            opinion.x,
            opinion.elements,
            sizes,
        )


def _array_of(gradient: Any) -> Array | None:
    """Return a gradient as an array; None where it is none."""
    if gradient is None:
        return None
    try:
        return np.asarray(without_mask("A gradient", gradient))
    except ValueError:  # lists of unequal lengths
        return None


def _limited(report: Report, verdict: Verdict, note: str) -> Report:
    """Return a report in which what is wrong by differences alone is not called so."""
    arguments = tuple(
        replace(a, verdict=verdict, note=note) if a.verdict is Verdict.WRONG else a
        for a in report.arguments
    )
    return _gravest(arguments, report.function)


def _gravest(arguments: tuple[ArgumentReport, ...], function: str) -> Report:
    verdict = min((a.verdict for a in arguments), key=GRAVITY.index)
    return Report(function, verdict, arguments)
