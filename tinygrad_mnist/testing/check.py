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
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import integer
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import ArgumentError, plainly
from tinygrad_mnist.testing.examination import Examination
from tinygrad_mnist.testing.subject import Subject
from tinygrad_mnist.testing.verdict import GradientCheckError, Report, Verdict


def check_grads(
    function: Callable[..., Any],
    *arrays: Any,
    gradient: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    order: int = 2,
    seed: int = 0,
) -> Report:
    """Compare the gradients of a function with differences in float64.

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
    """
    subject = Subject(function, gradient, vjp)
    if any(inspect.isroutine(a) for a in arrays):
        raise ArgumentError(
            "check_grads received a function where an array belongs. A gradient written by hand "
            "is given by name, as in check_grads(f, x, gradient=df)."
        )
    for name, number, least in (("order", order, 1), ("seed", seed, 0)):
        integer(name, number, least=least)
    given = [_copied(a) for a in arrays]
    if not any(a.dtype.kind == "f" for a in given):
        raise ArgumentError(
            "check_grads needs at least one floating array, to differentiate by. Received: "
            f"{', '.join(f'an array of {a.dtype}' for a in given) or 'no array'}."
        )
    names = subject.argument_names(len(given))
    floating = [i for i, a in enumerate(given) if a.dtype.kind == "f"]
    with np.errstate(all="ignore"):  # what is not finite gets a verdict
        for level in range(1, (order if subject.by_engine else 1) + 1):
            at = subject, given, [names[i] for i in floating], seed + level
            check = Examination(*at)
            report = check.report()
            if report.verdict is Verdict.OK and level == 1:
                rows = (Examination(*at, row=row).report() for row in check.rows)
                # A row may be too small beside the others to tell much; together they told enough.
                enough = Verdict.OK, Verdict.PRECISION_LIMITED
                report = next((r for r in rows if r.verdict not in enough), report)
            report = replace(report, order=level)
            if report.verdict is not Verdict.OK or not check.differentiable:
                break
            weights = [check.generator.standard_normal(given[i].shape) for i in floating]
            given = check.arrays
            subject = subject.derivative(weights, check.cotangent)
    return report


def _copied(array: Any) -> Array:
    try:
        with tape.no_grad():  # a Parameter says where to check, and is no part of the function
            return np.array(array)
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
