"""Random expression graphs, with reuse and unequal path lengths, against a naive model.

The model keeps, beside every value, its derivative by every leaf element (forward mode, dense
Jacobians), so it shares no traversal with the sweep.
"""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mnist import Primitive, Tensor, gradients
from tinygrad_mnist.core.primitive import ZERO
from tinygrad_mnist.core.tape import key, reverse_sweep

SHAPES = ((2, 2), (1, 2), (2, 1), ())


class Dual(NamedTuple):
    """A value and its Jacobian, of shape (*value.shape, number of leaf elements)."""

    value: np.ndarray
    jacobian: np.ndarray


def binary(value, by_a, by_b):
    def model(a, b):
        y = value(a.value, b.value)
        parts = [
            np.broadcast_to(d[..., None], (*y.shape, 1))
            * np.broadcast_to(
                x.jacobian.reshape((1,) * (y.ndim - x.value.ndim) + x.jacobian.shape),
                (*y.shape, x.jacobian.shape[-1]),
            )
            for d, x in (
                (np.broadcast_to(by_a(a.value, b.value), y.shape), a),
                (np.broadcast_to(by_b(a.value, b.value), y.shape), b),
            )
        ]
        return Dual(y, parts[0] + parts[1])

    return model


BINARY = {
    "add": (
        lambda a, b: a + b,
        binary(lambda a, b: np.asarray(a + b), lambda a, b: np.ones(()), lambda a, b: np.ones(())),
    ),
    "subtract": (
        lambda a, b: a - b,
        binary(lambda a, b: np.asarray(a - b), lambda a, b: np.ones(()), lambda a, b: -np.ones(())),
    ),
    "multiply": (
        lambda a, b: a * b,
        binary(lambda a, b: np.asarray(a * b), lambda a, b: b, lambda a, b: a),
    ),
}
UNARY = {
    "tanh": (
        np.tanh,
        lambda x: Dual(
            np.asarray(np.tanh(x.value)), (1 - np.tanh(x.value) ** 2)[..., None] * x.jacobian
        ),
    ),
    "sin": (
        np.sin,
        lambda x: Dual(
            np.asarray(np.sin(x.value)), np.asarray(np.cos(x.value))[..., None] * x.jacobian
        ),
    ),
    "positive": (lambda x: +x, lambda x: x),
    "sum": (
        lambda x: np.sum(x, axis=0, keepdims=True) if x.ndim else x,
        lambda x: (
            Dual(x.value.sum(0, keepdims=True), x.jacobian.sum(0, keepdims=True))
            if x.value.ndim
            else x
        ),
    ),
}


class Graph(NamedTuple):
    leaves: list
    output: Tensor
    dual: Dual
    cotangent: np.ndarray


def build(seed):
    """Draw 8 to 25 operations; three in ten operands are any earlier result, the rest recent."""
    rng = np.random.default_rng(seed)
    values = [rng.standard_normal(SHAPES[rng.integers(4)]) for _ in range(3)]
    total, start, pool = sum(v.size for v in values), 0, []
    for value in values:
        jacobian = np.zeros((value.size, total))
        jacobian[:, start : start + value.size] = np.eye(value.size)
        start += value.size
        dual = Dual(value, jacobian.reshape(*value.shape, total))
        pool.append((Tensor(value, requires_grad=True), dual))
    leaves = [tensor for tensor, _ in pool]

    def pick():
        return pool[rng.integers(len(pool)) if rng.random() < 0.3 else -rng.integers(1, 4)]

    for _ in range(rng.integers(8, 26)):
        if rng.random() < 0.6:
            ours, model = BINARY[rng.choice(list(BINARY))]
            (a, dual_a), (b, dual_b) = pick(), pick()
            if rng.random() < 0.2:
                b, dual_b = a, dual_a
            pool.append((ours(a, b), model(dual_a, dual_b)))
        else:
            ours, model = UNARY[rng.choice(list(UNARY))]
            a, dual_a = pick()
            pool.append((ours(a), model(dual_a)))
    output, dual = pool[-1]
    return Graph(leaves, output, dual, rng.standard_normal(output.shape))


def check(graph):
    np.testing.assert_array_equal(graph.output.data, graph.dual.value)
    expected = np.tensordot(graph.cotangent, graph.dual.jacobian, graph.cotangent.ndim)
    size = np.tensordot(abs(graph.cotangent), abs(graph.dual.jacobian), graph.cotangent.ndim)
    start = 0
    found = gradients(graph.output, graph.leaves, graph.cotangent)
    for tensor, gradient in zip(graph.leaves, found, strict=True):
        part = slice(start, start := start + tensor.size)
        np.testing.assert_allclose(
            gradient.ravel(), expected[part], rtol=1e-9, atol=1e-12 * (1 + size.max())
        )


SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
def test_random_graphs_agree_with_the_naive_model(seed):
    graph = build(seed)
    if graph.output.requires_grad:
        check(graph)


@given(SEEDS)
def test_recorded_and_plain_sweeps_are_the_same_bits(seed):
    graph = build(seed)
    plain = gradients(graph.output, graph.leaves, graph.cotangent)
    recorded = gradients(graph.output, graph.leaves, graph.cotangent, record=True)
    for one, other in zip(plain, recorded, strict=True):
        assert one.tobytes() == other.data.tobytes()


def check_one_by_one(graph):
    """Where the sweep goes only to one of them, it finds there what it finds going to all."""
    inner = {}
    for step in reverse_sweep(graph.output, graph.cotangent):
        inner |= {key(operand): operand for _, operand, _ in step.contributions}
    tensors = [*graph.leaves, *(tensor for tensor in inner.values() if tensor.node)]
    together = gradients(graph.output, tensors, graph.cotangent)
    for tensor, expected in zip(tensors, together, strict=True):
        (alone,) = gradients(graph.output, [tensor], graph.cotangent)
        assert alone.tobytes() == expected.tobytes()


@given(SEEDS)
def test_gradients_one_by_one_are_those_of_all(seed):
    check_one_by_one(build(seed))


def locking(rule_of):
    def rule_with_locked_result(primitive, position):
        rule = rule_of(primitive, position)

        def locked(*operands, **static):
            result = rule(*operands, **static)
            if isinstance(result, np.ndarray):
                result.flags.writeable = False
            return result

        return rule if rule is ZERO else locked

    return rule_with_locked_result


@pytest.fixture
def locked(monkeypatch):
    monkeypatch.setattr(Primitive, "rule_of", locking(Primitive.rule_of))


def test_no_array_that_a_rule_returned_is_written(locked):
    """`+=` into the first contribution is seen by no comparison of values: it is by a lock."""
    for seed in range(30):
        graph = build(seed)
        check(graph)
        graph.output.backward(graph.cotangent)
        for tensor in graph.leaves:
            assert tensor.grad is None or tensor.grad.flags.writeable
