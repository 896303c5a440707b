"""Checks of what users pass made wrong: what is let through, and what is half taken."""

import test_other_meanings
from contracts import test_arguments
from core import test_errors, test_tensor

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

BINDING = "tinygrad_mnist.dispatch.registry.Binding"
DEFAULTS = plain(test_arguments.test_what_is_at_numpys_default_is_accepted)
POSITIONS = plain(test_arguments.test_by_position_too)
LACKING = plain(test_arguments.test_what_we_lack_is_refused_by_name)
NAMES = plain(test_errors.test_missing_and_superfluous_arguments)

BOUND = (
    edit(
        "arguments: any where is a default",
        f"{BINDING}._is_default",
        ("return value is True or value is np.True_ or value is NO_VALUE", "return True"),
        oracles=(LACKING,),
    ),
    edit(
        "arguments: NumPy's True is no default",
        f"{BINDING}._is_default",
        ("value is np.True_ or ", ""),
        oracles=(DEFAULTS,),
    ),
    edit(
        "arguments: only None is a default",
        f"{BINDING}._is_default",
        ("type(value) is type(default) and bool(value == default)", "False"),
        oracles=(POSITIONS, DEFAULTS),
    ),
    edit(
        "arguments: what we lack is left out",
        f"{BINDING}._bind",
        (
            "if self._is_default(name, value):",
            "if name not in known or self._is_default(name, value):",
        ),
        oracles=(LACKING,),
    ),
    edit(
        "arguments: the last of two names counts",
        f"{BINDING}._bind",
        ("if own in found and found[own] != value:", "if False:"),
        oracles=(NAMES,),
    ),
    edit(
        "arguments: a kernel is given no value",
        "tinygrad_mnist.dispatch.registry.Dispatch.__call__",
        (" or any(value is NO_VALUE for value in kwargs.values())", ""),
        oracles=(DEFAULTS,),
    ),
    edit(
        "arguments: a composition is given no value",
        "tinygrad_mnist.dispatch.registry.Composition.__call__",
        ("usual and not any(value is NO_VALUE for value in args)", "usual"),
        oracles=(plain(test_errors.test_arguments_at_numpys_defaults_are_accepted),),
    ),
    edit(
        "arguments: a missing operand is the kernel's affair",
        "tinygrad_mnist.dispatch.registry.Dispatch.__call__",
        ("if missing:", "if False:"),
        oracles=(NAMES,),
    ),
)

ARGUMENT_MUTANTS = (*MEANINGS, *BOUND)
