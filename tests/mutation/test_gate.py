"""Every wrong derivative planted in the engine is rejected by a quick oracle of this suite."""

from collections import Counter
from contextvars import copy_context

import numpy as np
import pytest
from contracts.test_completeness import primitives

from tinygrad_mnist import Primitive, nn, optim
from tinygrad_mnist.core import tape
from tinygrad_mnist.core.primitive import ZERO
from tinygrad_mnist.nn import loop

from .argument_mutants import ARGUMENT_MUTANTS
from .built_mutants import BUILT_MUTANTS
from .engine_mutants import ENGINE_MUTANTS
from .equivalent_mutants import EQUIVALENT
from .optimizer_mutants import OPTIMIZER_MUTANTS
from .oracles import rejection
from .own_mutants import OWN_MUTANTS
from .planting import planted
from .prompt_mutants import PROMPT_MUTANTS
from .recording_mutants import RECORDING_MUTANTS
from .replay_mutants import REPLAY_MUTANTS
from .rule_mutants import RULE_MUTANTS
from .seam_mutants import SEAM_MUTANTS
from .testing_mutants import TESTING_MUTANTS

MUTANTS = (
    *RULE_MUTANTS,
    *OWN_MUTANTS,
    *ENGINE_MUTANTS,
    *RECORDING_MUTANTS,
    *SEAM_MUTANTS,
    *OPTIMIZER_MUTANTS,
    *REPLAY_MUTANTS,
    *TESTING_MUTANTS,
    *ARGUMENT_MUTANTS,
    *BUILT_MUTANTS,
    *PROMPT_MUTANTS,
)


def sampled(rows, names):
    """Every eighth in the quick loop; the rest is slow."""
    return [
        pytest.param(*row, id=name, marks=() if place % 8 == 0 else pytest.mark.slow)
        for place, (row, name) in enumerate(zip(rows, names, strict=True))
    ]


@pytest.mark.parametrize(
    "mutant", sampled([[mutant] for mutant in MUTANTS], [mutant.name for mutant in MUTANTS])
)
def test_a_mutant_is_killed(mutant):
    with planted(mutant, mutant.wrong):
        reason = copy_context().run(rejection, mutant.oracles)
    assert reason, f"{mutant.name} survived {', '.join(o.name for o in mutant.oracles)}"


FRAMES = {
    (mutant.holder, mutant.key, mutant.right, oracle.name): (mutant, oracle)
    for mutant in MUTANTS
    for oracle in mutant.oracles
}


@pytest.mark.parametrize(
    ("mutant", "oracle"),
    sampled(
        FRAMES.values(),
        [f"{mutant.key} by {oracle.name}" for mutant, oracle in FRAMES.values()],
    ),
)
def test_the_original_is_accepted_in_the_same_frame(mutant, oracle):
    with planted(mutant, mutant.right):
        assert rejection([oracle]) is None


@pytest.mark.parametrize("row", EQUIVALENT, ids=lambda row: row.mutant.name)
def test_an_equivalent_mutant_is_accepted(row):
    with planted(row.mutant, row.mutant.wrong):
        assert rejection(row.mutant.oracles) is None


def test_no_name_twice():
    assert [name for name, count in Counter(m.name for m in MUTANTS).items() if count > 1] == []


def planted_rules():
    """How many mutants there are of each rule: by its primitive and its operand."""
    return Counter((m.holder, m.key) for m in MUTANTS if isinstance(m.holder, Primitive))


@pytest.mark.parametrize("labels", [np.array([0, 2]), np.eye(3)[[0, 2]]], ids=["sparse", "dense"])
def test_each_operand_of_the_networks_training_has_three_mutants(labels):
    model = nn.MLP([4, 5, 3])
    cost = loop.cross_entropy(labels, model(np.ones((2, 4), np.float32)))
    counts = planted_rules()
    steps = list(tape.reverse_sweep(cost, np.ones((), np.float32)))
    assert len(steps) == 7  # two layers of matmul and add, relu, cross entropy, mean
    for node in (step.node for step in steps):
        for position, _ in node.tracked:
            operand = node.primitive.operand_names[position]
            assert counts[node.primitive, operand] >= 3, (node.primitive, operand)


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Momentum, optim.Adam])
def test_each_optimizer_has_three_mutants(optimizer):
    name = f"tinygrad_mnist.optim.{optimizer.__name__}"
    assert sum(mutant.holder == name for mutant in MUTANTS) >= 3


def test_each_rule_has_a_mutant():
    counts = planted_rules()
    missing = [
        f"{found.name} {operand}"
        for found in primitives()
        for operand, right in found.rules.items()
        if right is not ZERO and not counts[found, operand]
    ]
    assert not sorted(missing)
