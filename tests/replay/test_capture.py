"""A replay equals the function bit for bit: training, random graphs, higher order, structures."""

from collections import OrderedDict, defaultdict
from typing import NamedTuple

import numpy as np
import pytest
from contracts.contract import same_bits
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mnist import Parameter, Tensor, capture, gradients, mnist, nn, optim
from tinygrad_mnist.nn.loop import cross_entropy
from tinygrad_mnist.testing import strategies

from .checker import check_plans

OPTIMIZERS = {
    "adam": optim.Adam,
    "adam paper": lambda p: optim.Adam(p, epsilon_mode="paper"),
    "momentum": optim.Momentum,
    "nesterov": lambda p: optim.Momentum(p, nesterov=True),
    "sgd": optim.SGD,
}


class Training:
    """A model, its optimizer and its step: what a captured and an eager run are compared by."""

    def __init__(self, kind, sizes):
        self.model = nn.MLP(sizes)
        self.optimizer = OPTIMIZERS[kind](self.model.parameters())

    def step(self, images, labels):
        cost = cross_entropy(labels, self.model(images))
        self.optimizer.zero_grad()
        cost.backward()
        self.optimizer.step()
        return cost

    def state(self):
        parameters = self.model.parameters()
        slots = self.optimizer.state_dict().values()
        return [p.numpy() for p in parameters] + [p.grad for p in parameters] + list(slots)


@pytest.mark.slow
def test_a_thousand_adam_steps_on_mnist_equal_the_eager_ones():
    data = mnist.load(generator=np.random.default_rng(0)).train
    eager, replayed = Training("adam", [784, 128, 64, 10]), Training("adam", [784, 128, 64, 10])
    step = capture(replayed.step)
    for iteration in range(1000):
        images, labels = data.next_batch(64)
        assert same_bits(eager.step(images, labels).data, step(images, labels).data), iteration
        if iteration % 100 == 99:
            assert all(map(same_bits, eager.state(), replayed.state())), iteration
    assert len(step.plans) == 1
    check_plans(step)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_changing_batch_sizes_and_both_kinds_of_labels(kind):
    eager, replayed = Training(kind, [6, 5, 4]), Training(kind, [6, 5, 4])
    step = capture(replayed.step, verify=5)
    rng = np.random.default_rng(0)
    for turn in range(40):
        rows = int(rng.integers(1, 5))
        images = rng.normal(size=(rows, 6)).astype(np.float32)
        labels = rng.integers(0, 4, rows)
        if turn % 2:
            labels = np.eye(4, dtype=np.float32)[labels]
        assert same_bits(eager.step(images, labels).data, step(images, labels).data)
        assert all(map(same_bits, eager.state(), replayed.state()))
    check_plans(step)


def test_eager_and_replayed_steps_may_alternate():
    eager, mixed = Training("adam", [6, 5, 4]), Training("adam", [6, 5, 4])
    step = capture(mixed.step)
    rng = np.random.default_rng(1)
    for turn in range(12):
        images = rng.normal(size=(3, 6)).astype(np.float32)
        labels = rng.integers(0, 4, 3)
        eager.step(images, labels)
        (step if turn % 3 else mixed.step)(images, labels)
        assert all(map(same_bits, eager.state(), mixed.state()))


@given(strategies.graphs(), st.integers(0, 2**32 - 1), st.integers(1, 2))
def test_random_graphs_and_their_gradients(graph, seed, order):
    def function(leaves, cotangent):
        y = graph(*leaves)
        if order == 1:
            return y, gradients(y, leaves, cotangent)
        first = gradients(y, leaves, cotangent, record=True)
        slope = sum((np.sum(g * g) for g in first), Tensor(0.0))
        return y, first, gradients(slope, leaves) if slope.requires_grad else []

    captured = capture(function)
    rng = np.random.default_rng(seed)
    shape = np.shape(graph(*graph.leaves))
    for _ in range(3):
        leaves = [Tensor(rng.normal(size=x.shape), requires_grad=True) for x in graph.leaves]
        cotangent = rng.normal(size=shape)
        if not graph(*leaves).requires_grad:
            return
        expected, got = function(leaves, cotangent), captured(leaves, cotangent)
        assert same_bits(expected[0].data, got[0].data)
        for one, other in zip(expected[1:], got[1:], strict=True):
            for a, b in zip(one, other, strict=True):
                assert same_bits(getattr(a, "data", a), b.data)
    check_plans(captured)


@given(strategies.graphs(max_nodes=10), st.data())
def test_layouts_of_feeds(graph, data):
    captured = capture(lambda *leaves: graph(*leaves) @ np.ones((1,)))
    if np.shape(graph(*graph.leaves))[-1:] != (1,):
        captured = capture(lambda *leaves: np.sum(graph(*leaves), axis=0, keepdims=True))
    for _ in range(2):
        leaves = [data.draw(strategies.layouts(leaf)) for leaf in graph.leaves]
        tensors = [Tensor(leaf) if leaf.ndim else leaf for leaf in leaves]
        if not np.shape(graph(*leaves)):
            return
        assert same_bits(captured.function(*tensors).data, captured(*tensors).data)


class Pair(NamedTuple):
    left: Tensor
    right: Tensor


def test_nested_tuples_lists_and_dictionaries():
    def function(pair, *, options):
        left, right = pair
        return {"sum": left + right, "all": [Pair(left, right), (options["scale"][0] * left,)]}

    captured = capture(function)
    for a in (1.0, 2.0):
        result = captured(Pair(np.array([a]), np.array([3.0])), options={"scale": [np.array(2.0)]})
        assert result["sum"].item() == a + 3.0
        pair, (scaled,) = result["all"]
        assert type(pair) is Pair
        assert pair.right.item() == 3.0
        assert scaled.item() == 2.0 * a


def test_a_dictionary_with_a_factory_keeps_it():
    captured = capture(lambda given: defaultdict(list, sum=given["x"] + given["missing"]))
    for value in (1.0, 3.0):
        result = captured(defaultdict(int, x=np.array([value])))
        assert result["sum"].item() == value
        assert result["missing"] == []
    assert len(captured.plans) == 1


@pytest.mark.parametrize("kind", [OrderedDict, lambda pairs: defaultdict(list, pairs)])
def test_other_dictionaries(kind):
    captured = capture(lambda given: kind([("twice", given["x"] * 2.0)]))
    for value in (1.0, 3.0):
        result = captured(kind([("x", np.array([value]))]))
        assert type(result) is type(kind([]))
        assert result["twice"].item() == 2.0 * value


def test_a_hessian_by_captured_second_order():
    weight = Parameter([1.0, 2.0], name="weight")

    @capture(verify=2)
    def hessian(x):
        (slope,) = gradients(np.sum(weight**3 * x), [weight], record=True)
        return np.stack([gradients(slope[i], [weight])[0] for i in range(2)])

    for x in (1.0, 2.0, 5.0):
        expected = np.diag(6.0 * weight.numpy() * x)
        np.testing.assert_allclose(hessian(np.array([x, x])).numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("rows", [1, 64, 1000])
def test_memory_without_reuse_and_with_it(kind, rows):  # not of tiny ones: each has a cache line
    step = capture(Training(kind, [784, 128, 64, 10]).step)
    step(np.ones((rows, 784), np.float32), np.zeros(rows, int))
    memory = step.plans[0].memory
    assert memory.peak <= memory.with_reuse <= 1.5 * memory.peak
    assert memory.with_reuse < 0.6 * memory.without_reuse


def test_the_peak_is_what_is_in_use_at_once():
    def function(x):
        parts = [np.sin(x), np.cos(x)]
        whole = np.concatenate(parts)  # its parts are computed in it
        return np.sum(np.exp(whole) * whole), parts

    captured = capture(function)
    captured(np.ones(1000))
    memory = captured.plans[0].memory  # x goes when its cosine is there; then come whole and exp
    assert memory.peak == 4 * 8000 + 8
    assert memory.without_reuse == 9 * 8000 + 8


def test_what_has_memory_already_takes_none():
    weight = Parameter(np.ones((100, 100)), name="weight")

    @capture
    def function(x):
        weight.assign(x * 2.0)

    function(np.ones((100, 100)))
    memory = function.plans[0].memory
    assert (memory.without_reuse, memory.with_reuse, memory.peak) == (80_000, 0, 0)


def test_keywords_are_told_apart_by_their_names_and_order():
    @capture
    def difference(a, b):
        return a - b

    one, two = np.array([1.0]), np.array([2.0])
    for _ in range(4):
        assert difference(a=one, b=two).item() == -1
        assert difference(b=one, a=two).item() == 1
        assert difference(one, b=two).item() == -1
        assert difference(two, one).item() == 1
    for _ in range(3):  # as the last time, each time
        assert difference(one, b=two).item() == -1
    assert len(difference.plans) == 4
