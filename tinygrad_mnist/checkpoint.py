"""Checkpoints: arrays and a description in one ``.npz`` file, without pickle, sealed by a digest.

The file is an ordinary NumPy archive. Its zip comment, the last 64 bytes, is the SHA-256 of all
the bytes before it, so that any damage, be it one bit, is noticed.

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
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import without_mask
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.errors import CheckpointError
from tinygrad_mnist.files import write_whole

FORMAT = 1
"""The version of the layout; a reader refuses another."""

_DIGEST = 64
_DESCRIPTION = "description"


def save(path: Path, arrays: Mapping[str, Array], description: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    arrays
        By name; none is called "description".
    description
        What JSON can hold.

    Raises
    ------
    OutputError
        If it cannot be written; the checkpoint that was there before is untouched.
    """
    for name, array in arrays.items():
        without_mask(name, array)
    text = json.dumps({"format": FORMAT, **description}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, **{_DESCRIPTION: np.frombuffer(text, np.uint8)}, **arrays)  # type: ignore[arg-type]
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"0" * _DIGEST
    content = buffer.getvalue()[:-_DIGEST]
    write_whole(path, content + _digest(content))


def load(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and the description of a checkpoint.

    Raises
    ------
    CheckpointError
        If it cannot be read, is no checkpoint, is damaged, or is of another format version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"Cannot read the checkpoint {path}: {error.strerror}.") from None
    if not content.startswith(b"PK"):
        raise CheckpointError(f"{path} is not a checkpoint: it is no .npz archive.")
    if _digest(content[:-_DIGEST]) != content[-_DIGEST:]:
        raise CheckpointError(
            f"The checkpoint {path} is damaged or was not written by this program: its checksum "
            "does not fit its content. Use an earlier one."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    description = json.loads(arrays.pop(_DESCRIPTION).tobytes())
    if description["format"] != FORMAT:
        raise CheckpointError(
            f"The checkpoint {path} has format version {description['format']}; this program "
            f"reads version {FORMAT}. Use the version of tinygrad_mnist that wrote it."
        )
    return arrays, description


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
