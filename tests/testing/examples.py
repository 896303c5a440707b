"""A function to check, and points to check at."""

import numpy as np

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4))
ROW = RNG.standard_normal(4)
SQUARE = RNG.standard_normal((3, 3))
BATCH = RNG.standard_normal((5, 3))


def normal(*shape):
    """The same numbers in any order of tests."""
    return np.random.default_rng(0).standard_normal(shape)


def squares(x):
    return (x**2).sum()
