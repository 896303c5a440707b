"""A network that was saved comes back with the same answers, or is refused by name."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mnist import checkpoint, nn
from tinygrad_mnist.errors import ArgumentError, CheckpointError, DivergenceError
from tinygrad_mnist.nn.layers import ACTIVATIONS
from tinygrad_mnist.ops.activation import leaky_relu, relu

GENERATOR = np.random.default_rng(0)
DTYPES = st.sampled_from(["float16", "float32", "float64"])
SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.npz"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


def same(model, path):
    model.save(path)
    loaded = nn.load(path)
    assert type(loaded) is type(model)
    assert repr(loaded) == repr(model)
    inputs = np.random.default_rng(1).normal(size=(7, model.layers[0].weight.shape[0]))
    assert loaded.predict(inputs).dtype == model.predict(inputs).dtype
    assert np.array_equal(loaded.predict(inputs), model.predict(inputs))
    return loaded


@given(SIZES, st.sampled_from(list(ACTIVATIONS)), DTYPES)
def test_a_perceptron_comes_back(folder, sizes, activation, dtype):
    model = nn.MLP(sizes, ACTIVATIONS[activation], np.random.default_rng(2), dtype=dtype)
    same(model, folder / "mlp.npz")


@given(SIZES, st.lists(st.sampled_from(list(ACTIVATIONS)), min_size=4, max_size=4))
def test_a_chain_comes_back(folder, sizes, activations):
    linear = [nn.Linear(a, b, GENERATOR) for a, b in pairwise(sizes)]
    layers = [layer for pair in zip(linear, activations, strict=False) for layer in pair]
    layers = [
        ACTIVATIONS.get(layer, layer) if isinstance(layer, str) else layer for layer in layers
    ]
    same(nn.Sequential(*layers), folder / "chain.npz")


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_what_fit_has_learned(path, kind):
    model = nn.MLP([2, 8, 2])
    model.fit(np.eye(2), np.array([0, 1]), epochs=50)
    model.classes = ("left", "right")
    loaded = same(model, kind(path))
    assert loaded.classes == ("left", "right")
    loaded.fit(np.eye(2), np.array([1, 0]))  # and it can learn on


def test_without_names_of_classes(path):
    assert same(nn.MLP([2, 2]), path).classes is None


class Doubled(nn.MLP):
    pass


SHARED = nn.Linear(2, 2, GENERATOR)
UNKNOWN = {
    "a function of the user": lambda: nn.Sequential(SHARED, np.abs),
    "a partial function": lambda: nn.MLP([2, 2, 2], partial(leaky_relu, alpha=0.3)),
    "a chain in a chain": lambda: nn.Sequential(nn.Sequential(SHARED), relu),
    "a layer used twice": lambda: nn.Sequential(SHARED, relu, SHARED),
    "a class of the user": lambda: Doubled([2, 2]),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_a_file_cannot_name(path, kind):
    with pytest.raises(ArgumentError, match=r"A file can hold .* Keep its state_dict\(\) instead"):
        UNKNOWN[kind]().save(path)
    assert not path.exists()


@pytest.mark.parametrize("classes", [("a",), ("a", "a"), (1, 2), ("a", ""), ("a", "\n"), "ab", 7])
def test_classes_that_are_no_names(path, classes):
    model = nn.MLP([2, 2])
    model.classes = classes
    with pytest.raises(ArgumentError, match="classes must be names"):
        model.save(path)
    checkpoint.save(path, {}, {})
    arrays = {f"parameter/{name}": value for name, value in model.state_dict().items()}
    described = list(classes) if isinstance(classes, tuple) else classes
    checkpoint.save(path, arrays, {"network": model.network(), "classes": described})
    with pytest.raises(CheckpointError, match="are no names"):
        nn.load(path)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_network_that_has_diverged(path, number):
    model = nn.MLP([2, 2])
    model.layers[0].bias.assign(np.array([0, number], np.float32))
    with pytest.raises(DivergenceError, match=r"parameter/layers\.0\.bias holds infinite"):
        model.save(path)


NETWORKS = {
    "none": None,
    "no layers": {"kind": "MLP", "layers": []},
    "an unknown function": {"kind": "MLP", "layers": [[2, 2, "float32"], "gelu"]},
    "an unknown kind": {"kind": "RNN", "layers": [[2, 2, "float32"]]},
    "an unknown dtype": {"kind": "MLP", "layers": [[2, 2, "float8"]]},
    "integers": {"kind": "MLP", "layers": [[2, 2, "int32"]]},
    "one size": {"kind": "MLP", "layers": [[2, "float32"]]},
    "no size": {"kind": "MLP", "layers": [[2, -2, "float32"]]},
    "a huge size": {"kind": "MLP", "layers": [[2, 10**30, "float32"]]},
    "a network that would fill the memory": {"kind": "MLP", "layers": [[10**9, 10**9, "float32"]]},
    "another order": {"kind": "MLP", "layers": ["relu", [2, 2, "float32"]]},
    "functions only": {"kind": "MLP", "layers": ["relu"]},
    "more": {"kind": "MLP", "layers": [[2, 2, "float32"]], "dropout": 0.5},
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_descriptions_of_no_network(path, kind):
    model = nn.MLP([2, 2])
    arrays = {f"parameter/{name}": value for name, value in model.state_dict().items()}
    checkpoint.save(path, arrays, {"network": NETWORKS[kind]})
    with pytest.raises(CheckpointError, match=r"network\.npz, which version .* wrote"):
        nn.load(path)
