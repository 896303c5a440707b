"""The program of the repository runs as a whole, as a user starts it."""

import argparse
import subprocess
import sys

import pytest
from PIL import Image

from tinygrad_mnist.tf1.examples import mnist_three_layers

MODULE = "tinygrad_mnist.tf1.examples.mnist_three_layers"


def run(*arguments, cwd):
    command = [sys.executable, "-m", MODULE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


def test_the_program_as_a_command(tmp_path):
    done = run("new/folder", "101", "3", cwd=tmp_path)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "Training images (55000, 784) labels (55000, 10)",
        "Test images (10000, 784) labels (10000, 10)",
    ]
    assert [line.rpartition(" ")[0] for line in lines[2:]] == [
        "Iteration     0  cost",
        "Iteration   100  cost",
        "Accuracy on the training set:",
        "Accuracy on the test set:",
        "Predictions drawn in",
        "Iteration     0  cost",
        "Accuracy on the training set:",
        "Accuracy on the test set:",
        "Predictions drawn in",
    ]
    assert all(float(line.split()[-1]) > 0.85 for line in lines if "Accuracy" in line)
    drawn = [line.split()[-1] for line in lines if "drawn" in line]
    assert drawn == [f"new/folder/predictions_{side}x{side}.png" for side in (4, 10)]
    for path, side in zip(drawn, (4, 10), strict=True):
        with Image.open(tmp_path / path) as picture:
            assert min(picture.size) > 50 * side


@pytest.mark.parametrize("text", ["x", "0", "1.5"])
def test_a_number_of_iterations_must_be_one(text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"at least 1, is not '{text}'"):
        mnist_three_layers.count(text)


def test_a_folder_that_cannot_be_made_is_refused_before_the_training(tmp_path):
    (tmp_path / "file").touch()
    done = run("file", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    said = "error: argument folder: 'file' cannot be made: File exists"
    assert done.stderr.splitlines()[-1] == f"mnist_three_layers.py: {said}"


def test_help_trains_nothing(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "folder" in done.stdout
    assert list(tmp_path.iterdir()) == []
