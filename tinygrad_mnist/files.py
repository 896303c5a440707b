"""Files: written whole or not at all, opened to read within bounds.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "numbers.txt"
...     write_whole(path, b"1 2 3")
...     path.read_bytes()
b'1 2 3'
"""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tinygrad_mnist.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial"
"""How the name of a temporary file ends; one stays behind only where the process was killed."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that, whenever the process or the machine dies, it is the old or the new.

    The bytes go to a temporary file in the same folder, are synced to the disk, and only then
    take the name. A symbolic link is followed; a file that exists keeps its permissions.

    Raises
    ------
    OutputError
        If the folder or the disk does not take them; what was there before is untouched.
    """
    temporary = None
    try:
        _refuse_irregular(path)
        target = path.resolve()  # a link stays one
        handle, temporary = tempfile.mkstemp(
            prefix=f".{target.name[:32]}.", suffix=PARTIAL, dir=target.parent
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_mode(target))  # mkstemp's 0600 is not what a user expects
        Path(temporary).replace(target)
        temporary = None
        with suppress(OSError):  # the file is written; not every file system syncs folders
            _sync_folder(target.parent)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def prove_writable(path: Path) -> None:
    """Find out before the work whether the file that it ends with can be written.

    Raises
    ------
    OutputError
        If it is a folder, or there is no folder that takes it.
    """
    _refuse_irregular(path)
    try:
        tempfile.TemporaryFile(dir=path.resolve().parent).close()
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}.") from None


def _refuse_irregular(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise OutputError(f"Cannot write {path}: it exists and is not a regular file.")


def _mode(target: Path) -> int:
    """The permissions of the file that is there, else those of any new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Lock a folder for the time of the block; the operating system forgets the lock of the dead.

    Raises
    ------
    BlockingIOError
        If it is locked already.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # of a file system that has no locks, or none of folders
            pass
        yield
    finally:
        os.close(handle)


STANDARD_INPUT = Path("-")
BEGIN_WITHIN = 3.0
"""Seconds within which somebody must write to a named pipe."""
SILENT_FOR = 60.0
"""Seconds for which whoever writes to a pipe may say nothing."""
MOST_PIPED = 1 << 28
"""Bytes that are read through a pipe, into memory."""
CHUNK = 1 << 20


def open_input(path: Path, most: int) -> BinaryIO:
    """Open a file of at most so many bytes, or what a pipe delivers, read to its end; it can seek.

    ``-`` is standard input.

    Raises
    ------
    OSError
        With a ``strerror`` for a sentence: also if it is a folder or a device, has more bytes, or
        nobody writes to the pipe.
    """
    handle = _open_at_once(path)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            return io.BytesIO(_read_pipe(handle, min(most, MOST_PIPED)))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is a device, not a file")
        if status.st_size > most:
            raise _too_large(f"{status.st_size:,}", most)
        return os.fdopen(os.dup(handle), "rb")
    finally:
        os.close(handle)


def _open_at_once(path: Path) -> int:
    """Return a handle, without waiting for whoever may come to write to a named pipe."""
    if path != STANDARD_INPUT:
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        return os.open(path, flags)
    if sys.stdin is None:  # its handle may be that of any file by now
        raise OSError(errno.EBADF, "standard input is closed")
    return os.dup(0)


def _read_pipe(handle: int, most: int) -> bytearray:
    content = bytearray()
    while chunk := _next_chunk(handle):
        content += chunk
        if len(content) > most:
            raise _too_large(f"more than {most:,}", most)
    return content


def _next_chunk(handle: int) -> bytes:
    """Return what a pipe delivers next; nothing at its end."""
    for patience in (BEGIN_WITHIN, SILENT_FOR):
        if select.select([handle], [], [], patience)[0]:
            return os.read(handle, CHUNK)
        if not os.get_blocking(handle):
            with suppress(BlockingIOError):  # which says that there is somebody who could write
                if chunk := os.read(handle, CHUNK):
                    return chunk
                raise OSError(errno.EPIPE, "nobody writes to this pipe")
    raise TimeoutError(errno.ETIMEDOUT, f"nothing came through it for {SILENT_FOR:g} seconds")


def _too_large(size: str, most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has {size} bytes, and at most {most:,} are read")
