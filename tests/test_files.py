"""A file is written whole or not at all, whatever fails on the way; what is read is bounded."""

import errno
import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from tinygrad_mnist import files
from tinygrad_mnist.errors import OutputError
from tinygrad_mnist.files import open_input, prove_writable, write_whole

FAILURE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(b"old")
    return path


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def failing(*arguments, **options):
    raise FAILURE


@pytest.mark.parametrize("content", [b"", b"new", bytes(range(256)) * 5000])
def test_the_content_arrives_and_nothing_else_is_left(path, content):
    write_whole(path, content)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208  hidden files too


@pytest.mark.parametrize(
    ("owner", "name"), [(os, "fsync"), (os, "fdopen"), (Path, "chmod"), (Path, "replace")]
)
def test_a_failing_write_leaves_the_old_file_and_no_other(path, owner, name, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, failing)
        with pytest.raises(OutputError, match=r"Cannot write .*run\.npz: No space left"):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_is_known_before(path, monkeypatch):
    for found in (path, path.with_name("new")):
        prove_writable(found)
    assert list(path.parent.iterdir()) == [path]
    wrong = {
        path.parent: "is not a regular",
        path / "x": "Not a dir",
        path.parent / "a/b": "No such",
    }
    for one, reason in wrong.items():
        with pytest.raises(OutputError, match=f"^Cannot write {one}: .*{reason}"):
            prove_writable(one)
    monkeypatch.setattr(tempfile, "TemporaryFile", failing)
    with pytest.raises(OutputError, match="No space left"):
        prove_writable(path)


def test_an_interrupted_write_leaves_the_old_file_and_no_other(path, monkeypatch):
    def interrupted(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_the_bytes_are_on_the_disk_before_the_name_changes(path, monkeypatch):
    events = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append("sync"), fsync(handle))[1])
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (events.append("name"), replace(self, target))[1]
    )
    write_whole(path, b"new")
    assert events == ["sync", "name", "sync"]


def test_a_folder_that_cannot_be_synced_does_not_matter(path, monkeypatch):
    fsync = os.fsync

    def only_files(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    write_whole(tmp_path / "new", b"x")
    assert mode(tmp_path / "new") == 0o666 & ~umask
    assert os.umask(umask) == umask  # and the mask is as it was


def test_a_private_file_stays_private(path):
    path.chmod(0o600)
    write_whole(path, b"new")
    assert mode(path) == 0o600


def test_a_link_is_followed(path):
    link = path.with_name("latest")
    link.symlink_to(path.name)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_name_as_long_as_the_file_system_takes_is_fine(tmp_path):
    write_whole(tmp_path / ("n" * 255), b"x")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"x"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"Cannot write .*nowhere/run\.npz: No such file"):
        write_whole(tmp_path / "nowhere" / "run.npz", b"x")
    with pytest.raises(OSError, match="No such file"):  # what a user of open() would catch
        write_whole(tmp_path / "nowhere" / "run.npz", b"x")


def test_what_is_not_a_file_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(OutputError, match="not a regular file"):
            write_whole(path, b"x")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]  # noqa: PTH208


class TestOpeningToRead:
    def test_a_file_can_seek(self, path):
        with open_input(path, 3) as file:
            assert (file.read(), file.seek(1), file.read()) == (b"old", 1, b"ld")

    def test_a_file_that_is_too_large_is_judged_by_its_size(self, tmp_path):
        with (tmp_path / "sparse").open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(OSError, match=r"1,099,511,627,776 bytes, and at most 7 are read"):
            open_input(tmp_path / "sparse", 7)

    @pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
    def test_a_device_never_ends(self, device):
        with pytest.raises(OSError, match=r"it is a device, not a file|No such device"):
            open_input(Path(device), 7)

    def test_a_folder(self, tmp_path):
        with pytest.raises(IsADirectoryError, match="Is a directory"):
            open_input(tmp_path, 7)

    def test_a_pipe_that_nobody_writes_to(self, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "BEGIN_WITHIN", 0.01)
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError, match="nobody writes to this pipe"):
            open_input(tmp_path / "pipe", 7)

    def test_a_pipe_whose_writer_says_nothing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(files, "BEGIN_WITHIN", 0.01)
        monkeypatch.setattr(files, "SILENT_FOR", 0.01)
        os.mkfifo(tmp_path / "pipe")
        writer = os.open(tmp_path / "pipe", os.O_RDWR)
        with pytest.raises(TimeoutError, match=r"nothing came through it for 0\.01 seconds"):
            open_input(tmp_path / "pipe", 7)
        os.close(writer)

    def test_what_a_pipe_delivers(self, piped):
        with open_input(piped(b"picture"), 7) as file:
            assert (file.read(), file.seek(0), file.read()) == (b"picture", 0, b"picture")

    def test_a_pipe_that_never_ends(self, piped):
        with pytest.raises(OSError, match="more than 6 bytes"):
            open_input(piped(b"picture"), 6)

    def test_a_pipe_is_read_into_memory_so_less_of_it(self, piped, monkeypatch):
        monkeypatch.setattr(files, "MOST_PIPED", 6)
        with pytest.raises(OSError, match="more than 6 bytes"):
            open_input(piped(b"picture"), 1 << 40)

    def test_standard_input(self, piped, monkeypatch):
        before = os.dup(0)
        handle = os.open(piped(b"picture"), os.O_RDONLY)
        os.dup2(handle, 0)
        os.close(handle)
        try:
            assert open_input(Path("-"), 7).read() == b"picture"
        finally:
            os.dup2(before, 0)
            os.close(before)
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(OSError, match="standard input is closed"):
            open_input(Path("-"), 7)

    @pytest.fixture
    def piped(self):
        """The name of a pipe that holds some bytes and has no writer any more."""
        opened = []

        def piped(content):
            reader, writer = os.pipe()
            os.write(writer, content)
            os.close(writer)
            opened.append(reader)
            return Path(f"/dev/fd/{reader}")

        yield piped
        for reader in opened:
            os.close(reader)
