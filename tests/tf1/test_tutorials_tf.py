"""Tutorials compute what they compute with TensorFlow."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours

from .test_tutorials import run
from .tutorials import TUTORIALS

tensorflow = pytest.importorskip("tensorflow")

from tensorflow.python.eager import context  # noqa: E402

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]

STEPS = 50  # at most
# Each step adds the rounding of sums of some forty terms of order one, and amplifies nothing.
TOLERANCE = STEPS * 32 * 2.0**-24


@pytest.mark.parametrize("name", TUTORIALS)
def test_both_engines_compute_the_same(name):
    received = run(ours, TUTORIALS[name])
    with context.graph_mode():
        expected = run(tensorflow.compat.v1, TUTORIALS[name])
    for mine, reference in zip(received, expected, strict=True):
        assert (mine.shape, mine.dtype) == (reference.shape, reference.dtype)
        scale = max(1.0, float(np.max(np.abs(reference))))
        assert np.max(np.abs(np.subtract(mine, reference))) <= TOLERANCE * scale
