"""Labels of the softmax cross entropy: any dtype, and the axes of the examples as they come."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import DTypeError, ShapeError

N = None
SHAPES = {  # labels, logits, and what is known of them when the graph is built
    "equal": ((5, 7), (5, 7), (N, 7), (N, 7)),
    "an axis before": ((1, 5, 7), (5, 7), (1, N, 7), (N, 7)),
    "an axis before the logits": ((5, 7), (1, 5, 7), (N, 7), (1, N, 7)),
    "rows of rows": ((2, 3, 7), (6, 7), (2, N, 7), (N, 7)),
    "other rows of rows": ((2, 3, 7), (3, 2, 7), (2, 3, 7), (3, 2, 7)),
    "of unknown rank": ((1, 5, 7), (5, 7), N, (N, 7)),
    "one example": ((1, 7), (7,), (1, 7), (7,)),
}


def losses(tf, loss, shapes, labels, logits):
    """The values, what is known of their shape, and the gradients."""
    with tf.Graph().as_default(), tf.Session() as session:
        z, x = (
            tf.placeholder(one.dtype, shape)
            for one, shape in zip((labels, logits), shapes, strict=True)
        )
        y = getattr(tf.nn, loss)(labels=z, logits=x)
        ct = np.arange(1.0, 1 + logits[..., 0].size).reshape(logits.shape[:-1])
        wanted = [g for g in tf.gradients(y * tf.constant(ct, x.dtype), [x, z]) if g is not None]
        for _ in range(3):  # computed, captured, replayed
            found = session.run([y, *wanted], {z: labels, x: logits})
        return [*found, np.array([size or -1 for size in y.get_shape()])]


def drawn(shapes, dtype, logits_dtype):
    rng = np.random.default_rng(4)
    labels = np.zeros(shapes[0], dtype)  # of a class each, so that TensorFlow's gradient is ours
    np.put_along_axis(labels, rng.integers(7, size=(*shapes[0][:-1], 1)), 1, axis=-1)
    return labels, rng.normal(size=shapes[1]).astype(logits_dtype)


LOSSES = ("softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits_v2")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("what", SHAPES)
def test_examples_are_counted_along_all_axes_but_the_last(what, loss):
    *shapes, labels_known, logits_known = SHAPES[what]
    labels, logits = drawn(shapes, np.float32, np.float32)
    found = losses(tf, loss, (labels_known, logits_known), labels, logits)
    rows = logits.reshape(-1, 7)
    logs = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
    expected = -(labels.reshape(-1, 7) * logs).sum(axis=1)
    assert found[0].shape == shapes[1][:-1]
    np.testing.assert_allclose(found[0].reshape(-1), expected, rtol=1e-5)


DTYPES = [np.int32, np.int64, np.uint8, np.bool_, np.float32, np.float64]
FLOATS = [np.float32, np.float64]


@pytest.mark.tf
@pytest.mark.parametrize(
    ("what", "dtype", "logits_dtype"),
    [(what, np.float32, np.float32) for what in SHAPES]
    + [("an axis before", dtype, other) for dtype in DTYPES for other in FLOATS],
)
@pytest.mark.parametrize("loss", LOSSES)
def test_tensorflow_computes_the_same(what, loss, dtype, logits_dtype, theirs):
    *shapes, labels_known, logits_known = SHAPES[what]
    arguments = (loss, (labels_known, logits_known), *drawn(shapes, dtype, logits_dtype))
    received, expected = losses(tf, *arguments), losses(theirs, *arguments)
    assert len(received) == len(expected)
    for mine, reference in zip(received, expected, strict=True):
        assert (mine.shape, mine.dtype) == (reference.shape, reference.dtype)
        tolerance = 64 * np.finfo(logits_dtype).eps
        np.testing.assert_allclose(mine, reference, rtol=tolerance, atol=8 * tolerance)


@pytest.mark.parametrize("shapes", [((1, 7), (5, 7)), ((5, 1), (5, 7)), ((3, 7), (3, 8)), ((), ())])
def test_what_tensorflow_broadcasts_or_refuses_is_refused(shapes):
    labels, logits = (np.zeros(shape, np.float32) for shape in shapes)
    with tf.Graph().as_default(), pytest.raises(ShapeError, match="one shape"):
        tf.nn.softmax_cross_entropy_with_logits_v2(labels, logits)


def test_numbers_of_examples_that_differ_are_refused_in_the_run():
    labels, logits = drawn(((1, 7), (5, 7)), np.int32, np.float32)
    with pytest.raises(ShapeError, match="labels and logits must have one shape"):
        losses(tf, LOSSES[1], ((N, 7), (N, 7)), labels, logits)


def test_logits_are_floating():
    with tf.Graph().as_default(), pytest.raises(DTypeError, match="takes floating numbers"):
        tf.nn.softmax_cross_entropy_with_logits_v2([[1.0, 0.0]], [[1, 0]])
