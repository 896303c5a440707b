"""Every name has the value that it has in plain NumPy, and missing ones name the nearest."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf

from .cases import CASES
from .running import bound, value

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@cases
@dtypes
def test_a_name_means_what_numpy_computes(case, dtype):
    operands = case.operands(dtype)
    found, shape, told = value(tf, case, operands)
    expected = case.meaning(*operands)
    assert np.shape(found) == np.shape(expected)
    assert found.dtype == told
    assert len(shape) == np.ndim(found)
    for size, known in zip(np.shape(found), shape, strict=True):
        assert known in (None, size)
    error = np.max(np.abs(np.float64(found) - np.float64(expected)), initial=0)
    assert error <= bound(expected, found.dtype)
