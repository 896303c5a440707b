"""The matmul floor: a step's eight matrix products into ready buffers, and nothing else.

Three forward, five backward: the cotangent of the images is not needed. No implementation on the
same BLAS can be faster. It trains nothing and has no cost, so it is never compared.
"""

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.backends import Step
from benchmarks.workload import BATCH_SIZE, LAYERS, Array

VERSIONS = {"numpy": np.__version__}


def make_step(parameters: Sequence[Array]) -> Step:
    """Build the step; its cost is not a number."""
    w1, w2, w3 = parameters[::2]
    ct_w1, ct_w2, ct_w3 = (np.empty_like(weights) for weights in (w1, w2, w3))
    # The values do not matter, but they must be ordinary: subnormal numbers are slow.
    hidden1, hidden2, logits = (np.ones((BATCH_SIZE, size), np.float32) for size in LAYERS[1:])
    ct_hidden1, ct_hidden2, ct_logits = (array.copy() for array in (hidden1, hidden2, logits))

    def step(images: Array, labels: Array) -> float:
        np.matmul(images, w1, out=hidden1)
        np.matmul(hidden1, w2, out=hidden2)
        np.matmul(hidden2, w3, out=logits)
        np.matmul(hidden2.T, ct_logits, out=ct_w3)
        np.matmul(ct_logits, w3.T, out=ct_hidden2)
        np.matmul(hidden1.T, ct_hidden2, out=ct_w2)
        np.matmul(ct_hidden2, w2.T, out=ct_hidden1)
        np.matmul(images.T, ct_hidden1, out=ct_w1)
        return math.nan

    return step
