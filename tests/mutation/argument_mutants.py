"""Checks of what users pass made wrong: what is let through, and what is half taken."""

import test_other_meanings
from core import test_tensor

from .oracles import plain
from .planting import edit

ARGUMENTS = "tinygrad_mnist.arguments"
MEANING = plain(test_tensor.test_what_means_more_than_its_numbers_is_refused)
LISTS = plain(test_other_meanings.test_lists_are_looked_into)
STATES = plain(test_other_meanings.test_nothing_is_taken_of_a_state_that_is_refused)
HOST = plain(test_other_meanings.test_a_host_value_is_looked_at_in_replays_too)

MEANINGS = (
    edit(
        "meanings: masks are lost",
        f"{ARGUMENTS}._refuse_mask",
        ("masked.is_masked(array)", "False"),
        oracles=(MEANING,),
    ),
    edit(
        "meanings: whatever may be masked is refused",
        f"{ARGUMENTS}._refuse_mask",
        ("masked.is_masked(array)", "masked.isMaskedArray(array)"),
        oracles=(MEANING,),
    ),
    edit(
        "meanings: a matrix is an array",
        f"{ARGUMENTS}.plain",
        ("isinstance(array, np.matrix)", "False"),
        oracles=(MEANING,),
    ),
    edit(
        "meanings: lists are not looked into",
        f"{ARGUMENTS}._arrays_of_other_classes",
        ("isinstance(data, (list, tuple))", "False"),
        oracles=(LISTS,),
    ),
    edit(
        "meanings: lists in lists are not looked into",
        f"{ARGUMENTS}._arrays_of_other_classes",
        ("for array in _arrays_of_other_classes(member)", "for array in [member]"),
        oracles=(LISTS,),
    ),
    edit(
        "meanings: a module takes a part of a state",
        "tinygrad_mnist.nn.Module.load_state_dict",
        ('plain(f"The state of {name}", value)', "value"),
        oracles=(STATES,),
    ),
    edit(
        "meanings: an optimizer takes a part of a state",
        "tinygrad_mnist.optim.Optimizer.load_state_dict",
        ('plain(f"The slot {name}", given)', "pass"),
        oracles=(STATES,),
    ),
    edit(
        "meanings: a replay takes what a host value is",
        "tinygrad_mnist.replay.plan.fill",
        ('plain("its value", result)', "result"),
        oracles=(HOST,),
    ),
)

ARGUMENT_MUTANTS = MEANINGS
