"""What must be one integer is refused in one sentence where it is none or several."""

import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError

from .integers import ONE_INTEGER


@pytest.mark.parametrize("what", ONE_INTEGER)
def test_it_is_refused_in_one_sentence(what):
    with tf.Graph().as_default(), pytest.raises(ArgumentError) as caught:
        ONE_INTEGER[what](tf, tf.ones([2, 4]))
    said, _, received = str(caught.value).partition(" must be one integer. Received: ")
    assert said.endswith((": axis", ": depth"))
    assert received in ("None.", "[0].", "[3].", "(0, 1).")
