"""What a branch that is not taken passes on, and functions that are constant, or nearly so."""

import warnings

import numpy as np
import pytest

from tinygrad_mnist import (
    Tensor,
    capture,
    elu,
    gradients,
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    relu6,
    softmax,
)
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.ops.elementwise import masked
from tinygrad_mnist.testing import assert_grads


def leaf(value, dtype=np.float64):
    return Tensor(np.asarray(value, dtype), requires_grad=True)


def of(function, *values, cotangent=1.0):
    """The value, and the gradients by all arguments."""
    leaves = [leaf(value) for value in values]
    y = function(*leaves)
    found = gradients(y, leaves, np.broadcast_to(cotangent, y.shape))
    return y.numpy().tolist(), [gradient.tolist() for gradient in found]


CLIPS = {
    "np.clip": np.clip,
    "method": lambda x, low, high: x.clip(low, high),
    "min, max": lambda x, low, high: np.clip(x, min=low, max=high),
    "a_min, a_max": lambda x, low, high: np.clip(x, a_min=low, a_max=high),
}


@pytest.mark.parametrize("clip", CLIPS.values(), ids=CLIPS)
@pytest.mark.parametrize("x", [-2.0, -1.0, 0.5, 1.0, 3.0])
def test_crossed_bounds_give_the_upper_one(clip, x):
    assert of(clip, x, 1.0, -1.0) == (-1.0, [0.0, 0.0, 1.0])


@pytest.mark.parametrize(("x", "to"), [(-2.0, 1), (-1.0, 0), (0.5, 0), (1.0, 0), (3.0, 2)])
def test_bounds_that_do_not_cross(x, to):
    value, found = of(np.clip, x, -1.0, 1.0)
    assert value == min(max(x, -1.0), 1.0)
    assert found == [float(i == to) for i in range(3)]


@pytest.mark.parametrize(
    ("x", "options"),
    [
        ([[3.0, 4.0]], {"axis": ()}),
        (3.0, {}),
        ([3.0], {}),
        ([3.0], {"ddof": 0.5}),
        ([[1.0], [2.0]], {"axis": 1}),
        ([[1.0], [2.0]], {"axis": -1, "keepdims": True}),
    ],
)
def test_the_std_of_single_elements_is_constant(x, options):
    value, (found,) = of(lambda t: np.std(t, **options), x, cotangent=7.0)
    assert value == np.std(x, **options).tolist()
    assert found == np.zeros_like(x).tolist()


def test_the_std_that_is_no_number_and_that_of_equal_elements():
    """ddof leaves no freedom; and the root at 0, where TensorFlow has NaN too and torch 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of the freedom that is left
        value, (found,) = of(lambda t: np.std(t, ddof=1), [3.0])
    assert np.isnan([value, *found]).all()
    assert np.isnan(of(np.std, [3.0, 3.0])[1]).all()
    with np.errstate(all="ignore"):
        assert np.isnan(of(np.std, [np.inf])[0])


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.parametrize("ddof", [3, 3.5, 4, 100])
@pytest.mark.parametrize("axis", [1, -1, (1,)])
def test_a_variance_without_freedom_is_numpys_and_has_no_slope(function, ddof, axis):
    x = [[1.0, 2.0, 4.0], [5.0, 5.5, 7.0]]
    with warnings.catch_warnings(action="ignore"):  # NumPy's, of the freedom that is left
        value, (found,) = of(lambda t: function(t, axis=axis, ddof=ddof), x)
        assert value == function(x, axis=axis, ddof=ddof).tolist() == [np.inf, np.inf]
    assert np.isnan(found).all()


@pytest.mark.parametrize("zero", [0.0, 0, np.array(0.0), np.float64(0.0)])
@pytest.mark.parametrize("base", [np.nan, 0.0, np.inf, -2.0])
def test_any_power_of_zero_is_constant(base, zero):
    assert of(lambda x: x**zero, base) == (1.0, [0.0])


BRANCHES = {
    "relu": relu,
    "relu6": relu6,
    "leaky_relu": lambda x: leaky_relu(x, alpha=0.0),
    "elu": lambda x: elu(x, alpha=0.0),
    "maximum": lambda x: np.maximum(x, 0.0),
    "minimum": lambda x: -np.minimum(-x, 0.0),
    "where, a": lambda x: np.where(x.detach() > 0, x, 0.0),
    "where, b": lambda x: np.where(x.detach() <= 0, 0.0, x),
    "clip": lambda x: np.clip(x, 0.0, 9.0),
    "max": lambda x: np.max(np.stack([x, 0.0 * x.detach()]), axis=0),
    "min": lambda x: -np.min(np.stack([-x, 0.0 * x.detach()]), axis=0),
    "getitem": lambda x: np.where(x.detach() > 0, x[[0, 1]], 0.0),
}


@pytest.mark.parametrize("branch", BRANCHES.values(), ids=BRANCHES)
@pytest.mark.parametrize("captured", [False, True])
def test_a_branch_not_taken_passes_on_a_zero_whatever_comes(branch, captured):
    """TensorFlow multiplies infinity by the mask's 0 here, and has NaN."""

    def slope(x):
        return gradients(np.sqrt(branch(x)), [x], np.array([1.0, 8.0]))[0]

    with np.errstate(all="ignore"):
        if captured:
            slope = capture(slope)
            slope(leaf([-3.0, 1.0]))
        found = slope(leaf([-1.0, 4.0]))
    assert np.asarray(found).tolist() == [0.0, 2.0]


def test_to_second_order_too():
    """What comes to the rule of a rule is infinite as well."""
    x, ct = leaf([-1.0, 4.0]), leaf([1.0, 1.0])
    (slope,) = gradients(relu(x), [x], ct, record=True)
    with np.errstate(all="ignore"):
        (found,) = gradients(slope, [ct], np.array([np.inf, 2.0]))
    assert found.tolist() == [0.0, 2.0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_what_is_masked_is_zero_and_nothing_else_changes(dtype):
    x = np.array([[1.5, -2.0, np.inf], [np.nan, -0.0, -np.inf]], dtype)
    for layout in (x, x.T, x[::-1], x[:, ::2], x[0, 0]):
        for condition in (layout == layout, layout > 0, np.zeros(layout.shape, bool)):
            found = masked(layout, condition)
            expected = np.where(condition, layout, dtype(0))
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


HALF = leaf(np.zeros(70_000), np.float16)


@pytest.mark.parametrize("function", [np.max, np.min, softmax, logsumexp, log_softmax])
def test_seventy_thousand_equal_float16_numbers(function):
    """Their count is no float16: what is added up is added up in float32."""
    y = function(HALF)
    assert y.dtype == np.float16
    assert np.isfinite(y.data).all()
    cotangent = np.zeros(y.shape)
    cotangent.flat[0] = 1.0
    (found,) = gradients(y, [HALF], cotangent)
    assert found.dtype == np.float16
    share = np.float16(1 / 70_000)
    expected = {softmax: 0.0, log_softmax: -share}.get(function, share)
    np.testing.assert_allclose(found[1:], expected, rtol=2e-3)
    if function is softmax:
        np.testing.assert_array_equal(y.data, share)


def test_the_gradient_of_cumprod_divides_by_nothing():
    x = [1e-200, 1e-200, 1e200]
    _, (found,) = of(np.cumprod, x, cotangent=[0.0, 0.0, 1.0])
    np.testing.assert_allclose(found, [1.0, 1.0, 0.0], rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_the_gradient_of_cumprod_with_zeros_to_second_order(axis):
    x = np.random.default_rng(0).standard_normal((3, 4))
    x[0, 1] = x[2, 1] = x[2, 2] = 0.0
    assert_grads(lambda x: np.cumprod(x, axis=axis), x, order=2)


def test_the_gradient_of_cumprod_is_linear_in_time_and_few_instructions():
    slope = capture(lambda x: gradients(np.cumprod(x), [x], np.ones(x.shape))[0])
    counts = []
    for size in (40, 4_000):
        x = leaf(np.random.default_rng(0).uniform(0.9, 1.1, size))
        expected = gradients(np.cumprod(x), [x], np.ones(size))[0]
        assert np.asarray(slope(x)).tobytes() == np.asarray(slope(x)).tobytes()
        assert np.asarray(slope(x)).tobytes() == expected.tobytes()
        counts.append(len(slope.plans[-1].program.instructions))
        assert slope.plans[-1].allocation.arena < 200 * size + 10_000
    assert counts[0] == counts[1] < 30


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_the_gradient_of_cumprod_without_axes(axis):
    assert of(lambda x: np.cumprod(x, axis=axis), 3.0, cotangent=2.0)[1] == [2.0]


@pytest.mark.parametrize("bounds", [{"a_min": 0.0, "min": 5.0}, {"a_max": 1.0, "max": 5.0}])
def test_bounds_given_twice_are_refused(bounds):
    with pytest.raises(ArgumentError, match="not both"):
        np.clip(leaf([1.0]), **bounds)
