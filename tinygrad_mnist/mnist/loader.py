"""Finds the four files of a data set in the IDX format, checks them, and splits them in three.

The MNIST files come with this package; any folder with the same four names, such as
Fashion-MNIST's, can stand in for them.

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

from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError, DataError, DTypeError
from tinygrad_mnist.mnist.idx import read_idx

CLASSES = 10
IMAGE_SHAPE = (28, 28)
TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SHIPPED_FOLDER = Path(__file__).parent

_Examples: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]
_Arrays: TypeAlias = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Mnist:
    """The three splits, and ``checksums``: the SHA-256 of each file's uncompressed bytes.

    ``checksums`` has the four standard names as its keys, in a fixed order, whatever the files
    were called; two loads read the same data if and only if their checksums are equal.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    checksums: dict[str, str]


def load(
    data_dir: str | os.PathLike[str] | None = None,
    validation_size: int = 5000,
    one_hot: bool = True,
    dtype: DTypeLike = np.float32,
    generator: np.random.Generator | None = None,
) -> Mnist:
    """Load MNIST, or the data set of the same layout in ``data_dir``.

    ``images`` have shape (n, 784), the floating ``dtype``, and values from 0 to 1 (a pixel's
    byte divided by 255). ``labels`` have shape (n, 10) and the same dtype if ``one_hot``, else
    shape (n,) and dtype int64. Validation is the first ``validation_size`` examples of the
    training file, as in TensorFlow's tutorial reader; training is the rest.

    ``generator`` shuffles the training batches only. Validation and test have generators of
    their own (the ``Dataset`` default), so taking batches from them never disturbs training.

    The files shipped with the package are verified against their SHA-256. In ``data_dir`` each
    file may be plain or gzip, with or without ``.gz``, and with ``.idx`` for ``-idx`` in its
    name; of several such names the plain one is taken.

    Raises ``DataError`` if a file is missing, damaged, of another shape, or at odds with its
    partner; ``ArgumentError`` if ``validation_size`` does not leave both parts at least one
    example; ``DTypeError`` if ``dtype`` is not floating.
    """
    (images, labels), test, checksums = examples(data_dir, one_hot, dtype)
    _check_validation_size(validation_size, len(labels))
    return Mnist(
        train=Dataset(images[validation_size:], labels[validation_size:], generator),
        validation=Dataset(images[:validation_size], labels[:validation_size]),
        test=Dataset(*test),
        checksums=checksums,
    )


def examples(
    data_dir: str | os.PathLike[str] | None, one_hot: bool, dtype: DTypeLike
) -> tuple[_Arrays, _Arrays, dict[str, str]]:
    """Return the images and labels of the training and of the test file, as ``load`` has them."""
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise DTypeError(
            f"Images are fractions from 0 to 1, so dtype must be floating, received {dtype}; "
            "use numpy.float32."
        )
    train, test, checksums = _read_files(data_dir)
    encode = np.eye(CLASSES, dtype=dtype) if one_hot else np.arange(CLASSES, dtype=np.int64)

    def encoded(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> _Arrays:
        return _scaled(images, dtype), encode[labels]

    return encoded(*train), encoded(*test), checksums


def verified_checksums() -> dict[str, str]:
    """Read the shipped files and return the verified SHA-256 of each, by standard name.

    Raises ``DataError`` as ``load`` does.
    """
    *_, checksums = _read_files(None)
    return checksums


def _read_files(
    data_dir: str | os.PathLike[str] | None,
) -> tuple[_Examples, _Examples, dict[str, str]]:
    """Return the training examples, the test examples, and the digest of each file."""
    paths = _find_files(SHIPPED_FOLDER if data_dir is None else Path(data_dir))
    train, train_checksums = _read_pair(*(paths[name] for name in TRAIN_FILES))
    test, test_checksums = _read_pair(*(paths[name] for name in TEST_FILES))
    checksums = dict(zip(TRAIN_FILES + TEST_FILES, train_checksums + test_checksums, strict=True))
    if data_dir is None:
        _verify_shipped(checksums)
    return train, test, checksums


def _find_files(folder: Path) -> dict[str, Path]:
    """Return the path of each standard name, under whichever of its spellings the folder has."""
    try:
        present = {entry.name for entry in folder.iterdir() if entry.is_file()}
    except OSError as error:
        raise DataError(
            f"{folder} is not a readable data folder ({error.strerror}); name a folder that "
            f"holds {', '.join(TRAIN_FILES + TEST_FILES)}."
        ) from error
    found = {}
    for name in TRAIN_FILES + TEST_FILES:
        dotted = name.replace("-idx", ".idx")
        for spelling in (name, dotted, f"{name}.gz", f"{dotted}.gz"):
            if spelling in present:
                found[name] = folder / spelling
                break
    missing = [name for name in TRAIN_FILES + TEST_FILES if name not in found]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}; a data set is the four files "
            f"{', '.join(TRAIN_FILES + TEST_FILES)}, each plain or with .gz."
        )
    return found


def _read_pair(images_path: Path, labels_path: Path) -> tuple[_Examples, tuple[str, str]]:
    images, images_checksum = read_idx(images_path, IMAGE_SHAPE)
    labels, labels_checksum = read_idx(labels_path, ())
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images but {labels_path} holds {len(labels)} "
            "labels; get both from the same data set."
        )
    wrong = np.flatnonzero(labels >= CLASSES)
    if len(wrong):
        raise DataError(
            f"{labels_path} has the label {labels[wrong[0]]} in row {wrong[0]} (counted from 0), "
            f"but labels go from 0 to {CLASSES - 1}; renumber the classes."
        )
    return (images, labels), (images_checksum, labels_checksum)


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
    if not isinstance(validation_size, (int, np.integer)) or not 0 < validation_size < available:
        raise ArgumentError(
            f"validation_size must be an integer from 1 to {available - 1}, as the training file "
            f"holds {available} examples, received {validation_size!r}."
        )


def _scaled(images: NDArray[np.uint8], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the pixels as rows of fractions, converted and divided in a single pass."""
    return np.divide(images.reshape(len(images), -1), 255, dtype=dtype)
