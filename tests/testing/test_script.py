"""Scripts of failing examples, run as they are printed: what is written out, and what is said."""

import functools
import re
import sys
from types import ModuleType

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor
from tinygrad_mnist.testing import GradientCheckError, check_grads
from tinygrad_mnist.testing.script import script

X = np.array([0.5, -1.0, 2.0])
W = np.array([1.0, 2.0, 3.0])
HYPER: "dict[str, object]" = {"scale": 3.0, "weights": [W, (W, None)], 1: {"nested": np.float32(2)}}
GENERATOR = np.random.default_rng(3)
SHIFT = 0.25


def same(function):
    @functools.wraps(function)
    def wrapped(*arrays):
        return function(*arrays)

    return wrapped


def scaled(by):
    return lambda inner: lambda x: by * inner(x)


@same
@scaled(SHIFT)
def decorated(x: "Unknown") -> "Unknown":  # noqa: F821
    return (x**2).sum()


@same
@same
def same_twice(x):
    return (x**2).sum()


def with_default(x, weights=W, *, shift=SHIFT):
    return (x * weights).sum() + shift


def in_comprehension(x):
    return sum((x * w).sum() for w in HYPER["weights"][:1])


def half(x):
    return x


class Net:
    def __init__(self):
        self.weights = W.copy()

    def loss(self, x):
        return ((x * self.weights) ** 2).sum()


NET = Net()


@functools.lru_cache
def cached():
    return SHIFT


CASES = {
    "a dict": (lambda x: (HYPER["scale"] * x * HYPER[1]["nested"]).sum(), half),
    "decorators": (same_twice, half),
    "a decorator that hides its function": (decorated, half),
    "a function decorated elsewhere": (same(in_comprehension), half),
    "a cached function": (lambda x: (x**2).sum() * cached(), half),
    "defaults": (with_default, half),
    "a default of a lambda": (lambda x, w=W: (w * x).sum(), half),
    "a name in a comprehension": (in_comprehension, half),
    "a numpy function": (np.sum, half),
}


def run(text):
    exec(compile(text, "pasted", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize(("function", "gradient"), CASES.values(), ids=CASES)
def test_a_script_finds_what_the_check_found(function, gradient):
    report = check_grads(function, X, gradient=gradient)
    text = script(function, (X,), {"gradient": gradient})
    with pytest.raises(GradientCheckError) as caught:
        run(text)
    elements = r"^    \[.*"  # all their numbers, to the last digit
    found, told = (re.findall(elements, str(r), re.M) for r in (caught.value, report))
    assert found == told
    assert found
    assert "Define it here" not in text


def f(x):
    return SHIFT * (x**2).sum()


def test_names_of_the_scripts_own_do_not_hide_those_that_functions_use():
    gradient, x0 = half, 3.0
    text = script(lambda x: x0 * f(x), (X,), {"gradient": lambda x: gradient(x)})
    assert "print(assert_grads(f_, x0_, gradient=gradient_))" in text
    with pytest.raises(GradientCheckError):
        run(text)


def test_two_lambdas_of_one_line_are_told_apart_and_longer_ones_written_whole():
    functions = [lambda x: (2 * x**2).sum(), lambda x: (3 * x**2).sum()]
    assert "f = lambda x: (3 * x**2).sum()" in script(functions[1], (X,), {"gradient": half})
    longer = script(
        lambda x: (
            2 * x**2
        ).sum(),
        (X,), {"gradient": half},
    )  # fmt: skip
    with pytest.raises(GradientCheckError):
        run(longer)


def test_a_default_is_what_it_was_when_the_function_was_defined():
    functions = [lambda x, by=by: by * (x**2).sum() for by in (2.0, 3.0)]
    assert "by = 2.0\n" in script(functions[0], (X,), {"gradient": half})


def test_tensors_and_parameters_in_a_closure(capsys):
    tensor, parameter = Tensor(W, requires_grad=True), Parameter(2 * W)
    run(script(lambda x: np.sum(x * tensor * parameter), (Parameter(X),), {"order": 1}))
    assert capsys.readouterr().out.startswith("OK: gradient of <lambda>")


@pytest.mark.parametrize(
    "function", [Net().loss, functools.partial(half, W), W.dot, lambda x: NET.loss(x), GENERATOR]
)
def test_what_has_a_state_of_its_own_is_said_at_the_top(function):
    text = script(function, (X,), {"gradient": half})
    assert "# This could not be written out. Define it here, before running the script:\n#" in text


def test_what_cannot_be_written_is_said_at_the_top():
    class Odd(dict):
        def __repr__(self):
            return "two\nlines"

    odd, table = Odd(), {"odd": Odd()}
    text = script(lambda x: (x * len(odd) * len(table)).sum(), (X,), {"gradient": half})
    told = "# This could not be written out. Define it here, before running the script:\n"
    assert told + "#   odd = two lines\n#   table = {'odd': two lines}\n" in text
    compile(text, "pasted", "exec")
    with pytest.raises(NameError, match="odd"):
        run(text)
    defined = text.replace(
        "#   odd = two lines\n#   table = {'odd': two lines}", "odd = table = 'x'"
    )
    with pytest.raises(GradientCheckError):
        run(defined)


def test_names_that_are_not_found_are_said():
    def local(x, k=W * 2 + X):
        return (x * k * not_there).sum()  # noqa: F821

    assert "#   not_there, which local uses" in script(local, (X,), {})


def test_a_name_of_two_values_is_said():
    def with_scale(scale):
        return lambda x: scale * (x**2).sum(), lambda x: scale * x

    function, _ = with_scale(2.0)
    _, gradient = with_scale(3.0)
    assert "# scale stands for two values" in script(function, (X,), {"gradient": gradient})
    assert "two values" not in script(function, (X,), {"gradient": with_scale(2.0)[1]})


@pytest.mark.parametrize("module", ["test_it", "it_test", "tests.test_it", "tests.unit.it_test"])
def test_what_a_test_file_defines_is_written_out_in_a_package_too(module):
    """Where the script is run, nothing can be imported from there."""
    place = ModuleType(module)
    place.half = half
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module, place)
        patch.setattr(half, "__module__", module)
        text = script(half, (X,), {})
    assert "def half(x):" in text
    assert module not in text
