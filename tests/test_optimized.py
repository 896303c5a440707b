"""Nothing relies on asserts or docstrings, which ``python -OO`` strips."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "program",
    [
        "tests/optimized.py",
        "-m tinygrad_mnist --help",
        "-m benchmarks step --help",
        "-m reference_tf --help",
    ],
)
def test_it_runs_without_asserts_and_docstrings(program):
    command = [sys.executable, "-W", "error", "-OO", *program.split()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
