"""What people meet at the prompt made wrong: methods, operators, constants, hints and reprs."""

import sys
from copy import copy

import numpy as np
import pytest
import test_prompt
from contracts import test_spellings, test_value
from contracts.cases import CASES
from dispatch import test_hints, test_methods
from ops import test_constants

from tinygrad_mnist.dispatch.hints import public_name

from .oracles import Oracle, holds, plain
from .planting import Mutant, edit, edited, instead


def row(name, test=test_value.test_value_equals_plain_numpy):
    """A contract for one row of the case table."""

    def check():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys.modules[test.__module__], "holds", holds)
            test(next(case for case in CASES if case.name == name))

    return Oracle(f"{test.__name__} of {name}", check)


def spelled(name):
    return row(name, test_spellings.test_spellings_agree)


CLOSE = plain(test_constants.test_closeness)
EQUAL = plain(test_constants.test_equality_of_arrays)
LIKE = plain(test_constants.test_an_array_like_a_tensor_is_a_constant)
ASKED = plain(test_methods.test_what_decides_by_values_is_refused_inside_a_capture)
TAKE, REPEAT = row("take"), row("repeat")

# Each row: the function, what is wrong, the texts, the oracle.
COMPOSED = (
    (np.take, "clipped to one too many", ("[axis] - 1)", "[axis])"), TAKE),
    (np.take, "wrapped as it is clipped", ('== "clip"', 'in ("clip", "wrap")'), TAKE),
    (np.take, "along the first axis", ("(slice(None),) * axis,", "(slice(None),) * 0,"), TAKE),
    (
        np.take,
        "truth values are a mask",
        ("_integers(indices)", "np.asarray(indices)"),
        plain(test_methods.test_truth_values_are_places),
    ),
    (np.repeat, "along the first axis", ("repeats))), axis", "repeats))), axis and 0"), REPEAT),
    (np.repeat, "as many of each", ("np.asarray(_integers(repeats))", "np.max(repeats)"), REPEAT),
    (np.trace, "the main diagonal", ("(a, offset,", "(a, 0,"), row("trace")),
    (np.matrix_transpose, "nothing", ("-1, -2", "-1, -1"), row("matrix_transpose")),
    (np.divmod, "exchanged", ("np.floor_divide(a, b), ", ""), row("divmod")),
    (np.imag, "the real part", ("zeros_like(val)", "copy(val)"), row("imag")),
    (np.copy, "no copy", ("astype(a, dtype=a.dtype)", "a"), plain(test_methods.test_a_copy)),
    (np.isposinf, "any infinity", ("np.logical_not(np.signbit(x))", "True"), row("isposinf")),
    (np.isneginf, "any infinity", ("np.signbit(x)", "True"), row("isneginf")),
    (np.isreal, "never", ("ones_like", "zeros_like"), row("isreal")),
    (np.full_like, "depends on the shape's", ("a.detach()", "a"), LIKE),
    (np.ones_like, "zeros", ("a, 1,", "a, 0,"), LIKE),
    (np.zeros_like, "of its own shape", ("shape=shape", "shape=None"), LIKE),
    (np.count_nonzero, "counts zeros", ("not_equal", "equal"), row("count_nonzero")),
    (
        np.searchsorted,
        "as if sorted",
        ("a if sorter is None else np.take(a, sorter)", "a"),
        plain(test_constants.test_places),
    ),
    (np.allclose, "any", ("np.all(", "np.any("), CLOSE),
    (np.allclose, "NaN is never near", (", equal_nan))", "))"), CLOSE),
    (np.array_equal, "whatever the shapes", ("np.shape(a1) == np.shape(a2) and ", ""), EQUAL),
    (np.array_equiv, "any", ("np.all(", "np.any("), EQUAL),
)


def registered(function, make):
    """What makes a registry in which something else is made of a function's meaning."""
    return lambda right: right | {function: make(right[function])}


def composition(function, fault, change, oracle):
    """A mutant of the text of what a NumPy function is composed of."""
    name = public_name(function)

    def made(*changes):
        def of(right):
            meaning = copy(right)
            bare = (f"@composes({name})\n", "")  # which would register it for good
            meaning.target = edited(right.target, bare, *changes)
            return meaning

        return registered(function, of)

    return Mutant(f"{name}: {fault}", *REGISTRY, made(change), (oracle,), made())


REGISTRY = "tinygrad_mnist.dispatch.registry", "registry"
METHODS, OPERATORS = "tinygrad_mnist.dispatch.methods", "tinygrad_mnist.dispatch.operators"
HINTS, ERRORS = "tinygrad_mnist.dispatch.hints", "tinygrad_mnist.errors"
SENTENCES = plain(test_methods.test_what_a_method_does_not_take_is_a_sentence)
PROTOCOLS = plain(test_methods.test_protocols_find_nothing_where_there_is_nothing)
SIDES = plain(test_methods.test_a_binary_operator_is_ndarrays_on_both_sides)
MEMBERS = plain(test_methods.test_membership)
MISSING = plain(test_methods.test_what_is_missing_is_answered_with_what_to_write)
ITSELF = plain(test_hints.test_instead_of_prefers_a_namesake)
TOLD = plain(test_hints.test_what_is_told)
TABLE = plain(test_prompt.test_a_table_takes_nothing_for_html)
LONG = plain(test_prompt.test_of_a_long_table_the_beginning_is_shown)
NODES = plain(test_prompt.test_a_node_and_a_step)

# Each row: what is wrong, the function, the texts, the oracle.
EDITED = (
    (
        "methods that change an array are NumPy's functions",
        f"{METHODS}._Missing.__get__",
        ("name not in IN_PLACE and ", ""),
        MISSING,
    ),
    (
        "NumPy's complaints come as they are",
        f"{OPERATORS}._call",
        ("(ValueError,", "(KeyError,"),
        SENTENCES,
    ),
    (
        "a floor the wrong way",
        f"{OPERATORS}.Operators.__rfloordiv__",
        ("other, self", "self, other"),
        SIDES,
    ),
    ("a shift the wrong way", f"{OPERATORS}.Operators.__rlshift__", ("left", "right"), SIDES),
    ("or for exclusive or", f"{OPERATORS}.Operators.__xor__", ("xor(self", "or(self"), SIDES),
    ("all must be equal", f"{OPERATORS}.Operators.__contains__", ("np.any", "np.all"), MEMBERS),
    (
        "always to integers",
        f"{OPERATORS}.Operators.__round__",
        ("ndigits or 0", "0"),
        spelled("round"),
    ),
    ("instead of itself", f"{HINTS}.instead_of", (" and other != name", ""), ITSELF),
    ("no namesakes", f"{HINTS}.instead_of", ("if namesakes", "if False"), TOLD),
    (
        "scipy's are NumPy's",
        f"{HINTS}.public_name",
        ('found[0] if found else ""', '"numpy"'),
        plain(test_hints.test_a_ufunc_of_nobody_known_has_its_own_name),
    ),
    (
        "HTML is taken for HTML",
        "tinygrad_mnist.notebook._text",
        ("escape(str(value))", "str(value)"),
        TABLE,
    ),
    ("one row too many", "tinygrad_mnist.notebook.html_table", ("[:MOST_ROWS]", "[:]"), LONG),
    (
        "a node has no number",
        f"{ERRORS}.brief",
        ('if getattr(value, "node", None)', "if False"),
        NODES,
    ),
    (
        "defaults are told",
        f"{ERRORS}.application",
        ("if name not in defaults or ", "if True or "),
        NODES,
    ),
    (
        "a data set's place is its end",
        "tinygrad_mnist.dataset.Dataset.__repr__",
        ("self.cursor if self.cursor < self.num_examples else 0", "self.cursor"),
        plain(test_prompt.test_a_data_set),
    ),
    (
        "an optimizer does not tell how far it is",
        "tinygrad_mnist.optim.Optimizer.__repr__",
        ('(*options, "iterations")', "options"),
        plain(test_prompt.test_an_optimizer),
    ),
)


def unasked(right):
    return lambda a: np.nonzero(a._array)


PROMPT_MUTANTS = (
    *(composition(*row) for row in COMPOSED),
    *(edit(f"prompt: {name}", f, change, oracles=(oracle,)) for name, f, change, oracle in EDITED),
    Mutant("np.nonzero: asks nobody", *REGISTRY, registered(np.nonzero, unasked), (ASKED,)),
    instead(
        "prompt: a symbol has values",
        "tinygrad_mnist.tf1.symbol._OF_VALUES",
        (),
        plain(test_constants.test_a_symbol_has_no_values_to_decide_by),
    ),
)
