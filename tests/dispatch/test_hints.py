"""A refusal names what helps: what is there, what does the same, and never the function itself."""

import re
import sys
from operator import attrgetter
from types import ModuleType

import numpy as np
import pytest

import tinygrad_mnist
from tinygrad_mnist import Tensor
from tinygrad_mnist.dispatch.hints import IN_PLACE, INSTEAD, KEEPING, instead_of, public_name
from tinygrad_mnist.dispatch.registry import lookup, registry
from tinygrad_mnist.errors import UnsupportedError

DISPATCHED = (np.ufunc, type(np.sum))


def without_primitive(module):
    functions = [f for f in vars(module).values() if isinstance(f, DISPATCHED)]
    return [f for f in functions if f not in registry]


TEXTS = dict.fromkeys([*INSTEAD.values(), *IN_PLACE.values(), *KEEPING.values()])


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_hint_mentions_is_there(text):
    for name in re.findall(r"\bnp\.([\w.]+)", text):
        assert name in ("pi", "inf") or attrgetter(name)(np) in registry, name
    for name in re.findall(r"tinygrad_mnist\.(\w+)", text):
        assert name in tinygrad_mnist.__all__


def test_a_hint_is_for_a_function_that_there_is_and_that_has_no_primitive():
    functions = [f for m in (np, np.linalg) for f in without_primitive(m)]
    names = {public_name(function).rpartition(".")[2] for function in functions}
    of_scipy = {"expit", "exp10", "log_expit", "logit"}
    assert INSTEAD.keys() <= names | of_scipy
    assert all(hasattr(np.ndarray, name) for name in (*IN_PLACE, *KEEPING))


X = np.array([0.2, 0.5, 0.9])
VALUES = {"x": X, "a": X - 0.5, "b": 1.1 - 2.0 * X, "values": X[:2], "dtype": np.float32}
ELSEWHERE = {"arccosh": {"x": X + 1.0}}
ARGUMENTS = {"isin": "x values", "astype": "x dtype"}
OF_SCIPY = {
    "expit": lambda x: 1 / (1 + np.exp(-x)),
    "log_expit": lambda x: -np.log1p(np.exp(-x)),
    "logit": lambda x: np.log(x / (1 - x)),
    "exp10": lambda x: 10.0**x,
}
EXPRESSIONS = {
    name: text
    for name, text in INSTEAD.items()
    if re.search(r"[(*/]", text) and not re.search(r"\b(or|and)\b", text)
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_of_a_hint_is_the_function(name):
    text, values = EXPRESSIONS[name], VALUES | ELSEWHERE.get(name, {})
    found = eval(text, {"np": np, "tinygrad_mnist": tinygrad_mnist, **values})
    arguments = ARGUMENTS.get(name) or ("a b" if re.search(r"\ba\b", text) else "x")
    function = OF_SCIPY.get(name) or getattr(np, name)
    expected = function(*(values[argument] for argument in arguments.split()))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("module", [np, np.linalg, np.fft], ids=lambda module: module.__name__)
def test_no_function_is_told_to_be_used_instead_of_itself(module):
    for function in without_primitive(module):
        with pytest.raises(UnsupportedError) as caught:
            lookup(function)
        name = public_name(function)
        told = str(caught.value)
        assert told.startswith(f"{name} has no primitive")
        assert f"Use {name} " not in told
        assert "Nearest" not in told


TOLD = {
    np.einsum: "Use np.matmul (a @ b), or np.sum of a product instead.",
    np.vstack: "Use np.concatenate instead.",
    np.median: "Use np.sort instead.",
    np.linalg.trace: "Use np.trace instead.",
    getattr(np, "astype", np.tan): "Use ",  # not in NumPy 2.0
    np.linalg.matmul: "Use np.matmul instead.",
    np.linalg.vector_norm: "Use np.linalg.norm instead.",
    np.fft.fft: "drop the gradient. Call it on tensor.numpy()",
    np.interp: "drop the gradient. Call it on tensor.numpy()",
}


@pytest.mark.parametrize("function", TOLD, ids=public_name)
def test_what_is_told(function):
    with pytest.raises(UnsupportedError) as caught:
        lookup(function)
    assert TOLD[function] in str(caught.value)


def test_scipys_functions_are_called_scipys(monkeypatch):
    special = ModuleType("scipy.special")
    special.expit, special.log1p, special.erf = (np.frompyfunc(abs, 1, 1) for _ in range(3))
    monkeypatch.setitem(sys.modules, "scipy.special", special)
    x = Tensor([1.0], requires_grad=True)
    for function, told in (
        ("expit", r"scipy\.special\.expit has no primitive.* Use tinygrad_mnist\.sigmoid instead"),
        ("log1p", r"scipy\.special\.log1p has no primitive.* Use np\.log1p instead"),
        ("erf", r"scipy\.special\.erf has no primitive.* gradient\. Call it on tensor\.numpy"),
    ):
        ufunc = NamedUfunc(getattr(special, function), function)
        setattr(special, function, ufunc)
        with pytest.raises(UnsupportedError, match=told):
            x.__array_ufunc__(ufunc, "__call__", x)
    with pytest.raises(UnsupportedError, match=r"^scipy\.special\.erf\.reduce cannot"):
        x.__array_ufunc__(special.erf, "reduce", x)


class NamedUfunc:
    """A ufunc of the kind that scipy has: with a name, and of no module."""

    __module__ = None

    def __init__(self, ufunc, name):
        self.ufunc, self.__name__ = ufunc, name


def test_a_ufunc_of_nobody_known_has_its_own_name():
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"^abs \(vectorized\) has no primitive"):
        np.frompyfunc(abs, 1, 1)(x)


def test_clip_of_an_array_to_tensors_is_clip():
    array, low, high = np.array([1.0, 5.0]), Tensor(2.0, requires_grad=True), Tensor(4.0)
    for y in (array.clip(low, high), np.clip(array, low, high)):
        np.testing.assert_array_equal(y.data, [2.0, 4.0])
        low.grad = None
        np.sum(y).backward()
        assert low.grad == 1.0


def test_instead_of_prefers_a_namesake():
    assert instead_of("np.linalg.outer", ["np.outer"]) == "np.outer"
    assert instead_of("np.outer", ["np.outer"]) == ""
