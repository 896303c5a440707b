"""``input_data.read_data_sets`` of TensorFlow's tutorials. Nothing is ever downloaded.

>>> mnist = read_data_sets("MNIST_data/", one_hot=True)
>>> images, labels = mnist.train.next_batch(batch_size=64)
>>> images.shape, labels.shape, mnist.test.labels.shape
((64, 784), (64, 10), (10000, 10))
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import integer
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.mnist.loader import IMAGE_SHAPE, TEST_FILES, TRAIN_FILES, Mnist, load
from tinygrad_mnist.tf1.conversion import as_dtype, float32

__all__ = ["read_data_sets"]


class DataSet(Dataset):
    """Examples and their labels, handed out in batches by TensorFlow's arguments."""

    def next_batch(  # type: ignore[override]  # TensorFlow's order
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """Return the next images and labels; an epoch keeps the order of the last without shuffle.

        Raises
        ------
        ArgumentError
            If ``batch_size`` is not an integer of at least 1, or fake data is asked for, or there
            are no examples.
        """
        _refuse_fake(fake_data)
        return super().next_batch(batch_size, shuffle)


def read_data_sets(
    train_dir: str | os.PathLike[str],
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str | None = None,
) -> Mnist:
    """Read the data files in a folder or, where it has none of them, those of this package.

    Parameters
    ----------
    train_dir
        The folder; it need not exist.
    fake_data
        Not supported: only False.
    one_hot
        Labels of shape (n, 10) in ``dtype`` instead of class numbers, int64, of shape (n,).
    dtype
        Of the images, which are from 0 to 1.
    reshape
        Whether images are of shape (n, 784); else they are of (n, 28, 28, 1).
    validation_size
        How many examples ``mnist.validation`` takes from the beginning of the training file: from
        none to all.
    seed
        Of the order of ``mnist.train.next_batch``; None stands for 0.
    source_url
        Ignored, since nothing is downloaded.

    Raises
    ------
    DataError
        If the folder has some of the files but not all, or one is damaged.
    ArgumentError, DTypeError
        If ``validation_size``, ``seed`` or ``dtype`` cannot be, or fake data is asked for.
    """
    _refuse_fake(fake_data)
    seed = 0 if seed is None else integer("seed", seed, least=0)
    folder = Path(train_dir)
    mnist = load(
        folder if _has_data(folder) else None,
        validation_size=validation_size,
        one_hot=one_hot,
        dtype=as_dtype(dtype),
    )
    shape = (-1, math.prod(IMAGE_SHAPE)) if reshape else (-1, *IMAGE_SHAPE, 1)

    def data_set(part: Dataset, seed: int = 0) -> DataSet:
        return DataSet(part.images.reshape(shape), part.labels, np.random.default_rng(seed))

    parts = data_set(mnist.train, seed), data_set(mnist.validation), data_set(mnist.test)
    return Mnist(*parts, mnist.checksums, mnist.classes)


def _refuse_fake(fake_data: Any) -> None:
    if fake_data:
        raise ArgumentError(
            f"There is no fake data here, only MNIST's. Received: fake_data={fake_data!r:.60}; "
            "the arguments are in TensorFlow's order, so name those that you mean."
        )


def _has_data(folder: Path) -> bool:
    """Whether a file of the folder has one of the four names, however it is spelled."""
    beginnings = tuple(name.partition("-idx")[0] for name in TRAIN_FILES + TEST_FILES)
    return folder.is_dir() and any(f.name.startswith(beginnings) for f in folder.iterdir())
