"""Modules name their parameters, and a whole network has the right gradient."""

from functools import partial

import numpy as np
import pytest
from numpy.random import default_rng

from tinygrad_mnist import Parameter, leaky_relu, nn, relu
from tinygrad_mnist.errors import (
    CheckpointError,
    ShapeError,
    TinygradError,
    UnsupportedError,
)
from tinygrad_mnist.nn import loop
from tinygrad_mnist.nn.initializers import constant, glorot_uniform


class Block(nn.Module):
    """Own parameters, modules, and containers of both, deliberately out of order."""

    def __init__(self):
        self.first = nn.Linear(2, 3, default_rng(0))
        self.scale = Parameter([1.0], np.float32)
        self.tower = [nn.Linear(3, 3, default_rng(0)), relu, (nn.Linear(3, 4, default_rng(0)),)]
        self.gains = [Parameter([2.0], np.float32), Parameter([3.0], np.float32)]
        self.heads = {
            "left": nn.Linear(4, 1, default_rng(0)),
            "right": Parameter([4.0], np.float32),
        }
        self.again = self.first
        self.note = "no parameter"


# Names and order


def test_parameters_are_named_in_order_own_ones_first():
    assert list(Block().named_parameters()) == [
        *["scale", "gains.0", "gains.1", "heads.right", "first.weight", "first.bias"],
        *["tower.0.weight", "tower.0.bias", "tower.2.0.weight", "tower.2.0.bias"],
        *["heads.left.weight", "heads.left.bias"],
    ]
    assert list(nn.MLP([2, 3, 1]).named_parameters()) == [
        *["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"]
    ]


def test_parameters_are_the_values_of_named_parameters():
    block = Block()
    named = list(block.named_parameters().values())
    assert [id(p) for p in block.parameters()] == [id(p) for p in named]
    assert [name for name, _ in block.modules()] == [
        *["first", "tower.0", "tower.2.0", "heads.left", "again"]
    ]


def test_shared_parameters_and_modules_count_once_under_their_first_name():
    one, two = nn.Linear(3, 3, default_rng(0)), nn.Linear(3, 3, default_rng(1))
    two.weight = one.weight
    tied = nn.Sequential(one, relu, two, one)
    names = ["layers.0.weight", "layers.0.bias", "layers.2.bias"]
    assert list(tied.named_parameters()) == names
    assert repr(tied).endswith("Sequential: 15 parameters")


def test_a_tied_weight_gets_both_gradients():
    layer = nn.Linear(2, 2, default_rng(0), dtype=np.float64)
    x = np.array([[1.0, 2.0]])
    np.sum(layer(layer(x))).backward()
    weight = layer.weight.numpy()
    ones = np.ones((1, 2))
    # d/dW sum((xW)W) = x' (1 W') + (xW)' 1
    np.testing.assert_allclose(layer.weight.grad, x.T @ (ones @ weight.T) + (x @ weight).T @ ones)


def test_a_module_that_refers_back_to_its_parent_does_not_loop():
    parent, child = nn.Module(), nn.Linear(2, 1, default_rng(0))
    parent.child, child.parent = child, parent
    parent.other = nn.MLP([2, 1])
    assert list(parent.named_parameters()) == [
        *["child.weight", "child.bias", "other.layers.0.weight", "other.layers.0.bias"]
    ]


def test_a_module_without_forward_says_so():
    with pytest.raises(UnsupportedError, match=r"Block does not define forward\(inputs\)"):
        Block()(np.ones((1, 2)))


# What printing shows


def test_the_table_of_our_network():
    assert repr(nn.MLP([784, 128, 64, 10])).splitlines() == [
        "layer  kind    parameters             count",
        "    0  Linear  (784, 128) (128,)    100,480",
        "    1  relu",
        "    2  Linear  (128, 64) (64,)        8,256",
        "    3  relu",
        "    4  Linear  (64, 10) (10,)           650",
        "MLP: 109,386 parameters",
    ]


def test_layers_of_any_kind_have_a_name_in_the_table():
    class Doubling:
        def __call__(self, inputs):
            return inputs * 2

    layers = [np.tanh, partial(leaky_relu, alpha=0.1), Doubling(), lambda x: x, nn.MLP([2, 1])]
    kinds = [line.split()[1] for line in repr(nn.Sequential(*layers)).splitlines()[1:-1]]
    assert kinds == ["tanh", "leaky_relu", "Doubling", "<lambda>", "MLP"]
    assert repr(nn.Linear(2, 3, default_rng(0))).endswith("Linear: 9 parameters")


# State


def values(module):
    return {name: p.numpy() for name, p in module.named_parameters().items()}


def assert_same(left, right):
    assert list(left) == list(right)
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], strict=True)


def test_a_state_is_a_copy_and_loads_into_another_network():
    model, other = nn.MLP([2, 3, 1]), nn.MLP([2, 3, 1], generator=default_rng(9))
    state = model.state_dict()
    other.load_state_dict(dict(reversed(state.items())))  # names decide, not their order
    assert_same(values(other), values(model))
    state["layers.0.weight"][:] = 7
    assert_same(values(other), values(model))


WRONG_STATES = {
    "not a mapping": lambda state: None,
    "empty": lambda state: {},
    "a name less": lambda state: dict(list(state.items())[1:]),
    "a name more": lambda state: state | {"layers.4.bias": np.ones(1, np.float32)},
    "another shape": lambda state: state | {"layers.2.bias": np.ones(2, np.float32)},
    "broadcastable": lambda state: state | {"layers.0.weight": np.ones((1, 3), np.float32)},
    "another dtype": lambda state: state | {"layers.2.bias": np.ones(1)},
    "lists": lambda state: {name: value.tolist() for name, value in state.items()},
}


@pytest.mark.parametrize("wrong", WRONG_STATES)
def test_a_state_of_another_network_is_refused_and_nothing_assigned(wrong):
    model = nn.MLP([2, 3, 1])
    before = values(model)
    state = {name: value + 1 for name, value in before.items()}
    with pytest.raises(CheckpointError, match="Received: "):
        model.load_state_dict(WRONG_STATES[wrong](state))
    assert_same(values(model), before)


# Layers


def test_a_linear_layer_starts_with_inputs_by_outputs_and_no_bias():
    layer = nn.Linear(3, 2, default_rng(0), initializer=constant(0.5), dtype=np.float64)
    assert layer.weight.numpy().tolist() == [[0.5, 0.5]] * 3
    assert layer.bias.numpy().tolist() == [0.0, 0.0]
    assert (layer.weight.name, layer.bias.name) == ("weight", "bias")


def test_the_default_weights_are_glorots():
    expected = glorot_uniform(default_rng(0), (3, 2), np.float32)
    for layer in (nn.Linear(3, 2, default_rng(0)), nn.MLP([3, 2]).layers[0]):
        np.testing.assert_array_equal(layer.weight.numpy(), expected, strict=True)


@pytest.mark.parametrize("leading", [(), (0,), (4,), (2, 4)])
def test_a_linear_layer_maps_the_last_axis(leading):
    layer = nn.Linear(3, 2, default_rng(0), dtype=np.float64)
    layer.bias.assign([1.0, -1.0])
    x = default_rng(1).standard_normal((*leading, 3))
    bias = np.array([1.0, -1.0])
    expected = np.einsum("...i,io->...o", x, layer.weight.numpy()) + bias
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(), (2,), (3, 2), (3, 0)])
def test_a_linear_layer_names_the_size_it_takes(shape):
    with pytest.raises(ShapeError, match=r"3 inputs received an array of shape \("):
        nn.Linear(3, 2, default_rng(0))(np.ones(shape, np.float32))


WRONG_NETWORKS = {
    "no inputs": (lambda: nn.Linear(0, 3, default_rng(0)), "inputs must be an integer.*0"),
    "no outputs": (lambda: nn.Linear(3, -1, default_rng(0)), "outputs must be an integer.*-1"),
    "half an input": (lambda: nn.Linear(2.5, 3, default_rng(0)), "inputs must be an integer.*2.5"),
    "a seed": (lambda: nn.Linear(2, 3, 0), r"numpy\.random\.default_rng\(seed\)"),
    "an unknown dtype": (lambda: nn.Linear(2, 3, default_rng(0), dtype="real"), "floating.*real"),
    "an integer dtype": (
        lambda: nn.Linear(2, 3, default_rng(0), dtype=int),
        "int64 cannot require",
    ),
    "a wrong initializer": (
        lambda: nn.Linear(2, 3, default_rng(0), initializer=lambda g, shape, dtype: np.ones(3)),
        r"shape \(2, 3\) and returned \(3,\)",
    ),
    "no layers": (nn.Sequential, "Received: nothing"),
    "a number": (lambda: nn.Sequential(relu, 3), "layers.*Received: Primitive, int"),
    "a list as in Keras": (lambda: nn.Sequential([relu]), "Received: list"),
    "a class": (lambda: nn.Sequential(nn.Linear), "Received: Linear"),
    "one size": (lambda: nn.MLP([784]), "at least two sizes.*784"),
    "a bare size": (lambda: nn.MLP(784), "at least two sizes.*784"),
    "float sizes": (lambda: nn.MLP([2, 3.0]), "outputs must be an integer.*3.0"),
    "seed 0": (lambda: nn.MLP([2, 3], generator=0), "must be a numpy.random.Generator.*0"),
    "named activation": (lambda: nn.MLP([2, 3, 1], activation="relu"), "activation is a function"),
}


@pytest.mark.parametrize("wrong", WRONG_NETWORKS)
def test_wrong_networks_are_refused_in_one_sentence(wrong):
    build, words = WRONG_NETWORKS[wrong]
    with pytest.raises(TinygradError, match=words):
        build()


def test_the_generator_decides_the_weights():
    one, two = nn.MLP([3, 4, 2]), nn.MLP([3, 4, 2], generator=default_rng(0))
    assert_same(values(one), values(two))
    assert np.any(
        nn.MLP([3, 4, 2], generator=default_rng(1)).predict(np.eye(3)) != one.predict(np.eye(3))
    )
    hidden = nn.MLP([3, 3, 3])
    assert np.any(hidden.layers[0].weight.numpy() != hidden.layers[2].weight.numpy())


# The gradient of a whole network, in float64


SIZES = [5, 4, 3]
ACTIVATIONS = {"tanh": (np.tanh, np.tanh), "relu": (relu, lambda x: np.maximum(x, 0))}


def network(activation="tanh"):
    """A network with biases, a batch with labels, and the same cost in plain NumPy."""
    random = default_rng(7)
    model = nn.MLP(SIZES, ACTIVATIONS[activation][0], dtype=np.float64)
    for parameter in model.parameters():
        parameter.assign(random.standard_normal(parameter.shape))
    x, y = random.standard_normal((6, 5)), random.integers(0, 3, 6)
    return model, x, y


def plain_cost(arrays, x, y, activation="tanh"):
    first, first_bias, second, second_bias = arrays
    hidden = ACTIVATIONS[activation][1](x @ first + first_bias)
    logits = hidden @ second + second_bias
    peak = logits.max(axis=1)
    sums = np.log(np.exp(logits - peak[:, None]).sum(axis=1)) + peak
    return np.mean(sums - logits[np.arange(len(y)), y])


def gradients(model, x, y):
    for parameter in model.parameters():
        parameter.grad = None
    loop.cross_entropy(y, model(x)).backward()
    return [parameter.grad.copy() for parameter in model.parameters()]


def directions(model, count):
    random = default_rng(3)
    for _ in range(count):
        yield [random.standard_normal(parameter.shape) for parameter in model.parameters()]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_the_central_difference_in_random_directions(activation):
    model, x, y = network(activation)
    arrays = [p.numpy() for p in model.parameters()]
    assert loop.cross_entropy(y, model(x)).item() == pytest.approx(
        plain_cost(arrays, x, y, activation), rel=1e-14
    )
    found, step = gradients(model, x, y), 6e-6
    for direction in directions(model, 20):
        ahead = [a + step * d for a, d in zip(arrays, direction, strict=True)]
        behind = [a - step * d for a, d in zip(arrays, direction, strict=True)]
        costs = [plain_cost(moved, x, y, activation) for moved in (ahead, behind)]
        slope = sum(np.sum(g * d) for g, d in zip(found, direction, strict=True))
        assert slope == pytest.approx((costs[0] - costs[1]) / (2 * step), rel=1e-5, abs=1e-7)


def test_the_taylor_remainder_falls_with_slope_two():
    model, x, y = network()
    arrays = [p.numpy() for p in model.parameters()]
    cost, found = plain_cost(arrays, x, y), gradients(model, x, y)
    steps = 2.0 ** -np.arange(7, 14)
    for direction in directions(model, 5):
        slope = sum(np.sum(g * d) for g, d in zip(found, direction, strict=True))
        remainders = [
            abs(
                plain_cost([a + h * d for a, d in zip(arrays, direction, strict=True)], x, y)
                - cost
                - h * slope
            )
            for h in steps
        ]
        fitted = np.polyfit(np.log(steps), np.log(remainders), 1)[0]
        assert fitted == pytest.approx(2, abs=0.1)


def test_a_batch_has_the_mean_of_its_examples_gradients():
    model, x, y = network()
    alone = [gradients(model, x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
    for whole, *parts in zip(gradients(model, x, y), *alone, strict=True):
        np.testing.assert_allclose(whole, np.mean(parts, axis=0), rtol=1e-12, atol=1e-15)


def test_permuted_examples_and_hidden_units_permute_and_change_nothing_else():
    model, x, y = network()
    rows, units = default_rng(1).permutation(len(x)), default_rng(2).permutation(SIZES[1])
    logits, found = model.predict(x), gradients(model, x, y)
    np.testing.assert_allclose(model.predict(x[rows]), logits[rows], rtol=1e-12)
    for before, after in zip(found, gradients(model, x[rows], y[rows]), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-15)
    first, bias, second, _ = model.parameters()
    first.assign(first.numpy()[:, units])
    bias.assign(bias.numpy()[units])
    second.assign(second.numpy()[units])
    np.testing.assert_allclose(model.predict(x), logits, rtol=1e-12)
    np.testing.assert_allclose(
        gradients(model, x, y)[0], found[0][:, units], rtol=1e-12, atol=1e-15
    )
