"""Finds the four files of a data set in a folder, by the names that their publishers gave them.

MNIST and Fashion-MNIST call them ``train-images-idx3-ubyte``, EMNIST and QMNIST put the name of
the set before that. torchvision keeps them in ``MNIST/raw``, and some archives each in a folder of
its own.

>>> find(Path(__file__).parent).paths["train-labels-idx1-ubyte"].name
'train-labels-idx1-ubyte.gz'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tinygrad_mnist.errors import DataError

TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
STANDARD = TRAIN_FILES + TEST_FILES

DIGITS, LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyz"
CLASSES = {
    10: DIGITS,
    26: LETTERS,
    47: DIGITS + LETTERS.upper() + "abdefghnqrt",
    62: DIGITS + LETTERS.upper() + LETTERS,
}
"""The names of so many classes. With 47, small letters that look like capitals count as these."""
EMNIST = {"balanced": 47, "bymerge": 47, "byclass": 62, "letters": 26, "digits": 10, "mnist": 10}

_NAME = re.compile(
    r"(?:(?P<set>.+)-)?(?P<part>train|t10k|test)-(?P<kind>images|labels)"
    r"(?P<separator>[-.])idx[123]-(?:ubyte|int)(?P<zipped>\.gz)?"
)


class Found(NamedTuple):
    """The path of each file by its standard name, and what the name of the set says of it."""

    paths: dict[str, Path]
    classes: int | None
    transposed: bool


def find(folder: Path) -> Found:
    """Return the files of the only data set in a folder; of several, as ``folder/emnist-letters``.

    Raises
    ------
    DataError
        If there is none, or there are several.
    """
    name = None
    if not folder.exists() and folder.parent.is_dir():
        folder, name = folder.parent, folder.name
    try:
        here = _sets_in(folder)
    except OSError as error:
        raise DataError(
            f"{folder} is not a readable data folder ({error.strerror}); name a folder that "
            f"holds {', '.join(STANDARD)}."
        ) from error
    if name is not None and (folder, name) not in here:
        raise DataError(
            f"{folder / name} is not a readable data folder (No such file or directory); name a "
            f"folder that holds {', '.join(STANDARD)}."
        )
    for sets in (here, _sets_below(folder)):
        whole = {key: paths for key, paths in sets.items() if len(paths) == len(STANDARD)}
        chosen = {key: paths for key, paths in whole.items() if name in (None, key[1])}
        if len(chosen) > 1:
            named = ", ".join(str(place / name) for place, name in chosen)
            raise DataError(f"{folder} holds several data sets; name one of them: {named}.")
        for (_, name_of_set), paths in chosen.items():
            kind = name_of_set.removeprefix("emnist-")
            transposed = kind != name_of_set
            return Found(paths, EMNIST.get(kind) if transposed else None, transposed)
    most = max(here.values(), key=len, default={})
    missing = [name for name in STANDARD if name not in most]
    raise DataError(
        f"{folder} lacks {', '.join(missing)}; a data set is the four files "
        f"{', '.join(STANDARD)}, each plain or with .gz."
    )


_Sets = dict[tuple[Path, str], dict[str, Path]]


def _sets_in(folder: Path) -> _Sets:
    """The files of a folder by the folder and the name of their set, then by standard name."""
    sets: _Sets = {}
    # Of several spellings the plain one is taken, and the dash rather than the dot.
    for match, path in sorted(_named_files(folder), key=lambda found: _preference(found[0])):
        part = TRAIN_FILES if match["part"] == "train" else TEST_FILES
        standard = part[match["kind"] == "labels"]
        sets.setdefault((folder, match["set"] or ""), {}).setdefault(standard, path)
    return sets


def _preference(match: re.Match[str]) -> tuple[bool, bool]:
    return match["zipped"] is not None, match["separator"] == "."


def _named_files(folder: Path) -> Iterator[tuple[re.Match[str], Path]]:
    for entry in sorted(folder.iterdir()):
        match = _NAME.fullmatch(entry.name)
        if match and entry.is_file():
            yield match, entry
        elif match and entry.is_dir():  # a folder per file
            for inner in sorted(entry.iterdir()):
                found = _NAME.fullmatch(inner.name)
                if found and inner.is_file():
                    yield found, inner


def _sets_below(folder: Path) -> _Sets:
    """The sets in the folders of a folder, and in the folders ``raw`` of these."""
    sets: _Sets = {}
    for below in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        for place in (below, below / "raw"):
            try:
                sets |= _sets_in(place)
            except OSError:  # there is none, or it is none of ours
                continue
    return sets
