"""Initialisers: their bounds and variances, and nothing but the Generator decides the values."""

import numpy as np
import pytest

from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.nn import initializers

SHAPE = (300, 200)  # unequal, so that the fans cannot be confused
SIZE = 300 * 200

GLOROT, HE = 2 / (300 + 200), 2 / 300
VARIANCES = {
    "glorot_uniform": (initializers.glorot_uniform, GLOROT),
    "glorot_normal": (initializers.glorot_normal, GLOROT),
    "he_uniform": (initializers.he_uniform, HE),
    "he_normal": (initializers.he_normal, HE),
    "truncated_normal": (initializers.truncated_normal(0.3), (0.3 * 0.879626) ** 2),
}
BOUNDS = {
    "glorot_uniform": np.sqrt(3 * GLOROT),
    "glorot_normal": 2 * np.sqrt(GLOROT) / 0.879626,
    "he_uniform": np.sqrt(3 * HE),
    "he_normal": 2 * np.sqrt(HE) / 0.879626,
    "truncated_normal": 0.6,
}
KURTOSES = {"uniform": 1.8, "normal": 2.3652}
"""Fourth moment over squared variance; the normal one cut off at 2 (3 without the cut)."""

every_random = pytest.mark.parametrize("name", VARIANCES)


def draw(name, seed=0, shape=SHAPE, dtype=np.float64):
    return VARIANCES[name][0](np.random.default_rng(seed), shape, dtype)


@every_random
def test_mean_and_variance(name):
    values, variance = draw(name), VARIANCES[name][1]
    kurtosis = KURTOSES[name.split("_")[1]]
    # Five standard errors of the mean and of the variance.
    assert abs(values.mean()) < 5 * np.sqrt(variance / SIZE)
    assert abs(values.var() / variance - 1) < 5 * np.sqrt((kurtosis - 1) / SIZE)


@every_random
def test_the_shape_of_the_distribution(name):
    values = draw(name)
    kurtosis = np.mean(values**4) / values.var() ** 2
    assert abs(kurtosis - KURTOSES[name.split("_")[1]]) < 0.05


def test_the_default_deviation_of_truncated_normal_is_that_of_keras():
    default, given = (
        initializer(np.random.default_rng(0), (5,), np.float64)
        for initializer in (initializers.truncated_normal(), initializers.truncated_normal(0.05))
    )
    np.testing.assert_array_equal(default, given)


@every_random
@pytest.mark.parametrize("seed", range(3))
def test_no_value_lies_beyond_the_bound_and_some_come_near(name, seed):
    largest = np.abs(draw(name, seed)).max()
    assert 0.99 * BOUNDS[name] < largest < BOUNDS[name] * (1 + 1e-6)


@every_random
def test_the_generator_decides_and_the_global_state_does_not(name):
    first = draw(name)
    np.random.seed(99)  # noqa: NPY002  the legacy state is what must not matter
    np.testing.assert_array_equal(first, draw(name))
    assert np.any(first != draw(name, seed=1))
    generator = np.random.default_rng(0)
    initializer = VARIANCES[name][0]
    one = initializer(generator, SHAPE, np.float64)
    assert np.any(one != initializer(generator, SHAPE, np.float64))  # it moves on


@every_random
def test_float32_is_the_rounded_float64(name):
    single = draw(name, dtype=np.float32)
    assert (single.shape, single.dtype) == (SHAPE, np.float32)
    np.testing.assert_array_equal(single, draw(name).astype(np.float32))


@pytest.mark.parametrize("value", [0.0, -1.5])
def test_constants_draw_nothing(value):
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    initializer = initializers.constant(value) if value else initializers.zeros
    filled = initializer(generator, (2, 3), np.float32)
    np.testing.assert_array_equal(filled, np.full((2, 3), value, np.float32), strict=True)
    assert generator.bit_generator.state == before


def test_truncation_redraws_and_does_not_clip():
    values = np.abs(initializers.truncated_normal(1.0)(np.random.default_rng(0), SHAPE, float))
    assert np.count_nonzero(values == values.max()) == 1
    # The density at the edge, not a heap: the last hundredth holds about 0.11 % of the values.
    assert np.mean(values > 1.99) < 0.002


@pytest.mark.parametrize("name", [name for name in VARIANCES if name != "truncated_normal"])
@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0)])
def test_a_shape_without_fans_is_refused(name, shape):
    with pytest.raises(ShapeError, match="number of inputs"):
        draw(name, shape=shape)
