"""What holds around every call: nothing given is changed, everything returned is owned."""

import numpy as np
import pytest

from tinygrad_mnist import Primitive, Tensor
from tinygrad_mnist.core.primitive import ZERO
from tinygrad_mnist.errors import DTypeError, GradientError

from .cases import CASES, SMOOTH, over
from .contract import applied, cotangent_of, gradients_of, holds, same_bits


@over(SMOOTH)
def test_nothing_given_changes_and_every_gradient_is_owned(case):
    @holds(case, share=0.3)
    def _(sample):
        before = [x.copy() for x in sample.operands]
        inputs, y = applied(case, sample)
        cotangent = cotangent_of(y, sample.rng())
        seed = cotangent.copy()
        y.backward(cotangent)
        assert all(map(same_bits, before, sample.operands))
        assert same_bits(seed, cotangent)
        others = [cotangent, y.data, *sample.operands, *(x.data for x in inputs)]
        for leaf in inputs:
            gradient = leaf.grad
            assert type(gradient) is np.ndarray
            assert (gradient.shape, gradient.dtype) == (leaf.shape, leaf.dtype)
            assert gradient.flags.writeable
            assert gradient.flags.owndata
            assert not any(np.shares_memory(gradient, other) for other in others)
            others.append(gradient)
        once = [leaf.grad.copy() for leaf in inputs]
        y.backward(cotangent)
        for leaf, gradient in zip(inputs, once, strict=True):
            assert same_bits(leaf.grad, gradient + gradient)


@pytest.fixture
def locked_rules(monkeypatch):
    """Lock the cotangent before, and what the rule returns after, each call of a rule."""
    rule_of = Primitive.rule_of

    def locking(self, position):
        rule = rule_of(self, position)
        if rule is ZERO:
            return rule

        def locked(cotangent, y, *operands, **static):
            cotangent.flags.writeable = False
            for saved in (y, *operands):
                assert not isinstance(saved, np.ndarray) or not saved.flags.writeable
            result = rule(cotangent, y, *operands, **static)
            if isinstance(result, np.ndarray):
                result.flags.writeable = False
            return result

        return locked

    monkeypatch.setattr(Primitive, "rule_of", locking)


@over(SMOOTH)
def test_write_locked_arrays_change_nothing(case, locked_rules, monkeypatch):
    @holds(case, share=0.3)
    def _(sample):
        inputs, y = applied(case, sample)
        cotangent = cotangent_of(y, sample.rng())
        (y * 2.0 + y).backward(cotangent)
        for leaf in inputs:
            assert leaf.grad.flags.writeable
        locked = [leaf.grad for leaf in inputs]
        with monkeypatch.context() as unlocked:
            unlocked.setattr(Primitive, "rule_of", PLAIN_RULE_OF)
            inputs, y = applied(case, sample)
            (y * 2.0 + y).backward(cotangent)
        assert all(same_bits(leaf.grad, g) for leaf, g in zip(inputs, locked, strict=True))


PLAIN_RULE_OF = Primitive.rule_of


@over(SMOOTH)
def test_two_runs_are_bit_equal(case):
    @holds(case, share=0.3)
    def _(sample):
        _, y = applied(case, sample)
        cotangent = cotangent_of(y, sample.rng())
        runs = [gradients_of(case, sample, cotangent) for _ in range(2)]
        assert all(map(same_bits, *runs))


OF_SHAPE = {"zeros_like", "ones_like", "imag"}
"""What depends on no value: a constant, though of floats."""


@over([row for row in CASES if not row.smooth])
def test_without_a_derivative_it_is_a_constant_or_gives_zeros(case):
    @holds(case, share=0.3)
    def _(sample):
        inputs, y = applied(case, sample)
        if y.dtype.kind == "f" and case.name not in OF_SHAPE:
            for gradient, leaf in zip(
                gradients_of(case, sample, cotangent_of(y, sample.rng())), inputs, strict=True
            ):
                assert gradient.shape == leaf.shape
                assert not gradient.any()
        else:
            assert not y.requires_grad
            with pytest.raises(GradientError, match="does not depend on anything"):
                y.backward()


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.uint8], ids=lambda d: d.__name__)
def test_integer_and_boolean_leaves_refuse(dtype):
    with pytest.raises(DTypeError, match="are constants"):
        Tensor(np.ones(3, dtype), requires_grad=True)
