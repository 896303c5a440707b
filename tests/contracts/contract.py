"""What every contract does with a row: leaves, a cotangent, a gradient, a budget of examples."""

import zlib

import hypothesis
import numpy as np

from tinygrad_mnist import Tensor, gradients

from .samples import USUAL


def holds(case, share=1.0, sides=USUAL):
    """Check at once that a property of a sample holds, with a share of the profile's examples."""

    def run(check):
        profile = hypothesis.settings()
        count = max(2, int(profile.max_examples * share))

        # Hypothesis reads the source of what it runs, so this is short. Each row and each
        # property has draws of its own, and the same ones again where the profile says so.
        @hypothesis.settings(profile, max_examples=count)
        @hypothesis.given(case.sample(sides))
        def each(sample):
            check(sample)

        if profile.derandomize:
            each = hypothesis.seed(zlib.crc32(f"{case.name} {check.__qualname__}".encode()))(each)
        each()

    return run


def leaves(sample, dtype=np.float64):
    """Tensors of the operands; those of floats require a gradient."""
    return [
        Tensor(operand, dtype=dtype, requires_grad=True)
        if operand.dtype.kind == "f"
        else Tensor(operand)
        for operand in sample.operands
    ]


def applied(case, sample, dtype=np.float64):
    """The leaves that a gradient is taken by, and the result."""
    tensors = leaves(sample, dtype)
    return [tensors[i] for i in sample.tracked], case.call(*tensors, **sample.static)


def cotangent_of(y, rng, dtype=np.float64):
    """Random, never ones: the sum of a softmax is constant."""
    return np.asarray(rng.standard_normal(y.shape), dtype)


def gradients_of(case, sample, cotangent, dtype=np.float64):
    inputs, y = applied(case, sample, dtype)
    return gradients(y, inputs, cotangent)


def same_bits(left, right):
    """Equal in shape, dtype and bits; NaN equals NaN, and 0 is not -0."""
    left, right = np.asarray(left), np.asarray(right)
    return (left.shape, left.dtype, left.tobytes()) == (right.shape, right.dtype, right.tobytes())
