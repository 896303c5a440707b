"""Integers and booleans, up to the ends of their dtypes, alone and among floats."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor, gradients
from tinygrad_mnist.ops import indexing

from .cases import CASES, SMOOTH, over
from .contract import cotangent_of, holds, same_bits
from .samples import Sample

DTYPES = (np.uint8, np.int8, np.int32, np.bool_)


def whole(x, dtype, rng):
    """Numbers of a dtype that are where x is: of its sign as far as there is one, or zero."""
    x = x.astype(np.float64)
    if dtype is np.bool_:
        return np.asarray(x != 0)
    ends = np.iinfo(dtype)
    sizes = rng.choice([1.0, 2.0, 3.0, 16.0, ends.max, -float(ends.min)], x.shape)
    signed = np.clip(np.sign(x) * sizes, ends.min, ends.max)
    return np.where((signed == 0) & (x != 0), 1, signed).astype(dtype)  # unsigned: none below 1


def exchanged(sample, position, operand):
    operands = (*sample.operands[:position], operand, *sample.operands[position + 1 :])
    return Sample(operands, sample.static, sample.seed)


def differentiated(case, sample, tracked):
    """The value, and the gradients by the operands at some positions."""
    tensors = [Tensor(x, requires_grad=i in tracked) for i, x in enumerate(sample.operands)]
    y = case.call(*tensors, **sample.static)
    inputs = [tensors[i] for i in tracked]
    return [y.data, *gradients(y, inputs, cotangent_of(y, sample.rng()))]


def close(found, expected, dtype):
    """Equal but for some roundings of a dtype, of terms of the size of the largest."""
    epsilon = 16 * np.finfo(dtype).eps
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=epsilon, atol=epsilon * largest)


@over(SMOOTH)
def test_an_integer_operand_among_floats_is_its_float(case):
    @holds(case, share=0.3, sides=(1, 3))
    def _(sample):
        for position in sample.tracked if len(sample.tracked) > 1 else ():
            tracked = [i for i in sample.tracked if i != position]
            for dtype in DTYPES:
                operand = whole(sample.operands[position], dtype, sample.rng())
                mixed = exchanged(sample, position, operand)
                wide = exchanged(sample, position, operand.astype(np.float64))
                with np.errstate(all="ignore"):
                    found = differentiated(case, mixed, tracked)
                    exact = differentiated(case, wide, tracked)
                # Of integers as logits the losses take the floats that np.exp would.
                logits = case.names[min(position, len(case.names) - 1)] == "logits"
                precision = np.result_type(dtype, np.float16) if logits else np.float64
                for one, other in zip(found, exact, strict=True):
                    close(one, other, precision)


@over([row for row in CASES if row.primitive is not indexing.scatter_add])  # adds as NumPy does
def test_integer_operands_alone_are_what_numpy_makes_of_them(case):
    """Bit for bit where NumPy has the function, else nearly what is made of their floats."""

    @holds(case, share=0.2, sides=(1, 3))
    def _(sample):
        for dtype in DTYPES:
            rng = sample.rng()
            operands = [x if x.dtype.kind == "i" else whole(x, dtype, rng) for x in sample.operands]
            tensors = [Tensor(x) for x in operands]
            with np.errstate(all="ignore"):
                if not case.exact:
                    y = case.call(*tensors, **sample.static).data
                    floats = [x.astype(float) if x.dtype == dtype else x for x in operands]
                    wide = case.call(*map(Tensor, floats), **sample.static).data
                    close(y, wide, y.dtype if y.dtype.kind == "f" else np.float64)
                    continue
                try:
                    expected = case.reference(*operands, **sample.static)
                except (TypeError, ValueError) as error:  # the negative of a boolean, 2 ** -1
                    with pytest.raises(TypeError if isinstance(error, TypeError) else ValueError):
                        case.call(*tensors, **sample.static)
                else:
                    assert same_bits(case.call(*tensors, **sample.static).data, expected)
