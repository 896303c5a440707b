"""The charts, drawn from the committed figures, and what is on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from benchmarks import charts, drawing, scale, train
from benchmarks.backends import BACKENDS
from benchmarks.records import Record, measured, threads_of, title_of
from tinygrad_mnist.errors import OutputError

Draw = Callable[[str], Figure]


@pytest.fixture
def draw(figures: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Return what draws a chart, without writing it."""

    def draw(name: str) -> Figure:
        drawn = []
        monkeypatch.setattr(charts, "save", lambda figure, records, path: drawn.append(figure))
        getattr(charts, f"{name}_chart")(figures[name], Path())
        (figure,) = drawn
        return figure

    return draw


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_panel_for_each_number_of_threads_with_the_floor_as_a_line(
    draw: Draw, figures: dict[str, Any]
) -> None:
    figure = draw("step")
    found = measured(figures["step"])
    floors = [record for record in found if record["backend"] == "floor"]
    for axes, floor in zip(figure.axes, floors, strict=True):
        assert axes.get_xlabel() == f"µs for a training step, {threads_of([floor])}"
        assert floor["microseconds"] in [line.get_xdata()[0] for line in axes.lines]
        assert " the matrix products alone" in [text.get_text() for text in axes.texts]
    families = {BACKENDS[record["backend"]].family for record in found}
    assert set(legend(figure)) == {drawing.FAMILIES[family] for family in families}
    titles = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert set(titles) == {title_of(record) for record in found}


def test_the_scale_is_a_multiple_of_the_floor(draw: Draw, figures: dict[str, Any]) -> None:
    upper, lower = np.reshape(draw("scale").axes, (2, len(scale.AXES)))
    for axes, axis in zip(upper, scale.AXES, strict=True):
        ours, floor = (
            np.array(
                [
                    each["microseconds"]
                    for each in measured(figures["scale"])
                    if each["axis"] == axis and each["backend"] == name
                ]
            )
            for name in ("captured", "floor")
        )
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        assert set(lines["the matrix products alone"]) == {1.0}
        np.testing.assert_allclose(lines["tinygrad_mnist, captured"], ours / floor)
    (peak,) = {record["peak_gflops"] for record in measured(figures["scale"])}
    assert [text.get_text() for text in lower[0].texts] == [f"measured peak: {peak:.0f} GFLOP/s"]


def test_where_the_floor_is_missing_nothing_is_drawn(
    draw: Draw, figures: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_lost(record: Record) -> bool:
        return (record["backend"], record["axis"], record["value"]) == ("floor", "batch", 4)

    kept = [record for record in figures["scale"] if not is_lost(record)]
    assert len(kept) < len(figures["scale"])
    monkeypatch.setitem(figures, "scale", kept)
    figure = draw("scale")
    for axes in np.reshape(figure.axes, (2, len(scale.AXES)))[:, 0]:
        for line in axes.lines[: len(legend(figure))]:
            assert 1 in line.get_xdata()
            assert 4 not in line.get_xdata()


def test_a_run_that_has_ended_is_carried_on_and_the_crossings_are_those_of_the_table(
    draw: Draw, figures: dict[str, Any]
) -> None:
    (axes,) = draw("train").axes
    for record in figures["train"]:
        title = BACKENDS[record["backend"]].title
        (line,) = (line for line in axes.lines if line.get_label() == title)
        seconds, best = line.get_data()
        assert seconds[-1] == max(look["seconds"] for curve in record["curves"] for look in curve)
        assert np.all(np.diff(best) >= 0)
        crossings = [record[f"seconds_to_{accuracy:.0%}"] for accuracy in train.ACCURACIES]
        marked = [seconds[position] for position in line.get_markevery()]
        assert marked == [crossing for crossing in crossings if crossing is not None]


@pytest.mark.parametrize("name", ["scale", "train"])
def test_no_two_lines_look_alike_in_grey(name: str, figures: dict[str, Any]) -> None:
    looks = [
        (str(style["ls"]), style["marker"]) for style in drawing.styles(figures[name]).values()
    ]
    markers = [marker for _, marker in looks]
    assert len(set(markers)) == len(markers)


def test_a_footer_says_on_what_it_was_measured_and_how(
    figures: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "DOTS_PER_INCH", 20)
    figure = Figure(figsize=(2, 1))
    drawing.save(figure, figures["step"], tmp_path / "a.png")
    footer = figure.get_supxlabel()
    assert footer.startswith(figures["machine"]["processor"])
    assert footer.endswith(" threads: python -m benchmarks report")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (40, 20)
    with pytest.raises(OutputError, match="Cannot write"):
        drawing.save(figure, figures["step"], tmp_path / "no" / "a.png")
