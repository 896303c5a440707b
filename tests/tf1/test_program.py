"""The program of the repository runs as a user starts it, and computes what TensorFlow does."""

import argparse
import errno
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import tinygrad_mnist.tf1
from tinygrad_mnist import optim
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.mnist import load
from tinygrad_mnist.tf1.examples import mnist_three_layers

from .adam import AdamOfTensorFlow1, corrected_rate

MODULE = "tinygrad_mnist.tf1.examples.mnist_three_layers"


def run(*arguments, cwd):
    command = [sys.executable, "-m", MODULE, *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, timeout=120)


@pytest.mark.slow
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
    said = "error: argument folder: 'file' cannot be made or written to: File exists"
    assert done.stderr.splitlines()[-1] == f"mnist_three_layers.py: {said}"


def test_a_folder_that_takes_no_files_is_refused_before_the_training(tmp_path, monkeypatch):
    def fail(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(argparse.ArgumentTypeError, match="written to: Read-only file system"):
        mnist_three_layers.new_folder(str(tmp_path))


def test_help_trains_nothing(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "folder" in done.stdout
    assert list(tmp_path.iterdir()) == []


# --- the same text on both engines --------------------------------------------------------------

# It is executed with ``tf`` bound to ours and to TensorFlow. Supplied are, to both, what TensorFlow
# no longer has: ``tf.contrib`` with initial values that do not depend on the engine, and
# ``input_data``. One constant of the text names the dtype.
#
# One thing of ours is replaced: the engine's Adam, whose numbers are exact, by one that rounds its
# constants and the powers of its betas to float32 as TensorFlow 1 does. Left as it is, it takes
# steps of another size, by up to 7e-6, and a training amplifies that without bound; how far apart
# the two are over the first hundred steps is a test of its own.

IMPORTS = (
    "import tinygrad_mnist.tf1 as tf\n",
    "from tinygrad_mnist.tf1.examples.tutorials.mnist import input_data\n",
)
ITERATIONS, MORE = 1000, 100
# As in the oracle's tests: 8 u of a step's matmuls, for each step that adds them up.
FLOAT64 = (ITERATIONS + MORE) * 8 * 2.0**-53


class Bound:
    """A module with ``contrib`` of our own."""

    def __init__(self, module):
        self.module = module
        self.contrib = SimpleNamespace(layers=SimpleNamespace(xavier_initializer=self._xavier))

    def _xavier(self, seed):
        def values(shape, dtype=None, partition_info=None):
            limit = np.sqrt(6 / sum(shape))
            drawn = np.random.default_rng([seed, *shape]).uniform(-limit, limit, shape)
            return self.module.constant(drawn, dtype)

        return values

    def __getattr__(self, name):
        return getattr(self.module, name)


@pytest.fixture(scope="module")
def mnist():
    return load()


def execute(module, mnist, dtype, counts, folder):
    """Execute the text; return what its main function does."""
    text = Path(mnist_three_layers.__file__).read_text(encoding="utf-8")
    for line in IMPORTS:
        assert line in text
        text = text.replace(line, "")
    assert "FLOAT = tf.float32\n" in text
    text = text.replace("FLOAT = tf.float32\n", f"FLOAT = tf.{dtype}\n")
    part = SimpleNamespace(  # the beginning, with batches in an order of its own each time
        train=Dataset(mnist.train.images[:20000], mnist.train.labels[:20000]),
        test=Dataset(mnist.test.images[:2000], mnist.test.labels[:2000]),
    )
    input_data = SimpleNamespace(read_data_sets=lambda folder, one_hot: part)
    program = {"__name__": "program", "tf": Bound(module), "input_data": input_data}
    exec(compile(text, "mnist_three_layers.py", "exec"), program)
    return program["main"](folder, *counts)


@pytest.mark.tf
@pytest.mark.parametrize(
    ("dtype", "counts"), [("float64", (ITERATIONS, MORE)), ("float32", (15, 5))]
)
def test_the_same_text_on_both_engines(
    theirs, graph_mode, mnist, monkeypatch, tmp_path, dtype, counts
):
    from oracle.test_reference import FLOAT32, distance

    tolerance = {"float64": FLOAT64, "float32": FLOAT32}[dtype]
    monkeypatch.setattr(optim, "Adam", AdamOfTensorFlow1)
    received = execute(tinygrad_mnist.tf1, mnist, dtype, counts, tmp_path)
    with graph_mode():
        reference = execute(theirs, mnist, dtype, counts, tmp_path)
    (costs, accuracies, logits, variables), expected = received, reference
    assert len(costs) == sum(counts)
    worst = {
        "cost": np.max(np.abs(np.subtract(costs, expected[0])) / np.abs(expected[0])),
        "logits": distance(logits, expected[2]),
        **{name: distance(variables[name], expected[3][name]) for name in variables},
    }
    print(worst)
    assert variables.keys() == expected[3].keys()
    assert all(value.dtype == dtype for value in (*costs, logits, *variables.values()))
    np.testing.assert_allclose(accuracies, expected[1], rtol=0, atol=0.5 / 20000)
    assert max(worst.values()) < tolerance, worst


def step_sizes(number, count):
    """The rates by which Adam multiplies its sums, with all that it keeps as one kind of number."""
    rate, beta_1, beta_2 = constants = np.array([0.001, 0.9, 0.999], number)
    powers, betas = constants[1:].copy(), constants[1:]
    found = []
    for _ in range(count):
        found.append(float(rate) * corrected_rate(*map(float, powers)))
        powers *= betas
    return np.array(found) * (1 - float(beta_1)) / np.sqrt(1 - float(beta_2))


@pytest.mark.tf
def test_the_engines_own_adam_departs_by_no_more_than_the_sizes_of_the_steps(
    theirs, graph_mode, mnist, tmp_path
):
    """Nothing is replaced here; all else being rounding, steps longer by a share e explain it all.

    Each step changes a parameter by at most about the learning rate, so parameters come to differ
    by the sum of e times that, as long as a training does not amplify it: it does in single
    parameters, whose gradients are next to nothing, but not in the root of the mean of the squares.
    And costs differ by no more than e of the way down, which is shorter than the first cost.
    """
    counts = 90, 10
    received = execute(tinygrad_mnist.tf1, mnist, "float64", counts, tmp_path)
    with graph_mode():
        reference = execute(theirs, mnist, "float64", counts, tmp_path)
    exact, rounded = (step_sizes(number, sum(counts)) for number in (np.float64, np.float32))
    shares = np.abs(rounded / exact - 1)
    assert 5e-6 < shares.max() < 1e-5
    costs = np.abs(np.subtract(received[0], reference[0]))
    assert max(costs) < shares.max() * reference[0][0]
    apart = np.concatenate(
        [(received[3][name] - reference[3][name]).ravel() for name in received[3]]
    )
    assert FLOAT64 < np.sqrt(np.mean(apart**2)) < 0.001 * shares.sum()
