"""TensorFlow refuses what we refuse: none or several where there must be one integer."""

import pytest

from .integers import ONE_INTEGER

tensorflow = pytest.importorskip("tensorflow")

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("what", ONE_INTEGER)
def test_it_is_refused(what):
    tf = tensorflow.compat.v1
    with tf.Graph().as_default(), pytest.raises((TypeError, ValueError)):
        ONE_INTEGER[what](tf, tf.ones([2, 4]))
