"""What the four implementations have in common: arrays in, arrays out.

>>> sorted(APIS)
['eager', 'function', 'keras', 'session']
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

APIS = {
    "session": ("session", "SessionTrainer"),
    "function": ("function", "FunctionTrainer"),
    "eager": ("eager", "EagerTrainer"),
    "keras": ("keras_api", "KerasTrainer"),
}
"""The module and the class of each implementation."""

BETA_1, BETA_2, EPSILON = (float(np.float32(number)) for number in (0.9, 0.999, 1e-8))
"""Adam's constants, as float32 has them. TF1 and Keras round theirs to float32 for float64
variables too, and 1 - 0.999 is then wrong by 1.3e-5: given these, all compute with the same."""


class Trainer(Protocol):
    """A network of dense layers with relu between them, and Adam, somewhere in its training.

    Images have shape (n, inputs), labels (n, classes), one-hot, and both the parameters' dtype.
    Lists are in the order of the parameters: weight, bias, weight, bias, ...
    """

    def step(self, images: Array, labels: Array) -> float:
        """Update the parameters; return the mean cross entropy of the batch before that."""

    def gradients(self, images: Array, labels: Array) -> list[Array]:
        """Return the gradients of the mean cross entropy; nothing is updated."""

    def parameters(self) -> list[Array]:
        """Return the parameters."""

    def slots(self) -> tuple[list[Array], list[Array]]:
        """Return Adam's moments: the means of the gradients and of their squares."""

    def accuracy(self, images: Array, labels: Array) -> float:
        """Return the fraction of images whose largest output is their label's."""


def trainer(api: str, parameters: Sequence[Array], learning_rate: float) -> Trainer:
    """Return a network of the given initial parameters, all float32 or all float64.

    Adam adds epsilon before the root's bias is corrected, the epsilon-hat of Kingma & Ba,
    arXiv:1412.6980, section 2. Raises KeyError if ``api`` is not one of ``APIS``, and ImportError
    without TensorFlow.
    """
    module, name = APIS[api]
    made: Trainer = getattr(import_module(f"reference_tf.{module}"), name)(
        parameters, learning_rate
    )
    return made
