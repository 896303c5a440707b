"""Writing a file whole or not at all.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "numbers.txt"
...     write_whole(path, b"1 2 3")
...     path.read_bytes()
b'1 2 3'
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from tinygrad_mnist.errors import OutputError

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
