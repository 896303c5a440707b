"""Every optimizer equals its textbook sum over past gradients; its state resumes bit for bit."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from tinygrad_mnist import Parameter, Tensor, capture, nn, optim
from tinygrad_mnist.errors import (
    ArgumentError,
    CheckpointError,
    DTypeError,
    GradientError,
    StaleGraphError,
)

STEPS = 20
KINDS = {
    "sgd": (optim.SGD, {}),
    "momentum": (optim.Momentum, {"momentum": 0.8}),
    "nesterov": (optim.Momentum, {"momentum": 0.8, "nesterov": True}),
    "adam": (optim.Adam, {"epsilon": 1e-3}),
    "adam paper": (optim.Adam, {"epsilon": 1e-3, "epsilon_mode": "paper"}),
    "adam defaults": (optim.Adam, {}),
    "adam other betas": (optim.Adam, {"beta_1": 0.5, "beta_2": 0.0}),
}
every_kind = pytest.mark.parametrize("kind", KINDS)

shapes = st.lists(array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), min_size=1)
seeds = st.integers(0, 2**32 - 1)


# The oracle: one parameter in float64, from all gradients so far, without running averages.


def decayed_sum(past, factor):
    return sum(factor**age * gradient for age, gradient in enumerate(reversed(past)))


def momentum_direction(past, momentum=0.9, nesterov=False):
    velocity = decayed_sum(past, momentum)
    return past[-1] + momentum * velocity if nesterov else velocity


def adam_direction(past, beta_1=0.9, beta_2=0.999, epsilon=1e-8, epsilon_mode="tensorflow"):
    steps = len(past)
    correction = 1 - beta_2**steps
    mean = (1 - beta_1) * decayed_sum(past, beta_1) / (1 - beta_1**steps)
    square = (1 - beta_2) * decayed_sum([g * g for g in past], beta_2) / correction
    if epsilon_mode == "tensorflow":  # added before the bias is corrected
        epsilon = epsilon / np.sqrt(correction)
    return mean / (np.sqrt(square) + epsilon)


DIRECTIONS = {
    optim.SGD: lambda past: past[-1],
    optim.Momentum: momentum_direction,
    optim.Adam: adam_direction,
}


def walked(kind, value, gradients, rates):
    """Where the parameter ends, and the length of the way it went."""
    optimizer_class, options = KINDS[kind]
    value = np.array(value, np.float64)
    past, length = [], np.abs(value)
    for gradient, rate in zip(gradients, rates, strict=True):
        past.append(np.asarray(gradient, np.float64))
        step = rate * DIRECTIONS[optimizer_class](past, **options)
        value, length = value - step, length + np.abs(step)
    return value, length


def reference(kind, value, gradients, rates):
    return walked(kind, value, gradients, rates)[0]


def make(kind, parameters, learning_rate=0.1):
    optimizer_class, options = KINDS[kind]
    return optimizer_class(parameters, learning_rate=learning_rate, **options)


def drawn(generator, shapes, scale=1.0, dtype=np.float64):
    return [np.asarray(scale * generator.standard_normal(shape), dtype) for shape in shapes]


def step_with(optimizer, parameters, gradients):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.copy()
    optimizer.step()


def departs(kind, shapes, seed=0, scale=1.0, dtype=np.float64, rates=(0.1,) * STEPS):
    """The largest distance from the oracle over the way gone and the largest learning rate."""
    generator = np.random.default_rng(seed)
    values = drawn(generator, shapes, 1.0, dtype)
    history = [drawn(generator, shapes, scale, dtype) for _ in rates]
    parameters = [Parameter(value) for value in values]
    optimizer = make(kind, parameters)
    for rate, gradients in zip(rates, history, strict=True):
        optimizer.learning_rate = rate
        step_with(optimizer, parameters, gradients)
    distances = [0.0]
    for index, parameter in enumerate(parameters):
        assert (parameter.shape, parameter.dtype) == (values[index].shape, dtype)
        own = [gradients[index] for gradients in history]
        expected, length = walked(kind, values[index], own, rates)
        error = np.abs(parameter.numpy() - expected) / (1 + length)
        distances.append(np.max(error, initial=0.0) / max(rates))
    return np.max(distances)  # Python's max would lose a nan


# Rounding: 20 steps of about ten operations, each off by 1e-16, over a rate of 0.1.
EXACT = 1e-12


@every_kind
@given(shapes=shapes, seed=seeds, scale=st.sampled_from([1e-4, 1.0, 1e3]))
def test_an_optimizer_equals_its_textbook_sum(kind, shapes, seed, scale):
    assert departs(kind, shapes, seed, scale) < EXACT


@every_kind
def test_the_learning_rate_may_change_between_steps(kind):
    assert departs(kind, [(2, 3), ()], rates=[0.1, 0.05, 0.0, 0.2] * 5) < EXACT


@every_kind
def test_float32_stays_float32(kind):
    assert departs(kind, [(2, 3), (4,)], dtype=np.float32) < EXACT * 2**29  # 29 bits fewer
    weight = Parameter(np.ones(3, np.float32))
    optimizer = make(kind, [weight], learning_rate=np.float64(0.1))
    step_with(optimizer, [weight], [np.ones(3, np.float32)])
    assert {slot.dtype for slot in optimizer.slots.values()} <= {np.dtype(np.float32)}


def adam_mutant(line):
    """An Adam update with one thing wrong; each of the four parts can be replaced."""

    def update(self, parameter, gradient, first, second, *numbers):
        parts = {
            "t": lambda: self.iterations,
            "moments": lambda first, second: (first, second),
            "biases": lambda t: (1 - self.beta_1**t, 1 - self.beta_2**t),
            "divisor": lambda square: np.sqrt(square) + self.epsilon,
            "rate": lambda: self.learning_rate,
        }
        parts |= line(self)
        first[...] = self.beta_1 * first + (1 - self.beta_1) * gradient
        second[...] = self.beta_2 * second + (1 - self.beta_2) * gradient**2
        m, v = parts["moments"](first, second)
        one, two = parts["biases"](parts["t"]())
        rate = parts["rate"]() * np.sqrt(two) / one
        with np.errstate(invalid="ignore"):  # the mutant that takes the root of the wrong moment
            parameter -= rate * m / parts["divisor"](v)
        return parameter, first, second

    return update


ADAM_MUTANTS = {
    "epsilon inside the root": lambda self: {"divisor": lambda v: np.sqrt(v + self.epsilon)},
    "epsilon subtracted": lambda self: {"divisor": lambda v: np.sqrt(v) - self.epsilon},
    "epsilon dropped": lambda self: {"divisor": np.sqrt},
    "m and v swapped": lambda self: {"moments": lambda first, second: (second, first)},
    "t per parameter": lambda self: {"t": lambda: self.iterations * len(self.parameters)},
    "t from zero": lambda self: {"t": lambda: self.iterations + 1},
    "bias correction dropped": lambda self: {"biases": lambda t: (1.0, 1.0)},
    "first bias dropped": lambda self: {"biases": lambda t: (1.0, 1 - self.beta_2**t)},
    "second bias dropped": lambda self: {"biases": lambda t: (1 - self.beta_1**t, 1.0)},
    "learning rate twice": lambda self: {"rate": lambda: self.learning_rate**2},
}


@pytest.mark.parametrize("mutant", ADAM_MUTANTS)
def test_the_oracle_rejects_a_wrong_adam(mutant, monkeypatch):
    monkeypatch.setattr(optim.Adam, "update", adam_mutant(ADAM_MUTANTS[mutant]))
    assert not departs("adam", [(2, 3), (4,)]) < 1e6 * EXACT  # nan counts as rejected


def test_the_oracle_accepts_the_mutants_frame(monkeypatch):
    monkeypatch.setattr(optim.Adam, "update", adam_mutant(lambda self: {}))
    assert departs("adam", [(2, 3), (4,)]) < EXACT
    assert not departs("adam paper", [(2, 3), (4,)]) < 1e6 * EXACT  # the modes differ


def test_nesterov_is_for_good():
    optimizer = optim.Momentum([Parameter([1.0])], nesterov=True)
    with pytest.raises(AttributeError):
        optimizer.nesterov = False


def test_nesterov_looks_ahead_as_sutskever_wrote_it():
    rate, momentum, curvature = 0.1, 0.8, np.array([1.0, 3.0])
    position, velocity = np.array([1.0, -2.0]), np.zeros(2)
    weight = Parameter(position)
    optimizer = optim.Momentum([weight], rate, momentum, nesterov=True)
    for _ in range(STEPS):
        step_with(optimizer, [weight], [curvature * weight.numpy()])
        velocity = momentum * velocity - rate * curvature * (position + momentum * velocity)
        position = position + velocity
        np.testing.assert_allclose(weight.numpy(), position + momentum * velocity, rtol=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "adam other betas"])
def test_a_quadratic_is_minimised(kind):
    weight = Parameter([3.0, -2.0])
    optimizer = make(kind, [weight], learning_rate=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        np.sum(np.array([1.0, 4.0]) * (weight - 1.0) ** 2).backward()
        optimizer.step()
    np.testing.assert_allclose(weight.numpy(), [1.0, 1.0], atol=1e-2)


@every_kind
def test_an_update_rule_runs_on_tensors_with_the_same_bits(kind):
    generator = np.random.default_rng(0)
    optimizer = make(kind, [Parameter(np.ones(5, np.float32))])
    optimizer.iterations = 3
    arrays = [np.abs(a) for a in drawn(generator, [(5,)] * (2 + len(optimizer.slots)))]
    arrays = [array.astype(np.float32) for array in arrays]
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    on_tensors = optimizer.update(*tensors, *optimizer.numbers())
    on_arrays = optimizer.update(*arrays, *optimizer.numbers())
    assert len(on_tensors) == len(on_arrays) == 1 + len(optimizer.slots)
    for tensor, array in zip(on_tensors, on_arrays, strict=True):
        assert tensor.node is not None
        assert tensor.dtype == array.dtype == np.float32
        np.testing.assert_array_equal(tensor.data, array)


@every_kind
def test_working_block_by_block_changes_no_bit(kind, monkeypatch):
    def run():
        parameters = [Parameter(v) for v in drawn(np.random.default_rng(0), [(7, 5), (3,)])]
        optimizer = make(kind, parameters)
        for seed in range(3):
            gradients = drawn(np.random.default_rng(seed), [(7, 5), (3,)])
            step_with(optimizer, parameters, gradients)
        return np.concatenate([p.numpy().ravel() for p in parameters])

    whole = run()
    monkeypatch.setattr(optim.optimizer, "BLOCK", 4)
    np.testing.assert_array_equal(run(), whole)


SHAPES = [(2, 3), (), (4,)]


def walk(kind, steps, seed=0):
    generator = np.random.default_rng(seed)
    parameters = [Parameter(v) for v in drawn(generator, SHAPES, dtype=np.float32)]
    optimizer = make(kind, parameters)
    history = [drawn(generator, SHAPES, dtype=np.float32) for _ in range(2 * STEPS)]
    for gradients in history[:steps]:
        step_with(optimizer, parameters, gradients)
    return parameters, optimizer, history[steps:]


def assert_equal_states(left, right):
    assert left.keys() == right.keys()
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], strict=True)


@every_kind
@pytest.mark.parametrize("way", ["state_dict", "deepcopy", "pickle"])
def test_a_saved_state_goes_on_bit_for_bit(kind, way):
    parameters, optimizer, rest = walk(kind, STEPS)
    optimizer.learning_rate = 0.03
    if way == "state_dict":
        twins = [Parameter(p.numpy()) for p in parameters]
        twin = make(kind, twins)
        twin.load_state_dict(optimizer.state_dict())
    elif way == "deepcopy":
        twins, twin = copy.deepcopy((parameters, optimizer))
    else:
        twins, twin = pickle.loads(pickle.dumps((parameters, optimizer)))
    for gradients in rest:
        step_with(optimizer, parameters, gradients)
        step_with(twin, twins, gradients)
    for original, resumed in zip(parameters, twins, strict=True):
        np.testing.assert_array_equal(original.numpy(), resumed.numpy(), strict=True)
    assert_equal_states(optimizer.state_dict(), twin.state_dict())


@every_kind
def test_a_saved_state_is_a_copy_on_both_sides(kind):
    parameters, optimizer, rest = walk(kind, 1)
    state = optimizer.state_dict()
    saved = copy.deepcopy(state)
    for gradients in rest[:2]:
        step_with(optimizer, parameters, gradients)
        assert_equal_states(state, saved)
        optimizer.load_state_dict(state)


FIRST, SECOND = optim.Adam.slot_names
WRONG_STATES = {
    "nothing": (lambda state: None, "NoneType"),
    "of another kind": (lambda state: optim.SGD([Parameter([1.0])]).state_dict(), FIRST),
    "a missing slot": (lambda s: {k: v for k, v in s.items() if k != SECOND}, SECOND),
    "too much": (lambda state: {**state, "velocity": 1}, "velocity"),
    "another size": (lambda s: {**s, FIRST: s[FIRST][1:]}, r"\(11,\).*\(10,\)"),
    "another dtype": (lambda s: {**s, SECOND: s[SECOND].astype(float)}, "float32.*float64"),
    "a list": (lambda s: {**s, SECOND: s[SECOND].tolist()}, "Received: list"),
    "a negative count": (lambda state: {**state, "iterations": -1}, "step count.*-1"),
    "a fractional count": (lambda state: {**state, "iterations": 1.5}, "step count.*1.5"),
    "a rate out of range": (lambda state: {**state, "learning_rate": -1.0}, "learning_rate.*-1"),
    "a rate in letters": (lambda state: {**state, "learning_rate": "fast"}, "fast"),
}


@pytest.mark.parametrize("wrong", WRONG_STATES)
def test_a_state_that_does_not_fit_is_refused_and_nothing_taken(wrong):
    _, optimizer, _ = walk("adam", 2)
    before = optimizer.state_dict()
    spoil, words = WRONG_STATES[wrong]
    _, later, _ = walk("adam", 5)
    with pytest.raises(CheckpointError, match=words):
        optimizer.load_state_dict(spoil(later.state_dict()))
    assert_equal_states(optimizer.state_dict(), before)


@every_kind
def test_a_missing_gradient_is_named_and_nothing_updated(kind):
    weight, bias = Parameter([1.0, 2.0], name="weight"), Parameter([3.0], name="bias")
    optimizer = make(kind, [weight, bias])
    np.sum(weight * weight).backward()
    before = optimizer.state_dict()
    with pytest.raises(GradientError, match=r"Parameter 'bias' of shape \(1,\).* no gradient"):
        optimizer.step()
    assert_equal_states(optimizer.state_dict(), before)
    assert (weight.numpy().tolist(), bias.numpy().tolist()) == ([1.0, 2.0], [3.0])


def test_frozen_parameters_are_left_alone():
    weight, frozen = Parameter([1.0]), Parameter([2.0], requires_grad=False)
    optimizer = optim.Adam([frozen, weight], 0.1)
    assert optimizer.parameters == [weight]
    np.sum(weight * frozen).backward()
    optimizer.step()
    assert frozen.numpy().tolist() == [2.0]
    assert weight.numpy().tolist() != [1.0]


def test_two_optimizers_share_parameters_in_turn():
    generator = np.random.default_rng(0)
    values, rates = drawn(generator, [(2, 3), (4,)]), [0.1] * 6
    history = [drawn(generator, [(2, 3), (4,)]) for _ in rates]
    parameters = [Parameter(value) for value in values]
    both, second = make("adam", parameters), make("momentum", parameters[1:])
    for gradients in history:
        step_with(both, parameters, gradients)
        step_with(second, parameters[1:], gradients[1:])
    for index, parameter in enumerate(parameters):
        own = [gradients[index] for gradients in history]
        expected = reference("adam", values[index], own, rates)
        if index == 1:
            expected = expected + reference("momentum", values[1], own, rates) - values[1]
        np.testing.assert_allclose(parameter.numpy(), expected, rtol=1e-12)


def test_a_step_leaves_gradients_and_refuses_the_old_graph():
    weight = Parameter([1.0, 2.0])
    optimizer = optim.SGD([weight], 0.5)
    loss = np.sum(weight * weight)
    loss.backward()
    optimizer.step()
    assert weight.grad.tolist() == [2.0, 4.0]
    with pytest.raises(StaleGraphError, match="assigned after"):
        loss.backward()
    optimizer.zero_grad()
    assert weight.grad is None
    assert optimizer.iterations == 1


MODEL = nn.MLP([2, 3])
WEIGHT = Parameter([1.0])
WRONG_ARGUMENTS = {
    "a model": (lambda: optim.Adam(MODEL), r"model\.parameters\(\).*Received: MLP"),
    "one parameter": (lambda: optim.SGD(WEIGHT), "Received: Parameter"),
    "a scalar parameter": (lambda: optim.SGD(Parameter(1.0)), "Received: Parameter"),
    "names": (lambda: optim.SGD(MODEL.named_parameters()), "dict of str"),
    "tensors": (lambda: optim.SGD([Tensor([1.0], requires_grad=True)]), "list of Tensor"),
    "none": (lambda: optim.Momentum([]), "Received: list"),
    "all frozen": (lambda: optim.SGD([Parameter([1.0], requires_grad=False)]), "not frozen"),
    "twice": (lambda: optim.SGD([WEIGHT, WEIGHT]), "each given once"),
    "negative rate": (lambda: optim.SGD([WEIGHT], -0.1), r"learning_rate.*\[0, inf\).*-0.1"),
    "nan rate": (lambda: optim.SGD([WEIGHT], float("nan")), "learning_rate.*nan"),
    "infinite rate": (lambda: optim.SGD([WEIGHT], float("inf")), "learning_rate.*inf"),
    "rate in letters": (lambda: optim.SGD([WEIGHT], "fast"), "learning_rate.*'fast'"),
    "momentum of 1": (lambda: optim.Momentum([WEIGHT], momentum=1.0), r"momentum.*\[0, 1\)"),
    "beta_1 of 1": (lambda: optim.Adam([WEIGHT], beta_1=1), "beta_1"),
    "beta_2 of 2": (lambda: optim.Adam([WEIGHT], beta_2=2), "beta_2"),
    "negative epsilon": (lambda: optim.Adam([WEIGHT], epsilon=-1), "epsilon"),
    "unknown mode": (lambda: optim.Adam([WEIGHT], epsilon_mode="torch"), "'paper'.*'torch'"),
}


@pytest.mark.parametrize("wrong", WRONG_ARGUMENTS)
def test_wrong_arguments_are_refused_in_one_sentence(wrong):
    build, words = WRONG_ARGUMENTS[wrong]
    with pytest.raises(ArgumentError, match=words):
        build()


def test_parameters_of_two_dtypes_are_refused():
    with pytest.raises(DTypeError, match=r"one dtype.*'a'.*float64.*'b'.*float32"):
        optim.SGD([Parameter([1.0], name="a"), Parameter([1.0], np.float32, name="b")])


def test_the_defaults_are_those_of_tensorflow():
    assert optim.SGD([Parameter([1.0])]).learning_rate == 0.01
    momentum = optim.Momentum([Parameter([1.0])])
    assert (momentum.learning_rate, momentum.momentum, momentum.nesterov) == (0.01, 0.9, False)
    adam = optim.Adam([Parameter([1.0])])
    assert (adam.learning_rate, adam.beta_1, adam.beta_2) == (0.001, 0.9, 0.999)
    assert (adam.epsilon, adam.epsilon_mode) == (1e-8, "tensorflow")


@pytest.mark.parametrize("kind", [optim.Adam, optim.Momentum])
@pytest.mark.parametrize(
    "wrap",
    [capture, partial(capture, verify=2000), lambda step: step],
    ids=["captured", "verified", "eager"],
)
@pytest.mark.slow
def test_what_has_decayed_becomes_zero_and_never_subnormal(kind, wrap):
    weight = Parameter(np.ones(4, np.float32))
    optimizer = kind([weight], learning_rate=1e-3)

    @wrap
    def step(gradient):
        optimizer.apply_gradients([gradient])

    step(np.array([1.0, 1.0, 1e-30, 1e-28], np.float32))
    tiny = np.finfo(np.float32).tiny
    (slot,) = (optimizer.slots[name] for name in optimizer.decaying)
    for turn in range(1500):
        step(np.array([0.0, 1.0, 0.0, 1e-28], np.float32))
        values = np.abs(slot.numpy())
        assert not np.any((values > 0) & (values < tiny))
        assert values[3] > 5e-28 or turn < 20  # small, but it has not decayed
    assert slot.numpy()[0] == slot.numpy()[2] == 0.0
    assert slot.numpy()[1] > 1.0


NARROW = {
    "sgd": lambda parameters: optim.SGD(parameters, 0.01),
    "momentum": lambda parameters: optim.Momentum(parameters, 0.01),
    "nesterov": lambda parameters: optim.Momentum(parameters, 0.01, nesterov=True),
    "adam": lambda parameters: optim.Adam(parameters, 0.01),
}


@pytest.mark.parametrize("gradient", [1000.0, 1.0, 1e-5])
def test_the_first_step_of_adam_on_float16_is_about_one_rate(gradient):
    weight = Parameter(np.ones(3, np.float16))
    optimizer = optim.Adam([weight], 0.01)
    optimizer.apply_gradients([np.full(3, gradient, np.float16)])
    np.testing.assert_allclose(weight.numpy(), 0.99, rtol=2e-3)


@pytest.mark.parametrize("make", NARROW.values(), ids=NARROW)
def test_float16_is_updated_in_float32_and_rounded_once_eager_and_captured(make):
    generator = np.random.default_rng(0)
    values = [generator.standard_normal(shape).astype(np.float16) for shape in ((2, 3), (4,))]
    eager, recorded, wide = (
        [Parameter(value.astype(dtype)) for value in values]
        for dtype in (np.float16, np.float16, np.float32)
    )
    optimizers = [make(parameters) for parameters in (eager, recorded, wide)]
    step = capture(lambda *gradients: optimizers[1].apply_gradients(gradients))
    for number in range(5):
        gradients = [
            (300.0 * generator.standard_normal(v.shape)).astype(np.float16) for v in values
        ]
        for narrow, exact in zip(eager, wide, strict=True):
            exact.assign(narrow.numpy())
        optimizers[0].apply_gradients(gradients)
        step(*gradients)
        optimizers[2].apply_gradients([gradient.astype(np.float32) for gradient in gradients])
        for one, other, exact in zip(eager, recorded, wide, strict=True):
            assert one.dtype == np.float16
            assert one.numpy().tobytes() == other.numpy().tobytes()
            assert one.numpy().tobytes() == exact.numpy().astype(np.float16).tobytes(), number
    for name, slot in optimizers[0].slots.items():
        assert slot.dtype == np.float32
        assert slot.numpy().tobytes() == optimizers[1].slots[name].numpy().tobytes()


def test_float16_slots_of_earlier_versions_load():
    optimizer = optim.Momentum([Parameter(np.ones(3, np.float16))])
    old = {"iterations": 2, "learning_rate": 0.5, "velocity": np.array([1, 2, 3], np.float16)}
    optimizer.load_state_dict(old)
    velocity = optimizer.slots["velocity"]
    assert (velocity.dtype, velocity.numpy().tolist()) == (np.float32, [1.0, 2.0, 3.0])
    with pytest.raises(CheckpointError, match="float64"):
        optimizer.load_state_dict({**old, "velocity": np.ones(3)})
