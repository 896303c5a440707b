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
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tinygrad_mnist.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTES = 0x0800
CHUNK_SIZE = 1 << 20


def read_idx(path: Path, item_shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], str]:
    """Return the file's items, uint8 of shape ``(count,) + item_shape``, and its SHA-256.

    The file may be plain or gzip, which its first two bytes tell. The digest is the hexadecimal
    SHA-256 of all of the uncompressed bytes, header included.

    Raises ``DataError`` if the file cannot be read, is damaged, is not an IDX file of unsigned
    bytes, holds no items or items of another shape, or has fewer or more bytes than its header
    promises.
    """
    # Not at the top: importing it takes longer than all the rest of the data layer.
    import hashlib

    try:
        with path.open("rb") as file:
            content, shape = _read_file(file, path, item_shape)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        reason = str(error).rstrip(".")
        raise DataError(
            f"{path} is truncated or damaged gzip ({reason}); get a fresh copy."
        ) from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); check the file and its permissions."
        ) from error
    items = np.frombuffer(content, np.uint8, offset=len(content) - math.prod(shape))
    return items.reshape(shape), hashlib.sha256(content).hexdigest()


def _read_file(
    file: IO[bytes], path: Path, item_shape: tuple[int, ...]
) -> tuple[bytearray, tuple[int, ...]]:
    start = file.read(2)
    file.seek(0)
    if start == GZIP_MAGIC:
        with gzip.GzipFile(fileobj=file) as unzipped:
            return _read_content(unzipped, path, item_shape)
    if path.suffix == ".gz":
        raise DataError(
            f"{path} is not a gzip file (it begins with the bytes {start.hex(' ')!r}, not "
            "'1f 8b'); get a fresh copy, or drop the .gz from the name of a plain file."
        )
    return _read_content(file, path, item_shape)


def _read_content(
    stream: IO[bytes] | gzip.GzipFile, path: Path, item_shape: tuple[int, ...]
) -> tuple[bytearray, tuple[int, ...]]:
    """Return the header and the data in one buffer, and the shape the header gives."""
    content = bytearray(stream.read(8 + 4 * len(item_shape)))
    shape = _parse_header(content, path, item_shape)
    promised = math.prod(shape)
    total = len(content) + promised
    # The buffer grows with what arrives, not with what is promised. Asking for one byte too many
    # reveals trailing data, and otherwise takes gzip to its own checksum.
    while chunk := stream.read(min(CHUNK_SIZE, total + 1 - len(content))):
        content += chunk
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


def _parse_header(header: bytearray, path: Path, item_shape: tuple[int, ...]) -> tuple[int, ...]:
    dimensions = 1 + len(item_shape)
    if len(header) < 4 + 4 * dimensions:
        raise DataError(
            f"{path} is truncated: it ends inside its header, after {len(header)} bytes; "
            "get a fresh copy."
        )
    magic, count, *sizes = struct.unpack(f">{1 + dimensions}I", header)
    if magic != UNSIGNED_BYTES + dimensions:
        raise DataError(
            f"{path} is not an IDX file of unsigned bytes with {dimensions} dimension(s): its "
            f"magic number is {magic}, not {UNSIGNED_BYTES + dimensions}; check that the right "
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
