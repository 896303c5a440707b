"""Every primitive against TensorFlow: value, every operand's cotangent, second derivatives.

The case table of tests/contracts draws shapes, axes, indices and operands; ``crosscheck`` judges
what was recorded by what ``bounds`` allows.
"""

import dataclasses

import judges
import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from contracts.cases import CASES, SMOOTH, over  # noqa: E402
from contracts.contract import cotangent_of, holds, leaves  # noqa: E402
from contracts.samples import USUAL  # noqa: E402
from contracts.test_completeness import primitives  # noqa: E402
from contracts.test_layouts import LAYOUTS  # noqa: E402

import tinygrad_mnist as tm  # noqa: E402
from reference_tf.bounds import cotangent_bounds, value_bound  # noqa: E402
from reference_tf.crosscheck import compare  # noqa: E402
from reference_tf.deviations import KNOWN_TF_DEVIATIONS  # noqa: E402
from reference_tf.equivalents import EQUIVALENTS  # noqa: E402
from reference_tf.judgement import second_derivatives  # noqa: E402
from reference_tf.operation import Operation  # noqa: E402
from tinygrad_mnist import Tensor, gradients  # noqa: E402

pytestmark = pytest.mark.tf
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])

ROWS = [row for row in CASES if row.primitive]
DIFFERENTIABLE = [row for row in SMOOTH if row.primitive]


def laid_out(operand, layout):
    """The operand in another memory layout, locked so that the engine takes it as it is."""
    owner = laid = np.asarray(layout(operand))
    while owner is not None:
        owner.flags.writeable = False
        owner = owner.base
    return laid


def rounded(sample, dtype):
    """The sample in a dtype, and in a layout that its seed decides."""
    layout = LAYOUTS[sample.seed % len(LAYOUTS)]
    operands = [x.astype(dtype) if x.dtype == np.float64 else x for x in sample.operands]
    return dataclasses.replace(sample, operands=tuple(laid_out(x, layout) for x in operands))


def without_zeros(x):
    return np.where(x == 0, 0.5, x)


# Points where TensorFlow deviates are moved elsewhere: row -> the deviation, and what to change.
MOVED = {
    "cumprod": ("cumprod of a zero", lambda x: (without_zeros(x),)),
    "power of a whole exponent": ("x**0 at 0", lambda x: (without_zeros(x),)),
}
MOVED_TWICE = {
    **MOVED,
    "prod": ("second derivative of a product with a zero", lambda x: (without_zeros(x),)),
}

NOT_EMPTY = {
    "sort": "sort of nothing",
    "softmax_cross_entropy_with_logits": "cross entropy of shape (0, 0)",
}


def moved(case, sample, table):
    if case.name not in table:
        return sample
    _, change = table[case.name]
    return dataclasses.replace(sample, operands=change(*sample.operands))


def as_array(gradient):
    return tf.convert_to_tensor(gradient).numpy()  # of IndexedSlices too


def check(ours, theirs, bound, what):
    """Within a bound, NaN where TensorFlow has NaN, in its shape and dtype."""
    assert (np.shape(ours), ours.dtype) == (theirs.shape, theirs.dtype), what
    wrong = ours != theirs
    if ours.dtype.kind == "f":
        with np.errstate(all="ignore"):
            wrong &= ~(np.abs(ours - theirs) <= bound)
        wrong &= ~(np.isnan(ours) & np.isnan(theirs))
    assert not wrong.any(), (
        f"{what} at {np.argwhere(wrong)[0]}: ours {ours[wrong][0]!r}, TensorFlow "
        f"{theirs[wrong][0]!r}, bound {np.broadcast_to(bound, wrong.shape)[wrong][0]:.1e}"
    )


@dtypes
@over(DIFFERENTIABLE)
def test_value_and_cotangents(case, dtype):
    @holds(case, sides=(1, 3) if case.name in NOT_EMPTY else USUAL)
    def _(sample):
        sample = rounded(moved(case, sample, MOVED), dtype)

        def call(*operands):
            return case.call(*operands, **sample.static)

        report = compare(call, *sample.operands, seed=sample.seed)
        judges.note(report.parts)
        assert report.agrees, str(report)
        assert not report.deviations, str(report)


@dtypes
@over(DIFFERENTIABLE)
def test_second_derivatives(case, dtype):
    @holds(case, share=0.6, sides=(1, 3))
    def _(sample):
        sample = rounded(moved(case, sample, MOVED_TWICE), dtype)
        y = case.call(*leaves(sample, dtype), **sample.static)
        operation, rng = Operation(y.node, EQUIVALENTS), sample.rng()
        found = list(second_derivatives(operation, cotangent_of(y, rng, y.dtype), rng))
        assert len(found) == len(y.node.tracked) + 1
        judges.note([comparison.ratio for comparison in found])
        for comparison in found:
            assert comparison.agrees, str(comparison)
            assert not comparison.deviation, str(comparison)


@over([row for row in ROWS if not row.smooth])
def test_steps_and_questions(case):
    """Exact values; TensorFlow has no gradient (None) where ours is zero or refused."""

    @holds(case)
    def _(sample):
        static = {**case.primitive.defaults, **sample.static}
        operands = [tf.constant(x) for x in sample.operands]
        with tf.GradientTape() as tape:
            tape.watch(operands)
            theirs = EQUIVALENTS[case.primitive.name](*operands, **static)
        ours = case.call(*map(Tensor, sample.operands), **sample.static)
        check(ours.data, theirs.numpy(), 0, "value")
        if theirs.dtype.is_floating:
            for gradient in tape.gradient(theirs, operands):
                assert gradient is None or not as_array(gradient).any()


def test_every_primitive_has_an_equivalent():
    names = {found.name for found in primitives()}
    assert names == EQUIVALENTS.keys()
    assert {row.primitive.name for row in ROWS} == names


def test_every_comparison_left_out_names_a_deviation():
    named = {deviation for deviation, _ in MOVED_TWICE.values()} | {*NOT_EMPTY.values()}
    assert named <= KNOWN_TF_DEVIATIONS.keys()
    assert MOVED_TWICE.keys() | NOT_EMPTY.keys() <= {row.name for row in ROWS}


@dtypes
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("shape", [(1, 2), (4, 3), (64, 10)])
def test_fused_cross_entropy(shape, sparse, dtype):
    """Op determinism, on in these tests, composes the losses; networks run the fused kernels.

    Labels sum to one: see the deviation "labels not summing to 1".
    """
    rng = np.random.default_rng(shape)
    logits = Tensor(3 * rng.standard_normal(shape), dtype, requires_grad=True)
    weights = rng.random(shape)
    labels = (weights / weights.sum(axis=-1, keepdims=True)).astype(dtype)
    if sparse:
        labels, ours = labels.argmax(axis=-1), tm.sparse_softmax_cross_entropy_with_logits
        fused = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits
    else:
        ours = tm.softmax_cross_entropy_with_logits
        fused = tf.raw_ops.SoftmaxCrossEntropyWithLogits
    y = ours(labels, logits)
    cotangent = cotangent_of(y, rng, dtype)
    features = tf.constant(logits.data)
    with tf.GradientTape() as tape:
        tape.watch(features)
        theirs, _ = fused(features=features, labels=labels)
    operation = Operation(y.node, EQUIVALENTS)
    check(y.data, theirs.numpy(), value_bound(operation), "value")
    (mine,) = gradients(y, [logits], cotangent)
    reference = tape.gradient(theirs, features, tf.constant(cotangent))
    check(mine, reference.numpy(), cotangent_bounds(operation, cotangent)[1], "cotangent")
