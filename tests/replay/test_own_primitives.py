"""Primitives of a user's own, captured: with or without ``out=``, a replay is the function."""

import warnings

import numpy as np
import pytest
from contracts.contract import same_bits

from tinygrad_mnist import ZERO, Parameter, capture, gradients, host, optim, primitive
from tinygrad_mnist.errors import CaptureError, ShapeError

from .checker import check_plans


@primitive(elementwise=True)
def softsign(x):
    return x / (1.0 + np.absolute(x))


softsign.vjp(x=lambda ct, y, x: ct / np.square(1.0 + np.absolute(x)))


@primitive()
def lengths(x, *, axis=-1):
    return np.sqrt(np.sum(x * x, axis=axis))


lengths.vjp(x=lambda ct, y, x, axis: np.expand_dims(ct / y, axis) * x)


@primitive()
def blend(a, b, share):
    return a * share + b * (1.0 - share)


blend.vjp(
    a=lambda ct, y, a, b, share: ct * share,
    b=lambda ct, y, a, b, share: ct * (1.0 - share),
    share=lambda ct, y, a, b, share: ct * (a - b),
)


@primitive()
def product(*factors):
    return np.multiply.reduce(factors)


product.vjp(
    factors=lambda ct, y, *factors, position: (
        ct * product(*factors[:position], *factors[position + 1 :])
    )
)


@primitive(view=True)
def column(x):
    return x.T.reshape(-1, 1)  # a copy of a matrix, a view of a vector


column.vjp(x=lambda ct, y, x: np.reshape(ct, x.shape[::-1]).T)


def training(decorate):
    """What four steps return, with a penalty on a gradient, and the parameter they end with."""
    weight = Parameter(np.random.default_rng(0).normal(size=(3, 4)), name="weight")
    optimizer = optim.Adam([weight], 0.1)

    @decorate
    def step(x, share):
        hidden = blend(softsign(x @ weight), x @ weight, share)
        powers = product(hidden, hidden + 2.0, hidden)
        loss = np.sum(lengths(powers) * share[0]) + np.sum(column(powers) * column(hidden))
        (slope,) = gradients(loss, [weight], record=True)
        optimizer.zero_grad()
        (loss + np.sum(slope * slope)).backward()
        optimizer.step()
        return loss, slope

    rng = np.random.default_rng(1)
    returned = [step(rng.normal(size=(5, 3)), rng.random(4)) for _ in range(4)]
    return [tensor.numpy() for pair in returned for tensor in pair] + [weight.numpy()], step


@pytest.mark.parametrize("verify", [0, 2])
def test_training_with_kernels_without_out_is_replayed_bit_for_bit(verify):
    eager, _ = training(lambda function: function)
    replayed, step = training(capture(verify=verify))
    for one, other in zip(replayed, eager, strict=True):
        assert same_bits(one, other)
    assert len(step.plans) == 1
    check_plans(step)


RESULTS = {
    "a number of Python": lambda x: float(x.sum()),
    "a scalar of NumPy": lambda x: x.sum(),
    "an integer": lambda x: np.count_nonzero(x > 0.0),
    "booleans": lambda x: x > 0.0,
    "a transposed matrix": lambda x: np.exp(x.T),
    "steps backwards": lambda x: np.exp(x)[::-1, ::-1],
    "nothing": lambda x: np.exp(x[:0]),
    "its operand": lambda x: x,
}


@pytest.mark.parametrize("compute", RESULTS.values(), ids=RESULTS)
def test_whatever_a_kernel_returns_is_copied_to_its_place(compute):
    @primitive()
    def own(x):
        return compute(x)

    captured = capture(lambda x: own(x * 2.0))
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(3, 4))
        assert same_bits(captured(x).numpy(), np.asarray(compute(x * 2.0)))
    check_plans(captured)


def test_a_large_argument_is_read_where_it_is():
    captured = capture(lambda x: softsign(x))
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(100, 100))
        assert same_bits(captured(x).numpy(), softsign(x))


@pytest.mark.parametrize("now", [[1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
def test_a_result_of_another_shape_is_refused_and_never_broadcast(now):
    @primitive()
    def positives(x):
        return x[x > 0.0]

    first = np.array([1.0, 2.0, -1.0])
    captured = capture(lambda x: positives(x) + 0.0)
    captured(first)
    with pytest.raises(
        ShapeError, match=r"positives: it computed float64 of shape \(\d,\), and fl"
    ):
        captured(np.array(now))
    verified = capture(lambda x: positives(x) + 0.0, verify=1)
    verified(first)
    with pytest.raises(CaptureError, match=r"positives \(.*\), its result is now float64\[\d\]"):
        verified(np.array(now))


# Kernels that take out= and do not keep what that promises.


def ignores(x, *, out=None):
    return np.arctan(x)


def ignores_and_returns_it(x, *, out=None):
    return np.arctan(x) if out is None else out


def fills_a_part(x, *, out=None):
    if out is None:
        return np.arctan(x)
    np.arctan(x[:-1], out=out[:-1])
    return out


def fills_in_one_branch(x, *, out=None):
    return np.arctan(x, out=out) if np.all(x < 0.0) else np.arctan(x)


def reads_it_first(x, *, out=None):
    if out is None:
        return np.arctan(x)
    out += np.arctan(x)
    return out


def takes_the_larger(x, *, out=None):
    return np.arctan(x) if out is None else np.maximum(out, np.arctan(x), out=out)


def computes_something_else(x, *, out=None):
    return np.arctan(x) if out is None else np.tanh(x, out=out)


def fills_with_the_other_zero(x, *, out=None):
    return np.multiply(x, 0.0 if out is None else -0.0, out=out)


def is_nan_as_one_poison_is(x, *, out=None):
    return np.full_like(x, np.nan)


def is_false_as_one_poison_is(x, *, out=None):
    return np.isnan(x)


def is_true_as_one_poison_is(x, *, out=None):
    return np.isfinite(x)


def is_minus_one_as_one_poison_is(x, *, out=None):
    return np.full(x.shape, -1)


UNFILLED = [
    ignores,
    ignores_and_returns_it,
    fills_a_part,
    fills_in_one_branch,
    reads_it_first,
    takes_the_larger,
    computes_something_else,
    fills_with_the_other_zero,
    is_nan_as_one_poison_is,
    is_false_as_one_poison_is,
    is_true_as_one_poison_is,
    is_minus_one_as_one_poison_is,
]


@pytest.mark.parametrize("kernel", UNFILLED)
def test_a_kernel_that_does_not_fill_out_is_refused_before_anything_changes(kernel):
    own = primitive()(kernel)
    weight = Parameter([1.0], name="weight")

    @capture
    def function(x):
        y = own(x)
        weight.assign(weight * 2.0)
        return y

    for _ in range(2):
        with pytest.raises(
            CaptureError,
            match=rf"^test_own_primitives.py:\d+: the kernel of {kernel.__name__} takes out= and "
            r"does not leave its result of \w+\[3\] there each time, .* Fill out completely, or",
        ):
            function(np.array([1.0, 2.0, 3.0]))
    assert weight.item() == 1.0
    assert function.plans == []


def test_a_kernel_that_fills_out_the_first_time_only_is_refused():
    filled = []

    @primitive()
    def tired(x, *, out=None):
        result = np.arctan(x)
        if out is not None and not filled:
            filled.append(True)
            out[...] = result
        return result

    with pytest.raises(CaptureError, match=r"the kernel of tired takes out= and does not leave"):
        capture(lambda x: tired(x))(np.ones(2))


def test_a_kernel_that_fails_with_out_is_refused():
    @primitive()
    def fragile(x, *, out=None):
        if out is not None:
            raise NotImplementedError("Some day.")
        return np.arctan(x)

    with pytest.raises(
        CaptureError,
        match=r"py:\d+: the kernel of fragile takes out= and raised NotImplementedError when it "
        r"got one of float64\[2\]: Some day\. Fill out completely, or leave",
    ) as caught:
        capture(lambda x: fragile(x))(np.ones(2))
    assert isinstance(caught.value.__cause__, NotImplementedError)


@pytest.mark.parametrize("sizes", [(), (2, 3)], ids=["values", "shapes"])
def test_a_kernel_that_gives_something_else_each_time_is_refused(sizes):
    rng, sizes = np.random.default_rng(0), iter(sizes)

    @primitive()
    def noisy(x, *, out=None):
        noise = rng.normal(size=next(sizes, x.shape) if out is None else out.shape)
        return noise if out is None else np.copyto(out, noise)

    with pytest.raises(CaptureError, match=r"kernel of noisy gives another result .* host\(\)"):
        capture(lambda x: noisy(x))(np.ones(2))


def test_a_rule_is_captured_too():
    @primitive()
    def deaf(x, *, out=None):
        return np.array(x)

    @primitive()
    def halved(x):
        return x / 2.0

    halved.vjp(x=lambda ct, y, x: deaf(ct) / 2.0)
    weight = Parameter([1.0], name="weight")
    with pytest.raises(CaptureError, match="the kernel of deaf takes out= and does not leave"):
        capture(lambda x: np.sum(halved(weight * x)).backward())(np.ones(1))


# Kernels that do.

FILLED = {
    "transposed": (lambda x, *, out=None: np.exp(x.T, out=out), np.float64),
    "steps backwards": (
        lambda x, *, out=None: np.exp(x[::-1], out=np.empty_like(x)[::-1] if out is None else out),
        np.float64,
    ),
    "no elements": (lambda x, *, out=None: np.exp(x[:0], out=out), np.float64),
    "one number": (lambda x, *, out=None: np.sum(x, out=out), np.float64),
    "padding": (lambda x, *, out=None: np.divide(x, 3.0, out=out), np.longdouble),
    "NaN": (lambda x, *, out=None: np.multiply(x, np.nan, out=out), np.float32),
    "halves": (lambda x, *, out=None: np.add(x, 1.0, out=out), np.float16),
    "bytes": (lambda x, *, out=None: np.add(x, x, out=out), np.uint8),
    "booleans": (lambda x, *, out=None: np.greater(x, 0, out=out), np.int64),
}


@pytest.mark.parametrize(("kernel", "dtype"), FILLED.values(), ids=FILLED)
def test_a_kernel_that_fills_out_is_captured(kernel, dtype):
    kernel.__name__ = "own"
    own = primitive()(kernel)
    own.vjp(x=ZERO)
    captured = capture(lambda x: own(x))
    for seed in range(3):
        x = np.random.default_rng(seed).integers(0, 9, (3, 4)).astype(dtype)
        got, expected = captured(x).numpy(), np.asarray(kernel(x))
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(got, expected)


def test_what_a_function_warns_of_is_said_once():
    @primitive()
    def inverse(x, *, out=None):
        return np.divide(1.0, x, out=out)

    captured = capture(lambda x: inverse(x), verify=1)
    for _ in ("written down", "verified", "replayed"):
        with warnings.catch_warnings(record=True, action="always") as caught:
            captured(np.zeros(1))
        assert [str(one.message) for one in caught] == ["divide by zero encountered in divide"]


def test_the_source_of_a_host_value_runs_once_a_call():
    calls = []
    captured = capture(lambda x: x + host(lambda: calls.append(1) or np.ones(1)))
    for count in (1, 2, 3):
        captured(np.ones(1))
        assert len(calls) == count


def test_an_elementwise_kernel_that_reads_what_it_has_overwritten_is_refused():
    @primitive(elementwise=True)
    def swish(x, *, out=None):
        out = np.exp(-x, out=out)
        return np.divide(x, 1.0 + out, out=out)

    x = np.array([1.0, 2.0])
    with pytest.raises(CaptureError, match=r"kernel of swish takes .* where out is one of its"):
        capture(lambda x: swish(x * 2.0))(x)
    swish.elementwise = False
    captured = capture(lambda x: swish(x * 2.0))
    for factor in (1.0, 3.0):
        expected = swish.kernel(factor * x * 2.0)
        assert captured(factor * x).numpy().tobytes() == expected.tobytes()


def test_kernels_that_look_whether_out_is_an_operand_are_found_out_too():
    """In a replay it is another array of the same memory; and of ``h + h`` both operands are."""

    @primitive(elementwise=True)
    def looking(a, b, *, out=None):
        if out is b:
            b = b.copy()
        result = np.multiply(a, 2.0, out=out)
        result += b
        return result

    @primitive(elementwise=True)
    def twice(a, b, *, out=None):
        if out is not None and np.may_share_memory(out, a):
            a = a.copy()
        result = np.multiply(b, 2.0, out=out)
        result += a
        return result

    x = np.arange(3.0)
    for function in (lambda x: looking(np.ones(3), x + 1.0), lambda x: looking(x + 1.0, x + 2.0)):
        with pytest.raises(CaptureError, match="where out is one of its operands"):
            capture(function)(x)
    captured = capture(lambda x: twice(*2 * [x + 1.0]))
    for factor in (1.0, 3.0):
        expected = 3.0 * (factor * x + 1.0)
        np.testing.assert_array_equal(captured(factor * x).numpy(), expected)
