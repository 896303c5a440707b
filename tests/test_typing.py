"""Type checkers see that what a Tensor computes is a Tensor, and what a Symbol does a Symbol."""

import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mnist
from tinygrad_mnist.dispatch.methods import Methods
from tinygrad_mnist.dispatch.operators import Operators

ROOT = Path(tinygrad_mnist.__file__).parents[1]
SECONDS = 120

PROGRAM = """
import numpy as np
from typing_extensions import assert_type  # checkers know it, and nothing runs this program

from tinygrad_mnist import Parameter, Tensor
from tinygrad_mnist.tf1.symbol import Placeholder, Symbol
from tinygrad_mnist.tf1.variables import Variable


def layer(x: Tensor, w: Parameter, b: Parameter) -> Tensor:
    y = x @ w + b
    assert_type(y, Tensor)
    assert_type(y.sum(), Tensor)
    assert_type(y.T, Tensor)
    assert_type(y.reshape(2, -1).mean(axis=0).astype(np.float32), Tensor)
    y -= 1
    return y


def of_tensors(x: Tensor, w: Parameter) -> None:
    assert_type(w @ x, Tensor)
    assert_type(w.T, Tensor)
    assert_type(2.0 * w, Tensor)
    assert_type(1 / x, Tensor)
    assert_type(np.float32(2) * x, Tensor)
    assert_type(-x, Tensor)
    assert_type(abs(x) ** 2, Tensor)
    assert_type(x > 0, Tensor)
    assert_type(0 < x, Tensor)
    assert_type(x == 0, Tensor)
    assert_type((x != w) & ~(x < 1), Tensor)
    assert_type(x[0], Tensor)
    assert_type(x[:, None, ...], Tensor)
    assert_type([row for row in w], list[Tensor])
    assert_type(x // 2, Tensor)
    assert_type(2 ^ x, Tensor)
    assert_type(divmod(x, w), tuple[Tensor, Tensor])
    assert_type(round(x, 2), Tensor)
    assert_type(w.copy().take([0], 1).trace().argsort(), Tensor)
    assert_type(x.mT.clip(min=0).any(axis=0, keepdims=True), Tensor)
    assert_type(x.std(0, correction=1).flatten("F"), Tensor)
    x.sorted()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    assert_type(x.shape, tuple[int, ...])


def of_symbols(symbol: Symbol, fed: Placeholder, kept: Variable, x: Tensor) -> Symbol:
    assert_type(symbol @ x, Symbol)
    assert_type(fed @ kept, Symbol)
    assert_type(2.0 * kept, Symbol)
    assert_type(7 // -symbol, Symbol)
    assert_type(symbol > 0, Symbol)
    assert_type(symbol == 0, Symbol)
    assert_type(fed[0], Symbol)
    assert_type(kept.T, Symbol)
    return fed.sum()
"""

CHECKS = {
    "mypy": ["--strict", "--config-file=", "--cache-dir=cache"],
    "pyright": ["--pythonpath", sys.executable],
}


def run(checker, *arguments, cwd):
    environment = os.environ | {
        "MYPYPATH": str(ROOT),
        "PYTHONPATH": str(ROOT),
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",  # else it asks the index for a newer version
    }
    return subprocess.run(
        [sys.executable, "-m", checker, *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
        timeout=SECONDS,
    )


def skip_unless_it_runs(checker, cwd):
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    try:
        done = run(checker, "--version", cwd=cwd)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{checker} does not start within {SECONDS} seconds")
    if done.returncode:
        last_line = done.stderr.rstrip().rpartition("\n")[2]
        pytest.skip(f"{checker} does not start: {last_line}")


@pytest.mark.parametrize("checker", CHECKS)
@pytest.mark.slow
def test_type_checkers_see_tensors_and_symbols(checker, tmp_path):
    skip_unless_it_runs(checker, tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = run(checker, *CHECKS[checker], "program.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


OF_PYTHON = {"__contains__", "__getattr__", "__setitem__", "__delitem__", "__len__", "__iter__"}
OF_PYTHON |= {"itemsize", "nbytes", "_refuse_to_change"}
PAIRS = {"__divmod__": "tuple[Result, Result]", "__rdivmod__": "tuple[Result, Result]"}
RESULTS = PAIRS | {"nonzero": "tuple[Any, ...]"}


def test_every_operator_and_method_returns_the_result():
    for name, member in (vars(Operators) | vars(Methods)).items():
        function = member.fget if isinstance(member, property) else member
        if not inspect.isfunction(function) or name.startswith("__array") or name in OF_PYTHON:
            continue
        assert function.__annotations__["return"] == RESULTS.get(name, "Result"), name
