"""One IDX file: every fault is refused by name, and no file can fill the memory."""

import gzip
import hashlib
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tinygrad_mnist.errors import DataError
from tinygrad_mnist.mnist.idx import read_idx

IMAGES = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(2, 28, 28)
MEBIBYTE = 1 << 20


def header(*shape, magic=None):
    return struct.pack(f">{1 + len(shape)}I", magic or 0x0800 + len(shape), *shape)


CONTENT = header(2, 28, 28) + IMAGES.tobytes()


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="train-images-idx3-ubyte"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


def refused(path, item_shape=(28, 28)):
    """The message, after checking that it is one sentence that names the file."""
    with pytest.raises(DataError) as caught:
        read_idx(path, item_shape)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    assert "\n" not in message
    assert ". " not in message
    return message


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_images_and_digest(write, compress):
    images, digest = read_idx(write(compress(CONTENT)), (28, 28))
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)
    assert digest == hashlib.sha256(CONTENT).hexdigest()


def test_labels_have_one_dimension(write):
    labels, _ = read_idx(write(header(3) + bytes([7, 0, 9])), ())
    assert labels.tolist() == [7, 0, 9]


def test_a_gzip_file_may_have_several_members(write):
    path = write(gzip.compress(CONTENT[:100]) + gzip.compress(CONTENT[100:]))
    np.testing.assert_array_equal(read_idx(path, (28, 28))[0], IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends inside its header, after 0 bytes"),
        (CONTENT[:10], "ends inside its header, after 10 bytes"),
        (CONTENT[:-1], "promises 1568 bytes of data, and it holds 1567"),
        (CONTENT[:16], "promises 1568 bytes of data, and it holds 0"),
        (CONTENT + b"x", "trailing bytes"),
        (b"<!DOCTYPE html><p>Not found</p>", "is not an IDX file"),
        (header(2, 28, 28, magic=2049) + IMAGES.tobytes(), "magic number is 2049, not 2051"),
        (header(2, 28, 27) + bytes(2 * 28 * 27), "items of 28x27, not of 28x28"),
        (header(0, 28, 28), "count of 0"),
    ],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_wrong_content_is_refused(write, compress, content, message):
    assert message in refused(write(compress(content)))


def test_labels_in_place_of_images_are_refused(write):
    assert "magic number is 2049" in refused(write(header(20) + bytes(20)))


def test_a_plain_file_named_gz_is_refused(write):
    message = refused(write(CONTENT, "train-images-idx3-ubyte.gz"))
    assert "not a gzip file (it begins with the bytes '00 00'" in message


@pytest.mark.parametrize("cut", [1, 12, 100])
def test_truncated_gzip_is_refused(write, cut):
    assert "truncated or damaged gzip" in refused(write(gzip.compress(CONTENT)[:-cut]))


@pytest.mark.parametrize("position", [2, 40, -8, -1], ids=["method", "data", "checksum", "length"])
def test_corrupt_gzip_is_refused(write, position):
    damaged = bytearray(gzip.compress(CONTENT))
    damaged[position] ^= 0xFF
    refused(write(damaged))


def test_bytes_after_the_gzip_stream_are_refused(write):
    assert "damaged gzip" in refused(write(gzip.compress(CONTENT) + b"more"))


def test_a_missing_file_is_refused(tmp_path):
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "absent")


def test_an_unreadable_file_is_refused(write, monkeypatch):
    def deny(*_):
        raise PermissionError(13, "Permission denied")

    path = write(CONTENT)
    monkeypatch.setattr(os, "open", deny)
    assert "cannot be read (Permission denied)" in refused(path)


def test_a_gzip_bomb_is_stopped_at_the_promised_size(write):
    path = write(gzip.compress(header(1) + bytes(64 * MEBIBYTE), compresslevel=1))
    tracemalloc.start()
    message = refused(path, ())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "holds more than the 1 bytes" in message
    assert peak < MEBIBYTE


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_huge_promise_that_might_be_kept_is_not_followed(write, compress):
    path = write(compress(header(2**32 - 1, 28, 28) + bytes(8 * MEBIBYTE)))
    tracemalloc.start()
    message = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "and at most 2,147,483,648 are read" in message
    assert peak < 6 * MEBIBYTE


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><p>Not found</p>", "a web page"),
        (b"\xef\xbb\xbf\n <HTML>Sign in", "a web page"),
        (b"<?xml version='1.0'?><Error>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"PK\x03\x04\x14\x00", "a zip archive"),
    ],
)
def test_what_is_often_found_in_place_of_a_file(write, name, content, what):
    assert f"is not an IDX file but {what}" in refused(write(content, name))


def test_a_pipe_or_a_device_is_no_file(tmp_path):
    assert "it is a device" in refused(Path("/dev/zero"))
    assert "Is a directory" in refused(tmp_path)


def test_integers(write):
    rows = (np.arange(16) - 5).reshape(2, 8).astype(">i4")
    path = write(header(2, 8, magic=0x0C02) + rows.tobytes())
    items, digest = read_idx(path, (8,), np.dtype(">i4"))
    np.testing.assert_array_equal(items, rows)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "magic number is 3074" in refused(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="promises 64 bytes of data, and it holds 63"):
        read_idx(path, (8,), np.dtype(">i4"))


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_huge_promise_is_not_allocated(write, compress):
    path = write(compress(header(2**32 - 1, 28, 28) + bytes(1000)))
    tracemalloc.start()
    message = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "it holds 1000" in message
    assert peak < 4 * MEBIBYTE
