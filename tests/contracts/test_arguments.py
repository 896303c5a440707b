"""NumPy's arguments, of every function in the registry: at their defaults, and those we lack."""

import inspect

import numpy as np
import pytest

from tinygrad_mnist import Tensor
from tinygrad_mnist.dispatch.registry import NO_VALUE, Dispatch, registry
from tinygrad_mnist.errors import UnsupportedError

X = Tensor([[0.5, 1.5], [2.5, 0.5]], requires_grad=True)
ONE = {
    np.where: (np.array([True, False]), X, 0.0),
    np.clip: (X, 1.0, 2.0),
    np.ndarray.astype: (X, np.float32),
    np.ndarray.__getitem__: (X, 0),
    np.reshape: (X, (4,)),
    np.expand_dims: (X, 0),
    np.broadcast_to: (X, (3, 2, 2)),
    np.concatenate: ([X, X],),
    np.stack: ([X, X],),
    np.swapaxes: (X, 0, 1),
    np.moveaxis: (X, 0, 1),
    np.dot: (X, X),
    np.outer: (X, X),
    np.take: (X, [0]),
    np.repeat: (X, 2),
    np.full_like: (X, 1.0),
    np.isclose: (X, 2.0),
    np.allclose: (X, X),
    np.array_equal: (X, X),
    np.array_equiv: (X, X),
    np.searchsorted: (X[0], 1.0),
}
"""A call of each function; of others their operands are ``X``, or integers."""
INTEGERS = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift)


def call(function, *args, **kwargs):
    """Call a function, or what is called for a method, on Tensors."""
    if inspect.ismethoddescriptor(function):
        return registry[function](*args, **kwargs)
    return function(*args, **kwargs)


def arguments(function):
    if function in ONE:
        return ONE[function]
    operand = Tensor([[1, 2]]) if function in INTEGERS else X
    return (operand,) * (function.nin if isinstance(function, np.ufunc) else 1)


def others(function):
    """The parameters that a call leaves out; not those that are no argument of their own."""
    try:
        found = [*inspect.signature(function).parameters.values()]
    except ValueError:  # some of NumPy 2.0 have none
        return []
    others = found[len(arguments(function)) :]
    return [p for p in others if p.kind is not p.VAR_KEYWORD and p.name != "signature"]


def defaults(function):
    """Every argument at its default, and all; with what NumPy documents for the same."""
    found = {p.name: p.default for p in others(function)}
    for name, default in found.items():
        yield {name: default}
        if name == "where":
            yield {name: True}
            yield {name: np.True_}
    found.pop("axes", None)  # not beside axis
    yield found


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, Tensor):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.data, other.data)
    elif isinstance(one, tuple):
        for ours, theirs in zip(one, other, strict=True):
            same(ours, theirs)
    else:
        np.testing.assert_array_equal(one, other)


FUNCTIONS = [function for function in registry if hasattr(function, "__name__")]
NAMES = [function.__name__ for function in FUNCTIONS]


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_what_is_at_numpys_default_is_accepted(function):
    plain = call(function, *arguments(function))
    for given in defaults(function):
        same(call(function, *arguments(function), **given), plain)


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_by_position_too(function):
    given = [p.default for p in others(function) if p.kind is p.POSITIONAL_OR_KEYWORD]
    if isinstance(function, np.ufunc):
        given = []  # out=, which NumPy takes away
    plain = call(function, *arguments(function))
    same(call(function, *arguments(function), *given), plain)


ODD = {
    "out": np.empty(3),
    "dtype": np.float16,
    "order": "F",
    "casting": "no",
    "where": np.array([True, False]),
    "axes": [(0, 1)] * 3,
    "axis": 0,
    "copy": True,
}
"""Arguments that are not at their default; others are 7, or the other truth value."""


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_what_we_lack_is_refused_by_name(function):
    found = registry[function]
    for parameter in others(function):
        name = parameter.name
        if name in found._names or name in found.operand_names:
            continue
        value = ODD.get(name, 7)
        if name == "out" and getattr(function, "nout", 1) > 1:
            value = (value,) * function.nout
        if isinstance(parameter.default, bool) and name != "where":
            value = not parameter.default
        with pytest.raises(UnsupportedError, match=rf"\b{name}="):
            call(function, *arguments(function), **{name: value})


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_our_defaults_are_numpys(function):
    """So that what is at NumPy's default can be left out."""
    found = registry[function]
    ours = inspect.signature(found.target.kernel if isinstance(found, Dispatch) else found.target)
    theirs = inspect.signature(function).parameters
    for name in found.static_names:
        default = ours.parameters[name].default
        if default is not inspect.Parameter.empty and theirs[name].default is not NO_VALUE:
            assert default == theirs[name].default
    assert len(found.operand_names) <= len(theirs)


METHODS = {
    "sum": {"dtype": None, "out": None, "where": True, "initial": NO_VALUE},
    "prod": {"dtype": None, "out": None, "where": True},
    "mean": {"dtype": None, "out": None, "where": True},
    "var": {"dtype": None, "out": None, "mean": NO_VALUE, "correction": NO_VALUE},
    "std": {"dtype": None, "out": None, "correction": 0},
    "max": {"out": None, "where": True},
    "min": {"out": None, "initial": NO_VALUE},
    "argmax": {"out": None},
    "argmin": {"out": None},
    "cumsum": {"dtype": None, "out": None},
    "clip": {"out": None, "min": 1.0},
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_take_what_functions_take(name):
    given = METHODS[name]
    numbers = {"min": 1.0} if name == "clip" else {}
    same(getattr(X, name)(**given), getattr(X, name)(**numbers))
    with pytest.raises(UnsupportedError, match=r"out= .*array of shape \(3,\)"):
        getattr(X, name)(out=np.empty(3), **numbers)
    same(X.astype(np.float32, copy=True), X.astype(np.float32))


@pytest.mark.parametrize("function", [np.var, np.std])
def test_correction_is_ddof(function):
    for ddof in (0, 1):
        expected = function(X, axis=0, ddof=ddof)
        same(function(X, axis=0, correction=ddof), expected)
        same(function(X, axis=0, ddof=ddof, correction=ddof), expected)
    np.testing.assert_allclose(expected.data, function(X.data, axis=0, correction=1), rtol=1e-15)
