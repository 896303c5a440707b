"""Messages tell what happened, what was received, what to do; NumPy users know the class."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor, gradients, relu
from tinygrad_mnist.errors import (
    ArgumentError,
    DTypeError,
    IndexingError,
    ShapeError,
    TinygradError,
    UnsupportedError,
)
from tinygrad_mnist.ops.reduction import linear_recurrence

X = Tensor(np.ones((2, 3), np.float32), requires_grad=True, name="x")
Y = Tensor(np.ones((2, 4)), requires_grad=True)
CUBE = Tensor(np.ones((2, 4, 4)), requires_grad=True)

KERNELS = {
    "broadcast": (lambda: X + Y, ShapeError, ValueError, ["add", "(2, 3)", "(2, 4)", "float32"]),
    "array": (lambda: X * np.ones(5), ShapeError, ValueError, ["multiply", "(5,)", "'x'"]),
    "matmul": (lambda: X @ Y, ShapeError, ValueError, ["matmul", "(2, 3)", "(2, 4)"]),
    "dot, left": (lambda: np.dot(CUBE, np.ones(4)), ShapeError, ValueError, ["np.dot", "(4,)"]),
    "dot, right": (lambda: X.T.dot(CUBE), ShapeError, ValueError, ["np.dot", "(3, 2)", "a @ b"]),
    "dot": (lambda: np.dot(CUBE, CUBE), ShapeError, ValueError, ["np.dot", "up to 2 axes"]),
    "axis": (lambda: np.sum(X, axis=2), ShapeError, ValueError, ["sum", "axis=2", "(2, 3)"]),
    "reshape": (lambda: X.reshape(4), ShapeError, ValueError, ["reshape", "shape=4", "(2, 3)"]),
    "index": (lambda: X[5], IndexingError, IndexError, ["getitem", "(2, 3)", "index=5"]),
    "too many": (lambda: X[0, 0, 0], IndexingError, IndexError, ["getitem", "(2, 3)"]),
    "empty": (lambda: np.max(Y[:0]), ShapeError, ValueError, ["max", "(0, 4)"]),
    "joined": (lambda: np.concatenate([X, Y]), ShapeError, ValueError, ["concatenate", "(2, 4)"]),
    "bits": (lambda: X & Y, DTypeError, TypeError, ["bitwise_and", "float32", "float64"]),
    "complex": (lambda: X * 1j, DTypeError, TypeError, ["complex"]),
    "too large": (
        lambda: Tensor(np.array([1], np.uint8)) + 300,
        DTypeError,
        TypeError,
        ["add: Python integer 300 out of bounds for uint8", "shape (1,)"],
    ),
    "text": (lambda: X + "a", DTypeError, TypeError, ["real numbers", "'a'"]),
    "none": (lambda: X + None, DTypeError, TypeError, ["real numbers", "None"]),
    "recurrence": (
        lambda: linear_recurrence(X, X[0], axis=1),
        ShapeError,
        ValueError,
        ["x and factor must have one shape", "(2, 3) and (3,)"],
    ),
}


@pytest.mark.parametrize("row", KERNELS.values(), ids=KERNELS)
def test_a_kernels_complaint_names_the_primitive_and_what_it_received(row):
    call, ours, numpys, parts = row
    with pytest.raises(ours) as caught:
        call()
    assert isinstance(caught.value, TinygradError)
    assert isinstance(caught.value, numpys)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


UNSUPPORTED = {
    "no primitive": (lambda: np.cosh(X), ["np.cosh", "Use (np.exp(x) + np.exp(-x)) / 2 instead"]),
    "far from all": (lambda: np.fft.fft(X), ["np.fft.fft has no primitive", "@primitive"]),
    "related": (lambda: np.nansum(X), ["np.nansum", "np.sum", "np.where(np.isnan(x), 0.0, x)"]),
    "reduce": (lambda: np.add.reduce(X), ["np.add.reduce", "np.sum"]),
    "at": (lambda: np.add.at(np.ones(3), [0], X), ["np.add.at"]),
    "outer": (lambda: np.multiply.outer(X, X), ["np.multiply.outer"]),
    "accumulate": (lambda: np.add.accumulate(X), ["np.add.accumulate"]),
    "out": (lambda: np.add(X, X, out=np.ones((2, 3))), ["np.add", "out="]),
    "a primitive": (lambda: relu(X, out=np.ones((2, 3))), ["relu on a Tensor", "out="]),
    "sum dtype": (lambda: np.sum(X, dtype=np.float64), ["np.sum", "dtype=", "axis, keepdims"]),
    "sum out": (lambda: np.sum(X, out=np.ones(())), ["np.sum", "out="]),
    "sum where": (lambda: np.sum(X, where=np.ones(3, bool)), ["np.sum", "where="]),
    "sum initial": (lambda: np.sum(X, initial=1.0), ["np.sum", "initial="]),
    "ufunc where": (lambda: np.exp(X, where=np.ones(3, bool)), ["np.exp", "where="]),
    "ufunc dtype": (lambda: np.exp(X, dtype=np.float64), ["np.exp", "dtype="]),
    "order": (lambda: np.reshape(X, 6, order="A"), ["np.reshape", "order="]),
    "order by position": (lambda: np.reshape(X, 6, "A"), ["np.reshape", "order=", "'A'"]),
    "ravel order": (lambda: np.ravel(X, order="A"), ["np.ravel", "order=", "'A'"]),
    "ravel order by position": (lambda: np.ravel(X, "K"), ["np.ravel", "order=", "'K'"]),
    "norm ord": (lambda: np.linalg.norm(X, 1), ["np.linalg.norm", "ord="]),
    "casting": (lambda: np.concatenate([X, X], casting="unsafe"), ["np.concatenate", "casting="]),
}


@pytest.mark.parametrize("row", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_has_no_meaning_is_refused_and_never_drops_a_gradient(row):
    call, parts = row
    with pytest.raises(UnsupportedError) as caught:
        call()
    assert isinstance(caught.value, TypeError)
    for part in parts:
        assert part in str(caught.value)


DEFAULTS = {
    "sum": (lambda: np.sum(X, axis=None, dtype=None, out=None), lambda: X.sum()),
    "sum by position": (lambda: np.sum(X, 0, None, None, True), lambda: X.sum(0, keepdims=True)),
    "mean": (lambda: np.mean(X, 1, None, None), lambda: X.mean(1)),
    "max": (lambda: np.max(X, 1, None, keepdims=np._NoValue), lambda: X.max(1)),
    "var": (lambda: np.var(X, None, None, None, 1), lambda: X.var(ddof=1)),
    "prod": (lambda: np.prod(X, 0, None, None), lambda: X.prod(0)),
    "cumsum": (lambda: np.cumsum(X, 0, None, None), lambda: X.cumsum(0)),
    "argmax": (lambda: np.argmax(X, 0, None), lambda: X.argmax(0)),
    "clip": (lambda: np.clip(X, 0, None), lambda: X.clip(0)),
    "clip, out": (lambda: np.clip(X, 0, None, None), lambda: X.clip(0)),
    "clip, no value": (lambda: np.clip(X, np._NoValue, 0.5), lambda: X.clip(max=0.5)),
    "std": (lambda: np.std(X, 0, ddof=1), lambda: X.std(0, ddof=1)),
    "reshape": (lambda: np.reshape(X, (3, 2), "C"), lambda: X.reshape(3, 2)),
    "round": (lambda: np.round(X, 1, None), lambda: np.round(X, decimals=1)),
    "sort": (lambda: np.sort(X, -1), lambda: np.sort(X)),
    "norm": (lambda: np.linalg.norm(X, None, 1), lambda: np.linalg.norm(X, axis=1)),
    "concatenate": (lambda: np.concatenate([X], 0, None), lambda: np.concatenate([X])),
    "swapaxes": (lambda: np.swapaxes(X, 0, 1), lambda: X.T),
    "a primitive": (lambda: relu(X, out=None), lambda: relu(X)),
    "ravel": (lambda: np.ravel(X, order="C"), lambda: X.ravel()),
}


@pytest.mark.parametrize("row", DEFAULTS.values(), ids=DEFAULTS)
def test_arguments_at_numpys_defaults_are_accepted(row):
    """C14, and NumPy's own positions."""
    call, plain = row
    np.testing.assert_array_equal(call().data, plain().data)
    if call().requires_grad:
        ones = np.ones(call().shape)
        np.testing.assert_array_equal(gradients(call(), [X], ones), gradients(plain(), [X], ones))


def test_missing_and_superfluous_arguments():
    with pytest.raises(TypeError):
        np.sum(X, 0, None, None, False, 0, True, 1, 2)
    with pytest.raises(TypeError):
        X.sum(1, False, 3)
    with pytest.raises(
        UnsupportedError, match=r"np.std on a Tensor does not take dtype= .*float64"
    ):
        np.std(X, dtype=np.float64)
    with pytest.raises(UnsupportedError, match=r"np.where on a Tensor needs x and y too"):
        np.where(X > 0)
    with pytest.raises(ArgumentError, match=r"np.var was given ddof and correction, two names"):
        np.var(X, ddof=1, correction=2)
