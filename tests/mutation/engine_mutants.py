"""The sweep made wrong: its order, its sums, and who owns the gradients that come out."""

from core import test_tape
from ops import test_conventions

from tinygrad_mnist.ops import elementwise, reduction, shape

from .oracles import (
    GRAPHS,
    LOCKED_GRAPHS,
    ONE_BY_ONE,
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

NARROW = plain(test_tape.test_gradients_run_only_the_rules_that_lead_to_the_inputs)

GRADIENT = "tinygrad_mnist.core.gradient"
SWEEP = "tinygrad_mnist.core.tape.reverse_sweep"

ADDED = "as_array(arrived[identity][1] + contribution)"
POP, PUSH = "arrived.pop(-heapq.heappop(newest_first))", "heapq.heappush(newest_first, -identity)"
STEPS = "for _, operand, contribution in contributions:"
ONCE = "for _, operand, contribution in {id(c[1]): c for c in contributions}.values():"


def sweep(name, *changes, oracles=(GRAPHS,)):
    return edit(f"sweep: {name}", SWEEP, *changes, oracles=oracles)


def on_the_way(name, *changes, oracles):
    return edit(
        f"on the way: {name}", "tinygrad_mnist.core.tape._on_the_way", *changes, oracles=oracles
    )


def backward(name, *changes, oracles):
    return edit(f"backward: {name}", f"{GRADIENT}.backward", *changes, oracles=oracles)


def gradients(name, *changes, oracles):
    return edit(f"gradients: {name}", "tinygrad_mnist.gradients", *changes, oracles=oracles)


def seed(name, *changes, oracles):
    return edit(f"gradients: {name}", f"{GRADIENT}._seed", *changes, oracles=oracles)


def owned(name, *changes, oracles):
    return edit(f"gradients: {name}", f"{GRADIENT}._owned", *changes, oracles=oracles)


TRAVERSAL = (
    sweep("assigns instead of accumulating", (ADDED, "contribution")),
    sweep("the first contribution wins", (ADDED, "arrived[identity][1]")),
    sweep(
        "max instead of sum",
        (ADDED, "np.maximum(arrived[identity][1], contribution)"),
    ),
    sweep("mean instead of sum", (ADDED, "(arrived[identity][1] + contribution) / 2")),
    sweep("skips the second edge to a parent", (STEPS, ONCE)),
    sweep(
        "breadth first",
        (POP, "arrived[-newest_first.pop(0)]"),
        (PUSH, "newest_first.append(-identity)"),
    ),
    sweep(
        "depth first",
        (POP, "arrived[-newest_first.pop()]"),
        (PUSH, "newest_first.append(-identity)"),
    ),
    sweep(
        "oldest first",
        (POP, "arrived[-newest_first.pop(newest_first.index(max(newest_first)))]"),
        (PUSH, "newest_first.append(-identity)"),
    ),
    sweep(
        "each path once more, breadth first",
        (POP, "arrived.pop(-newest_first.pop(0))"),
        (PUSH, "newest_first.append(-identity)"),
        oracles=(ONE_STEP_A_NODE,),
    ),
    sweep(
        "each path once more, depth first",
        (POP, "arrived.pop(-newest_first.pop())"),
        (PUSH, "newest_first.append(-identity)"),
        oracles=(ONE_STEP_A_NODE,),
    ),
    sweep(
        "visited by value",
        (
            "if identity in arrived:",
            "values = {k: h.value for k, (h, _) in arrived.items() if hasattr(h, 'value')}\n"
            "            same = (k for k in values if np.array_equal(values[k], operand.data))\n"
            "            equal = same if parent else iter(())\n"
            "            identity = next(equal, identity)\n"
            "            if identity in arrived:",
        ),
        oracles=(GRAPHS, I01),
    ),
    sweep(
        "adds into the first buffer",
        (ADDED, "np.add(arrived[identity][1], contribution, out=arrived[identity][1])"),
        oracles=(GRAPHS, LOCKED_GRAPHS),
    ),
    sweep(
        "stops after the first operand",
        (STEPS, STEPS.replace("contributions:", "contributions[:1]:")),
    ),
    sweep(
        "rules run on arrays while recording",
        ("record=record)", "record=False)"),
        oracles=(second_order(elementwise.multiply),),
    ),
    sweep(
        "what arrived is kept for the next one",
        ("{} if arrived is None", "reverse_sweep.__dict__.setdefault('kept', {}) if True"),
        oracles=(GRAPHS, TWICE),
    ),
    sweep(
        "a leaf that is the output is forgotten",
        (
            "arrived[key(output)] = output.node or output, seed",
            "if output.node: arrived[key(output)] = output.node, seed",
        ),
        oracles=(plain(test_tape.test_a_leaf_as_the_output),),
    ),
    sweep(
        "contributions that were changed are not read",
        (
            "yield Step(node, cotangent, contributions)",
            "yield Step(node, cotangent, [*contributions])",
        ),
        oracles=(plain(test_tape.test_contributions_may_be_changed_before_the_next_step),),
    ),
    sweep(
        "goes everywhere",
        (
            "on_the_way = None if inputs is None else _on_the_way(output, inputs)",
            "on_the_way = None",
        ),
        oracles=(NARROW,),
    ),
    on_the_way(
        "the inputs alone",
        ("found.add(identity)", "pass"),
        oracles=(ONE_BY_ONE,),
    ),
    on_the_way(
        "the first operand decides",
        (
            "                found.add(identity)\n                break",
            "                found.add(identity)\n            break",
        ),
        oracles=(ONE_BY_ONE,),
    ),
    on_the_way(
        "inner inputs count as leaves",
        ("elif -id(operand) not in found:", "elif False:"),
        oracles=(NARROW,),
    ),
    on_the_way(
        "newest first",
        ("sorted(nodes)", "sorted(nodes, reverse=True)"),
        oracles=(ONE_BY_ONE,),
    ),
    on_the_way(
        "a leaf that is no input stops all",
        ("every_leaf = False", "return found"),
        oracles=(NARROW, GRAPHS),
    ),
    sweep(
        "leaves by value",
        ("-id(operand)  #", "-hash(operand.data.tobytes())  #"),
        oracles=(I01,),
    ),
    instead(
        "gradients: inner nodes by value",
        "tinygrad_mnist.core.tape.key",
        lambda tensor: abs(hash(tensor.data.tobytes())) if tensor.node else -id(tensor),
        plain(test_tape.test_inner_tensors_of_equal_values_have_gradients_of_their_own),
    ),
)

OWNERSHIP = (
    seed(
        "the seed is not copied",
        ('real(cotangent, "A cotangent").copy()', 'real(cotangent, "A cotangent")'),
        oracles=(plain(test_tape.test_a_leaf_as_the_output), ownership(elementwise.add)),
    ),
    seed(
        "the seed of a scalar is zero",
        ("np.ones(output.shape,", "np.zeros(output.shape,"),
        oracles=(I02,),
    ),
    seed(
        "of another shape is taken",
        ("seed.shape != output.shape", "False"),
        oracles=(plain(test_tape.test_gradient_needs_a_graph_and_a_cotangent_that_fits),),
    ),
    instead(
        "gradients: all is given away", f"{GRADIENT}._owned", lambda total, given: total, OWNED
    ),
    owned(
        "an input given twice shares",
        (" or id(total) in given", ""),
        oracles=(plain(test_tape.test_gradients_of_inner_tensors_and_repeated_inputs),),
    ),
    gradients(
        "what a gradient shares with another is forgotten",
        ("_owned(found[key(tensor)], given)", "_owned(found[key(tensor)], set())"),
        oracles=(plain(test_tape.test_gradients_of_inner_tensors_and_repeated_inputs),),
    ),
    gradients(
        "unused inputs get ones",
        ("np.zeros(tensor.shape", "np.ones(tensor.shape"),
        oracles=(plain(test_tape.test_i09_i10_what_the_output_does_not_depend_on_gets_zeros),),
    ),
    gradients(
        "unused inputs get float64",
        ("np.zeros(tensor.shape, tensor.dtype)", "np.zeros(tensor.shape)"),
        oracles=(plain(test_tape.test_what_has_no_influence_has_zeros_of_its_own_shape_and_dtype),),
    ),
    edit(
        "gradients: those recorded can be written into",
        f"{GRADIENT}._value",
        ("array.flags.writeable = False", "pass"),
        oracles=(plain(test_tape.test_recorded_gradients_are_values_that_nothing_writes_into),),
    ),
    owned(
        "views are given away",
        ("flags.owndata and ", ""),
        oracles=(OWNED, ownership(shape.reshape)),
    ),
    owned(
        "read-only ones are given away",
        (" and flags.writeable", ""),
        oracles=(OWNED, LOCKED_GRAPHS),
    ),
    owned(
        "the cotangent is given to two",
        ("given.add(id(total))", "pass"),
        oracles=(OWNED, ownership(elementwise.add)),
    ),
    backward(
        "a leaf gets a shared or read-only view",
        ("_owned(total, given)", "total"),
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
        ("before is None", "before is not None"),
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
