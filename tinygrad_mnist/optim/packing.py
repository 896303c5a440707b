"""Packing: the parameters of one optimizer in one vector, so that one update updates all of them.

>>> from tinygrad_mnist import Parameter
>>> weight, bias = Parameter([[1.0, 2.0]]), Parameter(3.0)
>>> vector = pack([weight, bias])
>>> vector.assign([4.0, 5.0, 6.0])
>>> weight, bias
(Parameter([[4., 5.]], dtype=float64), Parameter(6., dtype=float64))
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import DTypeError


def pack(parameters: Sequence[Parameter]) -> Parameter:
    """Return one vector whose slices are, from now on, the memory of these parameters.

    Assigning the vector assigns them all. Values, names and gradients stay.

    Raises
    ------
    DTypeError
        If their dtypes differ.
    """
    dtypes = {str(parameter.dtype): parameter for parameter in parameters}
    if len(dtypes) > 1:
        received = ", ".join(parameter.label for parameter in dtypes.values())
        raise DTypeError(f"Parameters updated together must share one dtype. Received: {received}.")
    joined = np.concatenate([parameter._storage.ravel() for parameter in parameters])
    vector = Parameter(joined, name="packed")
    vector._split_among(list(parameters))
    return vector


def lies_in(parameter: Parameter, vector: Parameter) -> bool:
    """Whether this parameter's memory is a slice of that vector."""
    return parameter._storage.base is vector._storage.base
