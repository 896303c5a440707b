"""Differentiating <v, gradients(record=True)> gives the differences of the float64 gradient."""

import numpy as np

from tinygrad_mnist import Tensor, gradients

from .cases import SMOOTH, over
from .contract import applied, cotangent_of, holds, same_bits
from .differences import Refusals, differences, dotted


@over(SMOOTH)
def test_second_order(case):
    refusals = Refusals()

    @holds(case, share=0.4, sides=(1, 2))
    def _(sample):
        rng = sample.rng()
        inputs, y = applied(case, sample)
        cotangent = cotangent_of(y, rng)
        first = gradients(y, inputs, cotangent, record=True)
        plain = gradients(y, inputs, cotangent)
        directions = [rng.standard_normal(x.shape) for x in inputs]
        slope = sum((np.sum(g * v) for g, v in zip(first, directions, strict=True)), Tensor(0.0))
        second = (
            gradients(slope, inputs) if slope.requires_grad else [np.zeros(x.shape) for x in inputs]
        )

        def value(operands):
            moved = type(sample)(tuple(operands), sample.static, sample.seed)
            moved_inputs, moved_y = applied(case, moved)
            found = gradients(moved_y, moved_inputs, cotangent)
            parts = [dotted(v, g) for g, v in zip(found, directions, strict=True)]
            return sum(p[0] for p in parts), sum(p[1] for p in parts)

        for recorded, unrecorded in zip(first, plain, strict=True):
            assert same_bits(recorded.data, unrecorded)
        for position, gradient in zip(sample.tracked, second, strict=True):
            difference = differences(value, sample.operands, position)
            refusals.add(difference)
            difference.check(gradient, f"{case.name}, twice, operand {position}")

    refusals.check()


@over(SMOOTH)
def test_derivative_by_the_cotangent_is_the_forward_derivative(case):
    """<J' u, v> is linear in u, so its derivative by u is J v, whatever u is."""

    @holds(case, share=0.3)
    def _(sample):
        rng = sample.rng()
        inputs, y = applied(case, sample)
        cotangent = Tensor(cotangent_of(y, rng), requires_grad=True)
        first = gradients(y, inputs, cotangent, record=True)
        directions = [rng.standard_normal(x.shape) for x in inputs]
        slope = sum((np.sum(g * v) for g, v in zip(first, directions, strict=True)), Tensor(0.0))
        assert slope.requires_grad
        (pushed,) = gradients(slope, [cotangent])
        size = 1.0 + np.abs(pushed * cotangent.data).sum()
        size += sum(np.abs(g.data * v).sum() for g, v in zip(first, directions, strict=True))
        assert pushed.shape == y.shape
        assert abs(np.sum(pushed * cotangent.data) - slope.item()) <= 1e-12 * size
