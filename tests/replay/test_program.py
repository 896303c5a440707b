"""Programs: what their listing shows, and that the checker refuses each kind of damage."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_mnist import Parameter, Tensor, capture, gradients, host, optim
from tinygrad_mnist.errors import ProgramError
from tinygrad_mnist.replay.allocation import Allocation
from tinygrad_mnist.replay.plan import Plan
from tinygrad_mnist.replay.program import Slot, with_constants_folded, without_dead_code
from tinygrad_mnist.testing import strategies

from .checker import check_allocation, check_plans, check_program, recordings


def captured_step():
    weight = Parameter(np.ones((3, 2)), name="weight")
    bias = Parameter(np.zeros(2), name="bias")
    optimizer = optim.SGD([weight, bias], 0.1)

    @capture
    def step(x):
        loss = np.mean((x @ weight + bias) ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    step(np.ones((4, 3)))
    return step


def test_a_listing_reads_like_what_was_done():
    step = captured_step()
    text = str(step.plans[0])
    lines = text.splitlines()
    assert lines[0] == "step(x)"
    assert [line for line in lines if line in ("forward", "backward", "update")] == [
        "forward",
        "backward",
        "update",
    ]
    (product,) = [line.split() for line in lines if "matmul(x, weight)" in line]
    assert product[:3] == ["%0", "matmul(x,", "weight)"]
    assert "float64[4,2]" in product
    assert product[-1].startswith("test_program.py:")
    assert any("in place, memory of packed" in line for line in lines)
    assert any("transpose(x, axes=(1, 0))" in line and "view of x" in line for line in lines)
    assert "leaves grad of weight" in text
    assert "returns %" in text


def test_the_listing_of_a_function_that_does_nothing():
    captured = capture(lambda: None)
    captured()
    assert str(captured.plans[0]) == "<lambda>()\nreturns nothing"


def test_arguments_are_called_as_in_the_function():
    def function(x, *more, options, **others):
        return x + more[0] + more[1] + options["scale"] + others["shift"]

    captured = capture(function)
    one = np.ones(1)
    captured(one, one, one, options={"scale": one}, shift=one)
    head = str(captured.plans[0]).splitlines()[0]
    assert head == "function(x, more1, more2, options['scale'], shift)"


def test_versions_of_parameters_of_one_name_are_told_apart():
    one, two = Parameter([1.0], name="weight"), Parameter([1.0], name="weight")

    @capture
    def function(x):
        one.assign(one * x)
        two.assign(two * x)
        one.assign(one * x)
        two.assign(two * x)

    function(np.ones(1))
    names = [
        line.split()[0]
        for line in str(Plan(recordings(function)[0])).splitlines()
        if "weight" in line
    ]
    assert [name for name in names if name.startswith("weight")] == [
        "weight",
        "weight_2",
        "weight'",
        "weight_2'",
        "weight''",
        "weight_2''",
    ]


def test_gradients_are_called_as_the_leaves_are():
    one, two = Parameter([1.0], name="weight"), Parameter([1.0], name="weight")
    constant = Tensor([3.0], requires_grad=True)
    two.grad = np.ones(1)

    @capture
    def function(weight):
        loss = np.sum(weight * one * two * constant)
        loss.backward()
        return loss

    function(np.ones(1))
    lines = str(function.plans[0]).splitlines()
    given = [line.split()[0] for line in lines if line.startswith("  ") and " parameter " in line]
    assert given == ["weight_2", "weight_3"]
    (added,) = [line for line in lines if "add(grad of" in line]
    assert "add(grad of weight_3, " in added
    left = sorted(line.split(" = ")[0] for line in lines if line.startswith("leaves"))
    assert left == [f"leaves grad of {name}" for name in ("c0", "weight_2", "weight_3")]


def test_captured_functions_and_plans_say_what_they_are():
    step = captured_step()
    assert repr(step) == "<captured step, 1 plan>"
    (plan,) = step.plans
    assert repr(plan) == "<plan of step(x float64[4,3]): 18 instructions, 264 bytes>"


def test_dead_code_goes_and_effects_stay():
    weight = Parameter([1.0], name="weight")

    @capture
    def function(x):
        np.exp(x) * 3.0
        weight.assign(x + 1.0)
        return x * 2.0

    function(np.ones(1))
    names = [one.primitive.name for one in function.plans[0].program.instructions]
    assert names == ["add", "assign", "multiply"]
    assert len(recordings(function)[0].instructions) == 5


def test_what_was_computed_from_constants_is_a_constant():
    table = Tensor(np.arange(3.0))
    captured = capture(lambda x: x * np.sum(np.exp(table)))
    captured(np.ones(1))
    (instruction,) = captured.plans[0].program.instructions
    assert instruction.primitive.name == "multiply"
    assert instruction.operands[1].content == np.sum(np.exp(np.arange(3.0)))


def test_views_share_memory_and_a_reshape_that_copies_does_not():
    captured = capture(lambda x: (np.reshape(x.T, -1), x.T, np.reshape(x, -1)))
    x = np.arange(6.0).reshape(2, 3)
    captured(x)
    views = [one.is_view for one in captured.plans[0].program.instructions]
    assert sorted(views) == [False, True, True, True]
    x = x + 1
    for got, expected in zip(captured(x), (x.T.ravel(), x.T, x.ravel()), strict=True):
        np.testing.assert_array_equal(got.numpy(), expected)


# The checker.


def damaged(program, position, **changes):
    instructions = list(program.instructions)
    instructions[position] = instructions[position]._replace(**changes)
    return dataclasses.replace(program, instructions=tuple(instructions))


def test_the_checker_accepts_what_is_made():
    check_plans(captured_step())


def test_a_slot_used_before_it_is_defined():
    program = recordings(captured_step())[0]
    swapped = dataclasses.replace(program, instructions=program.instructions[::-1])
    with pytest.raises(ProgramError, match="before it is defined"):
        check_program(swapped)


def test_a_slot_defined_twice():
    program = recordings(captured_step())[0]
    first = program.instructions[0]
    twice = dataclasses.replace(program, instructions=(first, first, *program.instructions[1:]))
    with pytest.raises(ProgramError, match=r"Instruction 1, matmul .* again"):
        check_program(twice)


@pytest.mark.parametrize(("what", "value"), [("shape", (4, 3)), ("dtype", np.dtype(np.float32))])
def test_a_result_of_another_shape_or_dtype(what, value):
    program = recordings(captured_step())[0]
    wrong = dataclasses.replace(program.instructions[0].result, **{what: value})
    with pytest.raises(ProgramError, match="Instruction 0, matmul"):
        check_program(damaged(program, 0, result=wrong))


def test_a_constant_whose_value_is_another():
    program = captured_step().plans[0].program
    reads = program.instructions[0].operands
    wrong = Slot("constant", (4, 3), np.dtype(float), (24, 8), content=np.ones((4, 3), np.float32))
    with pytest.raises(ProgramError, match=r"constant float64\[4,3\] whose value is float32 of"):
        check_program(damaged(program, 0, operands=(wrong, *reads[1:])))


def test_an_output_that_is_never_defined():
    program = recordings(captured_step())[0]
    stray = dataclasses.replace(program.outputs[0])
    with pytest.raises(ProgramError, match="never defined"):
        check_program(dataclasses.replace(program, outputs=(stray,)))


def test_an_assignment_left_unfinished():
    program = captured_step().plans[0].program
    allocation = Allocation(program)
    last = max(allocation.skipped)
    shorter = dataclasses.replace(program, instructions=program.instructions[:last])
    with pytest.raises(ProgramError, match="unfinished"):
        check_allocation(shorter, allocation)


def test_a_value_that_host_may_overwrite():
    weight = Parameter([1.0], name="weight")

    @capture
    def function(x):
        following = weight * x
        weight.assign(following)
        return following + host(lambda: np.zeros(1))

    function(np.ones(1))
    program = function.plans[0].program
    allocation = Allocation(program)
    (product, assigned) = [one.result for one in program.instructions[:2]]
    check_allocation(program, allocation)
    allocation.places[product] = allocation.places[assigned]
    allocation.skipped.add(1)
    with pytest.raises(ProgramError, match=r"add .* reads value float64\[1\] after it was over"):
        check_allocation(program, allocation)


def random_plan(graph, order=1):
    def function(*leaves):
        y = graph(*leaves)
        return y, gradients(y, leaves, np.ones(y.shape)) if y.requires_grad else []

    captured = capture(function)
    captured(*[Tensor(leaf, requires_grad=True) for leaf in graph.leaves])
    return captured.plans[0]


@given(strategies.graphs(), st.data())
def test_an_allocation_with_a_live_value_overwritten_is_refused(graph, data):
    """Move one value onto another that is still read later: the checker must say so."""
    program = random_plan(graph).program
    allocation = Allocation(program)
    pairs = [
        (mover, victim)
        for mover in program.slots
        for victim in program.slots
        if mover.origin == "value"
        and mover.base is None
        and victim.base is None
        and victim.origin in ("value", "argument")
        and allocation.places[mover][0] is not allocation.places[victim][0]
        and allocation.first[victim] < allocation.first[mover] < allocation.last[victim]
    ]
    assume(pairs)
    mover, victim = data.draw(st.sampled_from(pairs))
    allocation.places[mover] = allocation.places[victim]
    with pytest.raises(ProgramError):
        check_allocation(program, allocation)


@given(strategies.graphs())
def test_an_arena_without_room_is_refused(graph):
    program = random_plan(graph).program
    allocation = Allocation(program)
    buffers = [b for b in allocation.buffers if b.array is None and b.size]
    clash = any(
        one is not other and one.first < other.first < one.last
        for one in buffers
        for other in buffers
    )
    assume(clash)
    for buffer in buffers:
        buffer.offset = 0
    with pytest.raises(ProgramError):
        check_allocation(program, allocation)


@given(strategies.graphs(), st.data())
def test_each_pass_keeps_a_program_consistent_and_leaves_it_nothing_to_do(graph, data):
    places = range(len(graph.leaves))
    fixed = {i: Tensor(graph.leaves[i]) for i in data.draw(st.sets(st.sampled_from(places)))}

    def function(*leaves):
        unused = graph(*leaves)
        y = graph(*[fixed.get(i, leaf) for i, leaf in enumerate(leaves)])
        return y, gradients(y, leaves, np.ones(y.shape)) if y.requires_grad else unused.shape

    captured = capture(lambda *leaves: [one for one in function(*leaves) if type(one) is not tuple])
    captured(*[Tensor(leaf, requires_grad=True) for leaf in graph.leaves])
    check_plans(captured)
    program = captured.plans[0].program
    assert without_dead_code(program) == program
    assert with_constants_folded(program, {}) == program
