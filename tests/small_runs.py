"""Runs that take milliseconds: four small files in the layout of MNIST, and a small network."""

import shlex
import struct

import numpy as np

from tinygrad_mnist.command import cli

TRAIN, TEST = 5200, 120  # validation takes the first 5,000 training examples
SETTINGS = ("--iterations", 30, "--batch-size", 16, "--hidden", 8)


def run(*arguments):
    """Return the exit status of a command."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as exit:
        return exit.code


def run_again(error):
    """Run the command that an interrupted one has printed."""
    program, *arguments = shlex.split(error.partition("Go on with: ")[2])
    assert program == "tinygrad-mnist"
    return run(*arguments)


def write_data(folder, seed=0):
    """Write the files: ten random patterns, each example one of them with some pixels flipped."""
    generator = np.random.default_rng(seed)
    patterns = generator.random((10, 784)) < 0.3
    for name, count in (("train", TRAIN), ("t10k", TEST)):
        labels = generator.integers(10, size=count, dtype=np.uint8)
        flips = generator.random((count, 784), dtype=np.float32) < 0.2
        images = np.where(patterns[labels] ^ flips, 255, 0).astype(np.uint8)
        header = struct.pack(">IIII", 0x803, count, 28, 28)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">II", 0x801, count)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return folder
