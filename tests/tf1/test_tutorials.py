"""Tutorials run with nothing but their import lines changed."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf

from .tutorials import TUTORIALS


def run(tf, text):
    program = {"np": np, "tf": tf}
    tf.reset_default_graph()
    exec(text, program)
    return program["results"]


@pytest.mark.parametrize("name", TUTORIALS)
def test_it_runs_and_gives_the_same_result_twice(name):
    first, second = (run(tf, TUTORIALS[name]) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.all(np.isfinite(one))
