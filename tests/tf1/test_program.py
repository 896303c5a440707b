"""The program of the repository runs as a whole, as a user starts it."""

import subprocess
import sys

from PIL import Image

MODULE = "tinygrad_mnist.tf1.examples.mnist_three_layers"


def test_the_program_as_a_command(tmp_path):
    command = [sys.executable, "-m", MODULE, str(tmp_path), "101", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
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
        "Iteration     0  cost",
        "Accuracy on the training set:",
        "Accuracy on the test set:",
    ]
    assert all(float(line.split()[-1]) > 0.85 for line in lines if "Accuracy" in line)
    for side in (4, 10):
        with Image.open(tmp_path / f"predictions_{side}x{side}.png") as picture:
            assert min(picture.size) > 50 * side
