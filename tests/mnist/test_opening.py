"""What is given for a picture is read in little memory and time, or refused in a sentence."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tinygrad_mnist import files
from tinygrad_mnist.errors import ImageError
from tinygrad_mnist.mnist import opening
from tinygrad_mnist.mnist.opening import readable
from tinygrad_mnist.mnist.picture import read_digit

MODES = {
    "1": (1, 0),
    "L": (255, 0),
    "RGB": ((255, 255, 255), (0, 0, 0)),
    "RGBA": ((0, 0, 0, 0), (0, 0, 0, 255)),
    "LA": ((0, 0), (0, 255)),
    "CMYK": ((0, 0, 0, 0), (0, 0, 0, 255)),
    "I;16": (60_000, 100),
    "I": (60_000, 100),
    "F": (1.0, 0.0),
}


def seven(side, mode="L"):
    if mode == "P":
        return seven(side).convert("P")
    paper, ink = MODES[mode]
    image = Image.new(mode, (side, side * 5 // 4), paper)
    corners = [(side * 3 // 10, side // 4), (side * 7 // 10, side // 4), (side // 2, side)]
    ImageDraw.Draw(image).line(corners, fill=ink, width=side // 12)
    return image


def read(path):
    with readable(path) as picture:
        return read_digit(picture)


def refused(path, reason):
    with pytest.raises(ImageError, match=reason) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "/picture " not in str(caught.value)


def test_a_small_picture_is_read_as_it_is(tmp_path):
    seven(280).save(tmp_path / "seven.png")
    with readable(tmp_path / "seven.png") as picture:
        assert picture == tmp_path / "seven.png"


@pytest.mark.parametrize("mode", [*MODES, "P"])
def test_a_large_picture_is_read_as_its_small_sister(tmp_path, mode, monkeypatch):
    monkeypatch.setattr(opening, "SMALL_PIXELS", 10_000)
    monkeypatch.setattr(opening, "SIDE", 140)
    path = tmp_path / "seven.tiff"
    seven(700, mode).save(path)
    np.testing.assert_allclose(read(path), read_digit(path), atol=0.2)
    assert np.abs(read(path) - read_digit(path)).mean() < 0.01
    with readable(path) as picture, Image.open(picture) as image:
        assert image.width <= 280


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_may_have_been_held_in_any_way(tmp_path, orientation, monkeypatch):
    monkeypatch.setattr(opening, "SMALL_PIXELS", 10_000)
    monkeypatch.setattr(opening, "SIDE", 140)
    image, path = seven(700), tmp_path / "seven.jpg"
    image.getexif()[opening.ORIENTATION] = orientation
    image.save(path, exif=image.getexif())
    assert np.abs(read(path) - read_digit(path)).mean() < 0.01


def test_sixty_megapixels_take_less_than_their_bytes(tmp_path):
    path = tmp_path / "seven.png"
    seven(7000).save(path, compress_level=1)
    tracemalloc.start()
    digit = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20
    seven(700).save(path)
    assert np.abs(digit - read(path)).mean() < 0.01


def test_more_than_200_megapixels(tmp_path):
    Image.new("1", (20_001, 10_000)).save(tmp_path / "huge.png")
    refused(tmp_path / "huge.png", "more than 200,000,000 pixels; crop or shrink it")
    assert Image.MAX_IMAGE_PIXELS == 1024 * 1024 * 1024 // 4 // 3  # as Pillow has it


def test_formats_that_are_decoded_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "SMALL_PIXELS", 10_000)
    monkeypatch.setattr(opening, "MOST_PIXELS_OF_OTHERS", 20_000)
    seven(150).save(tmp_path / "seven.gif")
    refused(tmp_path / "seven.gif", "of a GIF picture at most 20,000 are read")


def test_a_large_picture_that_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "SMALL_PIXELS", 10_000)
    seven(700).save(tmp_path / "seven.png")
    content = (tmp_path / "seven.png").read_bytes()
    (tmp_path / "seven.png").write_bytes(content[: len(content) // 2])
    refused(tmp_path / "seven.png", "truncated or damaged")


def test_a_large_file_that_is_no_picture(tmp_path):
    with (tmp_path / "film.mkv").open("wb") as file:
        file.truncate(opening.SMALL_BYTES + 1)
    refused(tmp_path / "film.mkv", "is not a picture in a format that Pillow reads")
    with (tmp_path / "film.mkv").open("wb") as file:
        file.truncate(opening.MOST_BYTES + 1)
    refused(tmp_path / "film.mkv", "it has 1,073,741,825 bytes")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"no picture", "is not a picture")]
)
def test_what_is_no_picture(tmp_path, content, reason):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    refused(path, reason)
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    refused(Path(f"/dev/fd/{reader}"), reason)
    os.close(reader)


def test_a_picture_from_a_pipe(tmp_path):
    seven(280).save(tmp_path / "seven.png")
    reader, writer = os.pipe()
    os.write(writer, (tmp_path / "seven.png").read_bytes())
    os.close(writer)
    np.testing.assert_array_equal(read(Path(f"/dev/fd/{reader}")), read(tmp_path / "seven.png"))
    os.close(reader)


def test_a_device_a_folder_and_a_pipe_that_nobody_writes_to(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BEGIN_WITHIN", 0.01)
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "nobody writes to this pipe")
    refused(Path("/dev/zero"), "it is a device, not a file")
    refused(tmp_path, "Is a directory")
