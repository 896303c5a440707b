"""Any function of this engine, judged by TensorFlow operation by operation.

The recorded tape is translated to TensorFlow. Every operation is judged at the operands and the
cotangent that the engine gave it, so that errors do not pile up on the way, the bounds are those
of one operation, and what departs is the culprit and no consequence of it. Three questions decide:
is the value right; is the cotangent of each operand; is what an operation or a leaf gets the sum
of what its uses gave it. If all are answered yes, so is the whole gradient, by induction along
the sweep.

To second order the sweep is recorded, and what it recorded is judged in the same way. That finds
every step that is wrong, but not one that is missing: so each operation's own second derivatives
are asked for too.

>>> report = compare(lambda x: np.sum(np.tanh(x) * x), np.array([1.0, 2.0]), order=2)
>>> report.agrees
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reference_tf import arguments, judgement
from reference_tf.arguments import plain_array
from reference_tf.equivalents import EQUIVALENTS
from reference_tf.interface import Array
from reference_tf.sweep import JudgedSweep
from reference_tf.verdicts import Comparison, Report
from tinygrad_mnist import Tensor
from tinygrad_mnist.core.tape import key, reverse_sweep
from tinygrad_mnist.errors import GradientError, ShapeError, description
from tinygrad_mnist.lines import source_lines


def compare(
    f: Callable[..., Any],
    *arrays: Any,
    cotangent: Any = None,
    seed: int = 0,
    order: int = 1,
    equivalents: Mapping[str, Callable[..., Any]] | None = None,
) -> Report:
    """Run a function on this engine, differentiate it, and let TensorFlow judge every step.

    Parameters
    ----------
    f
        A function of Tensors that returns one; it may close over Parameters, and may itself call
        ``gradients(..., record=True)``.
    arrays
        The arguments. Those of a floating dtype become leaves, the others constants.
    cotangent
        That of the result; random if left out.
    seed
        Of the random cotangent and directions.
    order
        2: judge the second derivatives too, once everything of the first order agrees; those of
        an operation with infinities or NaN are left out.
    equivalents
        What TensorFlow calls primitives of your own: name -> ``function(*tensors, **static)``.

    Raises
    ------
    ArgumentError
        If f is no function, the order neither 1 nor 2, the seed no whole number, or an argument a
        Tensor that requires a gradient.
    DTypeError
        If an argument has a dtype that either system lacks.
    GradientError
        If the result is not a Tensor that requires a gradient.
    ShapeError
        If an argument is ragged, or the cotangent has not the result's shape.
    UnsupportedError
        If TensorFlow's equivalent of a primitive is not known.
    StaleGraphError
        If f assigns a parameter that it has used.
    """
    arguments.check(f, order, seed)
    given = [plain_array(f"Argument {place}", array) for place, array in enumerate(arrays)]
    tensors = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in given]
    output, lines = _result_and_lines(f, tensors)
    rng = np.random.default_rng(seed)
    if cotangent is None:
        cotangent = rng.standard_normal(output.shape)
    received = plain_array("The cotangent", cotangent)
    if received.shape != output.shape:
        raise ShapeError(
            f"The cotangent must have the shape of the result, {output.shape}. Received: "
            f"{received.shape}."
        )
    upstream = Tensor(received.astype(output.dtype), requires_grad=True)
    names = {key(tensor): f"argument {place}" for place, tensor in enumerate(tensors)}
    names[key(upstream)] = "cotangent"
    table = {**EQUIVALENTS, **(equivalents or {})}
    with np.errstate(all="ignore"):  # infinities and NaN are compared like other values
        sweep = JudgedSweep(output, upstream.data, table)
        report = sweep.report(lines, names)
        if order == 2 and report.agrees:
            report = _with_second_derivatives(report, sweep, rng)
        if order == 2 and report.agrees:
            slope = _recorded_slope(output, upstream, rng, lines)
            if slope is not None:
                recorded = JudgedSweep(slope, np.ones((), slope.dtype), table)
                report += recorded.report(lines, names)
    return report


def _result_and_lines(
    f: Callable[..., Any], tensors: Sequence[Tensor]
) -> tuple[Tensor, dict[int, str]]:
    """The function's result, and the line of each operation that it was made by."""
    with source_lines() as lines, np.errstate(all="ignore"):
        output = f(*tensors)
    if not (isinstance(output, Tensor) and output.requires_grad):
        raise GradientError(
            "crosscheck.compare needs a function that returns a Tensor made of its arguments or "
            f"of Parameters, so that there is a gradient. Received: {description(output)}."
        )
    return output, lines


def _with_second_derivatives(
    report: Report, sweep: JudgedSweep, rng: np.random.Generator
) -> Report:
    """Judge each operation's second derivatives where the sweep came."""
    rows = []
    for row, (identity, operation) in zip(report.operations, sweep.operations.items(), strict=True):
        found: tuple[Comparison, ...] = ()
        if identity in sweep.cotangents:
            cotangent = sweep.cotangents[identity]
            found = tuple(judgement.second_derivatives(operation, cotangent, rng))
        rows.append(replace(row, comparisons=(*row.comparisons, *found)))
    return Report(tuple(rows), report.leaves)


def _recorded_slope(
    output: Tensor, upstream: Tensor, rng: np.random.Generator, lines: dict[int, str]
) -> Tensor | None:
    """The gradients along random directions, by a recorded sweep; None if they are constant.

    What a rule recorded gets the line of the operation that the rule is of.
    """
    directions: dict[int, Array] = {}
    slope = None
    with source_lines() as recorded:
        for step in reverse_sweep(output, upstream, record=True):
            lines.update(dict.fromkeys(recorded, lines.get(step.node.id, "")))
            recorded.clear()
            for _, operand, contribution in step.contributions:
                if operand.node is None:
                    random = np.asarray(rng.standard_normal(operand.shape), operand.dtype)
                    term = np.sum(contribution * directions.setdefault(id(operand), random))
                    slope = term if slope is None else slope + term
    return slope if slope is not None and slope.requires_grad else None
