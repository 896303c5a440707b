"""Nodes made wrong: their recording, their rules and kernels, what protects their arrays.

Not planted, because nothing here does it: a feed cached by id and a replay that keeps the captured
shape (there is no replay yet); a weighted mean over N and smoothing over C - 1 (no such loss).
"""

from types import SimpleNamespace

import numpy as np
from core import test_no_grad, test_primitive, test_tape, test_tensor
from ops import test_conventions, test_known_bugs

from tinygrad_mnist import Tensor
from tinygrad_mnist.ops import activation, elementwise, reduction, shape
from tinygrad_mnist.ops import linear_algebra as linear

from .oracles import (
    GRAPHS,
    POINTS,
    differences,
    plain,
    value,
)
from .planting import Mutant, edit, instead

STALE = plain(test_tape.test_a_parameter_assigned_after_use_makes_the_graph_stale)
EACH_READ = plain(test_tape.test_whichever_parameter_a_node_read_was_assigned_its_graph_is_stale)
RECORDED = plain(test_tape.test_recorded_gradients_are_values_that_nothing_writes_into)
NUMBERS = plain(test_tape.test_a_rule_may_return_a_number)
DTYPES = plain(test_known_bugs.test_the_gradient_has_the_leafs_dtype)

TAPE, RECORDING = "tinygrad_mnist.core.tape", "tinygrad_mnist.core.recording"


def stale(name, *changes, oracle=STALE):
    return edit(f"stale: {name}", f"{TAPE}._refuse_stale", *changes, oracles=(oracle,))


def rules(name, *changes, oracles):
    return edit(f"rules: {name}", f"{TAPE}.apply_rules", *changes, oracles=oracles)


def fit(name, function, *changes, oracles=(GRAPHS,)):
    return edit(f"fit: {name}", f"{TAPE}.{function}", *changes, oracles=oracles)


def apply(name, *changes, oracles, **names):
    target = "tinygrad_mnist.Tensor._apply_primitive"
    return edit(f"apply: {name}", target, *changes, oracles=oracles, **names)


def kernel(primitive, fault, wrong):
    name = f"{primitive.name} kernel: {fault}"
    return Mutant(name, primitive, "kernel", lambda _: wrong, (value(primitive),))


RULES = (
    rules(
        "a zero rule ends the node",
        ("        if rule is not ZERO:", "        if rule is ZERO: break\n        if True:"),
        oracles=(differences(elementwise.where),),
    ),
    rules(
        "a zero rule silences the other operands",
        ("        if rule is not ZERO:", "        if rule is ZERO: return []\n        if True:"),
        oracles=(plain(test_primitive.test_zero_is_skipped_by_the_sweep),),
    ),
    rules(
        "operands reversed",
        ("*operands, **static", "*operands[::-1], **static"),
        oracles=(differences(elementwise.divide),),
    ),
    rules(
        "the position is lost",
        ('"position": position', '"position": 0'),
        oracles=(differences(shape.stack),),
    ),
    rules(
        "the rule of the first operand for all",
        ("rule_of(position)", "rule_of(0)"),
        oracles=(differences(elementwise.subtract),),
    ),
    rules(
        "NaN replaced by 0",
        (
            "as_array(rule(cotangent, y, *operands, **static))",
            "as_array(np.nan_to_num(rule(cotangent, y, *operands, **static)))",
        ),
        oracles=(POINTS,),
    ),
    rules(
        "what asks no Tensor is none",
        ("if on_tensors and isinstance(contribution, np.ndarray):", "if False:"),
        oracles=(NUMBERS,),
    ),
    rules(
        "an array that somebody holds is a Tensor's",
        ("wrap(read_only(contribution), None)", "wrap(contribution, None)"),
        oracles=(RECORDED,),
    ),
    rules(
        "the cotangent's dtype",
        ("or contribution.dtype != like.dtype", "or False"),
        oracles=(DTYPES,),
    ),
    stale("old values are used", ("parameter.assigned_at > node.id", "False")),
    stale(
        "new values are refused",
        ("parameter.assigned_at > node.id", "parameter.assigned_at < node.id"),
    ),
    stale("the first alone is looked at", ("node.reads:", "node.reads[:1]:"), oracle=EACH_READ),
    stale("the last alone is looked at", ("node.reads:", "node.reads[-1:]:"), oracle=EACH_READ),
    edit(
        "stale: nobody looks",
        f"{TAPE}.reverse_sweep",
        ("_refuse_stale(node)", "pass"),
        oracles=(STALE,),
    ),
    edit(
        "stale: also where nothing is wanted",
        f"{TAPE}.reverse_sweep",
        (
            "        if tracked:\n            _refuse_stale(node)",
            "        _refuse_stale(node)\n        if tracked:",
        ),
        oracles=(plain(test_tape.test_a_stale_parameter_below_an_inner_input_is_no_error),),
    ),
    fit(
        "shape only where ranks differ",
        "apply_rules",
        ("shape != like.shape", "contribution.ndim != like.ndim"),
        oracles=(differences(elementwise.add),),
    ),
    fit(
        "skipped where the last axes agree by chance",
        "apply_rules",
        ("(shape != like.shape", "(shape[-1:] != like.shape[-1:]"),
        oracles=(differences(elementwise.add),),
    ),
    fit(
        "leading axes are not summed",
        "_sum_down",
        (
            "cotangent = cotangent.sum(axis=tuple(range(extra)))",
            "cotangent = cotangent[(0,) * extra]",
        ),
    ),
    fit(
        "stretched axes are not summed",
        "_sum_down",
        (
            "cotangent.sum(axis=stretched, keepdims=True)",
            "cotangent[tuple(slice(1) if n == 1 else slice(None) for n in shape)]",
        ),
    ),
    fit(
        "leading axes by their maximum",
        "_sum_down",
        ("cotangent.sum(axis=tuple", "cotangent.max(axis=tuple"),
    ),
    fit(
        "trailing axes for leading ones",
        "_sum_down",
        ("range(extra)", "range(-extra, 0)"),
        oracles=(differences(elementwise.multiply),),
    ),
    fit("an int is no array", "as_array", ("float, int", "float"), oracles=(NUMBERS,)),
    fit("a float is no array", "as_array", ("float, int", "int"), oracles=(NUMBERS,)),
    fit(
        "complex numbers are taken",
        "_fit",
        ('"biuf"', '"biufc"'),
        oracles=(plain(test_tape.test_a_rule_that_returns_no_array_of_real_numbers_is_named),),
    ),
    fit("not cast", "_fit", ("fitted.astype(like.dtype)", "fitted"), oracles=(DTYPES,)),
    fit(
        "what does not fit is taken",
        "_fit",
        ("if fitted.shape != like.shape:", "if False:"),
        oracles=(plain(test_primitive.test_a_rule_whose_cotangent_does_not_fit_is_named),),
    ),
)

blocks_of_all = [()]
PIECE = plain(test_primitive.test_a_result_is_never_a_piece_of_what_the_kernel_was_given)

RECORDING = (
    apply(
        "pruned when only the second operand needs it",
        ("if operand.requires_grad:", "if operand.requires_grad and not arrays:"),
        oracles=(GRAPHS,),
    ),
    apply(
        "only one operand tracked",
        ("if operand.requires_grad:", "if operand.requires_grad and not tracked:"),
        oracles=(GRAPHS,),
    ),
    apply(
        "pruned unless all operands need it",
        ("if not (tracked and", "if not (len(tracked) == len(operands) and"),
        oracles=(plain(test_tensor.test_a_frozen_parameter_is_a_constant),),
    ),
    apply(
        "records inside no_grad",
        (" and not open_no_grads.get()", ""),
        oracles=(plain(test_no_grad.test_block),),
    ),
    apply(
        "integers are recorded",
        (' and value.dtype.kind == "f"', ""),
        oracles=(plain(test_conventions.test_casting_to_integers_ends_the_graph),),
    ),
    apply(
        "a scalar's dtype leaks",
        ("arrays.append(operand)\n", "arrays.append(real(operand))\n"),
        oracles=(plain(test_tensor.test_python_scalars_stay_weak_and_numpy_scalars_do_not),),
    ),
    apply(
        "reads are not noted",
        ("reads.append(operand)", "pass"),
        oracles=(STALE,),
    ),
    apply(
        "one read is noted",
        ("if operand.assignable:", "if operand.assignable and not reads:"),
        oracles=(EACH_READ,),
    ),
    apply(
        "reads of frozen parameters are not noted",
        ("if operand.assignable:", "if operand.assignable and operand.requires_grad:"),
        oracles=(EACH_READ,),
    ),
    apply(
        "static defaults do not reach the rules",
        ("**primitive.defaults, **static", "**static"),
        oracles=(
            differences(reduction.sum),
            plain(test_primitive.test_static_defaults_reach_the_rules),
        ),
    ),
    apply(
        "defaults are added only where fewer are given than there are",
        ("primitive.static_names", "primitive.defaults"),
        oracles=(plain(test_primitive.test_static_defaults_reach_the_rules),),
    ),
    apply(
        "results can be written into",
        ("value.setflags(write=False)", "pass"),
        oracles=(plain(test_tensor.test_nothing_writes_into_a_tensor),),
    ),
    apply(
        "a view of a parameter changes with it",
        ("if reads:  #", "if False:  #"),
        oracles=(plain(test_tensor.test_a_parameter_owns_its_value),),
    ),
    apply(
        "a cycle keeps the graph alive",
        (
            "return Tensor.of(value, node)",
            "reads.append(Cycle(assigned_at=0, node=node)); return Tensor.of(value, node)",
        ),
        oracles=(plain(test_tape.test_j10_a_dead_loss_frees_its_graph_without_the_collector),),
        Cycle=SimpleNamespace,
    ),
    apply(
        "a list keeps the graph alive",
        (
            "return Tensor.of(value, node)",
            "kept.append(node); return Tensor.of(value, node)",
        ),
        oracles=(plain(test_tape.test_j10_a_dead_loss_frees_its_graph_without_the_collector),),
        kept=[],
    ),
    apply(
        "what a kernel was given is handed out",
        (" or any(value is array for array in arrays)", ""),
        oracles=(PIECE,),
    ),
    apply(
        "what a kernel that takes out was given is handed out",
        ("type(primitive.kernel) is not np.ufunc", "not primitive.takes_out"),
        oracles=(PIECE,),
    ),
    apply(
        "a piece of what a kernel was given is handed out",
        ("value.base is not None or ", ""),
        oracles=(PIECE,),
    ),
    *(
        edit(f"no_grad: {name}", f"tinygrad_mnist.core.{where}", *changes, oracles=(plain(oracle),))
        for name, where, changes, oracle in (
            (
                "not restored",
                "recording.no_grad.__exit__",
                [("open_no_grads.set(tuple(blocks))", "pass")],
                test_no_grad.test_comes_back_after_an_exception,
            ),
            (
                "the inner block switches recording on",
                "recording.no_grad.__exit__",
                [("tuple(blocks)", "()")],
                test_no_grad.test_nested,
            ),
            (
                "the last one to be opened is closed",
                "recording.no_grad.__exit__",
                [("if self in blocks:", "if blocks:"), ("blocks.remove(self)", "blocks.pop()")],
                test_no_grad.test_a_block_that_is_closed_where_it_was_not_begun_changes_nothing_there,
            ),
            (
                "a generator is begun quietly, and no more",
                "recording.no_grad.__call__",
                [("wrap = _quiet_generator", "pass")],
                test_no_grad.test_a_decorated_generator_switches_at_each_resume,
            ),
            (
                "a coroutine is made quietly, and no more",
                "recording.no_grad.__call__",
                [("wrap = _quiet_coroutine", "pass")],
                test_no_grad.test_a_decorated_coroutine_and_an_asynchronous_generator,
            ),
            (
                "an asynchronous generator is made quietly, and no more",
                "recording.no_grad.__call__",
                [("wrap = _quiet_async_generator", "pass")],
                test_no_grad.test_a_decorated_coroutine_and_an_asynchronous_generator,
            ),
            (
                "Ctrl-C leaves graphs to be kept",
                "tape.Node.__del__",
                [("try:", "if True:"), ("        finally:\n            _", "        _")],
                test_no_grad.test_ctrl_c_while_a_graph_is_let_go_does_not_keep_later_ones,
            ),
        )
    ),
    instead(
        "no_grad: for all threads",
        f"{RECORDING}.open_no_grads",
        SimpleNamespace(get=lambda: blocks_of_all[-1], set=blocks_of_all.append),
        plain(test_no_grad.test_each_thread_has_its_own),
    ),
)

KEPT_ARRAY = plain(test_tensor.test_j04_an_operand_changed_after_use_does_not_change_the_gradient)
PROTECTION = (
    instead(
        "held: a saved input is not protected",
        "tinygrad_mnist.core.arrays.read_only",
        lambda array: array,
        KEPT_ARRAY,
    ),
    edit(
        "held: a view is trusted",
        "tinygrad_mnist.core.arrays.is_unchangeable",
        ("owner = owner.base", "owner = b''"),
        oracles=(plain(test_tensor.test_a_read_only_view_of_a_writable_array_is_copied),),
    ),
    edit(
        "held: what owns its memory is trusted",
        "tinygrad_mnist.core.arrays.is_unchangeable",
        ("isinstance(owner, bytes)", "owner is None or isinstance(owner, bytes)"),
        oracles=(plain(test_tensor.test_a_constant_that_is_made_writable_again_does_not_count),),
    ),
    instead(
        "data: the protection can be lifted",
        "tinygrad_mnist.Tensor.data",
        property(lambda self: self._array),
        plain(test_tensor.test_a_result_cannot_be_made_writable),
    ),
    edit(
        "scalar: drops the gradient",
        "tinygrad_mnist.Tensor._scalar",
        ("self._ask(what, drops_gradient)", "self._ask(what, False)"),
        oracles=(plain(test_tensor.test_a_gradient_is_not_dropped_silently),),
    ),
    edit(
        "scalar: refused under no_grad",
        "tinygrad_mnist.Tensor._ask",
        (" and not open_no_grads.get()", ""),
        oracles=(plain(test_tensor.test_a_gradient_is_not_dropped_silently),),
    ),
    instead(
        "index: not protected",
        "tinygrad_mnist.ops.indexing._unchangeable",
        lambda part: part,
        plain(test_tensor.test_j04_an_index_changed_after_use_does_not_change_the_gradient),
    ),
    edit(
        "parameter: slices are not dated",
        "tinygrad_mnist.Parameter._dated",
        ("(self, *self._slices)", "(self,)"),
        oracles=(plain(test_tape.test_assigning_a_packed_vector_makes_its_members_graphs_stale),),
    ),
    edit(
        "parameter: assignments are not dated",
        "tinygrad_mnist.Parameter._dated",
        ("next(tape.clock)", "0"),
        oracles=(STALE,),
    ),
    instead(
        "parameter: a detached value moves on",
        "tinygrad_mnist.Parameter.detach",
        lambda self: Tensor.of(self._array, None),
        plain(test_tensor.test_a_parameter_owns_its_value),
    ),
    edit(
        "parameter: a Tensor made of it moves on",
        "tinygrad_mnist.Tensor.__init__",
        ("data = data.detach()", "pass"),
        oracles=(plain(test_tensor.test_a_parameter_owns_its_value),),
    ),
    edit(
        "parameter: an assignment broadcasts",
        "tinygrad_mnist.Parameter.assign",
        ("if array.shape != self.shape:", "if False:"),
        oracles=(plain(test_tensor.test_assigning_what_does_not_fit),),
    ),
)

KERNELS = (
    kernel(
        reduction.sum,
        "keepdims ignored when axis is None",
        lambda x, *, axis, keepdims, out=None: np.sum(
            x, axis=axis, keepdims=keepdims and axis is not None
        ),
    ),
    kernel(
        activation.softmax,
        "the first axis for -1",
        lambda x, *, axis, out=None: (
            np.exp(x) / np.exp(x).sum(axis=0 if axis == -1 else axis, keepdims=True)
        ),
    ),
    kernel(
        shape.reshape,
        "Fortran order",
        lambda x, *, shape, order: np.reshape(x, shape, order="F"),
    ),
    kernel(linear.matmul, "operands swapped", lambda a, b, *, out=None: np.matmul(b.T, a.T).T),
    kernel(activation.relu, "absolute", lambda x, *, out=None: np.abs(x)),
    kernel(
        reduction.mean,
        "a tenth too much",
        lambda x, *, axis, keepdims, out=None: np.mean(x, axis=axis, keepdims=keepdims) * 1.1,
    ),
    kernel(
        activation.softmax_cross_entropy_with_logits,
        "sign",
        lambda z, x, *, out=None: np.vecdot(z, activation.log_softmax(x)),
    ),
    kernel(elementwise.add, "subtracts", np.subtract),
)

RECORDING_MUTANTS = (*RULES, *RECORDING, *PROTECTION, *KERNELS)
