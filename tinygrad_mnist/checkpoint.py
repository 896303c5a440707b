"""Checkpoints: arrays and a description in one ``.npz`` file, without pickle, sealed by a digest.

The file is an ordinary NumPy archive. Its zip comment, the last 64 bytes, is the SHA-256 of all
the bytes before it, so that any damage, be it one bit, is noticed. Nothing in it is compressed, so
nothing in it can be larger than the file.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "checkpoint.npz"
...     save(path, {"weight": np.ones(2)}, {"iteration": 7})
...     arrays, description = load(path)
>>> arrays["weight"], description["iteration"]
(array([1., 1.]), 7)
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.arguments import without_mask
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import ArgumentError, CheckpointError
from tinygrad_mnist.files import CHUNK, open_input, write_whole

FORMAT = 1
"""The version of the layout; a reader refuses another."""
MOST_BYTES = 1 << 34
MOST_DIRECTORY = 1 << 24
"""Bytes that the names of the arrays may take; each becomes an object of Python's."""
MOST_DESCRIPTION = 1 << 20
LONGEST_REASON = 400
"""Characters of a refusal, which quotes what the file says."""

_DIGEST = 64
_DESCRIPTION = "description"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_END = b"PK\x05\x06"
_END_SIZE = 22 + _DIGEST


def save(path: Path, arrays: Mapping[str, Array], description: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    arrays
        By name; none is called "description".
    description
        What JSON can hold. The format and the version of this package are added.

    Raises
    ------
    OutputError
        If it cannot be written; the checkpoint that was there before is untouched.
    """
    for name, array in arrays.items():
        without_mask(name, array)
    text = json.dumps({"format": FORMAT, "version": _own_version(), **description}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, **{_DESCRIPTION: np.frombuffer(text, np.uint8)}, **arrays)  # type: ignore[arg-type]
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"0" * _DIGEST
    content = buffer.getvalue()[:-_DIGEST]
    write_whole(path, content + hashlib.sha256(content).hexdigest().encode())


def load(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return all arrays and the description of a checkpoint.

    Raises
    ------
    CheckpointError
        If it cannot be read, is no checkpoint, is damaged, or is of another format version.
    """
    with reading(path) as saved:
        return {name: saved.array(name) for name in saved.names}, saved.description


@contextmanager
def reading(path: Path) -> Iterator[Saved]:
    """Open a checkpoint whose digest is right.

    What the block raises because of its content is said with the path and the version that wrote
    it.

    Raises
    ------
    CheckpointError
        As ``load`` does.
    """
    try:
        file = open_input(path, MOST_BYTES)
    except OSError as error:
        raise CheckpointError(f"Cannot read the checkpoint {path}: {error.strerror}.") from None
    with file:
        _demand_seal(path, file)
        version = "an unknown version"
        try:
            saved = Saved(file)
            version = saved.version
            saved.judge()
            yield saved
        except (CheckpointError, ArgumentError) as error:
            said = str(error)
            said = said if len(said) <= LONGEST_REASON else f"{said[:LONGEST_REASON]} ..."
            raise CheckpointError(
                f"Cannot use the checkpoint {path}, which {version} of tinygrad_mnist wrote (this "
                f"is {_own_version()}): {said}"
            ) from None


class Saved:
    """An open checkpoint: its description, the names of its arrays, and these when asked for.

    Raises
    ------
    CheckpointError
        If the archive or the description is not what it should be.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
        except MemoryError:
            raise
        except Exception as error:  # zipfile meets odd bytes with whatever comes up first
            raise CheckpointError(f"its archive cannot be read ({_said(error)}).") from None
        self._size = file.seek(0, io.SEEK_END)
        self._members = {member.filename: member for member in self._archive.infolist()}
        self.description = self._read_description()

    @property
    def version(self) -> str:
        """Which version of this package wrote it, as a sentence says it."""
        version = self.description.get("version")
        named = isinstance(version, str) and re.fullmatch(r"[\w.+-]{1,40}", version, re.ASCII)
        return f"version {version}" if named else "an early version"

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        names = [name.removesuffix(".npy") for name in self._members]
        return [name for name in names if name != _DESCRIPTION]

    def judge(self) -> None:
        """Raise CheckpointError unless this program knows the layout, and the arrays fit in."""
        found = self.description.get("format")
        if found != FORMAT or isinstance(found, bool):
            raise CheckpointError(
                f"it has format version {found!r:.40}; this program reads version {FORMAT}. Use "
                "the version of tinygrad_mnist that wrote it."
            )
        members = self._archive.infolist()
        if len(self._members) < len(members):
            raise CheckpointError("two of its arrays have the same name.")
        if sum(member.file_size for member in members) > self._size:
            raise CheckpointError("its arrays claim to be larger than the file.")

    def array(
        self, name: str, shape: tuple[int, ...] | None = None, dtype: npt.DTypeLike | None = None
    ) -> Array:
        """Return an array, after its shape and dtype were compared with those that are wanted.

        Raises
        ------
        CheckpointError
            If there is none, it is another, or it cannot be read.
        """
        member = self._members.get(f"{name}.npy")
        if member is None:
            raise CheckpointError(f"it lacks the array {name}.")
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise CheckpointError(f"the array {name} is compressed, which this program never does.")
        try:
            with self._archive.open(member) as stream:
                found_shape, fortran, found_dtype = _read_header(stream)
                wanted = (
                    found_shape if shape is None else shape,
                    found_dtype if dtype is None else np.dtype(dtype),
                )
                if (found_shape, found_dtype) != wanted:
                    raise CheckpointError(
                        f"the array {name} is of shape {found_shape!s:.60} and dtype "
                        f"{found_dtype!s:.40}, and should be of {wanted[0]} and {wanted[1]}."
                    )
                size = math.prod(found_shape) * found_dtype.itemsize
                if found_dtype.kind not in "biuf" or size != member.file_size - stream.tell():
                    raise CheckpointError(
                        f"the array {name} holds no numbers, or not as many as it says."
                    )
                content = bytearray(stream.read())
            array: Array = np.frombuffer(content, found_dtype)
            return array.reshape(found_shape, order="F" if fortran else "C")
        except (CheckpointError, MemoryError):
            raise
        except Exception as error:  # zipfile and NumPy meet odd bytes with whatever comes up first
            raise CheckpointError(f"the array {name} cannot be read ({_said(error)}).") from None

    def _read_description(self) -> dict[str, Any]:
        member = self._members.get(f"{_DESCRIPTION}.npy")
        if member is not None and member.file_size > MOST_DESCRIPTION:
            raise CheckpointError(f"its description has {member.file_size:,} bytes.")
        text = self.array(_DESCRIPTION, dtype=np.uint8).tobytes()
        try:
            description = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"its description is no JSON ({_said(error)}).") from None
        if not isinstance(description, dict):
            raise CheckpointError("its description is no JSON object.")
        return description


def _demand_seal(path: Path, file: BinaryIO) -> None:
    """Raise CheckpointError unless the file ends with the digest of all that is before it."""
    if file.read(2) != b"PK":
        raise CheckpointError(f"{path} is not a checkpoint: it is no .npz archive.")
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _END_SIZE, 0))
    end = file.read()
    sealed = end.startswith(_END) and end[20:22] == _DIGEST.to_bytes(2, "little")
    if not (sealed and len(end) == _END_SIZE and _digest(file, size - _DIGEST) == end[-_DIGEST:]):
        raise CheckpointError(
            f"The checkpoint {path} is damaged or was not written by this program: its checksum "
            "does not fit its content. Use an earlier one."
        )
    directory = int.from_bytes(end[12:16], "little")
    if MOST_DIRECTORY < directory < 0xFFFFFFFF:  # which stands for what is noted elsewhere
        raise CheckpointError(f"The checkpoint {path} has {directory:,} bytes of names alone.")
    file.seek(0)


def _digest(file: BinaryIO, size: int) -> bytes:
    """The SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    for start in range(0, size, CHUNK):
        digest.update(file.read(min(CHUNK, size - start)))
    return digest.hexdigest().encode()


def _read_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape of an array, whether its columns lie together, and its dtype."""
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise CheckpointError(f"an array is in version {version} of the .npy format.")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of headers that only Python 2 wrote
        shape, fortran, dtype = _HEADERS[version](stream)
    if min(shape, default=0) < 0:
        raise CheckpointError(f"an array has the shape {shape!s:.60}.")
    return shape, fortran, dtype


def _said(error: Exception) -> str:
    said = " ".join(str(error).split()).rstrip(".")
    return f"{said:.80}" if said else type(error).__name__


def _own_version() -> str:
    import tinygrad_mnist  # not at the top: it imports much of this package

    return tinygrad_mnist.__version__
