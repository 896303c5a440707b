"""Gradient checking with a verdict: of this engine's gradients, or of any written by hand.

>>> import numpy as np
>>> from tinygrad_mnist.testing import check_grads
>>> def loss(weights):
...     return 0.5 * (weights**2).sum()
>>> print(check_grads(loss, np.array([1.0, -2.0]), gradient=lambda weights: weights).verdict)
OK

The strategies of `tinygrad_mnist.testing.strategies` need hypothesis; the pytest fixture
``check_grads`` comes with `tinygrad_mnist.testing.plugin`.
"""

from tinygrad_mnist.testing.check import assert_grads, check_grads
from tinygrad_mnist.testing.verdict import (
    ArgumentReport,
    Element,
    GradientCheckError,
    Report,
    Verdict,
)

__all__ = [
    "ArgumentReport",
    "Element",
    "GradientCheckError",
    "Report",
    "Verdict",
    "assert_grads",
    "check_grads",
]
