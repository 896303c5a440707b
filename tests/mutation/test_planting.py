"""A mutant that no longer fits fails as the one test it is, and is never counted as killed."""

import pytest

import tinygrad_mnist as tm
from tinygrad_mnist.core import recording
from tinygrad_mnist.ops.elementwise import positive

from . import test_gate
from .oracles import Oracle, rejection
from .planting import edit, edited_rule, instead, planted, rule


def twice(x):
    return x + x


def _check():
    assert twice(2) == 4


TWICE = f"{__name__}.twice"
ORACLE = Oracle("twice", _check)
MISFITS = [
    (edit("no such text", TWICE, ("x * x", "x"), oracles=(ORACLE,)), "has 'x . x' 0 times"),
    (edit("text met twice", TWICE, (" x", "1"), oracles=(ORACLE,)), "twice has ' x' 2 times"),
    (edited_rule(positive, "x", "no such text", ("gone", "")), "has 'gone' 0 times"),
    (edit("no such function", f"{__name__}.gone", oracles=(ORACLE,)), "no attribute 'gone'"),
    (instead("no such method", "tinygrad_mnist.Tensor.gone", None), "no attribute 'gone'"),
    (instead("no such module", "tinygrad_mnist.gone.backward", None), "no attribute 'gone'"),
    (rule(positive, "gone", "no such operand", None), "no attribute 'gone'"),
    (edit("no syntax", TWICE, ("x + x", "]"), oracles=(ORACLE,)), "unmatched"),
    (edit("no such name", TWICE, ("x + x", "gone"), oracles=(ORACLE,)), "'gone' is not defined"),
    (instead("other arguments", TWICE, lambda: 4, ORACLE), "0 positional arguments"),
]
ERRORS = (LookupError, AttributeError, SyntaxError, NameError, TypeError)


@pytest.mark.parametrize(("mutant", "reason"), MISFITS, ids=[m.name for m, _ in MISFITS])
def test_a_mutant_that_does_not_fit_fails_alone(mutant, reason):
    with pytest.raises(ERRORS, match=reason):
        test_gate.test_a_mutant_is_killed(mutant)
    assert rejection([ORACLE]) is None


def test_a_mutant_is_planted_wherever_the_right_thing_was_imported():
    right, wrong = recording.no_grad, object()
    mutant = instead("another no_grad", "tinygrad_mnist.no_grad", wrong)
    with planted(mutant, mutant.wrong):
        assert tm.no_grad is recording.no_grad is wrong
    assert tm.no_grad is recording.no_grad is right
