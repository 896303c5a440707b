"""Gradient bugs of other engines, class by class; the id is that of the collection they come from.

The kinks and ties among them (D, E, F) are in test_conventions.py, traversal (I) and aliasing (J)
in tests/core.
"""

import numpy as np
import pytest

import tinygrad_mnist as tm
from tinygrad_mnist import Tensor, gradients

nan = np.nan
RNG = np.random.default_rng(5)


def arange(*shape):
    return np.arange(1.0, 1.0 + np.prod(shape, dtype=int)).reshape(shape)


def ones(*shape):
    return np.ones(shape)


# id: function, operands, cotangent (None: one), gradients
U54, U34 = RNG.standard_normal((5, 4)), RNG.standard_normal((3, 4))
TABLE = {
    "A01 (1,)*(5,4)": (np.multiply, [ones(1), ones(5, 4)], U54, [[U54.sum()], U54]),
    "A03 (2,1)+(1,3)": (np.add, [ones(2, 1), ones(1, 3)], arange(2, 3), [[[6], [15]], [[5, 7, 9]]]),
    "A04 c[2]*v[]": (np.multiply, [arange(2), np.array(3.0)], arange(2), [[3, 6], 5]),
    "A05 inner size 1": (
        np.multiply,
        [arange(1, 2, 2), arange(1, 2, 1)],
        ones(1, 2, 2),
        [[[[1, 1], [2, 2]]], [[[3], [7]]]],
    ),
    "A06 broadcast_to": (
        lambda x: np.broadcast_to(x, (2, 3)),
        [ones(3)],
        arange(2, 3),
        [[5, 7, 9]],
    ),
    "A08 new leading axis": (
        lambda x: np.broadcast_to(x, (4, 3)),
        [ones(3)],
        ones(4, 3),
        [[4] * 3],
    ),
    "A10 remainder": (
        np.remainder,
        [ones(3, 1) * 7, ones(4) * 4],
        U34,
        [U34.sum(1, keepdims=True), -U34.sum(0)],
    ),
    "A12 pow(x[], y[3])": (
        np.power,
        [np.array(2.0), arange(3)],
        ones(3),
        [1 + 4 + 12, np.log(2) * np.array([2, 4, 8])],
    ),
    "A (3,) with (3,3)": (
        np.add,
        [ones(3), ones(3, 3)],
        arange(3, 3),
        [[12, 15, 18], arange(3, 3)],
    ),
    "B01 duplicates": (lambda x: x[[0, 0]], [arange(2)], ones(2), [[2, 0]]),
    "B02 [0,1,0]": (lambda x: x[[0, 1, 0]], [arange(3)], ones(3), [[2, 1, 0]]),
    "B02 weighted": (lambda x: x[np.array([0, 1, 0])], [arange(3)], [1.0, 10, 100], [[101, 10, 0]]),
    "B an empty list": (lambda x: x[[]], [arange(3)], ones(0), [[0] * 3]),
    "B an empty list of columns": (
        lambda x: x[:, []],
        [arange(2, 3)],
        ones(2, 0),
        [ones(2, 3) * 0],
    ),
    "B a list of empty lists": (lambda x: x[[[], []]], [arange(3)], ones(2, 0), [[0] * 3]),
    "B06 x[3:3:2]": (lambda x: x[3:3:2], [arange(5)], ones(0), [[0] * 5]),
    "B09 x[3:1]": (lambda x: x[3:1], [arange(5)], ones(0), [[0] * 5]),
    "B11 mixed": (
        lambda x: x[:, [0, 2], 1],
        [arange(2, 3, 2)],
        [[1.0, 2], [3, 4]],
        [[[[0, 1], [0, 0], [0, 2]], [[0, 3], [0, 0], [0, 4]]]],
    ),
    "B14 x[0:0:-2]": (lambda x: x[0:0:-2], [arange(3)], ones(0), [[0] * 3]),
    "B negative step": (lambda x: x[::-2], [arange(4)], [1.0, 2.0], [[0, 2, 0, 1]]),
    "B15 mask of inf": (
        lambda x: (x / np.array([0.0, 1.0]))[np.array([False, True])],
        [ones(2)],
        [1.0],
        [[nan, 1]],
    ),
    "C01 cumsum of an axis": (
        lambda x: np.cumsum(x, 1),
        [ones(2, 3)],
        arange(2, 3),
        [[[6, 5, 3], [15, 11, 6]]],
    ),
    "C07 prod([4,0])": (np.prod, [np.array([4.0, 0.0])], None, [[0, 4]]),
    "C07 cumprod": (np.cumprod, [np.array([0.0, 2.0])], ones(2), [[3, 0]]),
    "C08 prod of one": (lambda x: np.prod(x, 0), [np.array([0.0])], None, [[1]]),
    "C10 prod of an empty axis": (lambda x: np.prod(x, 0), [ones(0, 3)], ones(3), [ones(0, 3)]),
    "C12 0-d sum": (np.sum, [np.array(2.0)], None, [1]),
    "C12 0-d logsumexp": (tm.logsumexp, [np.array(2.0)], None, [1]),
    "C12 0-d softmax": (tm.softmax, [np.array(2.0)], None, [0]),
    "C12 0-d log_softmax": (tm.log_softmax, [np.array(2.0)], None, [0]),
    "C12 0-d max": (np.max, [np.array(2.0)], None, [1]),
    "C12 0-d prod": (np.prod, [np.array(2.0)], None, [1]),
    "C12 0-d cumsum": (np.cumsum, [np.array(2.0)], [3.0], [3]),
    "C12 0-d axis": (lambda x: np.sum(x, axis=0), [np.array(2.0)], None, [1]),
    "C13 singleton": (lambda x: np.sum(x, 0), [ones(3, 1)], [2.0], [[[2]] * 3]),
    "C14 np.sum": (lambda x: np.sum(x, axis=None, dtype=None, out=None), [ones(2)], None, [[1, 1]]),
    "C18 cumsum of nothing": (lambda x: np.cumsum(x, 0), [ones(2, 0)], ones(2, 0), [ones(2, 0)]),
    "C18 reshape of nothing": (lambda x: np.reshape(x, (0,)), [ones(2, 0)], ones(0), [ones(2, 0)]),
    "C19 (2,0)@(0,3)": (np.matmul, [ones(2, 0), ones(0, 3)], ones(2, 3), [ones(2, 0), ones(0, 3)]),
    "C19 dot": (np.dot, [ones(0), ones(0)], None, [ones(0), ones(0)]),
    "D02 maximum(x, x)": (lambda x: np.maximum(x, x), [arange(2)], [3.0, 4.0], [[3, 4]]),
    "D15 comparison": (
        lambda x, y: np.where(x < y, x, y),
        [[1.0, 5.0], [2.0, 3.0]],
        [1.0, 1.0],
        [[1, 0], [0, 1]],
    ),
    "E02 0**y": (lambda y: 0.0**y, [arange(2)], ones(2), [[0, 0]]),
    "E06 0**1.875": (lambda x: x**1.875, [np.zeros(1)], ones(1), [[0]]),
    "G13 sigmoid(-800)": (tm.sigmoid, [np.array([-800.0, 800.0])], ones(2), [[0, 0]]),
    "H01 A(m,k)@b(k)": (
        np.matmul,
        [arange(2, 3), arange(3)],
        [1.0, 10.0],
        [[[1, 2, 3], [10, 20, 30]], [41, 52, 63]],
    ),
    "H01 a(k)@B(k,m)": (
        np.matmul,
        [arange(2), arange(2, 3)],
        [1.0, 0, 10],
        [[31, 64], [[1, 0, 10], [2, 0, 20]]],
    ),
    "H m == k, vector": (
        np.matmul,
        [[[1.0, 2], [3, 4]], [5.0, 6]],
        [1.0, 0],
        [[[5, 6], [0, 0]], [1, 2]],
    ),
    "H batch": (
        np.matmul,
        [ones(3, 1, 2), ones(2, 2)],
        ones(3, 1, 2),
        [np.full((3, 1, 2), 2), [[3, 3], [3, 3]]],
    ),
    "H batch against vector": (
        np.matmul,
        [ones(2, 3, 2), [1.0, 10.0]],
        arange(2, 3),
        [arange(2, 3)[..., None] * [1, 10], [21, 21]],
    ),
    "H vector against batch": (
        np.matmul,
        [[1.0, 10.0], ones(3, 2, 1)],
        ones(3, 1),
        [[3, 3], ones(3, 1, 1) * [[1], [10]]],
    ),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_gradient(row):
    call, operands, cotangent, expected = row
    leaves = [Tensor(np.asarray(x, float), requires_grad=True) for x in operands]
    with np.errstate(all="ignore"):
        y = call(*leaves)
    y.backward(None if cotangent is None else np.asarray(cotangent))
    for leaf, wanted in zip(leaves, expected, strict=True):
        assert type(leaf.grad) is np.ndarray  # A14: never a NumPy scalar
        assert leaf.grad.shape == leaf.shape == np.shape(wanted)
        np.testing.assert_allclose(leaf.grad, wanted, rtol=1e-13)


def test_g04_the_slope_of_a_saturated_sigmoid_does_not_vanish_early():
    x = Tensor([40.0, -40.0], requires_grad=True)
    np.sum(tm.sigmoid(x)).backward()
    np.testing.assert_allclose(x.grad, np.exp([-40.0, -40.0]), rtol=1e-15)


def test_g11_logits_keep_a_gradient_where_probabilities_lose_it():
    x = Tensor([100.0], requires_grad=True)
    np.sum(tm.sigmoid_cross_entropy_with_logits(np.array([0.0]), x)).backward()
    np.testing.assert_array_equal(x.grad, [1.0])


LOSSES = {
    "softmax": lambda x: tm.softmax_cross_entropy_with_logits(np.float32([[0, 1]]), x),
    "sparse": lambda x: tm.sparse_softmax_cross_entropy_with_logits(np.array([1]), x),
    "sigmoid": lambda x: tm.sigmoid_cross_entropy_with_logits(np.float32([[0, 1]]), x),
    "labels of float64": lambda x: tm.softmax_cross_entropy_with_logits(np.array([[0.0, 1]]), x),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_g12_a_float32_logit_gets_a_float32_gradient(loss):
    x = Tensor(np.float32([[1.0, 2.0]]), requires_grad=True)
    np.sum(loss(x)).backward()
    assert x.grad.dtype == np.float32


MIXED = {
    "K01 maximum with an integer": lambda x: np.maximum(x, 1),
    "K01 an integer count": lambda x: x / np.array(3),
    "K float64 constant": lambda x: x * np.ones(2),
    "K05 widened sum": lambda x: np.sum(x.astype(np.float64)),
    "K08 integer power": lambda x: x**3,
    "K08 integer array power": lambda x: x ** np.array([2, 3]),
    "K mean": np.mean,
    "K comparison": lambda x: x * (x > 1),
    "K integer cast": lambda x: x * x.astype(np.int32),
    "K half": lambda x: x.astype(np.float16),
}


@pytest.mark.parametrize("call", MIXED.values(), ids=MIXED)
def test_the_gradient_has_the_leafs_dtype(call):
    x = Tensor(np.float32([1.5, 2.5]), requires_grad=True)
    y = call(x)
    y.backward(np.ones(y.shape))
    assert x.grad.dtype == np.float32
    assert np.all(x.grad != 0)
    for record in (False, True):
        (found,) = gradients(y, [x], np.ones(y.shape), record=record)
        assert found.dtype == np.float32


def test_c16_the_mean_of_halves_accumulates_wide():
    x = Tensor(np.full(70_000, 2.0, np.float16), requires_grad=True)
    y = np.mean(x)
    assert y.item() == 2.0
    y.backward()
    assert np.all(x.grad == np.float16(1 / 70_000))


def test_the_norm_of_a_gradient_is_numpys_in_a_captured_function_too():
    """Eagerly ``.grad`` is an array and NumPy runs; captured it is a Tensor and our kernel does."""
    w = tm.Parameter(RNG.standard_normal((50, 41)).astype(np.float32))
    x = RNG.standard_normal((7, 50)).astype(np.float32)

    def norms():
        w.grad = None
        np.sum(np.square(x @ w)).backward()
        return [np.linalg.norm(w.grad[row:]) for row in range(20)]

    for found, expected in zip(tm.capture(norms)(), norms(), strict=True):
        np.testing.assert_array_equal(found.data, expected)


def test_the_norm_of_a_tensor_in_any_layout_is_numpys():
    for x in RNG.standard_normal((10, 60, 3, 41)):
        for laid in (x, x.T, x[::-2, :, ::3], np.asfortranarray(x)):
            for static in ({}, {"axis": -1}, {"axis": (2, 0), "keepdims": True}):
                found = np.linalg.norm(Tensor(laid), **static)
                np.testing.assert_array_equal(found.data, np.linalg.norm(laid, **static))


def test_j06_no_kernel_changes_what_it_was_given():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    kept = x.copy()
    for call in (np.var, tm.softmax, tm.log_softmax, tm.logsumexp, np.sort, np.linalg.norm):
        tensor = Tensor(x, requires_grad=True)
        y = call(tensor)
        y.backward(np.ones(y.shape))
        np.testing.assert_array_equal(x, kept)
        np.testing.assert_array_equal(tensor.data, kept)
