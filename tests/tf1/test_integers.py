"""What must be one integer is refused in one sentence where it is none or several."""

import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError

ONE_INTEGER = {
    "concat along none": lambda tf, x: tf.concat([x], None),
    "concat along a list": lambda tf, x: tf.concat([x, x], [0]),
    "stack along none": lambda tf, x: tf.stack([x], None),
    "stack along a list": lambda tf, x: tf.stack([x], [0]),
    "split along none": lambda tf, x: tf.split(x, 2, None),
    "split along a list": lambda tf, x: tf.split(x, 2, [0]),
    "gather along a list": lambda tf, x: tf.gather(x, [0], axis=[0]),
    "argmax along a list": lambda tf, x: tf.argmax(x, [0]),
    "one_hot along a list": lambda tf, x: tf.one_hot([1], 3, axis=[0]),
    "one_hot of a list": lambda tf, x: tf.one_hot([1], [3]),
    "one_hot of no depth": lambda tf, x: tf.one_hot([1], None),
    "no axis to insert": lambda tf, x: tf.expand_dims(x),
    "two axes to insert": lambda tf, x: tf.expand_dims(x, [0, 1]),
    "softmax along a list": lambda tf, x: tf.nn.softmax(x, axis=[0]),
    "log_softmax along a list": lambda tf, x: tf.nn.log_softmax(x, [0]),
    "a loss along a list": lambda tf, x: tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=x, logits=x, axis=[0]
    ),
}


@pytest.mark.parametrize("what", ONE_INTEGER)
def test_it_is_refused_in_one_sentence(what):
    with tf.Graph().as_default(), pytest.raises(ArgumentError) as caught:
        ONE_INTEGER[what](tf, tf.ones([2, 4]))
    said, _, received = str(caught.value).partition(" must be one integer. Received: ")
    assert said.endswith((": axis", ": depth"))
    assert received in ("None.", "[0].", "[3].", "(0, 1).")


@pytest.mark.tf
@pytest.mark.parametrize("what", ONE_INTEGER)
def test_tensorflow_refuses_it_too(what, theirs):
    with theirs.Graph().as_default(), pytest.raises((TypeError, ValueError)):
        ONE_INTEGER[what](theirs, theirs.ones([2, 4]))
