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
import tempfile
from pathlib import Path

from tinygrad_mnist.errors import OutputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that, whenever the process or the machine dies, it is the old or the new.

    The bytes go to a temporary file in the same folder, are synced to the disk, and only then
    take the name.

    Raises
    ------
    OutputError
        If the folder or the disk does not take them; what was there before is untouched.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)  # mkstemp's 0600 is not what a user expects
        Path(temporary).replace(path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
