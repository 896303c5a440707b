"""What people write inside a captured function: the bits of the function itself, or a sentence.

Each idiom is run three times as it is and three times captured, from the same state.
"""

import copy
import pickle
import random
import re
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor, capture, gradients, host, optim
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import CaptureError, GradientError, UnsupportedError
from tinygrad_mnist.replay.memory import same_bits

CALLS = [np.array([0.5, 1.5]), np.array([2.0, -1.0]), np.array([0.0, 3.0])]


def state():
    weight = Parameter([1.0, -2.0], name="weight")
    return SimpleNamespace(
        weight=weight,
        optimizer=optim.Momentum([weight], learning_rate=0.5, momentum=0.5),
        generator=np.random.default_rng(0),
        data=Dataset(
            np.arange(6.0).reshape(3, 2), np.arange(3), generator=np.random.default_rng(1)
        ),
    )


def train(s, x):
    loss = np.sum((s.weight - x) ** 2)
    s.optimizer.zero_grad()
    loss.backward()
    s.optimizer.step()
    return loss


def results(s, step):
    found = []
    for x in CALLS:
        with np.errstate(all="ignore"):
            found += [step(x).numpy(), s.weight.numpy()]
    return found


SAME = {
    "a step": train,
    "a cast": lambda s, x: Tensor(x, dtype=np.float32) * s.weight,
    "a copy of a parameter": lambda s, x: (Tensor(s.weight) * x, train(s, x))[0],
    "a cast of a parameter": lambda s, x: (Tensor(s.weight, np.float16) * x, train(s, x))[0],
    "a leaf made inside": lambda s, x: gradients(
        np.sum((leaf := Tensor(x, requires_grad=True)) ** 3), [leaf], record=True
    )[0],
    "a detached parameter": lambda s, x: (s.weight.detach() * x, train(s, x))[0],
    "drawn by host": lambda s, x: x + host(lambda: s.generator.normal(size=2)),
    "parameters read by host": lambda s, x: (
        x + host(lambda: s.weight.data * 2 + s.weight.numpy()),
        train(s, x),
    )[0],
    "storage written by host": lambda s, x: (
        x
        + host(lambda: np.copyto(s.weight.storage(), s.generator.normal()) or np.zeros(2))
        + s.weight
    ),
    "a rate set by host": lambda s, x: (
        train(s, x) + host(lambda: setattr(s.optimizer, "learning_rate", 0.25) or np.zeros(()))
    ),
    "a batch of host": lambda s, x: x + host(lambda: s.data.next_batch(1)[0][0]),
    "printed": lambda s, x: (repr(x), str(x), f"{x}", train(s, x))[-1],
    "assigned": lambda s, x: s.weight.assign(s.weight + x) or s.weight * 1.0,
}

REFUSED = {
    "a rate": (
        lambda s, x: setattr(s.optimizer, "learning_rate", 0.1) or x,
        "learning_rate of the",
    ),
    "a momentum": (lambda s, x: setattr(s.optimizer, "momentum", 0.1) or x, "momentum of the Mo"),
    "the step count": (
        lambda s, x: setattr(s.optimizer, "iterations", 0) or x,
        "iterations of the",
    ),
    "storage": (lambda s, x: x + s.weight.storage(), r"storage\(\) of Parameter 'weight'"),
    "its array": (lambda s, x: x * (s.weight.data * 2), r"\.data of a Parameter 'weight'"),
    "an argument's array": (lambda s, x: x / np.max(np.abs(x.data)), r"\.data of a Tensor 'x'"),
    "a result's array": (lambda s, x: x * (x * 2).data, r"\.data of the result of multiply"),
    "a new parameter": (lambda s, x: Parameter(x) * 2, r"Parameter\(\) of a Tensor 'x'"),
    "a parameter's double": (lambda s, x: Parameter(s.weight) * x, r"Parameter\(\) of a Parameter"),
    "a draw": (lambda s, x: x + s.generator.normal(), "had drawn from s.generator"),
    "a draw at the end": (lambda s, x: (x * 2, s.generator.normal())[0], "had drawn from s.gen"),
    "a draw of NumPy's own": (lambda s, x: x + np.random.normal(), "drawn from np.random"),  # noqa: NPY002
    "a draw of Python's own": (lambda s, x: x + random.random(), "had drawn from random"),
    "a batch": (lambda s, x: x + s.data.next_batch(1)[0][0], r"next_batch\(\) of the Dataset"),
    "a float": (lambda s, x: x * float(np.sum(s.weight)), r"float\(\) of the result of sum"),
    "a format": (lambda s, x: (f"{np.sum(x):.2f}", x * 2)[1], "format '.2f' of the result of sum"),
}


@pytest.mark.parametrize("idiom", SAME.values(), ids=SAME)
@pytest.mark.parametrize("verify", [0, 2])
def test_the_same_bits(idiom, verify):
    eager, captured = state(), state()
    expected = results(eager, lambda x: idiom(eager, Tensor(x)))
    step = capture(lambda x: idiom(captured, x), verify=verify)
    for one, other in zip(results(captured, step), expected, strict=True):
        assert one.dtype == other.dtype
        assert same_bits(one, other)
    assert len(step.plans) == 1


@pytest.mark.parametrize(("idiom", "said"), REFUSED.values(), ids=REFUSED)
def test_a_sentence_with_the_line(idiom, said):
    s = state()

    def step(x, s=s):
        return idiom(s, x)

    with pytest.raises(CaptureError, match=rf":\d+: .*{said}"):
        capture(step)(CALLS[0])


def test_an_attribute_that_is_set_between_calls_is_heeded():
    eager, captured = state(), state()
    step = capture(lambda x: train(captured, x))
    for rate, momentum in ((0.5, 0.5), (0.1, 0.9), (0.0, 0.0)):
        for s in (eager, captured):
            s.optimizer.learning_rate, s.optimizer.momentum = rate, momentum
        assert step(CALLS[0]).item() == train(eager, CALLS[0]).item()
        assert same_bits(eager.weight.numpy(), captured.weight.numpy())


ARGUMENTS = {
    "a generator of numbers": np.random.default_rng(0),
    "Python's": random.Random(0),
    "NumPy's old one": np.random.RandomState(0),
    "bits": np.random.PCG64(0),
    "an iterator": iter([1.0, 2.0]),
    "a generator function's": (number for number in (1.0, 2.0)),
    "an object that can change": type("Config", (), {})(),
}


@pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=ARGUMENTS)
def test_an_argument_that_moves_on_is_refused_by_name(argument):
    captured = capture(lambda x, source: x * 2)
    with pytest.raises(CaptureError, match=r"The argument source\['it'\] of .*host\(\)"):
        captured(np.ones(2), {"it": argument})


@pytest.mark.parametrize(
    "argument", [None, "sum", np.tanh, max, int, np, object(), np.float32, state().optimizer]
)
def test_an_argument_that_stays_as_it_is_goes(argument):
    captured = capture(lambda x, kind: x * 2)
    for x in CALLS:
        np.testing.assert_array_equal(captured(x, argument).numpy(), 2 * x)
    assert len(captured.plans) == 1


# How elements lie: the order in which they are added up follows.

LAYOUTS = {
    "rows repeated": lambda rng: np.broadcast_to(rng.random(64, np.float32), (64, 64)),
    "columns repeated": lambda rng: np.broadcast_to(rng.random((64, 1), np.float32), (64, 64)),
    "one number": lambda rng: np.broadcast_to(rng.random(dtype=np.float32), (64, 64)),
    "every other column": lambda rng: rng.random((64, 128), np.float32)[:, ::2],
    "every other row": lambda rng: rng.random((128, 64), np.float32)[::2],
    "columns backwards": lambda rng: rng.random((64, 64), np.float32)[:, ::-1],
    "rows backwards": lambda rng: rng.random((64, 64), np.float32)[::-1],
    "transposed backwards": lambda rng: rng.random((64, 64), np.float32).T[::-1],
    "transposed": lambda rng: rng.random((64, 64), np.float32).T,
    "large, backwards": lambda rng: rng.random((640, 64), np.float32)[::-1],
    "of nothing": lambda rng: np.broadcast_to(np.ones((1, 64), np.float32), (0, 64)),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("width", [1, 10])
@pytest.mark.parametrize("constant", [False, True])
def test_a_layout_is_kept(layout, width, constant):
    rng = np.random.default_rng(0)
    baked = layout(rng)

    def f(x, weight):
        y = np.sum((baked if constant else x) @ weight) + np.sum(x)
        return y, np.sum(x, axis=0), gradients(y, [weight], record=True)[0]

    captured = capture(f, verify=1)
    for _ in range(4):
        x = layout(rng)
        weight = Tensor(rng.random((64, width), np.float32), requires_grad=True)
        for one, other in zip(captured(x, weight), f(Tensor.of(x, None), weight), strict=True):
            assert same_bits(one.numpy(), other.numpy())


def test_what_is_fed_with_gaps_may_change_after_the_call():
    captured = capture(lambda x: x + 0.0)
    data = np.arange(8.0)
    first = captured(data[::2])
    data[:] = -1.0
    np.testing.assert_array_equal(first.numpy(), [0, 2, 4, 6])
    np.testing.assert_array_equal(captured(np.arange(16.0)[::4][:4][::1]).numpy(), [0, 4, 8, 12])


# Floating-point errors.


@pytest.mark.parametrize("verify", [0, 1])
def test_a_block_of_errstate_is_part_of_the_program(verify):
    def f(x):
        with np.errstate(divide="ignore"):
            y = np.log(x * x)
        with np.errstate(divide="raise"):
            return np.log(x + 1.0) + y

    captured = capture(f, verify=verify)
    for x in ([1.0], [2.0], [0.0]):
        np.testing.assert_array_equal(captured(np.array(x)).numpy(), f(Tensor(x)).numpy())
    for call in (f, captured):
        with pytest.raises(FloatingPointError, match="divide by zero"):
            call(Tensor([-1.0]))


def test_what_is_set_around_the_call_counts_in_each_call():
    captured = capture(lambda x: np.log(x))
    with np.errstate(all="ignore"):
        captured(np.zeros(1))
        captured(np.zeros(1))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        captured(np.zeros(1))
    with pytest.raises(FloatingPointError), np.errstate(all="raise"):
        captured(np.zeros(1))


def test_a_block_cannot_be_told_from_what_is_set_around_the_call():
    def f(x):
        with np.errstate(all="ignore"):
            return np.log(x)

    captured = capture(f)
    with np.errstate(all="ignore"):
        captured(np.zeros(1))
    assert captured(np.zeros(1)).item() == -np.inf  # and nothing is said
    assert len(captured.plans) == 2


# What comes back behaves as what the function itself returns.


@pytest.mark.parametrize("ask", [float, int, complex, np.asarray, np.float64, lambda x: x.tolist()])
def test_a_result_is_asked_as_the_functions_own(ask):
    s = state()
    step = capture(lambda x: train(s, x))
    for loss in (train(s, CALLS[0]), step(CALLS[0]), step(CALLS[0])):
        with pytest.raises(UnsupportedError, match=r"would silently drop its gradient.*\.item\(\)"):
            ask(loss)
        assert f"{loss:.3f}" == f"{loss.item():.3f}"


def test_no_gradient_is_taken_of_a_result_by_whatever_it_depends_on():
    weight, leaf = Parameter([2.0]), Tensor([3.0], requires_grad=True)
    inner, unused = leaf * 2.0, Tensor([1.0], requires_grad=True)
    captured = capture(lambda x: weight * x * inner)
    for _ in range(3):  # run, replayed, and likewise with a Tensor
        for x in (np.ones(1), Tensor([1.0], requires_grad=True)):
            y = captured(x)
            for by in (weight, leaf, inner, *([x] if isinstance(x, Tensor) else [])):
                with pytest.raises(GradientError, match="of what the captured <lambda> returned"):
                    gradients(y * 2.0, [by])
            assert gradients(y, [unused])[0] == 0.0


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_captured_function_cannot_be_copied(duplicate):
    captured = capture(train)
    with pytest.raises(CaptureError, match=re.escape("The captured train cannot be copied")):
        duplicate({"step": captured}["step"])
