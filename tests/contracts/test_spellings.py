"""One path: protocol call, method and operator give the same bits, values and gradients."""

import numpy as np

from tinygrad_mnist import Tensor, gradients

from .cases import CASES, over
from .contract import cotangent_of, holds, leaves, same_bits


def bits(y, inputs, sample):
    found = gradients(y, inputs, cotangent_of(y, sample.rng())) if y.requires_grad else []
    return [y.data, *found]


@over([row for row in CASES if row.spellings])
def test_spellings_agree(case):
    @holds(case, share=0.3)
    def _(sample):
        tensors = leaves(sample)
        inputs = [tensors[i] for i in sample.tracked]
        expected = bits(case.call(*tensors, **sample.static), inputs, sample)
        for spelling in case.spellings:
            y = case.spelled(spelling, tensors, sample.static)
            found = bits(y, inputs, sample)
            assert len(found) == len(expected), spelling
            assert all(map(same_bits, expected, found)), spelling


@over([row for row in CASES if len(row.fills) > 1 or row.names != ("x",)])
def test_one_operand_at_a_time(case):
    """With the others as plain arrays, on whichever side, value and gradient are the same bits."""

    @holds(case, share=0.3)
    def _(sample):
        tensors = leaves(sample)
        inputs = [tensors[i] for i in sample.tracked]
        value, *expected = bits(case.call(*tensors, **sample.static), inputs, sample)
        for wanted, position in zip(expected, sample.tracked, strict=False):
            alone = list(sample.operands)
            alone[position] = Tensor(alone[position], requires_grad=True)
            spelled = [case.call(*alone, **sample.static)]
            spelled += [
                case.spelled(spelling, alone, sample.static)
                for spelling in case.spellings
                if "." not in spelling.replace("np.", "")  # methods need a Tensor before the dot
            ]
            for y in spelled:
                found = bits(y, [alone[position]], sample)
                assert all(map(same_bits, (value, wanted), found))


@over(CASES)
def test_calling_the_function_on_arrays_needs_no_tensor(case):
    @holds(case, share=0.15)
    def _(sample):
        if case.name in ("astype", "getitem") or "clip" in case.name:
            return  # methods of ndarray itself
        with np.errstate(all="ignore"):
            y = case.call(*sample.operands, **sample.static)
        assert isinstance(y, np.ndarray | np.generic)
