"""The pictures of a training run: its cost curve, its predictions and its confusions.

Every function writes one PNG, drawn on a ``Figure`` of its own, without pyplot and its global
state, and whole or not at all.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.files import write_whole

DOTS_PER_INCH = 150
DIGITS = tuple("0123456789")
ROOM = 16
"""So many classes fit into a picture of confusions of the usual size."""

RIGHT, RIGHT_PAPER = "#1d3557", "#dbe8f2"
WRONG, WRONG_PAPER = "#c1121f", "#ffe8e6"
FAINT = "#8d99ae"

# More points than this would fall on the same pixel columns.
CURVE_BINS = 1500

# A tile of the prediction grid, in pixels of the digits: a margin around the digit, and a strip
# for the caption below it.
DIGIT, MARGIN, CAPTION = 28, 3, 6
TILE_HEIGHT, TILE_WIDTH = DIGIT + 2 * MARGIN + CAPTION, DIGIT + 2 * MARGIN

# In dots of the picture: the width to stay within, and the height of the title above the tiles.
GRID_WIDTH, GRID_TITLE = 1400, 90


def cost_curve(path: Path, iterations: ArrayLike, costs: ArrayLike) -> None:
    """Draw the cost against the iteration: each one faint, their moving average on top.

    Parameters
    ----------
    path
        The PNG to write.
    iterations, costs
        One number each per step, shape (n,) with n at least 1. Costs that are not finite leave
        gaps. The cost axis is logarithmic when the average falls by more than a factor of ten.

    Raises
    ------
    ShapeError
        If there is nothing to draw, or the lengths differ.
    OutputError
        If the file cannot be written.
    """
    x, y = np.asarray(iterations), np.asarray(costs, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size == 0:
        raise ShapeError(
            "A cost curve needs as many iterations as costs, and at least one. "
            f"Received: shapes {x.shape} and {y.shape}."
        )
    _save(_cost_figure(x, y), path)


def prediction_grid(
    path: Path, images: ArrayLike, labels: ArrayLike, predictions: ArrayLike, side: int
) -> None:
    """Draw a square of digits, each with its prediction; wrong ones red, framed, with the truth.

    Parameters
    ----------
    path
        The PNG to write.
    images
        Shape (side * side, 784) or (side * side, 28, 28), from 0 (paper) to 1 (ink), in the
        order of reading: image ``i * side + j`` goes to row i, column j.
    labels, predictions
        Names or numbers of classes, shape (side * side,).

    Raises
    ------
    ShapeError
        If there are not side * side images, labels and predictions.
    OutputError
        If the file cannot be written.
    """
    ink = np.asarray(images, dtype=np.float32)
    truth, guess = np.asarray(labels), np.asarray(predictions)
    count = side * side
    if ink.size != count * DIGIT * DIGIT or truth.shape != (count,) or guess.shape != (count,):
        raise ShapeError(
            f"A grid of {side}x{side} needs {count} images of 28x28, labels and predictions. "
            f"Received: shapes {ink.shape}, {truth.shape} and {guess.shape}."
        )
    _save(_grid_figure(ink.reshape(side, side, DIGIT, DIGIT), truth, guess), path)


def confusion(
    path: Path, labels: ArrayLike, predictions: ArrayLike, classes: Sequence[str] = DIGITS
) -> None:
    """Draw how often each class was taken for each other, and the accuracy of each.

    Red deepens with the number of errors; the right answers, on the diagonal, do not take part
    in that scale.

    Parameters
    ----------
    path
        The PNG to write.
    labels, predictions
        Integers, shape (n,): the numbers of the classes, from 0.
    classes
        Their names.

    Raises
    ------
    ShapeError
        If the lengths differ.
    OutputError
        If the file cannot be written.
    """
    truth, guess = np.asarray(labels), np.asarray(predictions)
    if truth.shape != guess.shape or truth.ndim != 1:
        raise ShapeError(
            "A confusion picture needs one prediction per label. "
            f"Received: shapes {truth.shape} and {guess.shape}."
        )
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (truth, guess), 1)
    _save(_confusion_figure(counts, classes), path)


def _cost_figure(x: NDArray[np.generic], y: NDArray[np.float64]) -> Figure:
    figure = Figure(figsize=(8, 4.5), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0.09, 0.12, 0.88, 0.79))
    # The extremes of a bin look like all its points, and keep Agg from choking on long paths.
    starts = np.unique(np.linspace(0, y.size, CURVE_BINS, endpoint=False, dtype=np.int64))
    extremes = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    average = _moving_average(y)
    axes.plot(
        np.repeat(x[starts], 2),
        np.stack(extremes, axis=1).ravel(),
        color=FAINT,
        alpha=0.5,
        linewidth=0.6,
        label="each iteration",
    )
    (line,) = axes.plot(x[starts], average[starts], color=RIGHT, linewidth=1.8)
    line.set(label="moving average", marker="o" if y.size == 1 else "")
    finite = average[np.isfinite(average)]
    lowest, highest = finite.min(initial=np.inf), finite.max(initial=-np.inf)
    if 0 < lowest < highest / 10:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(bottom=lowest / 10)
        # Powers of ten as formulas would take as long as all the rest of the picture.
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(title="Cost while training", xlabel="iteration", ylabel="cost")
    axes.legend(frameon=False, loc="upper right")
    return figure


def _moving_average(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each finite value, the mean of the finite ones around it; NaN for the others.

    The window spans a twentieth of the values. At the beginning, where costs fall steeply, it
    shrinks on both sides, so that the average starts at the first cost.
    """
    index = np.arange(y.size)
    reach = np.minimum(index, y.size // 40)
    first, last = index - reach, np.minimum(index + reach + 1, y.size)
    finite = np.isfinite(y)
    total = np.concatenate(([0.0], np.cumsum(np.where(finite, y, 0.0))))
    count = np.concatenate(([0], np.cumsum(finite)))
    with np.errstate(invalid="ignore"):
        average = (total[last] - total[first]) / (count[last] - count[first])
    return np.where(finite, average, np.nan)


def _grid_figure(
    ink: NDArray[np.float32], truth: NDArray[np.generic], guess: NDArray[np.generic]
) -> Figure:
    side = len(ink)
    # One digit pixel covers a whole number of dots, so that all come out equally sharp.
    scale = GRID_WIDTH // (side * TILE_WIDTH)
    width, tiles = side * TILE_WIDTH * scale, side * TILE_HEIGHT * scale
    height = tiles + GRID_TITLE
    figure = Figure(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0, 0, 1, tiles / height))
    axes.set_axis_off()
    wrong = (truth != guess).reshape(side, side)
    axes.imshow(_mosaic(ink, wrong), interpolation="nearest", aspect="auto")
    for index, (true, predicted) in enumerate(zip(truth, guess, strict=True)):
        row, column = divmod(index, side)
        mistaken = wrong[row, column]
        axes.text(
            (column + 0.5) * TILE_WIDTH - 0.5,
            (row + 1) * TILE_HEIGHT - MARGIN - CAPTION / 2 - 0.5,
            f"{predicted}, is {true}" if mistaken else f"{predicted}",
            color=WRONG if mistaken else RIGHT,
            fontsize=0.8 * CAPTION * scale * 72 / DOTS_PER_INCH,
            fontweight="bold" if mistaken else "normal",
            ha="center",
            va="center",
        )
    title = f"{np.count_nonzero(~wrong)} of {wrong.size} predicted right"
    figure.suptitle(title, y=1 - GRID_TITLE / 2 / height, va="center", fontsize=16)
    return figure


def _mosaic(ink: NDArray[np.float32], wrong: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the tiles as one image: dark digits on paper, the wrong ones red and framed.

    It is RGBA in float32, because matplotlib resamples RGB in float64, at twice the time.
    """
    side = len(ink)
    tiles = np.ones((side, side, TILE_HEIGHT, TILE_WIDTH, 4), dtype=np.float32)
    tiles[wrong, 1:-1, 1:-1] = to_rgba(WRONG)
    tiles[wrong, 2:-2, 2:-2] = to_rgba(WRONG_PAPER)
    tiles[:, :, MARGIN : MARGIN + DIGIT, MARGIN : MARGIN + DIGIT, :3] *= 1 - ink[..., None]
    return tiles.swapaxes(1, 2).reshape(side * TILE_HEIGHT, side * TILE_WIDTH, 4)


def _confusion_figure(counts: NDArray[np.int64], classes: Sequence[str] = DIGITS) -> Figure:
    """Draw ``counts[true class, predicted class]``."""
    size = max(1.0, len(classes) / ROOM)
    figure = Figure(figsize=(8 * size, 7 * size), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0.08, 0.03, 0.82, 0.82))
    right, total = np.diagonal(counts), counts.sum(axis=1)
    errors = counts - np.diag(right)
    # The square root lets a single error still show beside the most frequent one.
    depth = 0.85 * np.sqrt(errors / max(errors.max(), 1))
    shade = 1 - depth[..., None] * (1 - np.array(to_rgb(WRONG)))
    shade[np.diag_indices(len(classes))] = to_rgb(RIGHT_PAPER)
    cells = np.arange(len(classes))
    axes.pcolormesh(cells, cells, shade, edgecolors="white", linewidth=1)
    axes.invert_yaxis()
    for true, predicted in np.argwhere(counts):
        colour = "white" if depth[true, predicted] > 0.6 else RIGHT
        count = str(counts[true, predicted])
        axes.text(predicted, true, count, color=colour, ha="center", va="center")
    axes.text(len(classes) - 0.3, -0.73, "right", color=RIGHT, va="center")
    for digit in range(len(classes)):
        accuracy = f"{right[digit] / total[digit]:.1%}" if total[digit] else "none"
        axes.text(len(classes) - 0.3, digit, accuracy, color=RIGHT, va="center")
    axes.spines[:].set_visible(False)
    axes.set(xticks=cells, yticks=cells, xticklabels=classes, yticklabels=classes)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.xaxis.set_label_position("top")
    kind = "digit" if len(classes) == len(DIGITS) else "class"
    axes.set_xlabel(f"predicted {kind}", labelpad=8)
    axes.set_ylabel(f"true {kind}", labelpad=8)
    figure.suptitle(f"{right.sum()} of {counts.sum()} predicted right", y=0.97, fontsize=14)
    return figure


def _save(figure: Figure, path: Path) -> None:
    content = BytesIO()
    # The least compression is the fastest, and the file still small.
    fast, ours = {"compress_level": 1}, {"Software": "tinygrad_mnist"}
    figure.savefig(content, format="png", dpi="figure", pil_kwargs=fast, metadata=ours)
    write_whole(path, content.getvalue())
