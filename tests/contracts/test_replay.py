"""A captured call of any primitive, forward and backward, replays bit for bit on other values."""

import numpy as np
from replay.checker import check_plans

from tinygrad_mnist import Tensor, capture, gradients

from .cases import CASES, over
from .contract import cotangent_of, holds, same_bits


@over(CASES)
def test_a_replay_equals_the_call(case):
    @holds(case, share=0.3)
    def _(sample):
        def function(operands, cotangent):
            y = case.call(*operands, **sample.static)
            inputs = [operands[i] for i in sample.tracked]
            if not y.requires_grad:
                return y, []
            return y, gradients(y, inputs, cotangent)

        def tensors(operands):
            return [
                Tensor(operand, requires_grad=operand.dtype.kind == "f") for operand in operands
            ]

        first = sample.operands
        second = [np.flip(operand).copy() for operand in first]
        y = case.call(*tensors(first), **sample.static)
        cotangents = [cotangent_of(y, sample.rng()), cotangent_of(y, sample.rng())]
        captured = capture(function)
        for turn in (0, 1, 0):
            operands, cotangent = (first, second)[turn], cotangents[turn]
            value, found = captured(tensors(operands), cotangent)
            expected, wanted = function(tensors(operands), cotangent)
            assert same_bits(value.data, expected.data)
            for one, other in zip(found, wanted, strict=True):
                assert same_bits(one.data, other)
        assert len(captured.plans) == 1
        check_plans(captured)
