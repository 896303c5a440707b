"""Memory layout changes nothing: C, Fortran, strided, reversed, stride 0, read-only, empty, 0-d."""

import numpy as np

from tinygrad_mnist import Tensor, gradients

from .cases import CASES, over
from .contract import cotangent_of, gradients_of, holds, same_bits
from .samples import TINY


def fortran(x):
    return np.array(x, order="F")


def strided(x):
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]) if x.ndim else (2,), np.array(7, x.dtype))
    wide[..., ::2] = x if x.ndim else x[None]
    return wide[..., ::2] if x.ndim else wide[::2].reshape(())


def backwards(x):
    return np.flip(np.flip(x).copy())


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def read_only_fortran(x):
    return read_only(x.T).T


LAYOUTS = (fortran, strided, backwards, read_only, read_only_fortran)
ELEMENTWISE = [row for row in CASES if row.primitive and row.primitive.elementwise]


def run(case, operands, sample):
    """The value, and the gradients by a cotangent that only the seed decides."""
    tensors = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
    y = case.call(*tensors, **sample.static)
    found = []
    if y.requires_grad:
        inputs = [t for t in tensors if t.requires_grad]
        found = gradients(y, inputs, cotangent_of(y, sample.rng()))
    return [y.data, *found]


@over(ELEMENTWISE)
def test_layout_changes_no_bit_of_an_elementwise_result(case):
    @holds(case, share=0.2)
    def _(sample):
        expected = run(case, sample.operands, sample)
        for layout in LAYOUTS:
            laid = run(case, [layout(x) for x in sample.operands], sample)
            assert all(map(same_bits, expected, laid)), layout.__name__


@over(ELEMENTWISE)
def test_stride_zero_equals_the_copy(case):
    @holds(case, share=0.2, sides=(1, 3))
    def _(sample):
        spread = [np.broadcast_to(x.ravel()[0], x.shape) for x in sample.operands]
        copied = [np.array(x) for x in spread]
        expected, found = (run(case, operands, sample) for operands in (copied, spread))
        assert all(map(same_bits, expected, found))


@over([row for row in CASES if row.empty])
def test_no_elements_and_no_axes(case):
    """Sides of 0 and 1: shapes and dtypes of the reference, gradients of the operands' shape."""

    @holds(case, share=0.6, sides=TINY)
    def _(sample):
        tensors = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in sample.operands]
        y = case.call(*tensors, **sample.static)
        with np.errstate(all="ignore"):
            expected = case.reference(*sample.operands, **sample.static)
        assert (y.shape, y.dtype) == (np.shape(expected), np.asarray(expected).dtype)
        if not y.requires_grad:
            return
        found = gradients_of(case, sample, cotangent_of(y, sample.rng()))
        for gradient, position in zip(found, sample.tracked, strict=True):
            assert type(gradient) is np.ndarray
            assert gradient.shape == sample.operands[position].shape
