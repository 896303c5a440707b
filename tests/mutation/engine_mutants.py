"""The sweep made wrong: its order, its sums, and who owns the gradients that come out."""

from core import test_tape
from ops import test_conventions

from tinygrad_mnist.ops import elementwise, reduction, shape

from .oracles import (
    GRAPHS,
    LOCKED_GRAPHS,
    ONE_STEP_A_NODE,
    ownership,
    plain,
    second_order,
)
from .planting import edit, instead

I01 = plain(test_tape.test_i01_each_node_waits_for_all_its_uses)
I02 = plain(test_tape.test_i02_an_operand_used_twice_counts_twice)
OWNED = plain(test_tape.test_gradients_are_owned_and_shared_with_nothing)
TWICE = plain(test_tape.test_a_second_backward_accumulates)

GRADIENT = "tinygrad_mnist.core.gradient"
SWEEP = "tinygrad_mnist.core.tape.reverse_sweep"

PENDING = "as_array(pending[parent.id][1] + contribution)"
FOUND = "as_array(totals[key][1] + contribution)"
POP, PUSH = "pending.pop(-heapq.heappop(newest_first))", "heapq.heappush(newest_first, -parent.id)"
STEPS = "for operand, contribution in contributions:"
ONCE = "for operand, contribution in {id(o): (o, c) for o, c in contributions}.values():"


def sweep(name, *changes, oracles=(GRAPHS,)):
    return edit(f"sweep: {name}", SWEEP, *changes, oracles=oracles)


def totals(name, *changes, oracles=(GRAPHS,)):
    return edit(f"totals: {name}", f"{GRADIENT}._totals", *changes, oracles=oracles)


def backward(name, *changes, oracles):
    return edit(f"backward: {name}", f"{GRADIENT}.backward", *changes, oracles=oracles)


def gradients(name, *changes, oracles):
    return edit(f"gradients: {name}", "tinygrad_mnist.gradients", *changes, oracles=oracles)


def seed(name, *changes, oracles):
    return edit(f"gradients: {name}", f"{GRADIENT}._seed", *changes, oracles=oracles)


def fresh(name, *changes, oracles):
    return edit(f"gradients: {name}", f"{GRADIENT}._is_fresh", *changes, oracles=oracles)


TRAVERSAL = (
    sweep("assigns instead of accumulating", (PENDING, "contribution")),
    sweep("the first contribution wins", (PENDING, "pending[parent.id][1]")),
    sweep(
        "max instead of sum",
        (PENDING, "np.maximum(pending[parent.id][1], contribution)"),
    ),
    sweep("mean instead of sum", (PENDING, "(pending[parent.id][1] + contribution) / 2")),
    sweep("skips the second edge to a parent", (STEPS, ONCE)),
    sweep(
        "breadth first",
        (POP, "pending[-newest_first.pop(0)]"),
        (PUSH, "newest_first.append(-parent.id)"),
    ),
    sweep(
        "depth first",
        (POP, "pending[-newest_first.pop()]"),
        (PUSH, "newest_first.append(-parent.id)"),
    ),
    sweep(
        "oldest first",
        (POP, "pending[-newest_first.pop(newest_first.index(max(newest_first)))]"),
        (PUSH, "newest_first.append(-parent.id)"),
    ),
    sweep(
        "each path once more, breadth first",
        (POP, "pending.pop(-newest_first.pop(0))"),
        (PUSH, "newest_first.append(-parent.id)"),
        oracles=(ONE_STEP_A_NODE,),
    ),
    sweep(
        "each path once more, depth first",
        (POP, "pending.pop(-newest_first.pop())"),
        (PUSH, "newest_first.append(-parent.id)"),
        oracles=(ONE_STEP_A_NODE,),
    ),
    sweep(
        "visited by value",
        (
            "if parent.id in pending:",
            "equal = (n for n, _ in pending.values() if np.array_equal(n.value, parent.value));"
            "parent = next(equal, parent)\n            if parent.id in pending:",
        ),
        oracles=(GRAPHS, I01),
    ),
    sweep(
        "adds into the first buffer",
        (PENDING, "np.add(pending[parent.id][1], contribution, out=pending[parent.id][1])"),
        oracles=(GRAPHS, LOCKED_GRAPHS),
    ),
    sweep("stops after the first operand", ("contributions:\n", "contributions[:1]:\n")),
    sweep(
        "rules run on arrays while recording",
        (
            "_contributions(node, cotangent, wrap, record)",
            "_contributions(node, cotangent, None, False)",
        ),
        oracles=(second_order(elementwise.multiply),),
    ),
    totals("assigns instead of accumulating", (FOUND, "contribution"), oracles=(GRAPHS, I02)),
    totals("the first contribution wins", (FOUND, "totals[key][1]"), oracles=(I02,)),
    totals("max instead of sum", (FOUND, "np.maximum(totals[key][1], contribution)")),
    totals(
        "skips the second edge to a leaf",
        (
            STEPS.replace("contributions", "step.contributions"),
            ONCE.replace("contributions", "step.contributions"),
        ),
        oracles=(I02,),
    ),
    totals(
        "adds into the first buffer",
        (FOUND, "np.add(totals[key][1], contribution, out=totals[key][1])"),
        oracles=(GRAPHS, LOCKED_GRAPHS),
    ),
    totals(
        "kept for the next backward",
        (" = {}", " = _totals.__dict__.setdefault('kept', {})"),
        oracles=(TWICE,),
    ),
    totals(
        "a leaf that is the output is forgotten",
        ("if wanted(output):", "if False:"),
        oracles=(plain(test_tape.test_a_leaf_as_the_output),),
    ),
    instead(
        "gradients: leaves by value",
        f"{GRADIENT}._key",
        lambda tensor: tensor.node.id if tensor.node else -hash(tensor.data.tobytes()),
        I01,
    ),
    instead(
        "gradients: inner nodes by value",
        f"{GRADIENT}._key",
        lambda tensor: abs(hash(tensor.data.tobytes())) if tensor.node else -id(tensor),
        plain(test_tape.test_inner_tensors_of_equal_values_have_gradients_of_their_own),
    ),
)

OWNERSHIP = (
    seed(
        "the seed is not copied",
        ("np.array(cotangent)", "np.asarray(cotangent)"),
        oracles=(plain(test_tape.test_a_leaf_as_the_output), ownership(elementwise.add)),
    ),
    seed(
        "the seed of a scalar is zero",
        ("np.ones(output.shape,", "np.zeros(output.shape,"),
        oracles=(I02,),
    ),
    seed(
        "of another shape is taken",
        ("seed.shape != output.shape or ", ""),
        oracles=(plain(test_tape.test_gradient_needs_a_graph_and_a_cotangent_that_fits),),
    ),
    instead(
        "gradients: a view is given away", f"{GRADIENT}._owned", lambda total, owned: total, OWNED
    ),
    gradients(
        "an input given twice shares",
        ("totals[key] = tensor, total, False", "pass"),
        oracles=(plain(test_tape.test_gradients_of_inner_tensors_and_repeated_inputs),),
    ),
    gradients(
        "unused inputs get ones",
        ("np.zeros(tensor.shape", "np.ones(tensor.shape"),
        oracles=(plain(test_tape.test_i09_i10_what_the_output_does_not_depend_on_gets_zeros),),
    ),
    instead(
        "gradients: every contribution is thought fresh",
        f"{GRADIENT}._is_fresh",
        lambda contribution, cotangent: True,
        OWNED,
    ),
    fresh(
        "views are thought fresh",
        ("flags.owndata and ", ""),
        oracles=(OWNED, ownership(shape.reshape)),
    ),
    fresh(
        "read-only ones are thought fresh",
        (" and flags.writeable", ""),
        oracles=(OWNED, LOCKED_GRAPHS),
    ),
    fresh(
        "the cotangent itself is thought fresh",
        (" and contribution is not cotangent", ""),
        oracles=(OWNED, ownership(elementwise.add)),
    ),
    backward(
        "a leaf gets a shared or read-only view",
        ("_owned(total, owned)", "total"),
        oracles=(OWNED, ownership(reduction.sum)),
    ),
    backward("overwrites", ("before + total", "total"), oracles=(TWICE,)),
    backward(
        "into the array a caller may have kept",
        ("as_array(before + total)", "np.add(before, total, out=before)"),
        oracles=(plain(test_tape.test_earlier_gradients_are_not_overwritten),),
    ),
    backward(
        "never accumulates from None",
        ("before is not None", "before is None"),
        oracles=(I02,),
    ),
    edit(
        "backward: warns of infinities",
        f"{GRADIENT}._backward_phase",
        ('np.errstate(all="ignore")', 'np.errstate(all="raise")'),
        oracles=(plain(test_conventions.test_backward_through_infinities_does_not_warn),),
    ),
)

ENGINE_MUTANTS = (*TRAVERSAL, *OWNERSHIP)
