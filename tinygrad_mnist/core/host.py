"""Values that Python computes anew at each call, of a captured function too: random numbers.

>>> generator = np.random.default_rng(0)
>>> def noisy(x):
...     return x + host(lambda: generator.normal(size=x.shape))
>>> noisy(np.zeros(2))
Tensor([ 0.12573022, -0.13210486], dtype=float64)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.tensor import Tensor


def host(source: Callable[[], Any]) -> Tensor:
    """Return what ``source()`` returns as a constant Tensor; a replay calls ``source`` again.

    Its shape and dtype must be the same at each call. Of what a captured function computes, the
    source can use shapes and dtypes; a value, being of one call only, is refused.

    Raises
    ------
    CaptureError
        If the source asks a Tensor for its value that a captured function was given or computed.
    """
    recording = tape.recording
    journal, outer = recording.journal, recording.aside
    recording.journal, recording.aside = None, journal or outer
    try:
        tensor = Tensor(np.array(source()))
    finally:
        recording.journal, recording.aside = journal, outer
    if journal is not None:
        journal.computed(source, tensor.data)
    return tensor
