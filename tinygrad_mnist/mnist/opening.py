"""Makes of what is given for a picture a file that can be read in little memory and time.

A pipe is read to its end, a large picture averaged down a band of rows at a time; a device, an
endless pipe or a picture of more than 200 megapixels is refused.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tinygrad_mnist.errors import ImageError
from tinygrad_mnist.files import open_input

MOST_BYTES = 1 << 30
MOST_PIXELS = 200_000_000
PLAIN = {"BMP", "DIB", "JPEG", "MPO", "PNG", "PPM", "TIFF"}
MOST_PIXELS_OF_OTHERS = 50_000_000
"""The decoders of WebP and its kin hold a picture several times, with four bytes a pixel."""
SMALL_BYTES, SMALL_PIXELS = 1 << 26, 4_000_000
"""What is at most so large is read as it is."""
SIDE = 2240
"""Pixels of the longer side that averaging leaves at least."""
BAND = 256
ORIENTATION = 0x0112
"""The tag by which a camera says how it was held."""


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield the path of a file with the same picture, of few pixels; ``-`` is standard input.

    What the block raises as ImageError is said of the path that was given.

    Raises
    ------
    ImageError
        If it cannot be opened, is no picture, is damaged, or has more than 200 million pixels.
    """
    try:
        file = open_input(path, MOST_BYTES)
    except OSError as error:
        raise ImageError(f"Cannot open {path}: {error.strerror}.") from None
    with file, tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "picture"
        size = file.seek(0, 2)
        file.seek(0)
        if size and (smaller := _smaller(file, size, path)):
            smaller.save(copy, "TIFF")
        elif path.is_file():
            copy = path
        else:
            copy.write_bytes(file.read())
        try:
            yield copy
        except ImageError as error:
            raise ImageError(str(error).replace(str(copy), str(path))) from None


def _smaller(file: BinaryIO, size: int, path: Path) -> Image.Image | None:
    """The picture in grey with fewer pixels; None if it has few, or is of no known format."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # of which Pillow refuses twice as many
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                pixels = image.width * image.height
                if pixels <= SMALL_PIXELS and size <= SMALL_BYTES:
                    return None
                if pixels > MOST_PIXELS_OF_OTHERS and image.format not in PLAIN:
                    raise ImageError(
                        f"{path} has {pixels:,} pixels, and of a {image.format} picture at most "
                        f"{MOST_PIXELS_OF_OTHERS:,} are read; save it as a PNG or a JPEG."
                    )
                return _averaged(image)
    except UnidentifiedImageError:
        if size <= SMALL_BYTES:
            return None
        raise ImageError(
            f"{path} is not a picture in a format that Pillow reads; give a PNG or a JPEG."
        ) from None
    except Image.DecompressionBombError:
        raise ImageError(
            f"{path} has more than {MOST_PIXELS:,} pixels; crop or shrink it."
        ) from None
    except (ImageError, MemoryError):
        raise
    except Exception as problem:  # decoders meet damage with whatever comes up first
        raise ImageError(
            f"{path} is truncated or damaged ({problem}); save the picture again."
        ) from None
    finally:
        Image.MAX_IMAGE_PIXELS = limit
        file.seek(0)


def _averaged(image: Image.Image) -> Image.Image:
    """The picture in grey, its longer side averaged down by a whole number, in bands of rows."""
    orientation = image.getexif().get(ORIENTATION)
    image.draft("L", (SIDE, SIDE))  # a JPEG decodes to fewer pixels at once
    image.load()
    width, height = image.size
    factor = max(1, max(width, height) // SIDE)
    mode = "F" if image.mode[0] in "IF" else "L"
    smaller = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, BAND // factor)
    for top in range(0, height, rows):
        band = _grey(image.crop((0, top, width, min(top + rows, height))))
        smaller.paste(band.reduce(factor), (0, top // factor))
    if orientation:
        smaller.getexif()[ORIENTATION] = orientation
    return ImageOps.exif_transpose(smaller)


def _grey(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":
        return Image.fromarray(np.asarray(image, dtype=np.float32))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L")
