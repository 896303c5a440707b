"""A picture of a digit becomes what MNIST would have made of it, or one clear sentence."""

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinygrad_mnist
from tinygrad_mnist.errors import ImageError
from tinygrad_mnist.mnist.picture import read_digit

GREY_PAPER = 60


@pytest.fixture(scope="module")
def samples():
    """The first forty test images, uint8, shape (40, 28, 28)."""
    file = Path(tinygrad_mnist.__file__).parent / "mnist" / "t10k-images-idx3-ubyte.gz"
    with gzip.open(file) as stream:
        content = stream.read(16 + 40 * 784)
    return np.frombuffer(content, np.uint8, offset=16).reshape(40, 28, 28)


@pytest.fixture
def five(samples):
    return samples[8]


@pytest.fixture
def read(tmp_path):
    """Save a picture, read it back as a digit."""

    def save_and_read(image, name="digit.png", **options):
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return read_digit(tmp_path / name)

    return save_and_read


def error_of(digit, original):
    return np.abs(digit - original.reshape(784) / 255).mean()


def enlarge(image, resampling=Image.Resampling.NEAREST):
    return np.asarray(Image.fromarray(image).resize((280, 280), resampling))


def shift(image):
    return np.pad(image, ((3, 40), (25, 1)))


def grain(image):
    """Light ink on grey paper, with the noise of a cheap camera."""
    noise = np.random.default_rng(0).normal(0, 10, image.shape)
    return np.clip(GREY_PAPER + image * (170 / 255) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "name", "tolerance"),
    [
        (lambda image: image, "digit.png", 0.002),
        (lambda image: 255 - image, "digit.png", 0.002),
        (shift, "digit.png", 0.002),
        (lambda image: 255 - shift(image), "digit.png", 0.002),
        (lambda image: GREY_PAPER + image // 2, "digit.png", 0.005),
        (enlarge, "digit.png", 0.015),
        (lambda image: enlarge(image, Image.Resampling.BICUBIC), "digit.png", 0.04),
        (lambda image: image, "digit.jpg", 0.02),
        (lambda image: 255 - enlarge(image), "digit.jpg", 0.02),
        (grain, "digit.png", 0.04),
        (lambda image: grain(enlarge(image)), "digit.png", 0.03),
        (lambda image: 255 - grain(enlarge(image)), "digit.jpg", 0.03),
    ],
)
def test_a_picture_of_an_mnist_image_comes_back_as_that_image(
    samples, read, change, name, tolerance
):
    errors = [error_of(read(change(sample), name), sample) for sample in samples]
    assert np.mean(errors) < tolerance


def test_a_digit_is_one_row_of_network_input(five, read):
    digit = read(five)
    assert digit.shape == (784,)
    assert digit.dtype == np.float32
    assert (digit.min(), digit.max()) == (0, 1)


def test_a_digit_fits_the_box_and_its_centre_of_mass_is_in_the_middle(read):
    page = np.full((300, 200), 255, dtype=np.uint8)
    page[40:240, 60:80] = page[220:240, 60:140] = 0  # an L, 200 by 80
    digit = read(page).reshape(28, 28)
    rows, columns = np.nonzero(digit)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 8)
    middle = [(digit.sum(axis=axis) @ np.arange(28)) / digit.sum() for axis in (0, 1)]
    np.testing.assert_allclose(middle, 14, atol=0.5)


def test_a_lopsided_digit_stays_inside_the_image(read):
    page = np.zeros((120, 120), dtype=np.uint8)
    page[10:110, 58:62] = page[105:110, 10:110] = 255  # a stem on a heavy foot
    rows, _ = np.nonzero(read(page).reshape(28, 28))
    assert (rows.min(), rows.max()) == (0, 19)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_every_mode_reads_alike(five, read, mode):
    black_and_white = Image.fromarray(np.where(five > 127, 255, 0).astype(np.uint8))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(black_and_white, dtype=np.uint16) * 200)
    else:
        image = black_and_white.convert(mode)
    assert image.mode == mode
    digit = read(image, "digit.tiff")
    np.testing.assert_allclose(digit, read(black_and_white), atol=0.02)


def test_transparency_is_white_paper(five, read):
    black = np.zeros((28, 28, 4), dtype=np.uint8)
    black[..., 3] = five
    assert error_of(read(black), five) < 0.01


def test_a_transparent_palette_entry_is_white_paper(five, read):
    palette = Image.fromarray((five > 127).astype(np.uint8))
    palette.putpalette([0, 255, 0, 0, 0, 0])
    expected = read(np.where(five > 127, 255, 0).astype(np.uint8))
    digit = read(palette, "digit.gif", transparency=0)
    np.testing.assert_allclose(digit, expected, atol=0.01)


def test_the_orientation_noted_by_a_camera_is_respected(five, read):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    turned = np.rot90(five)
    assert error_of(read(turned, exif=exif), five) < 0.01


def test_of_an_animation_the_first_frame_is_read(samples, read):
    first, second = (Image.fromarray(sample) for sample in samples[:2])
    digit = read(first, "digit.gif", save_all=True, append_images=[second])
    assert error_of(digit, samples[0]) < 0.01


def test_a_large_photograph_is_read(five, read):
    page = np.full((3000, 2000), 220, dtype=np.uint8)
    ink = np.kron(five, np.ones((30, 30), dtype=np.uint8))
    page[1000:1840, 600:1440] -= ink // 2
    assert error_of(read(page, "digit.jpg"), five) < 0.03


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "is empty"), (b"seven", "is not a picture")]
)
def test_a_file_that_is_no_picture_is_refused(tmp_path, content, complaint):
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=complaint) as refusal:
        read_digit(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tiff"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_refused(tmp_path, five, suffix, kept):
    path = tmp_path / f"digit.{suffix}"
    Image.fromarray(grain(enlarge(five))).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ImageError, match=rf"digit\.{suffix}"):
        read_digit(path)


def test_a_damaged_picture_is_read_or_refused_but_never_crashes(tmp_path, five):
    path = tmp_path / "digit.png"
    Image.fromarray(five).save(path)
    content = path.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[random.integers(len(content))] = random.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ImageError):
            assert read_digit(path).shape == (784,)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"Cannot open .*digit\.png"):
        read_digit(tmp_path / "digit.png")
    with pytest.raises(ImageError, match="Cannot open"):
        read_digit(tmp_path)


@pytest.mark.parametrize(
    "page",
    [
        np.zeros((28, 28), dtype=np.uint8),
        np.full((28, 28), 255, dtype=np.uint8),
        np.full((1, 1), 7, dtype=np.uint8),
        grain(np.zeros((280, 280), dtype=np.uint8)),
        np.full((28, 28), np.nan, dtype=np.float32),
        np.full((28, 28), np.inf, dtype=np.float32),
    ],
    ids=["black", "white", "one pixel", "grain", "NaN", "infinity"],
)
def test_a_blank_picture_is_refused(read, page):
    with pytest.raises(ImageError, match="looks blank"):
        read(page, "digit.tiff")


@pytest.mark.parametrize("limit", [500, 300], ids=["warning", "error"])
def test_a_decompression_bomb_is_refused(five, read, monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ImageError, match="too many pixels"):
        read(five)
