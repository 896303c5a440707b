"""Read a picture of one handwritten digit the way the MNIST images were made.

MNIST scaled each scanned digit into a 20x20 box, keeping its proportions, and placed it in a
28x28 image so that its centre of mass is in the middle. A network trained on such images needs
its own pictures prepared alike, so that is what ``read_digit`` does, after deciding what is ink
and what is paper. A picture of an MNIST image comes back as that image.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

import os
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tinygrad_mnist.errors import ImageError

SIDE = 28
BOX = 20

# Larger pictures are averaged down to this side first: it evens out the grain of a photograph
# and still leaves a digit that fills a twenty-eighth of the page at MNIST's own resolution.
WORKING_SIDE = SIDE * BOX

# Grain rarely departs from the paper by more standard deviations than this.
NOISE_DEVIATIONS = 5.0

# Fainter than this fraction of the strongest ink is a blur around the digit, not its outline. All
# but 61 of the 70,000 MNIST images keep their 20-pixel box at this threshold.
OUTLINE = 0.2


def read_digit(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """Read a picture of a digit as one row of network input.

    The digit may be dark on light or light on dark, of any size, anywhere in the picture; paper
    is whatever colour prevails along the border. Transparent parts are taken as white, the
    orientation noted by a camera is respected, and of an animation the first frame is read.

    Returns
    -------
    float32 array of shape (784,), from 0 (paper) to 1 (ink), row by row.

    Raises
    ------
    ImageError
        If the file cannot be read as a picture, or nothing in it stands out from the paper.

    >>> read_digit("no-such-digit.png")
    Traceback (most recent call last):
        ...
    tinygrad_mnist.errors.ImageError: Cannot open no-such-digit.png: No such file or directory.
    """
    path = Path(path)
    ink = _separate_ink(_load_grey(path))
    if ink is None:
        raise ImageError(
            f"{path} looks blank: nothing in it stands out from its border; "
            "give a picture of one digit, dark on light or light on dark."
        )
    return _centre(_fit(ink)).reshape(-1)


def _load_grey(path: Path) -> NDArray[np.float32]:
    """Return the picture as brightness, shape (height, width), in the file's own units."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ImageError(f"Cannot open {path}: {problem.strerror}.") from problem
    if not content:
        raise ImageError(f"{path} is empty (0 bytes); give a picture of one digit.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(BytesIO(content))
        except UnidentifiedImageError as problem:
            raise ImageError(
                f"{path} is not a picture in a format that Pillow reads; give a PNG or a JPEG."
            ) from problem
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as problem:
            raise ImageError(
                f"{path} has too many pixels to decode safely; crop or shrink it."
            ) from problem
        # Pillow's decoders meet damaged bytes with whatever exception comes up first.
        except Exception as problem:
            raise ImageError(
                f"{path} is truncated or damaged ({problem}); save the picture again."
            ) from problem


def _decode(content: BytesIO) -> NDArray[np.float32]:
    with Image.open(content) as opened:
        image = ImageOps.exif_transpose(opened)
        # Sixteen bits and more: the range is unknown, but only contrast matters here.
        if image.mode[0] in "IF":
            grey = Image.fromarray(np.asarray(image, dtype=np.float32))
        else:
            picture = image.convert("RGBA")
            paper = Image.new("RGBA", picture.size, "white")
            grey = Image.alpha_composite(paper, picture).convert("L")
        grey.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
        return np.asarray(grey, dtype=np.float32)


def _separate_ink(grey: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return how far each pixel departs from the paper towards ink, or None if none does."""
    if not np.isfinite(grey).all():
        return None
    border = np.concatenate((grey[0], grey[-1], grey[:, 0], grey[:, -1]))
    paper = np.median(border)
    darker, lighter = paper - grey.min(), grey.max() - paper
    ink = paper - grey if darker > lighter else grey - paper
    # The median departure, unlike the standard deviation, ignores a stroke that meets the border;
    # for normally distributed grain 1.4826 times it is the standard deviation.
    noise = NOISE_DEVIATIONS * 1.4826 * np.median(np.abs(border - paper))
    if ink.max() <= noise:
        return None
    return np.where(ink > noise, ink, 0)


def _fit(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Crop to the outline and scale into the 20x20 box, keeping proportions; the peak is 1."""
    outline = ink > OUTLINE * ink.max()
    rows, columns = np.flatnonzero(outline.any(axis=1)), np.flatnonzero(outline.any(axis=0))
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(crop.shape)
    height, width = (max(1, round(scale * length)) for length in crop.shape)
    digit = Image.fromarray(crop).resize((width, height), Image.Resampling.HAMMING)
    pixels = np.asarray(digit)
    scaled: NDArray[np.float32] = pixels / pixels.max()
    return scaled


def _centre(digit: NDArray[np.float32]) -> NDArray[np.float32]:
    """Place the digit in a 28x28 image, its centre of mass at pixel (14, 14) as in MNIST."""
    canvas = np.zeros((SIDE, SIDE), dtype=np.float32)
    mass = digit.sum()
    corner = []
    for axis, length in enumerate(digit.shape):
        centre = digit.sum(axis=1 - axis) @ np.arange(length) / mass
        corner.append(min(max(round(SIDE / 2 - centre), 0), SIDE - length))
    top, left = corner
    canvas[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return canvas
