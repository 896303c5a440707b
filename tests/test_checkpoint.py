"""A checkpoint comes back as it was, or is refused by name; writing one never harms the last."""

import errno
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tinygrad_mnist
from tinygrad_mnist import checkpoint
from tinygrad_mnist.errors import CheckpointError, OutputError

ARRAYS = {
    "weight": np.array([[1.5, -0.0], [np.inf, np.nan]], np.float32),
    "order": np.arange(3),
    "none": np.empty((0, 4), np.float64),
    "number": np.array(7, np.uint8),
}
DESCRIPTION = {"iteration": 3, "state": 2**127 - 1, "rate": 0.1, "text": "ψ", "list": [1, None]}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, ARRAYS, DESCRIPTION)
    return path


def refused(path, reason):
    with pytest.raises(CheckpointError, match=reason) as caught:
        checkpoint.load(path)
    assert str(path) in str(caught.value)


def test_arrays_and_description_come_back(saved):
    arrays, description = checkpoint.load(saved)
    version = tinygrad_mnist.__version__
    assert description == {"format": checkpoint.FORMAT, "version": version, **DESCRIPTION}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].tobytes() == array.tobytes()


def test_it_is_an_ordinary_archive_without_pickle(saved):
    with np.load(saved, allow_pickle=False) as archive:
        assert set(archive.files) == {"description", *ARRAYS}
        assert json.loads(archive["description"].tobytes())["iteration"] == 3
    assert zipfile.ZipFile(saved).testzip() is None


def test_equal_content_makes_equal_files(saved, tmp_path):
    again = tmp_path / "again.npz"
    checkpoint.save(again, ARRAYS, DESCRIPTION)
    assert again.read_bytes() == saved.read_bytes()


class TestDamage:
    @pytest.fixture
    def read(self, monkeypatch):
        """Have the file hold other bytes, without the time to write them."""

        def hold(content):
            monkeypatch.setattr(checkpoint, "open_input", lambda *_: io.BytesIO(content))

        return hold

    def test_cut_off_at_any_byte(self, saved, read):
        content = saved.read_bytes()
        for length in range(len(content)):
            read(content[:length])
            refused(saved, "damaged|no .npz archive")

    def test_any_flipped_bit(self, saved, read):
        content = bytearray(saved.read_bytes())
        for position in range(len(content)):
            for bit in range(8):
                content[position] ^= 1 << bit
                read(content)
                refused(saved, "damaged|no .npz archive")
                content[position] ^= 1 << bit

    @pytest.mark.parametrize("extra", [b"\0", b"0" * 64])
    def test_bytes_after_the_end(self, saved, extra):
        saved.write_bytes(saved.read_bytes() + extra)
        refused(saved, "damaged")

    def test_the_end_of_another_checkpoint(self, saved, tmp_path):
        other = tmp_path / "other.npz"
        checkpoint.save(other, ARRAYS, {**DESCRIPTION, "iteration": 4})
        content, half = saved.read_bytes(), saved.stat().st_size // 2
        saved.write_bytes(content[:half] + other.read_bytes()[half:])
        refused(saved, "damaged")

    def test_a_zip_that_unpacks_without_error_but_was_changed(self, saved):
        with zipfile.ZipFile(saved, "a") as archive:
            archive.writestr("more.npy", b"")
        refused(saved, "damaged or was not written by this program")


class TestOtherFiles:
    def test_none(self, tmp_path):
        refused(tmp_path / "none.npz", "No such file")

    def test_a_folder(self, tmp_path):
        refused(tmp_path, "Is a directory")

    def test_a_file_below_a_file(self, saved):
        refused(saved / "checkpoint.npz", "Not a directory")

    @pytest.mark.parametrize("content", [b"", b"P", b"weights", b"\x93NUMPY\1\0", bytes(1000)])
    def test_no_archive(self, saved, content):
        saved.write_bytes(content)
        refused(saved, "no .npz archive")

    def test_an_archive_of_numpy(self, saved):
        np.savez(saved, **ARRAYS)
        refused(saved, "not written by this program")

    def test_another_format_version(self, saved, monkeypatch):
        monkeypatch.setattr(checkpoint, "FORMAT", 99)
        checkpoint.save(saved, {"in some other form": np.zeros(1)}, {})
        monkeypatch.undo()
        refused(saved, "has format version 99; this program reads version 1")


class TestSaving:
    @pytest.mark.parametrize("call", [(os, "fsync"), (os, "open"), (Path, "replace")])
    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
    def test_a_failure_leaves_the_last_one_and_nothing_else(self, saved, monkeypatch, call, code):
        def fail(*_, **__):
            raise OSError(code, os.strerror(code))

        before = saved.read_bytes()
        monkeypatch.setattr(*call, fail)
        with pytest.raises(OutputError, match=os.strerror(code)) as caught:
            checkpoint.save(saved, {}, {})
        monkeypatch.undo()
        assert str(saved) in str(caught.value)
        assert saved.read_bytes() == before
        assert [path.name for path in saved.parent.iterdir()] == [saved.name]

    def test_a_disk_that_fills_while_writing(self, saved, monkeypatch):
        class FullDisk(io.BytesIO):
            def write(self, content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def opened(handle, mode):
            os.close(handle)
            return FullDisk()

        before = saved.read_bytes()
        monkeypatch.setattr(os, "fdopen", opened)
        with pytest.raises(OutputError, match="No space left on device"):
            checkpoint.save(saved, {}, {})
        assert saved.read_bytes() == before
        assert [path.name for path in saved.parent.iterdir()] == [saved.name]

    def test_an_interruption_leaves_nothing_behind(self, saved, monkeypatch):
        def interrupt(handle):
            raise KeyboardInterrupt

        before = saved.read_bytes()
        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(saved, {}, {})
        assert saved.read_bytes() == before
        assert [path.name for path in saved.parent.iterdir()] == [saved.name]

    def test_the_content_is_on_the_disk_before_it_has_the_name(self, saved, monkeypatch):
        events = []
        fsync, replace = os.fsync, Path.replace
        monkeypatch.setattr(os, "fsync", lambda handle: (events.append("sync"), fsync(handle)))
        monkeypatch.setattr(
            Path, "replace", lambda *paths: (events.append("rename"), replace(*paths))
        )
        checkpoint.save(saved, {}, {})
        assert events == ["sync", "rename", "sync"]

    def test_a_folder_that_cannot_be_synced_is_no_failure(self, saved, monkeypatch):
        fsync = os.fsync

        def files_only(handle):
            if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            fsync(handle)

        monkeypatch.setattr(os, "fsync", files_only)
        checkpoint.save(saved, {}, {"iteration": 4})
        assert checkpoint.load(saved)[1]["iteration"] == 4

    def test_into_a_folder_that_is_none(self, tmp_path):
        with pytest.raises(OutputError, match="No such file"):
            checkpoint.save(tmp_path / "none" / "checkpoint.npz", {}, {})
