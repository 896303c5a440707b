"""A feed is what it is in TensorFlow; what would change there is refused, a declared deviation."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import DTypeError

FEEDS = [
    *(3, 3.0, 2.5, -1, 2**31 - 1, 2.0**31, np.nan, True, 0, 1.0, 0.5, 2, [], [1.0, 2.0], [0, 1]),
    *("3", " 3 ", "3.0", "x", b"7", "", ["1", "2"], np.array(["1.5"])),
    *(np.float32(3), np.uint8(200), np.int64(2**40), np.array([1, 2], object)),
]


def fed(tf, dtype, value):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(dtype)
        return session.run(tf.identity(x), {x: value})


def numbers(value):
    """What is meant by a feed, or None if it is no numbers."""
    try:
        return np.asarray(value).astype(np.float64)
    except ValueError:
        return None


def is_the_same(found, value, dtype):
    """Whether TensorFlow found what was meant; to it words are truths, which is another meaning."""
    words = np.asarray(value).dtype.kind in "SU"
    return not (words and dtype == "bool") and np.array_equal(
        found, numbers(value).astype(dtype if "float" in dtype else float), equal_nan=True
    )


@pytest.mark.tf
@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float32", "float64"])
@pytest.mark.parametrize("value", FEEDS, ids=repr)
def test_a_feed_is_what_it_is_in_tensorflow_or_refused(value, dtype, theirs):
    try:
        expected = fed(theirs, dtype, value)
    except (TypeError, ValueError):
        expected = None
    if expected is None or not is_the_same(expected, value, dtype):
        with pytest.raises(DTypeError):
            fed(tf, dtype, value)
        return
    received = fed(tf, dtype, value)
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)
