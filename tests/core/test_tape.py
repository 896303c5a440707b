"""The sweep: order, accumulation, depth, memory."""

import gc
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor, capture, gradients, primitive
from tinygrad_mnist.core import gradient, tape
from tinygrad_mnist.errors import (
    ArgumentError,
    DTypeError,
    GradientError,
    RuleError,
    ShapeError,
    StaleGraphError,
)
from tinygrad_mnist.lines import source_lines
from tinygrad_mnist.optim.packing import pack


def leaf(value, **options):
    return Tensor(np.asarray(value, np.float64), requires_grad=True, **options)


def chain(x, length):
    for _ in range(length):
        x = x + 1.0
    return x


def test_a_chain_of_100_000_nodes_differentiates():
    x = leaf(2.0)
    chain(x, 100_000).backward()
    assert x.grad == 1.0


def test_a_diamond_is_linear_in_its_edges():
    """I04: a sweep that walks paths takes 2**2000 steps here."""
    x = leaf(1.0)
    y = x
    for _ in range(2000):
        y = y * 0.5 + y * 0.5
    steps = sum(1 for _ in tape.reverse_sweep(y, np.array(1.0)))
    assert steps == 6000
    started = time.process_time()
    y.backward()
    assert time.process_time() - started < 1.0
    assert x.grad == 1.0


DROP = """
import numpy as np, threading
from tinygrad_mnist import Tensor
def drop():
    y = Tensor(1.0, requires_grad=True)
    for _ in range(100_000):
        y = y + 1.0
    del y
threading.stack_size(256 * 1024)
thread = threading.Thread(target=drop)
thread.start()
thread.join()
drop()
print("alive")
"""


@pytest.mark.slow
def test_dropping_a_deep_graph_does_not_crash():
    """I06, also on a stack of 256 KiB; in a process of its own, for it would take ours along."""
    done = subprocess.run(
        [sys.executable, "-c", DROP], capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout == "alive\n", done.stderr


def test_i01_each_node_waits_for_all_its_uses():
    x, a = leaf(1.0), leaf(1.0)
    xa = x * a
    (x * xa + (x * x) * a + x * xa).backward()
    assert x.grad == 6.0


def test_i02_an_operand_used_twice_counts_twice():
    x = leaf([1.0, 2.0])
    (x + x).backward([1.0, 10.0])
    np.testing.assert_array_equal(x.grad, [2.0, 20.0])
    y = leaf(3.0)
    (y * y).backward()
    assert y.grad == 6.0


def test_i05_no_recursion(monkeypatch):
    x = leaf(1.0)
    y = chain(x, 5000)
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(200)
        y.backward()
        gradients(y, [x], record=True)
    finally:
        sys.setrecursionlimit(limit)
    assert x.grad == 1.0


def test_i07_the_sweep_reads_no_older_history():
    x = leaf(1.0)
    old = chain(x, 1000).detach()
    y = leaf(2.0)
    assert sum(1 for _ in tape.reverse_sweep(old * y, np.array(1.0))) == 1


def test_i09_i10_what_the_output_does_not_depend_on_gets_zeros():
    x, unused = leaf([1.0, 2.0]), leaf(np.ones((2, 3)))
    y = np.sum(x * x)
    found = gradients(y, [unused, x])
    np.testing.assert_array_equal(found[0], np.zeros((2, 3)))
    np.testing.assert_array_equal(found[1], [2.0, 4.0])
    assert found[0].flags.writeable
    (recorded,) = gradients(y, [unused], record=True)
    assert isinstance(recorded, Tensor)
    y.backward()
    assert unused.grad is None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize("use", [lambda x: 1.0, np.floor, lambda x: x.astype(int), Tensor.detach])
def test_what_has_no_influence_has_zeros_of_its_own_shape_and_dtype(use, record, dtype):
    x, unused = leaf(1.0), Tensor(np.ones((2, 3), dtype), requires_grad=True)
    (zeros,) = gradients(np.sum(x * use(unused)), [unused], record=record)
    assert (zeros.shape, zeros.dtype, np.any(zeros).item()) == ((2, 3), dtype, False)


def test_a_second_backward_accumulates():
    x = leaf([1.0, 2.0])
    y = np.sum(np.exp(x) * x)
    y.backward()
    once = x.grad.copy()
    y.backward()
    np.testing.assert_array_equal(x.grad, 2.0 * once)
    x.grad = None
    y.backward()
    np.testing.assert_array_equal(x.grad, once)


def test_the_gradient_of_a_scalar_can_be_scaled():
    x = leaf(3.0)
    (x * x).backward()
    x.grad = x.grad * 0.5
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 3.0


def test_earlier_gradients_are_not_overwritten():
    """J02: a caller may have kept the first one."""
    x = leaf([1.0, 2.0])
    np.sum(x).backward()
    kept = x.grad
    np.sum(x).backward()
    np.testing.assert_array_equal(kept, [1.0, 1.0])


def test_a_leaf_as_the_output():
    x, seed = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    x.backward(seed)
    np.testing.assert_array_equal(x.grad, seed)
    assert not np.shares_memory(x.grad, seed)
    x.grad *= 0.5
    np.testing.assert_array_equal(seed, [3.0, 4.0])
    (direct,) = gradients(x, [x], seed)
    assert not np.shares_memory(direct, seed)


@pytest.mark.parametrize(
    "build",
    [
        lambda x: x + 0.0,
        lambda x: np.reshape(x, (2, 1)),
        lambda x: np.broadcast_to(x, (3, 2)),
        lambda x: np.sum(x, keepdims=True),
        lambda x: x + x,
        lambda x: np.stack([x, x]),
        lambda x: +x,
        lambda x: x[:],
        lambda x: np.transpose(x),
    ],
)
def test_gradients_are_owned_and_shared_with_nothing(build):
    """J01, J03, J14: rules may return views, the seed itself, one array twice."""
    x, z = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    y = build(x + z) + build(z)
    seed = np.ones(y.shape)
    y.backward(seed)
    found = gradients(y, [x, z], seed)
    arrays = [x.grad, z.grad, seed, *found]
    for position, one in enumerate(arrays):
        assert one.flags.writeable
        assert one.flags.owndata
        one *= 0.5
        for other in arrays[position + 1 :]:
            assert not np.shares_memory(one, other)


@pytest.mark.parametrize(
    ("inputs", "received"),
    [(leaf([1.0, 2.0]), "Tensor of shape"), (None, "None"), ([np.ones(2)], "list"), ("x", "str")],
)
def test_gradients_are_by_a_list_of_tensors(inputs, received):
    x = leaf(1.0)
    with pytest.raises(ArgumentError, match=rf"gradients\(y, \[x\]\). Received: .*{received}"):
        gradients(x * x, inputs)
    with pytest.raises(ArgumentError, match="the Tensor to differentiate first"):
        gradients(1.0, [x])
    assert gradients(x * x, iter([x])) == [2.0]


def test_gradients_of_inner_tensors_and_repeated_inputs():
    x = leaf(2.0)
    inner = x * 3.0
    y = inner * inner
    found = gradients(y, [inner, x, inner, y])
    assert [float(g) for g in found] == [12.0, 36.0, 12.0, 1.0]
    assert not np.shares_memory(found[0], found[2])


def test_inner_tensors_of_equal_values_have_gradients_of_their_own():
    """A cotangent belongs to a tensor, not to what is in it."""
    x = leaf([1.0, 2.0])
    first, second = x * 2.0, x * 2.0
    found = gradients(np.sum(3.0 * first + 5.0 * second), [first, second, x])
    np.testing.assert_array_equal(found, [[3.0, 3.0], [5.0, 5.0], [16.0, 16.0]])


def test_a_parameter_assigned_after_use_makes_the_graph_stale():
    weight = Parameter([1.0, 2.0], name="weight")
    y = np.sum(weight * weight)
    assert y.requires_grad
    weight.assign([3.0, 4.0])
    with pytest.raises(StaleGraphError, match=r"'weight'.*assigned after multiply used it"):
        y.backward()
    assert weight.grad is None
    np.sum(weight * weight).backward()
    np.testing.assert_array_equal(weight.grad, [6.0, 8.0])


@pytest.mark.parametrize("assigned", range(3))
def test_whichever_parameter_a_node_read_was_assigned_its_graph_is_stale(assigned):
    names = ["value", "lower", "upper"]
    read = [Parameter([1.0], name=name, requires_grad=name != "upper") for name in names]
    y = np.clip(*read)
    read[assigned].assign([4.0])
    with pytest.raises(StaleGraphError, match=rf"{names[assigned]}'.*assigned after clip used it"):
        y.backward([1.0])


def test_assigning_a_packed_vector_makes_its_members_graphs_stale():
    weight, bias = Parameter([1.0, 2.0]), Parameter(3.0)
    vector = pack([weight, bias])
    y = np.sum(weight * bias)
    vector.assign([4.0, 5.0, 6.0])
    with pytest.raises(StaleGraphError):
        y.backward()


def test_assigning_a_member_makes_the_vector_graph_stale():
    weight, bias = Parameter([1.0, 2.0]), Parameter(3.0)
    vector = pack([weight, bias])
    y = np.sum(vector * vector)
    bias.assign(7.0)
    with pytest.raises(StaleGraphError):
        y.backward()


def test_j10_a_dead_loss_frees_its_graph_without_the_collector():
    weight = Parameter(np.ones((3, 2)))
    gc.disable()
    try:
        loss = np.sum(np.tanh(np.ones((4, 3)) @ weight))
        loss.backward()
        node, tensor = weakref.ref(loss.node), weakref.ref(loss)
        (recorded,) = gradients(loss, [weight], record=True)
        second = weakref.ref(recorded)
        del loss, recorded
        assert (node(), tensor(), second()) == (None, None, None)
    finally:
        gc.enable()


def test_gradient_needs_a_graph_and_a_cotangent_that_fits():
    with pytest.raises(GradientError, match="does not depend on anything"):
        Tensor(1.0).backward()
    y = leaf([1.0, 2.0]) * 2.0
    with pytest.raises(GradientError, match="needs a cotangent"):
        y.backward()
    with pytest.raises(ShapeError, match="must have its shape"):
        y.backward(np.ones(3))
    with pytest.raises(DTypeError, match=r"A cotangent must be .* real numbers"):
        y.backward(np.ones(2, complex))


def test_a_missing_rule_is_an_error_of_the_sweep_only():
    @primitive()
    def lonely(x, *, out=None):
        return np.multiply(x, 2.0, out=out)

    y = lonely(leaf(1.0))
    with pytest.raises(RuleError, match="lonely has no rule for its operand x"):
        y.backward()


def test_sweeps_yield_newest_first_with_all_contributions():
    x = leaf(2.0)
    y = np.exp(x * x)
    steps = list(tape.reverse_sweep(y, np.array(1.0)))
    assert [step.node.primitive.name for step in steps] == ["exp", "multiply"]
    assert [[position for position, _, _ in step.contributions] for step in steps] == [[0], [0, 1]]
    assert steps[0].node.id > steps[1].node.id


def test_gradients_run_only_the_rules_that_lead_to_the_inputs():
    x, bias, weight = leaf([1.0, 2.0]), leaf([0.5]), Parameter([3.0, 4.0])

    @primitive()
    def lonely(x, *, out=None):
        return np.multiply(x, 2.0, out=out)

    hidden = np.tanh(x * 2.0)
    stale, missing = weight * hidden, lonely(hidden)
    assert missing.requires_grad
    output = np.sum(stale + missing + bias) * 3.0
    weight.assign([5.0, 6.0])
    (found,) = gradients(output, [bias])
    np.testing.assert_array_equal(found, [6.0])
    with pytest.raises(RuleError, match="lonely has no rule"):
        gradients(output, [x])
    with pytest.raises(StaleGraphError):
        gradients(stale, [x], np.ones(2))
    top = np.exp(hidden)
    inner, outer = gradients(np.sum(top), [hidden, top])
    np.testing.assert_array_equal(inner, top.data)
    np.testing.assert_array_equal(outer, [1.0, 1.0])
    steps = [*tape.reverse_sweep(np.sum(top), np.array(1.0), inputs=[hidden])]
    assert [(s.node.primitive.name, len(s.contributions)) for s in steps] == [
        ("sum", 1),
        ("exp", 1),
        ("tanh", 0),
    ]


def test_the_gradient_of_a_computed_tensor_is_not_kept_and_that_is_said():
    x = leaf([1.0, 2.0])
    inner = np.exp(x)
    np.sum(inner * inner).backward()
    for touch in (lambda: inner.grad, lambda: setattr(inner, "grad", None)):
        with pytest.raises(GradientError, match=r"result of exp, .*gradients\(y, \[h\]\)"):
            touch()
    assert not hasattr(inner, "grad")
    assert x.grad is not None
    assert Tensor([1.0]).grad is None
    assert inner.detach().grad is None


@pytest.mark.parametrize("returned", [None, [1.0, 2.0], "x", np.array([1j, 2.0]), np.array(["x"])])
def test_a_rule_that_returns_no_array_of_real_numbers_is_named(returned):
    @primitive()
    def odd(x):
        return x * 2.0

    odd.vjp(x=lambda ct, y, x: returned)
    with pytest.raises(RuleError, match="rule of odd for x must return an array or a Tensor of re"):
        odd(leaf([1.0, 2.0])).backward(np.ones(2))


NUMBERS = [2, 2.0, True, np.int8(2), np.float64(2.0), np.array(2), np.array(2.0, np.float16)]


@pytest.mark.parametrize("returned", NUMBERS, ids=repr)
def test_a_rule_may_return_a_number(returned):
    """It is the cotangent of an operand without axes; as a Tensor where rules run on Tensors."""

    @primitive()
    def odd(x):
        return x * 2.0

    odd.vjp(x=lambda ct, y, x: returned)
    x = Parameter(np.float32(3.0))
    odd(x).backward()
    found = [x.grad, *(gradients(odd(x), [x], record=record)[0] for record in (False, True))]
    slope = capture(lambda: gradients(odd(x), [x])[0])
    found += [slope() for _ in range(2)]
    assert [type(one) for one in found] == [np.ndarray] * 2 + [Tensor] * 3
    for one in found:
        assert (one.shape, one.dtype, one.item()) == ((), np.float32, returned)


@pytest.mark.parametrize("cotangent", [None, 3.0, np.array(3.0), Tensor(3.0), Parameter(3.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_recorded_gradients_are_values_that_nothing_writes_into(cotangent, dtype):
    @primitive()
    def doubled(x):
        return x * 2.0

    doubled.vjp(x=lambda ct, y, x: np.full(2, 2.0))  # an array, whatever it is given
    x, z, unused = (Tensor(np.ones(2, dtype), requires_grad=True) for _ in range(3))
    y = np.sum(x * x + doubled(z))
    found = gradients(y, [x, z, unused, y], cotangent, record=True)
    assert [(type(one), one.dtype) for one in found] == [(Tensor, dtype)] * 4
    assert not any(one.data.flags.writeable for one in found)


@pytest.mark.parametrize("dtype", [int, bool])
def test_there_is_no_gradient_by_integers_and_booleans(dtype):
    x = leaf(1.0)
    with pytest.raises(GradientError, match=r"no gradient by Tensor 'n' of .* are constants"):
        gradients(x * x, [x, Tensor([1], dtype, name="n")])


def test_a_stale_parameter_below_an_inner_input_is_no_error():
    weight = Parameter([1.0, 2.0])
    inner = weight * weight
    output = np.sum(np.exp(inner))
    weight.assign([3.0, 4.0])
    (found,) = gradients(output, [inner])
    np.testing.assert_array_equal(found, np.exp([1.0, 4.0]))
    with pytest.raises(StaleGraphError):
        gradients(output, [inner, weight])


def test_gradients_by_an_inner_tensor_and_what_it_was_made_of():
    x, other = leaf(3.0), leaf(1.0)
    inner = x * x
    found = gradients(inner * x + other, [inner, x])
    assert [float(one) for one in found] == [3.0, 27.0]


def test_contributions_may_be_changed_before_the_next_step():
    x = leaf([1.0, 2.0])
    left = {}
    for step in tape.reverse_sweep(np.sum(np.exp(x) * x), np.array(1.0), arrived=left):
        for index, (position, operand, _) in enumerate(step.contributions):
            if step.node.primitive.name == "exp":
                step.contributions[index] = position, operand, np.array([10.0, 20.0])
    ((found, total),) = left.values()
    assert found is x
    np.testing.assert_array_equal(total, np.array([10.0, 20.0]) + np.exp([1.0, 2.0]))


def test_what_a_rule_returned_before_it_was_summed_down_can_be_had():
    x, bias = leaf(np.ones((4, 3))), leaf(np.zeros(3))
    cotangent = np.arange(12.0).reshape(4, 3)
    (step,) = tape.reverse_sweep(x + bias, cotangent)
    (_, _, of_x), (position, operand, of_bias) = step.contributions
    raw = tape.apply_rules(step.node, step.cotangent, step.node.tracked, fitted=False)
    assert (position, operand) == (1, bias)
    assert [(p, t) for p, t, _ in raw] == [(0, x), (1, bias)]
    assert [array.shape for _, _, array in raw] == [(4, 3), (4, 3)]
    np.testing.assert_array_equal(of_x, cotangent)
    np.testing.assert_array_equal(of_bias, cotangent.sum(axis=0))


def test_perturbations_are_not_confused():
    x, y = leaf(2.0), leaf(1.0)
    (inner,) = gradients(x + y, [y], record=True)
    assert gradients(x * inner, [x]) == [1.0]


def test_two_threads_add_up_on_shared_parameters(monkeypatch):
    """With a pause between reading a gradient and writing the sum, where a race would lose some."""
    weight = Parameter(np.ones(50))
    start = threading.Barrier(2)
    as_array = gradient.as_array

    def pausing(total):
        time.sleep(1e-4)
        return as_array(total)

    monkeypatch.setattr(gradient, "as_array", pausing)

    def work(rows):
        start.wait()
        for row in rows:
            np.sum(weight * row).backward()

    rows = np.random.default_rng(0).integers(0, 9, (2, 100, 50)).astype(float)
    threads = [threading.Thread(target=work, args=(part,)) for part in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(weight.grad, rows.sum((0, 1)))


def test_a_parameter_as_the_output_of_a_recorded_sweep():
    """What comes back are Tensors, never new Parameters."""
    weight, other = Parameter([1.0, 2.0]), Parameter([3.0])
    direct, unreached = gradients(weight, [weight, other], [5.0, 7.0], record=True)
    assert (type(direct), type(unreached)) == (Tensor, Tensor)
    np.testing.assert_array_equal(direct.data, [5.0, 7.0])
    assert not direct.requires_grad


def test_source_lines_are_the_users():
    x = leaf(1.0)
    with source_lines() as lines:
        y = np.mean(x * 2.0)  # both nodes are this line's
    after = x * 3.0
    here = sys._getframe().f_lineno - 2
    assert lines == {y.node.id: f"test_tape.py:{here}", y.node.id - 1: f"test_tape.py:{here}"}
    assert after.node.id not in lines
