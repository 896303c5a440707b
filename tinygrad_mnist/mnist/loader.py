"""Reads the four files of a data set in the IDX format, checks them, and splits them in three.

The MNIST files come with this package; any folder with such files, as Fashion-MNIST's, EMNIST's or
QMNIST's, can stand in for them.

>>> mnist = load()
>>> mnist.train.num_examples, mnist.validation.num_examples, mnist.test.num_examples
(55000, 5000, 10000)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tinygrad_mnist.arguments import integer
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError, DataError, DTypeError
from tinygrad_mnist.mnist import finding
from tinygrad_mnist.mnist.finding import TEST_FILES as TEST_FILES
from tinygrad_mnist.mnist.finding import TRAIN_FILES as TRAIN_FILES
from tinygrad_mnist.mnist.idx import read_idx

MOST_CLASSES = 1000
IMAGE_SHAPE = (28, 28)
QMNIST_LABELS = "-idx2-int"
"""How the name ends of labels that are the first of eight numbers, one row an example."""
SHIPPED_FOLDER = Path(__file__).parent

_Examples: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True, repr=False)
class Mnist:
    """The three splits, and ``checksums``: the SHA-256 of each file's uncompressed bytes.

    ``checksums`` has the four standard names as its keys, in a fixed order, whatever the files
    were called; two loads read the same data if and only if their checksums are equal. ``classes``
    are the names of the classes.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    checksums: dict[str, str]
    classes: tuple[str, ...] = tuple(finding.DIGITS)

    def __repr__(self) -> str:
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return "\n".join(f"{name:<10}  {split!r}" for name, split in splits.items())


def load(
    data_dir: str | os.PathLike[str] | None = None,
    validation_size: int = 5000,
    one_hot: bool = True,
    dtype: DTypeLike = np.float32,
    generator: np.random.Generator | None = None,
    *,
    classes: int | None = None,
    transpose: bool | None = None,
) -> Mnist:
    """Load MNIST, or the data set of the same layout in ``data_dir``.

    ``images`` have shape (n, 784), the floating ``dtype``, and values from 0 to 1 (a pixel's
    byte divided by 255). ``labels`` have shape (n, classes) and the same dtype if ``one_hot``, else
    shape (n,) and dtype int64; those that count from 1, as EMNIST's letters, are moved to begin
    with 0. Validation is the first ``validation_size`` examples of the
    training file, as in TensorFlow's tutorial reader; training is the rest. Either may be empty.

    ``classes`` and ``transpose``, which turns pictures whose columns were written as rows, are by
    default what the names of EMNIST's files say, else 10 and False.

    ``generator`` shuffles the training batches only. Validation and test have generators of
    their own (the ``Dataset`` default), so taking batches from them never disturbs training.

    The files shipped with the package are verified against their SHA-256. In ``data_dir`` each
    file may be plain or gzip, with or without ``.gz``, and with ``.idx`` for ``-idx`` in its
    name; of several such names the plain one is taken. They may lie in ``MNIST/raw`` below it, or
    each in a folder of its own; of several data sets ``data_dir/emnist-letters`` names one.

    Raises ``DataError`` if a file is missing, damaged, of another shape, or at odds with its
    partner; ``ArgumentError`` if ``validation_size`` is more than there are, or ``classes`` is
    no such number; ``DTypeError`` if ``dtype`` is not floating.
    """
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise DTypeError(
            f"Images are fractions from 0 to 1, so dtype must be floating, received {dtype}; "
            "use numpy.float32."
        )
    found = finding.find(SHIPPED_FOLDER if data_dir is None else Path(data_dir))
    classes = integer("classes", found.classes or 10 if classes is None else classes, least=2)
    if classes > MOST_CLASSES:
        raise ArgumentError(f"There can be at most {MOST_CLASSES} classes. Received: {classes:,}.")
    if data_dir is None and classes != len(finding.DIGITS):
        raise ArgumentError(
            "The MNIST files of this package have 10 classes; name the folder of other data "
            f"(--data-dir). Received: {classes} classes."
        )
    (images, labels), (test_images, test_labels), checksums = _read_files(found.paths, classes)
    if data_dir is None:
        _verify_shipped(checksums)
    if found.transposed if transpose is None else transpose:
        images, test_images = images.transpose(0, 2, 1), test_images.transpose(0, 2, 1)
    _check_validation_size(validation_size, len(labels))
    encode = np.eye(classes, dtype=dtype) if one_hot else np.arange(classes, dtype=np.int64)
    train_pixels, train_targets = _scaled(images, dtype), encode[labels]
    return Mnist(
        train=Dataset(train_pixels[validation_size:], train_targets[validation_size:], generator),
        validation=Dataset(train_pixels[:validation_size], train_targets[:validation_size]),
        test=Dataset(_scaled(test_images, dtype), encode[test_labels]),
        checksums=checksums,
        classes=tuple(finding.CLASSES.get(classes) or map(str, range(classes))),
    )


def conventions(data_dir: str | os.PathLike[str] | None) -> tuple[int, bool]:
    """Return how many classes the data of a folder have, and whether their pictures are turned.

    Raises ``DataError`` if there are no such files.
    """
    found = finding.find(SHIPPED_FOLDER if data_dir is None else Path(data_dir))
    return found.classes or 10, found.transposed


def verified_checksums() -> dict[str, str]:
    """Read the shipped files and return the verified SHA-256 of each, by standard name.

    Raises ``DataError`` as ``load`` does.
    """
    *_, checksums = _read_files(finding.find(SHIPPED_FOLDER).paths, len(finding.DIGITS))
    _verify_shipped(checksums)
    return checksums


def _read_files(
    paths: dict[str, Path], classes: int
) -> tuple[_Examples, _Examples, dict[str, str]]:
    """Return the training examples, the test examples, and the digest of each file."""
    train, train_checksums = _read_pair(*(paths[name] for name in TRAIN_FILES))
    test, test_checksums = _read_pair(*(paths[name] for name in TEST_FILES))
    checksums = dict(zip(TRAIN_FILES + TEST_FILES, train_checksums + test_checksums, strict=True))
    both = np.concatenate((train[1], test[1]))
    first = 1 if both.min() == 1 and both.max() == classes else 0
    for (_, labels), name in ((train, TRAIN_FILES[1]), (test, TEST_FILES[1])):
        labels -= first
        _check_labels(labels, paths[name], classes)
    return train, test, checksums


def _read_pair(images_path: Path, labels_path: Path) -> tuple[_Examples, tuple[str, str]]:
    images, images_checksum = read_idx(images_path, IMAGE_SHAPE)
    if QMNIST_LABELS in labels_path.name:
        rows, labels_checksum = read_idx(labels_path, (8,), np.dtype(">i4"))
        labels = rows[:, 0]
    else:
        labels, labels_checksum = read_idx(labels_path, ())
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images but {labels_path} holds {len(labels)} "
            "labels; get both from the same data set."
        )
    return (images, labels.astype(np.int64)), (images_checksum, labels_checksum)


def _check_labels(labels: NDArray[np.int64], path: Path, classes: int) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise DataError(
            f"{path} has the label {labels[wrong[0]]} in row {wrong[0]} (counted from 0), but "
            f"labels go from 0 to {classes - 1}; give the number of classes (--classes), or "
            "renumber them."
        )


def _verify_shipped(checksums: dict[str, str]) -> None:
    sums_path = SHIPPED_FOLDER / "SHA256SUMS"
    try:
        recorded = sums_path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(
            f"{sums_path} cannot be read ({error.strerror}); reinstall the package."
        ) from error
    for name, digest in checksums.items():
        if f"{digest}  {name}" not in recorded:
            raise DataError(
                f"{name} in {SHIPPED_FOLDER} is not the file this package came with (its "
                f"SHA-256 {digest} is not in SHA256SUMS); reinstall the package."
            )


def _check_validation_size(validation_size: int, available: int) -> None:
    if not isinstance(validation_size, (int, np.integer)) or not 0 <= validation_size <= available:
        raise ArgumentError(
            f"validation_size must be an integer from 0 to {available}, as the training file "
            f"holds {available} examples, received {validation_size!r}."
        )


def _scaled(images: NDArray[np.uint8], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the pixels as rows of fractions, converted and divided in a single pass."""
    return np.divide(images.reshape(len(images), -1), 255, dtype=dtype)
