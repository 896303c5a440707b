"""Capture and replay made wrong: what is frozen, what is copied, and whose memory is reused."""

from replay import (
    test_allocation,
    test_capture,
    test_idioms,
    test_own_primitives,
    test_program,
    test_random_assignments,
    test_replay_limits,
)

from tinygrad_mnist import Tensor
from tinygrad_mnist.ops import linear_algebra

from .oracles import Oracle, plain
from .planting import Mutant, edit, instead


def limits(name):
    """One test of the limits of replay."""
    return plain(getattr(test_replay_limits, name))


def training(kind="adam"):
    """Batches of changing sizes, compared with the eager run after each step."""
    run = test_capture.test_changing_batch_sizes_and_both_kinds_of_labels
    return Oracle(f"replayed training by {kind}", lambda: run(kind))


GRAPHS = plain(test_capture.test_random_graphs_and_their_gradients)
BATCHES = limits("test_another_batch_size_is_another_plan_with_its_own_mean")


ASSIGNMENTS = plain(test_random_assignments.test_random_assignments_with_python_between)


UNFILLED = plain(
    test_own_primitives.test_a_kernel_that_does_not_fill_out_is_refused_before_anything_changes
)


def poisoned(name, *changes, oracle=UNFILLED):
    target = "tinygrad_mnist.replay.poison.refuse_unfilled"
    return edit(f"poison: {name}", target, *changes, oracles=(oracle,))


ALIASED = plain(
    test_own_primitives.test_an_elementwise_kernel_that_reads_what_it_has_overwritten_is_refused
)


def memory(name, *changes, oracle=UNFILLED):
    target = "tinygrad_mnist.replay.poison._runs"
    return edit(f"poison: {name}", target, *changes, oracles=(oracle,))


PARTS = plain(
    test_allocation.test_parts_are_computed_in_their_place_in_the_whole_where_that_is_right
)
ASSIGNED_WHOLE = plain(
    test_allocation.test_a_concatenation_is_put_together_in_the_parameter_it_is_assigned_to
)
LEAVES_ALONE = plain(
    test_allocation.test_what_is_computed_in_the_memory_of_something_leaves_alone_what_is_still_read
)
CONSTANT_GRADIENT = limits("test_a_gradient_that_is_a_constant_is_left_anew_by_each_replay")
TWICE = "len(set(parts)) < len(instruction.operands)"
NO_GRAD_LATER = limits("test_no_grad_around_a_call_after_replays_without_it_and_the_reverse")


def laid_out(name, method, *changes, oracles=(GRAPHS,)):
    target = f"tinygrad_mnist.replay.allocation.Allocation.{method}"
    return edit(f"allocation: {name}", target, *changes, oracles=oracles)


REPLAY_MUTANTS = (
    edit(
        "signature: without the shape",
        "tinygrad_mnist.replay.signature.array_and_part",
        ("(array.shape, array.dtype, requires_grad)", "(array.dtype, array.dtype, requires_grad)"),
        oracles=(BATCHES,),
    ),
    edit(
        "signature: without the dtype",
        "tinygrad_mnist.replay.signature.array_and_part",
        ("(array.shape, array.dtype, requires_grad)", "(array.shape, None, requires_grad)"),
        oracles=(limits("test_another_dtype_is_another_plan"),),
    ),
    instead(
        "signature: conditions are not asked",
        "tinygrad_mnist.replay.recorder.Conditions.hold",
        lambda self: True,
        limits("test_another_optimizer_moving_the_parameters_makes_another_plan"),
    ),
    edit(
        "signature: conditions are asked once",
        "tinygrad_mnist.replay.capture.Captured._last_replay_if_alike",
        ("replay if replay.conditions.hold() else None", "replay"),
        oracles=(limits("test_another_optimizer_moving_the_parameters_makes_another_plan"),),
    ),
    edit(
        "signature: of the last call, without the shape",
        "tinygrad_mnist.replay.capture.Captured._last_replay_if_alike",
        ("(array.shape, array.dtype, False) != part", "(array.dtype, False) != part[1:]"),
        oracles=(limits("test_another_size_after_a_replay_is_another_plan"),),
    ),
    edit(
        "signature: no_grad is forgotten",
        "tinygrad_mnist.replay.signature.call_of",
        ("not open_no_grads.get())", "True)"),
        oracles=(limits("test_no_grad_around_a_call_is_part_of_the_signature"),),
    ),
    *(
        edit(
            f"signature: of the last call, {name}",
            "tinygrad_mnist.replay.capture.Captured._last_replay_if_alike",
            ("recording is bool(open_no_grads.get())", wrong),
            oracles=(NO_GRAD_LATER,),
        )
        for name, wrong in (
            ("without no_grad", "False"),
            ("without a no_grad that is new", "not recording and not open_no_grads.get()"),
            ("without a no_grad that is over", "recording and open_no_grads.get()"),
        )
    ),
    edit(
        "feed: cached by the array's identity",
        "tinygrad_mnist.replay.plan.Plan.feed",
        (
            "np.copyto(self.arrays[slot], array)",
            "id(array) in seen or np.copyto(self.arrays[slot], array); seen.add(id(array))",
        ),
        oracles=(limits("test_feeds_are_copied_in"),),
        seen=set(),
    ),
    edit(
        "feed: a large one is not bound again",
        "tinygrad_mnist.replay.plan.Plan.feed",
        ("self.arrays[slot] = array", "pass"),
        oracles=(limits("test_large_feeds_are_read_where_they_are_and_never_written_to"),),
    ),
    edit(
        "feed: a large view is read where it is",
        "tinygrad_mnist.replay.plan.Plan.feed",
        ("array.base is not None or ", ""),
        oracles=(limits("test_a_piece_of_a_parameter_may_be_fed"),),
    ),
    instead(
        "feed: a large one is kept",
        "tinygrad_mnist.replay.plan.Plan.let_go",
        lambda self: None,
        limits("test_a_large_feed_is_let_go_after_the_call"),
    ),
    laid_out(
        "a large feed is read where it is though Python may write into it",
        "_is_read_where_it_is",
        ("self.last[slot] < min(self._hosts, default=end)", "end"),
        oracles=(limits("test_a_host_value_that_writes_into_the_fed_array_comes_too_late"),),
    ),
    edit(
        "fetch: not copied",
        "tinygrad_mnist.replay.plan.Plan.finish",
        ('self.arrays[slot].copy(order="K")', "self.arrays[slot]"),
        oracles=(limits("test_fetches_are_copied_out"),),
    ),
    edit(
        "fetch: can be written into",
        "tinygrad_mnist.replay.signature.Results.build",
        ("array.flags.writeable = False", "pass"),
        oracles=(limits("test_nothing_writes_into_what_is_returned"),),
    ),
    edit(
        "recorder: a gradient is a parameter that goes on",
        "tinygrad_mnist.replay.recorder.Recorder._unchanging",
        ('if self._slot(value, value._array).root.origin != "parameter":', "if True:"),
        oracles=(limits("test_a_gradient_that_is_set_to_a_parameter_is_its_value_as_of_then"),),
    ),
    edit(
        "verify: warns again",
        "tinygrad_mnist.replay.verify._run_and_compare",
        ('np.errstate(all="ignore")', "np.errstate()"),
        oracles=(plain(test_own_primitives.test_what_a_function_warns_of_is_said_once),),
    ),
    edit(
        "poison: warns again",
        "tinygrad_mnist.replay.poison.refuse_unfilled",
        ('np.errstate(all="ignore")', "np.errstate()"),
        oracles=(plain(test_own_primitives.test_what_a_function_warns_of_is_said_once),),
    ),
    edit(
        "finish: assignments are not dated",
        "tinygrad_mnist.replay.plan.Plan.finish",
        ("parameter.storage()", "pass"),
        oracles=(limits("test_a_replay_that_assigns_makes_older_graphs_stale"),),
    ),
    edit(
        "finish: gradients are not left",
        "tinygrad_mnist.replay.plan.Plan.finish",
        ("tape.NOBODY.set_gradients(self._leaves, gradients)", "pass"),
        oracles=(limits("test_gradients_are_left_on_the_leaves_owned_and_accumulated"),),
    ),
    edit(
        "update: the numbers of the first step",
        "tinygrad_mnist.optim.Optimizer._record_update",
        ("host(self._next_numbers_as_array)", "first(self)"),
        oracles=(limits("test_the_step_count_and_the_learning_rate_are_state_not_constants"),),
        first=lambda optimizer: Tensor(optimizer._next_numbers_as_array()),
    ),
    edit(
        "recorder: a version of a parameter is never another",
        "tinygrad_mnist.replay.recorder.Recorder.assigned",
        ("self._slots.pop(id(other._array), None)", "pass"),
        oracles=(limits("test_packed_parameters_may_be_read_after_they_were_updated"),),
    ),
    edit(
        "results: what was read is forgotten",
        "tinygrad_mnist.replay.signature.Results.seal",
        ("list(read)", "[]"),
        oracles=(
            plain(test_idioms.test_no_gradient_is_taken_of_a_result_by_whatever_it_depends_on),
        ),
    ),
    edit(
        "results: what was given is forgotten",
        "tinygrad_mnist.replay.signature.Results.build",
        ("[*self._read, *trained]", "self._read"),
        oracles=(
            plain(test_idioms.test_no_gradient_is_taken_of_a_result_by_whatever_it_depends_on),
        ),
    ),
    edit(
        "recorder: arguments lie close together",
        "tinygrad_mnist.replay.recorder.Recorder.argument",
        ("copy_in_layout(array)", "array.copy(order='K')"),
        oracles=(plain(test_idioms.test_a_layout_is_kept),),
    ),
    edit(
        "recorder: constants lie close together",
        "tinygrad_mnist.replay.recorder.Recorder._slot",
        ("copy_in_layout(array)", "array.copy(order='K')"),
        oracles=(plain(test_idioms.test_a_layout_is_kept),),
    ),
    edit(
        "recorder: blocks of errstate are not seen",
        "tinygrad_mnist.replay.recorder.Recorder._append",
        ("errstate if special else None", "None"),
        oracles=(plain(test_idioms.test_a_block_of_errstate_is_part_of_the_program),),
    ),
    edit(
        "conditions: what errstate was around the first call is forgotten",
        "tinygrad_mnist.replay.recorder.Conditions.hold",
        (" or self.errstate == np.geterr()", " or True"),
        oracles=(plain(test_idioms.test_a_block_cannot_be_told_from_what_is_set_around_the_call),),
    ),
    *(
        edit(name, where, change, oracles=(plain(test_idioms.test_a_sentence_with_the_line),))
        for name, where, change in (
            (
                "recorder: draws are not seen",
                "tinygrad_mnist.replay.recorder.Recorder._refuse_draws",
                ("name is not None", "False"),
            ),
            (
                "recorder: the last draw is not seen",
                "tinygrad_mnist.replay.recorder.Recorder.program",
                ("self._refuse_draws()", "pass"),
            ),
            (
                "recorder: changes are not seen",
                "tinygrad_mnist.replay.recorder.Recorder.changed",
                ("if not self._in_source:", "if False:"),
            ),
            (
                "parameter: the double of a Tensor is no question",
                "tinygrad_mnist.Parameter.__init__",
                ("if isinstance(data, Tensor):", "if False:"),
            ),
            (
                "draws: only of what a function names itself",
                "tinygrad_mnist.replay.draws._generators",
                ("isinstance(value, FunctionType | MethodType | partial)", "False"),
            ),
            (
                "draws: not of attributes",
                "tinygrad_mnist.replay.draws._generators",
                ("isinstance(member, GENERATORS)", "False"),
            ),
            (
                "draws: not of the global generators",
                "tinygrad_mnist.replay.draws._generators",
                ('"random" in names', "False"),
            ),
        )
    ),
    edit(
        "aside: memory that a source writes to is not noted",
        "tinygrad_mnist.replay.recorder.Aside.changed",
        ("self.parameters.append(owner)", "pass"),
        oracles=(plain(test_idioms.test_the_same_bits),),
    ),
    edit(
        "host: its draws are refused",
        "tinygrad_mnist.replay.recorder.Recorder.host",
        ("self._draws.renew()", "pass"),
        oracles=(plain(test_idioms.test_the_same_bits),),
    ),
    edit(
        "tensor of a tensor: not recorded",
        "tinygrad_mnist.Tensor.__init__",
        ("if isinstance(data, Tensor):", "if False:"),
        oracles=(plain(test_idioms.test_the_same_bits),),
    ),
    edit(
        "arguments: those that move on are taken",
        "tinygrad_mnist.replay.capture.Captured._refuse_changeable",
        ("raise CaptureError(", "CaptureError("),
        oracles=(plain(test_idioms.test_an_argument_that_moves_on_is_refused_by_name),),
    ),
    edit(
        "passes: effects are dead code",
        "tinygrad_mnist.replay.program.without_dead_code",
        ("instruction.primitive in EFFECTS or ", ""),
        oracles=(plain(test_program.test_dead_code_goes_and_effects_stay),),
    ),
    edit(
        "passes: gradients are no constants",
        "tinygrad_mnist.replay.program.with_constants_folded",
        ("(leaf, slot and constants.get(slot, slot))", "(leaf, slot)"),
        oracles=(CONSTANT_GRADIENT,),
    ),
    edit(
        "passes: what Python computes is a constant",
        "tinygrad_mnist.replay.program.with_constants_folded",
        (
            " and instruction.primitive not in EFFECTS",
            " and instruction.primitive.name != 'assign'",
        ),
        oracles=(limits("test_random_numbers_are_frozen_unless_they_come_from_host"),),
    ),
    edit(
        "liveness: by slot instead of by storage",
        "tinygrad_mnist.replay.memory.lifetimes",
        ("last[slot.root] = position", "last[slot] = position"),
        oracles=(
            limits("test_an_elementwise_result_does_not_overwrite_what_a_view_of_it_reads"),
            training(),
        ),
    ),
    edit(
        "liveness: outputs die with their last reader",
        "tinygrad_mnist.replay.memory.lifetimes",
        ("last[slot.root] = len(program.instructions)", "last.setdefault(slot.root, -1)"),
        oracles=(limits("test_two_outputs_do_not_overwrite_each_other"),),
    ),
    laid_out(
        "a live operand is overwritten",
        "_is_vacant",
        ("return buffer.last == position", "return True"),
        oracles=(limits("test_a_dead_operand_is_overwritten_and_a_live_one_is_not"),),
    ),
    Mutant(
        "allocation: matmul writes over its operand",
        linear_algebra.matmul,
        "elementwise",
        lambda _: True,
        (limits("test_matmul_never_writes_over_its_operand"),),
    ),
    laid_out(
        "a view is written over as if it were the whole",
        "_may_overwrite",
        ("and slot.base is None\n", ""),
        ("and slot.layout == instruction.result.layout\n", ""),
        oracles=(limits("test_an_elementwise_result_does_not_overwrite_what_a_view_of_it_reads"),),
    ),
    laid_out(
        "assigned while the old value is still read",
        "_forward_assignments",
        ("before.last <= producer", "True"),
        oracles=(limits("test_a_value_assigned_late_is_not_written_early"),),
    ),
    laid_out(
        "what Python may assign is not written to",
        "_contents_of_parameters",
        ("dict.fromkeys([-1, *self._hosts])", "{-1: None}"),
        ("[-1, *self._hosts, end + 1]", "[-1, end + 1]"),
        oracles=(limits("test_what_waits_in_the_memory_of_a_parameter_is_safe_from_host"),),
    ),
    laid_out(
        "a parameter is overwritten while it is still read",
        "_is_vacant",
        (" or content.last > position", ""),
        oracles=(ASSIGNMENTS,),
    ),
    laid_out(
        "a result waits in a parameter until it is overwritten itself",
        "_is_vacant",
        ("(last < after.first or (last == after.first and in_place))", "True"),
        oracles=(ASSIGNMENTS,),
    ),
    *(
        laid_out(name, method, change, oracles=(LEAVES_ALONE,))
        for name, method, change in (
            (
                "a producer is not asked what it reads",
                "_forward_assignments",
                ("self._may_overwrite(self.program.instructions[producer], buffer)", "True"),
            ),
            (
                "what was assigned early is not read again",
                "_forward_assignments",
                ("max(content.last, self.last[value])", "content.last"),
            ),
            (
                "what is not elementwise overwrites what it reads",
                "_may_overwrite",
                ("instruction.primitive.elementwise", "True"),
            ),
            ("a view is overwritten", "_may_overwrite", ("slot.base is None", "True")),
            (
                "what is broadcast is overwritten",
                "_may_overwrite",
                ("slot.layout == instruction.result.layout", "True"),
            ),
            (
                "what waits in a parameter is no content",
                "_overwrite_dying_operands",
                ("if buffer in self._contents:", "if False:"),
            ),
            (
                "a whole waits until a part of it is written",
                "_is_vacant",
                ("after.slot.layout == result.layout", "True"),
            ),
            (
                "a result waits until what reads it is there",
                "_is_vacant",
                ("(last == after.first and in_place)", "last == after.first"),
            ),
        )
    ),
    *(
        laid_out(name, "_join_concatenations", change, oracles=(oracle,))
        for name, change, oracle in (
            ("a part has two places in the whole", (TWICE, "False"), PARTS),
            (
                "parts are joined along any axis",
                ('instruction.static["axis"] != 0', "False"),
                PARTS,
            ),
            ("parts are of another dtype", ("part.dtype == whole.dtype", "True"), PARTS),
            ("of a part more is there", ("part.size == slot.size", "True"), PARTS),
            ("a part is in another order", ("is_contiguous(slot)", "True"), PARTS),
            ("a part is somewhere already", ("self._is_free(part)", "True"), PARTS),
            ("a whole is somewhere already", (" or whole in self.places", ""), ASSIGNED_WHOLE),
        )
    ),
    edit(
        "arena: buffers in use at once overlap",
        "tinygrad_mnist.replay.memory.pack",
        ("last[:i] >= buffer.first", "last[:i] < -2"),
        oracles=(training(),),
    ),
    instead(
        "sealed: a result is a constant",
        "tinygrad_mnist.replay.signature._sealed_node",
        lambda *_: None,
        limits("test_no_gradient_goes_through_what_a_captured_function_returned"),
    ),
    edit(
        "plan: what a kernel returns is not copied",
        "tinygrad_mnist.replay.plan.Plan._thunk",
        ("lambda: fill(out, call())", "call"),
        oracles=(plain(test_own_primitives.test_whatever_a_kernel_returns_is_copied_to_its_place),),
    ),
    edit(
        "plan: warns of infinities in the backward phase",
        "tinygrad_mnist.replay.plan.Plan._run_phases",
        ("if errstate is None:", "if True:"),
        oracles=(limits("test_infinities_in_a_replayed_backward_pass_do_not_warn"),),
    ),
    edit(
        "plan: warns of nothing",
        "tinygrad_mnist.replay.plan.Plan._run_phases",
        ("if errstate is None:", "if False:"),
        ("np.errstate(**errstate)", "np.errstate(all='ignore')"),
        oracles=(limits("test_a_numerical_complaint_is_of_the_same_kind_in_a_replay"),),
    ),
    edit(
        "plan: what a kernel returns is broadcast",
        "tinygrad_mnist.replay.plan.fill",
        ("if (result.shape, result.dtype) != (out.shape, out.dtype):", "if False:"),
        oracles=(
            plain(
                test_own_primitives.test_a_result_of_another_shape_is_refused_and_never_broadcast
            ),
        ),
    ),
    poisoned("what is there is not looked at", ("if same_bits(out, value):", "if True:")),
    poisoned(
        "what the kernel returns is looked at",
        (
            "            try:\n                primitive",
            "            try:\n                out = primitive",
        ),
    ),
    memory("the first only", ("in POISONS:", "in POISONS[:1]:")),
    memory("the second only", ("in POISONS:", "in POISONS[1:]:")),
    memory("the first twice", ("in POISONS:", "in POISONS[:1] * 2:")),
    memory("of booleans one", ("poison & 1", "1")),
    memory(
        "operands are never overwritten",
        ("if instruction.primitive.elementwise:", "if False:"),
        oracle=ALIASED,
    ),
    poisoned(
        "once only",
        (
            "            if same_bits(out, value):\n                continue",
            "            if same_bits(out, value):\n                break",
        ),
        oracle=plain(
            test_own_primitives.test_a_kernel_that_fills_out_the_first_time_only_is_refused
        ),
    ),
    poisoned(
        "what changes by itself is called unfilled",
        ("if not _gives(instruction, operands, value):", "if False:"),
        oracle=plain(
            test_own_primitives.test_a_kernel_that_gives_something_else_each_time_is_refused
        ),
    ),
)
