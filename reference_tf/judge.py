"""What ``tinygrad-mnist check`` asks: TensorFlow's opinion of a function's gradients.

Registered in ``setup.cfg`` as an entry point of the group ``tinygrad_mnist.judges``. Importing this
imports no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference_tf.quiet import no_standard_error
from reference_tf.verdicts import Report


def judge(f: Callable[..., Any], *arrays: Any) -> Report:
    """Return what `crosscheck.compare` says of a function at some arguments.

    Raises
    ------
    ImportError
        If TensorFlow is not installed.
    """
    with no_standard_error():  # some of what TensorFlow says at its start no setting silences
        from reference_tf.crosscheck import compare
    return compare(f, *arrays)
