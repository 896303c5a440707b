"""What the charts share: a look for each backend, a footer, and how a picture is written."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.backends import BACKENDS
from benchmarks.provenance import COMMAND
from benchmarks.records import Record, threads_of
from tinygrad_mnist.files import write_whole

DOTS_PER_INCH = 200
FAMILIES = {
    "floor": "the matrix products alone",
    "numpy": "NumPy by hand",
    "ours": "tinygrad_mnist",
    "tensorflow": "TensorFlow",
    "others": "other libraries",
}
SHADES = {
    "floor": ["#6c757d"],
    "numpy": ["#e09f3e", "#a86a0b"],
    "ours": ["#c1121f"],
    "tensorflow": ["#1d3557", "#457bb8", "#5b8cbf", "#9cc0e7"],
    "others": ["#2a9d8f", "#14532d"],
}
# Colors alone are lost in a copy without them, so every line also has a marker of its own.
DASHES = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5))]
MARKERS = "osD^vPX*<>"
FAINT = "#adb5bd"
PLAIN = FuncFormatter(lambda number, _: f"{number:,.10g}")


def color_of(record: Record) -> str:
    """Return the color of the family of a record's backend."""
    return SHADES[BACKENDS[record["backend"]].family][0]


def styles(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Return how to draw the line of each backend, as options of ``plot``."""
    chosen: dict[str, dict[str, Any]] = {}
    seen = dict.fromkeys(FAMILIES, 0)
    for name in dict.fromkeys(record["backend"] for record in records):
        family = BACKENDS[name].family
        shades, position = SHADES[family], seen[family]
        seen[family] += 1
        chosen[name] = {
            "color": shades[position % len(shades)],
            "ls": "--" if family == "floor" else DASHES[position % len(DASHES)],
            "lw": 2.4 if family == "ours" else 1.3,
            "marker": MARKERS[len(chosen) % len(MARKERS)],
            "ms": 4.5,
            "zorder": 3 if family == "ours" else 2,
        }
    return chosen


def bare(axes: Axes) -> None:
    """Draw only the axes' left and lower line."""
    axes.spines[["top", "right"]].set_visible(False)


def plain_ticks(axis: Any) -> None:
    """Write the numbers of a logarithmic axis out, those of its main ticks alone."""
    axis.set_major_formatter(PLAIN)
    axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, records: Sequence[Record], path: Path) -> None:
    """Write a figure as PNG, with a footer that says where its records were measured, and how.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    facts = records[0]
    footer = (
        f"{facts['processor']}, {facts['processors']} processors, {facts['system']}, "
        f"{threads_of(records)}: {COMMAND}"
    )
    figure.supxlabel(footer, fontsize=6.5, color="#495057", x=0.99, ha="right")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=DOTS_PER_INCH)
    write_whole(path, picture.getvalue())
