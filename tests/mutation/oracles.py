"""The quick oracles: the checks of the contracts and of the tests, on a few fixed draws.

Nothing is checked here that is not checked elsewhere in the suite: hypothesis draws the samples of
a row once, and its engine then stays out of it.
"""

import sys
import warnings
import zlib
from collections.abc import Callable
from functools import cache
from itertools import chain, islice, product
from typing import NamedTuple

import hypothesis
import numpy as np
import pytest
from contracts import test_gradient, test_invariants, test_second_order, test_value
from contracts.cases import CASES
from contracts.samples import USUAL, Sample
from core import test_random_graphs
from hypothesis import strategies as st
from ops import test_conventions, test_rounding

from tinygrad_mnist import Primitive
from tinygrad_mnist.core import tape

DRAWS, AT_ONCE, LARGEST = 60, 10, 40
"""Samples drawn for a row, and by one example; elements in all operands of one that is kept."""


PINNED = {
    "sum": [((2, 3), {"axis": None, "keepdims": True}), ((3, 3), {"axis": 1, "keepdims": False})],
    "transpose": [((2, 3, 4), {"axes": (1, 2, 0)})],
    "softmax": [((2, 3), {"axis": -1})],
}
"""Kinds that single mutants hang on, so that their death does not hang on what is drawn."""


class Oracle(NamedTuple):
    """A check that raises where it finds something wrong."""

    name: str
    check: Callable[[], None]


@cache
def few(case, sides):
    """Samples of a row, the same ones each time, that have elements but not many."""
    drawn = []

    @hypothesis.seed(zlib.crc32(case.name.encode()))
    # Nothing is judged here, so an example may be many samples: most of its cost is its own.
    @hypothesis.settings(max_examples=DRAWS // AT_ONCE, deadline=None, database=None)
    @hypothesis.given(st.tuples(*[case.sample(sides)] * AT_ONCE))
    def collect(samples):
        drawn.extend(samples)

    collect()
    sized = [(sum(x.size for x in sample.operands), sample) for sample in drawn]
    sized = sorted((pair for pair in sized if 0 < pair[0] <= LARGEST), key=lambda pair: pair[0])
    # The largest of each kind: every combination of ranks and static arguments has its turn,
    # whatever hypothesis happens to draw.
    kinds = {str([*map(np.ndim, s.operands), s.static]): s for _, s in sized}
    return [*kinds.values(), *(pinned(case, *row) for row in PINNED.get(case.name, ()))]


def pinned(case, shape, static):
    """A sample of one operand, written by hand."""
    return Sample((case.fills[0](np.random.default_rng(0), shape),), static, 0)


def holds(case, share=1.0, sides=USUAL):
    """In the place of the contract's own ``holds``: the same check on the few samples."""

    def run(check):
        for sample in few(case, sides):
            check(sample)

    return run


@cache
def contract(check, primitive):
    """A contract, for the rows of the case table that cover a primitive."""
    rows = [case for case in CASES if case.primitive is primitive]

    def over_rows():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys.modules[check.__module__], "holds", holds)
            for case in rows:
                check(case)

    return Oracle(f"{check.__name__} of {primitive.name}", over_rows)


def differences(primitive):
    return contract(test_gradient.test_gradient_equals_differences, primitive)


def second_order(primitive):
    return contract(test_second_order.test_second_order, primitive)


def by_the_cotangent(primitive):
    return contract(
        test_second_order.test_derivative_by_the_cotangent_is_the_forward_derivative, primitive
    )


def value(primitive):
    return contract(test_value.test_value_equals_plain_numpy, primitive)


def ownership(primitive):
    return contract(
        test_invariants.test_nothing_given_changes_and_every_gradient_is_owned, primitive
    )


def _rows(names, values):
    """The arguments of each row of a parametrized test, by name."""
    if isinstance(names, str):
        return [[(names, value)] for value in values]
    return [[*zip(names, row, strict=True)] for row in values]


@cache
def plain(*checks):
    """Tests, each over all the rows it is parametrised with."""

    def over_rows():
        for check in checks:
            marks = [m for m in getattr(check, "pytestmark", ()) if m.name == "parametrize"]
            for rows in product(*[_rows(*mark.args) for mark in marks]):
                check(**dict(chain(*rows)))

    return Oracle(", ".join(check.__name__ for check in checks), over_rows)


POINTS = plain(
    test_conventions.test_unary,
    test_conventions.test_binary,
    test_conventions.test_vector,
    test_conventions.test_sigmoid_cross_entropy,
)
ROUNDING = plain(test_rounding.test_derivative_at_all_magnitudes)


def of_rules(primitive):
    """What a derivative rule is shown to."""
    return differences(primitive), POINTS


def _random_graphs():
    for seed in range(40):
        test_random_graphs.check(test_random_graphs.build(seed))


def _locked_random_graphs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Primitive, "rule_of", test_random_graphs.locking(Primitive.rule_of))
        for seed in range(20):
            graph = test_random_graphs.build(seed)
            test_random_graphs.check(graph)
            graph.output.backward(graph.cotangent)
            for leaf in graph.leaves:
                assert leaf.grad is None or leaf.grad.flags.writeable


def _one_by_one():
    for seed in range(20):
        test_random_graphs.check_one_by_one(test_random_graphs.build(seed))


def _one_step_a_node():
    """Newest first: what walks paths instead of nodes comes to some node twice."""
    for seed in range(20):
        graph = test_random_graphs.build(seed)
        sweep = tape.reverse_sweep(graph.output, graph.cotangent)
        steps = [step.node.id for step in islice(sweep, 1000)]
        assert steps == sorted(set(steps), reverse=True)


GRAPHS = Oracle("random graphs", _random_graphs)
ONE_BY_ONE = Oracle("random graphs, input by input", _one_by_one)
LOCKED_GRAPHS = Oracle("random graphs, results of rules locked", _locked_random_graphs)
ONE_STEP_A_NODE = Oracle("one step a node", _one_step_a_node)

MALFORMED = (NameError, AttributeError, SyntaxError, ImportError, UnboundLocalError)
"""A mutant that raises one of these is no wrong derivative but a slip of the pen."""


def rejection(oracles):
    """Why the first oracle that rejects does, or None if all accept."""
    for oracle in oracles:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what a wrong formula divides by
                oracle.check()
        except MALFORMED:
            raise
        except (Exception, pytest.fail.Exception) as error:
            # So is a replacement that takes other arguments than what it replaces.
            if isinstance(error, TypeError) and "argument" in str(error):
                raise
            return f"{oracle.name}: {type(error).__name__}: {error}"
    return None
