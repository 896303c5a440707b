"""The pytest fixture, and the script that a failing example is printed as."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mnist import relu
from tinygrad_mnist.testing.plugin import check_grads
from tinygrad_mnist.testing.script import script

__all__ = ["check_grads"]
# Where this package is installed, its entry point would load the plugin a second time.
ENVIRONMENT = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(Path.cwd())}
FACTOR = 3.0


def cube(x):
    return FACTOR * _power(x)


def _power(x):
    return (x**3).sum()


def wrong(x):
    return FACTOR * x**2


def run(text, tmp_path):
    path = tmp_path / "pasted.py"
    path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, path], capture_output=True, encoding="utf-8", env=ENVIRONMENT
    )


def test_the_fixture_passes_what_is_right(check_grads):
    assert check_grads(np.tanh, np.array([0.5])).passed


@given(st.floats(-2.0, 2.0))
def test_the_fixture_checks_what_hypothesis_draws(check_grads, x):
    assert check_grads(np.tanh, np.array([x])).passed


def test_a_failing_example_is_a_script_that_fails_alike(check_grads, tmp_path):
    x = np.array([0.1, np.pi], np.float64)
    with pytest.raises(pytest.fail.Exception, match="To see it again, run") as caught:
        check_grads(cube, x, gradient=wrong)
    message = str(caught.value)
    pasted = run(message.partition("run:\n\n")[2], tmp_path)
    assert "GradientCheckError: WRONG: gradient of cube" in pasted.stderr
    numbers = r"analytic.*\n(.*)\n"
    assert re.search(numbers, message)[1] in pasted.stderr  # to the last digit


def test_scripts_of_lambdas_and_closures(tmp_path):
    weights = np.array([[1.0, -2.0]], np.float32)
    text = script(lambda x: relu(x @ weights), (np.ones((2, 1)),), {"seed": 3})
    assert run(text, tmp_path).stdout.startswith("OK: second derivative of <lambda>")


def test_scripts_with_lists_of_arrays_numpy_scalars_and_empty_arrays(tmp_path):
    weights, scale = [np.eye(2), (np.full(2, 0.5), 3)], np.float32(2)

    def affine(x):
        return scale * (x @ weights[0] + weights[1][0])

    text = script(affine, (np.zeros((0, 2)),), {})
    assert run(text, tmp_path).stdout.startswith("OK: second derivative of affine")


def test_scripts_of_what_has_no_source(tmp_path):
    text = script(np.tanh, (np.ones(2, np.float32),), {})
    assert run(text, tmp_path).returncode == 0
    loss = type("Loss", (), {"__call__": cube})()
    text = script(loss, (1.0,), {})
    assert "could not be written out. Define it here" in text
    assert "#   f = <" in text


def test_the_fixture_in_another_project(tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        "import numpy as np\n"
        "def test_good(check_grads):\n    check_grads(np.sin, np.ones(2))\n"
        "def test_bad(check_grads):\n"
        "    check_grads(lambda x: (x * x).sum(), np.ones(2), gradient=lambda x: x)\n",
        encoding="utf-8",
    )
    # -rN: where CI is set, pytest's summary at the end repeats the whole message of a failure
    command = [sys.executable, "-m", "pytest", "-p", "tinygrad_mnist.testing.plugin", "-rN"]
    command.append(str(tmp_path))
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=ENVIRONMENT, cwd=tmp_path
    )
    assert "1 failed, 1 passed" in done.stdout
    assert done.stdout.count("likely cause: it is half") == 1
    assert "f = lambda x: (x * x).sum()" in done.stdout
