"""What is built on the engine made wrong: compositions, networks, the checker, TensorFlow 1."""

import numpy as np
from core import test_errors, test_tensor
from nn import test_initializers, test_layers, test_loop
from testing import test_check, test_script
from tf1 import test_random, test_shared

from .oracles import plain
from .planting import Mutant, edit

RANKS = plain(test_errors.test_a_kernels_complaint_names_the_primitive_and_what_it_received)
EVALUATION = plain(test_loop.test_evaluation_records_nothing_and_its_loss_may_read_parameters)
ACCURACY = plain(test_loop.test_the_accuracy_is_of_classes_only)
ROW = plain(test_check.test_a_wrong_row_of_a_small_jacobian_is_not_excused)
COUNTS = plain(test_shared.test_adam_counts_the_steps_of_all_its_operations_together)
SEEDS = plain(test_random.test_a_seed_decides_the_numbers_and_without_one_each_symbol_has_its_own)


def composed(fault, function, oracle, wrong):
    """A mutant of what a NumPy function is composed of; ``wrong`` makes it, given the right one."""
    return Mutant(
        f"np.{function.__name__}: {fault}",
        "tinygrad_mnist.dispatch.registry",
        "registry",
        lambda right: right | {function: wrong(right[function])},
        (oracle,),
    )


COMPOSITIONS = (
    composed(
        "without bounds the operand itself",
        np.clip,
        plain(test_tensor.test_what_changes_nothing_gives_a_tensor_that_no_assignment_changes),
        lambda right: lambda a, *bounds: right(a, *bounds) if any(bounds) else a,
    ),
    composed(
        "the order is ignored",
        np.ravel,
        plain(test_errors.test_what_has_no_meaning_is_refused_and_never_drops_a_gradient),
        lambda right: lambda x, order="C": right(x),
    ),
    composed("of stacks matmul's", np.dot, RANKS, lambda right: lambda a, b: np.matmul(a, b)),
    composed(
        "of a stack on the left matmul's",
        np.dot,
        RANKS,
        lambda right: lambda a, b: (right if np.ndim(b) > 2 else np.matmul)(a, b),
    ),
    composed(
        "of a stack on the right matmul's",
        np.dot,
        RANKS,
        lambda right: lambda a, b: (right if np.ndim(a) > 2 else np.matmul)(a, b),
    ),
)

JUDGED = "if r.verdict not in ENOUGH"


def built(name, target, *changes, oracle):
    return edit(name, f"tinygrad_mnist.{target}", *changes, oracles=(oracle,))


NETWORKS = (
    built(
        "evaluate: the loss is recorded",
        "nn.loop.evaluate",
        ("with no_grad():", "if True:"),
        oracle=EVALUATION,
    ),
    built(
        "outputs: the model is recorded",
        "nn.loop.outputs",
        ("with no_grad():", "if True:"),
        oracle=EVALUATION,
    ),
    built(
        "rows: of what requires a gradient none",
        "nn.loop.rows",
        ("with no_grad():", "if True:"),
        oracle=plain(test_loop.test_predictions_are_an_array_of_ones_own),
    ),
    built(
        "Linear: its weights are zeros unless told otherwise",
        "nn.Linear.__init__",
        ("initializer: Initializer = glorot_uniform", "initializer: Initializer = zeros"),
        oracle=plain(test_layers.test_the_default_weights_are_glorots),
    ),
    built(
        "truncated_normal: twice as wide unless told otherwise",
        "nn.initializers.truncated_normal",
        ("stddev: float = 0.05", "stddev: float = 0.1"),
        oracle=plain(
            test_initializers.test_the_default_deviation_of_truncated_normal_is_that_of_keras
        ),
    ),
    *(
        built(f"accuracy: {name}", "nn.loop._accuracy", change, oracle=ACCURACY)
        for name, change in (
            ("of float labels", ('labels.dtype.kind in "iu"', "True")),
            ("of a column of labels", ("labels.ndim == 1", "True")),
            ("of one output", ("logits.shape[1] > 1", "True")),
            ("of a stack", ("logits.ndim == 2", "True")),
            ("of labels of another width", ("labels.shape == logits.shape", "True")),
        )
    ),
)

CHECKER = (
    built(
        "checker: a wrong row is excused",
        "testing.check.check_grads",
        (JUDGED, f"{JUDGED} and r.verdict is not Verdict.WRONG"),
        oracle=ROW,
    ),
    built(
        "checker: a row at a kink is excused",
        "testing.check.check_grads",
        (JUDGED, f"{JUDGED} and r.verdict is not Verdict.KINK"),
        oracle=plain(test_check.test_a_row_of_a_small_jacobian_at_a_kink_is_said_to_be),
    ),
    built(
        "checker: the first row alone",
        "testing.check.check_grads",
        ("in check.rows)", "in check.rows[:1])"),
        oracle=ROW,
    ),
    built(
        "checker: not the first row",
        "testing.check.check_grads",
        ("in check.rows)", "in check.rows[1:])"),
        oracle=ROW,
    ),
    built(
        "script: a test file in a package is imported",
        "testing.script._importable",
        ("if TEST_FILE.search(module):", "if False:"),
        oracle=plain(test_script.test_what_a_test_file_defines_is_written_out_in_a_package_too),
    ),
)

TENSORFLOW_1 = (
    *(
        built(
            f"tf1 optimizers: {name}", "tf1.optimizers.Slots._make_optimizer", change, oracle=COUNTS
        )
        for name, change in (
            (
                "each counts its own steps",
                ("sum(each.iterations for each in together.values())", "own"),
            ),
            ("the steps of all are taken over", ("optimizer.iterations = own", "pass")),
            ("one forgets the others", ("together[keeping.symbol] =", "together[None] =")),
        )
    ),
    *(
        built(f"tf1 random: {name}", target, change, oracle=SEEDS)
        for name, target, change in (
            ("the seed of dropout is ignored", "tf1.nn.dropout", (", seed=seed)", ")")),
            ("a seed is ignored", "tf1.keeping.Keeping.generator", ("if seed is None", "if True")),
            (
                "a symbol's number is a seed",
                "tf1.keeping.Keeping.generator",
                ("(self.symbol.number, 1)", "(self.symbol.number,)"),
            ),
        )
    ),
)

BUILT_MUTANTS = (*COMPOSITIONS, *NETWORKS, *CHECKER, *TENSORFLOW_1)
