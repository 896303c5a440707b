"""Reads one file in the IDX format: a magic number, the sizes of the axes, then plain bytes.

The header is judged before any data is read, and no more than the promised data (and the rest of
one small read buffer) is ever decompressed: neither a small file that expands without end nor a
header that promises what the file does not hold can fill the memory.

The format is described at http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_mnist.errors import DataError
from tinygrad_mnist.files import open_input

GZIP_MAGIC = b"\x1f\x8b"
KINDS = {np.dtype(np.uint8): 0x0800, np.dtype(">i4"): 0x0C00}
"""What the magic number says of the items, apart from the number of axes."""
NAMES = {0x0800: "unsigned bytes", 0x0C00: "32-bit integers"}
MOST_BYTES = 1 << 31
"""More than two million pictures; as numbers they take four times that."""
CHUNK_SIZE = 1 << 20
OTHER_FILES = {
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<?xml": "a web page",
    b"version https://git-lfs": "a pointer of Git LFS",
    b"pk\x03\x04": "a zip archive",
}
"""How that begins which is often found in place of a data file, in lower case."""

BYTES = np.dtype(np.uint8)


def read_idx(
    path: Path, item_shape: tuple[int, ...], dtype: np.dtype[Any] = BYTES
) -> tuple[NDArray[Any], str]:
    """Return the file's items, of shape ``(count,) + item_shape``, and its SHA-256.

    ``dtype`` is uint8, or big-endian int32.

    The file may be plain or gzip, which its first two bytes tell. The digest is the hexadecimal
    SHA-256 of all of the uncompressed bytes, header included.

    Raises ``DataError`` if the file cannot be read, is damaged, is not an IDX file of that dtype,
    holds no items or items of another shape, or has fewer or more bytes than its header promises.
    """
    # Not at the top: importing it takes longer than all the rest of the data layer.
    import hashlib

    try:
        with open_input(path, MOST_BYTES) as file:
            content, shape = _read_file(file, path, item_shape, dtype)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        reason = str(error).rstrip(".")
        raise DataError(
            f"{path} is truncated or damaged gzip ({reason}); get a fresh copy."
        ) from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); check the file and its permissions."
        ) from error
    items = np.frombuffer(content, dtype, offset=len(content) - math.prod(shape) * dtype.itemsize)
    return items.reshape(shape), hashlib.sha256(content).hexdigest()


def _read_file(
    file: IO[bytes], path: Path, item_shape: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[bytearray, tuple[int, ...]]:
    beginning = file.read(100)
    start = beginning[:2]
    file.seek(0)
    if start == GZIP_MAGIC:
        with gzip.GzipFile(fileobj=file) as unzipped:
            return _read_content(unzipped, path, item_shape, dtype)
    _demand_no_other(beginning, path)
    if path.suffix == ".gz":
        raise DataError(
            f"{path} is not a gzip file (it begins with the bytes {start.hex(' ')!r}, not "
            "'1f 8b'); get a fresh copy, or drop the .gz from the name of a plain file."
        )
    return _read_content(file, path, item_shape, dtype)


def _demand_no_other(beginning: bytes | bytearray, path: Path) -> None:
    for mark, what in OTHER_FILES.items():
        if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(mark):
            raise DataError(f"{path} is not an IDX file but {what}; get the file itself.")


def _read_content(
    stream: IO[bytes] | gzip.GzipFile,
    path: Path,
    item_shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> tuple[bytearray, tuple[int, ...]]:
    """Return the header and the data in one buffer, and the shape the header gives."""
    content = bytearray(stream.read(8 + 4 * len(item_shape)))
    _demand_no_other(content, path)
    shape = _parse_header(content, path, item_shape, KINDS[dtype])
    promised = math.prod(shape) * dtype.itemsize
    total = len(content) + promised
    # The buffer grows with what arrives, not with what is promised. Asking for one byte too many
    # reveals trailing data, and otherwise takes gzip to its own checksum.
    while chunk := stream.read(min(CHUNK_SIZE, total + 1 - len(content))):
        content += chunk
        if total > MOST_BYTES and len(content) > CHUNK_SIZE:
            raise DataError(
                f"{path} promises {promised:,} bytes of data, and at most {MOST_BYTES:,} are read; "
                "take a part of it."
            )
    if len(content) < total:
        raise DataError(
            f"{path} is truncated: its header promises {promised} bytes of data, and it holds "
            f"{promised - total + len(content)}; get a fresh copy."
        )
    if len(content) > total:
        raise DataError(
            f"{path} has trailing bytes: it holds more than the {promised} bytes of data its "
            "header promises; get a fresh copy."
        )
    return content, shape


def _parse_header(
    header: bytearray, path: Path, item_shape: tuple[int, ...], kind: int
) -> tuple[int, ...]:
    dimensions = 1 + len(item_shape)
    if len(header) < 4 + 4 * dimensions:
        raise DataError(
            f"{path} is truncated: it ends inside its header, after {len(header)} bytes; "
            "get a fresh copy."
        )
    magic, count, *sizes = struct.unpack(f">{1 + dimensions}I", header)
    if magic != kind + dimensions:
        raise DataError(
            f"{path} is not an IDX file of {NAMES[kind]} with {dimensions} dimension(s): its "
            f"magic number is {magic}, not {kind + dimensions}; check that the right "
            "file has this name."
        )
    if tuple(sizes) != item_shape:
        raise DataError(
            f"{path} holds items of {'x'.join(map(str, sizes))}, not of "
            f"{'x'.join(map(str, item_shape))}; scale them to that size first."
        )
    if count == 0:
        raise DataError(f"{path} holds no items: its header gives a count of 0; get another copy.")
    return count, *item_shape
