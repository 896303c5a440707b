"""``input_data.read_data_sets`` of TensorFlow's tutorials. Nothing is ever downloaded.

>>> mnist = read_data_sets("MNIST_data/", one_hot=True)
>>> images, labels = mnist.train.next_batch(batch_size=64)
>>> images.shape, labels.shape, mnist.test.labels.shape
((64, 784), (64, 10), (10000, 10))
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist.mnist.loader import TEST_FILES, TRAIN_FILES, Mnist, load
from tinygrad_mnist.tf1.dtypes import as_dtype, float32

__all__ = ["read_data_sets"]


def read_data_sets(
    train_dir: str | os.PathLike[str],
    one_hot: bool = False,
    dtype: Any = float32,
    validation_size: int = 5000,
    seed: int | None = None,
) -> Mnist:
    """Read the data files in a folder or, where it has none of them, those of this package.

    Parameters
    ----------
    train_dir
        The folder; it need not exist.
    one_hot
        Labels of shape (n, 10) in ``dtype`` instead of class numbers, int64, of shape (n,).
    dtype
        Of the images, of shape (n, 784) and from 0 to 1.
    validation_size
        How many examples ``mnist.validation`` takes from the beginning of the training file.
    seed
        Of the order of ``mnist.train.next_batch``; None stands for 0.

    Raises
    ------
    DataError
        If the folder has some of the files but not all, or one is damaged.
    ArgumentError, DTypeError
        If ``validation_size`` or ``dtype`` cannot be.
    """
    folder = Path(train_dir)
    generator = np.random.default_rng(0 if seed is None else seed)
    return load(
        folder if _has_data(folder) else None,
        validation_size=validation_size,
        one_hot=one_hot,
        dtype=as_dtype(dtype),
        generator=generator,
    )


def _has_data(folder: Path) -> bool:
    """Whether a file of the folder has one of the four names, however it is spelled."""
    beginnings = tuple(name.partition("-idx")[0] for name in TRAIN_FILES + TEST_FILES)
    return folder.is_dir() and any(f.name.startswith(beginnings) for f in folder.iterdir())
