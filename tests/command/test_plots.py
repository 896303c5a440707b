"""The pictures of a run: whole PNGs of the size meant, with the mistakes marked."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from tinygrad_mnist.command import plots
from tinygrad_mnist.errors import OutputError, ShapeError

WRONG = np.array(to_rgb(plots.WRONG)) * 255


def digits(count):
    """Squares of ink, and labels that run through the ten digits."""
    images = np.zeros((count, 28, 28), dtype=np.float32)
    images[:, 8:20, 8:20] = 1
    return images.reshape(count, 784), np.arange(count) % 10


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def size_of(path):
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        return image.size


@pytest.mark.parametrize("count", [1, 2, 1000, 100_000])
def test_a_cost_curve_of_any_length_is_a_picture(tmp_path, count):
    iterations = np.arange(count)
    costs = 2.3 * np.exp(-5 * iterations / count)
    plots.cost_curve(tmp_path / "cost.png", iterations, costs)
    assert size_of(tmp_path / "cost.png") == (1200, 675)
    assert [path.name for path in tmp_path.iterdir()] == ["cost.png"]


def test_a_single_cost_is_a_visible_point():
    axes = plots._cost_figure(np.array([0]), np.array([2.3])).axes[0]
    assert [line.get_marker() for line in axes.lines] == ["None", "o"]


@pytest.mark.parametrize(
    ("costs", "scale"),
    [
        ([2.0, 1.0, 1.5], "linear"),
        ([2.0, 0.5, 0.1], "log"),
        ([2.0, 0.5, 0.0], "linear"),
        ([np.nan] * 3, "linear"),
    ],
)
def test_the_cost_axis_is_logarithmic_when_the_cost_falls_far(costs, scale):
    figure = plots._cost_figure(np.arange(3), np.array(costs))
    assert figure.axes[0].get_yscale() == scale


def test_a_logarithmic_axis_is_labelled_with_plain_numbers():
    axes = plots._cost_figure(np.arange(3), np.array([2.0, 0.5, 0.01])).axes[0]
    labels = {label.get_text() for label in axes.get_yticklabels()}
    assert {"0.001", "0.01", "0.1", "1"} <= labels
    assert {label.get_text() for label in axes.get_yticklabels(minor=True)} == {""}


def test_the_faint_curve_keeps_the_extremes_of_every_bin():
    costs = np.ones(50_000)
    costs[[12_345, 43_210]] = 0.5, 9.0
    faint = plots._cost_figure(np.arange(costs.size), costs).axes[0].lines[0].get_ydata()
    assert faint.size == 2 * plots.CURVE_BINS
    assert (faint.min(), faint.max()) == (0.5, 9.0)


def test_the_moving_average_starts_at_the_first_cost_and_leaves_gaps_where_a_cost_is_not_finite():
    costs = np.linspace(3, 1, 200)
    costs[100:110] = np.inf
    average = plots._moving_average(costs)
    assert average[0] == costs[0]
    # A straight line is its own symmetric average; at its end the window is cut off.
    np.testing.assert_allclose(average[:90], costs[:90])
    assert average[-1] == pytest.approx(costs[-6:].mean())
    np.testing.assert_array_equal(np.isnan(average), np.isinf(costs))


@pytest.mark.parametrize(("side", "size"), [(4, (1360, 1690)), (10, (1360, 1690))])
def test_a_grid_is_one_image_with_one_caption_per_digit(tmp_path, side, size):
    images, labels = digits(side * side)
    plots.prediction_grid(tmp_path / "grid.png", images, labels, labels, side)
    assert size_of(tmp_path / "grid.png") == size

    figure = plots._grid_figure(images.reshape(side, side, 28, 28), labels, labels)
    assert len(figure.axes) == 1
    assert len(figure.axes[0].images) == 1
    assert texts(figure) == [str(label) for label in labels]


def test_a_wrong_prediction_is_captioned_with_the_truth():
    images, labels = digits(16)
    predictions = labels.copy()
    predictions[6] = 0
    figure = plots._grid_figure(images.reshape(4, 4, 28, 28), labels, predictions)
    captions = texts(figure)
    assert captions[6] == "0, is 6"
    assert captions[:6] + captions[7:] == [str(label) for label in np.delete(labels, 6)]
    assert figure.get_suptitle() == "15 of 16 predicted right"


def test_a_wrong_prediction_is_framed_at_its_place(tmp_path):
    images, labels = digits(16)
    predictions = labels.copy()
    predictions[6] = 0
    plots.prediction_grid(tmp_path / "grid.png", images, labels, predictions, 4)
    picture = np.asarray(Image.open(tmp_path / "grid.png").convert("RGB"), dtype=float)
    red = np.abs(picture - WRONG).max(axis=-1) < 4
    rows, columns = np.nonzero(red)
    # Image 6 is at row 1, column 2; ten dots a pixel, below ninety dots of title.
    left, top = 2 * plots.TILE_WIDTH * 10, 90 + plots.TILE_HEIGHT * 10
    right, bottom = left + plots.TILE_WIDTH * 10, top + plots.TILE_HEIGHT * 10
    frame = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
    # Versions of matplotlib round the place of an image by up to a dot.
    np.testing.assert_allclose(frame, [left + 10, right - 10, top + 10, bottom - 10], atol=1)


def test_a_confusion_picture_counts_each_pair_and_gives_each_accuracy(tmp_path):
    labels = np.repeat(np.arange(9), 4)  # no nines
    predictions = labels.copy()
    predictions[4:6] = 7
    plots.confusion(tmp_path / "confusion.png", labels, predictions)
    assert size_of(tmp_path / "confusion.png") == (1200, 1050)

    counts = np.zeros((10, 10), dtype=np.int64)
    np.add.at(counts, (labels, predictions), 1)
    figure = plots._confusion_figure(counts)
    cells = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert cells[1, 1] == cells[7, 1] == "2"  # (predicted, true)
    assert cells[7, 7] == "4"
    assert (9, 9) not in cells
    accuracies = [cells[len(plots.DIGITS) - 0.3, digit] for digit in range(10)]
    assert accuracies == ["100.0%", "50.0%", *["100.0%"] * 7, "none"]


def test_each_confusion_has_its_shade_at_its_place(tmp_path):
    labels = np.arange(10)
    predictions = labels.copy()
    predictions[2] = 7
    plots.confusion(tmp_path / "confusion.png", labels, predictions)
    picture = np.asarray(Image.open(tmp_path / "confusion.png").convert("RGB"))
    # A dot near the upper left corner of each cell, clear of its number and of the lines.
    rows = np.rint(1050 * (0.15 + 0.82 * (np.arange(10) + 0.2) / 10)).astype(int)
    columns = np.rint(1200 * (0.08 + 0.82 * (np.arange(10) + 0.2) / 10)).astype(int)
    redness = picture[rows][:, columns].astype(int) @ [1, 0, -1]
    assert np.argwhere(redness > 100).tolist() == [[2, 7]]
    assert np.argwhere(redness < -10).tolist() == [[digit, digit] for digit in range(10)]


def test_right_answers_do_not_pale_the_errors():
    counts = np.diag(np.full(10, 1000))
    counts[4, 9], counts[2, 7] = 9, 1
    shade = np.asarray(plots._confusion_figure(counts).axes[0].collections[0].get_array())
    paleness = shade[..., 1]  # green is what red lacks
    assert paleness[4, 9] < 0.3 < paleness[2, 7] < 0.8 < paleness[0, 0] < paleness[0, 1] == 1


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: plots.cost_curve(path, [0, 1], [2.0, 1.0]),
        lambda path: plots.prediction_grid(path, *digits(1), [0], 1),
        lambda path: plots.confusion(path, [1], [1]),
    ],
)
def test_a_picture_that_cannot_be_written_leaves_nothing_behind(tmp_path, draw):
    with pytest.raises(OutputError, match="picture"):
        draw(tmp_path / "no such folder" / "picture.png")
    taken = tmp_path / "picture.png"
    taken.mkdir()
    with pytest.raises(OSError, match="picture"):
        draw(taken)
    assert list(tmp_path.rglob("*")) == [taken]


@pytest.mark.parametrize(
    ("draw", "received"),
    [
        (lambda path: plots.cost_curve(path, [], []), r"\(0,\)"),
        (lambda path: plots.cost_curve(path, [0, 1], [2.0]), r"\(2,\) and \(1,\)"),
        (lambda path: plots.prediction_grid(path, *digits(9), np.zeros(9), 4), r"\(9, 784\)"),
        (lambda path: plots.confusion(path, [1, 2], [1]), r"\(2,\) and \(1,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(tmp_path, draw, received):
    with pytest.raises(ShapeError, match=received):
        draw(tmp_path / "picture.png")
    assert not list(tmp_path.iterdir())
