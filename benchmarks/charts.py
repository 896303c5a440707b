"""The charts of a report: bars per backend, scaling lines with the floor, accuracy against time.

Every function writes one PNG, drawn on a ``Figure`` of its own, without pyplot's global state.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from benchmarks import scale, train
from benchmarks.backends import BACKENDS, FLOOR
from benchmarks.records import Record, on_fewest_threads, title_among, title_of

DOTS_PER_INCH = 200
COLORS = {
    "floor": "#6c757d",
    "numpy": "#e09f3e",
    "ours": "#c1121f",
    "tensorflow": "#1d3557",
    "others": "#2a9d8f",
}
DASHES = ["-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1, 1.5))]
FAINT = "#adb5bd"
PLAIN = FuncFormatter(lambda number, _: f"{number:,.10g}")


def step_chart(records: Sequence[Record], path: Path) -> None:
    """Draw a bar for each backend's step, fastest first, with its quartiles."""
    chosen = sorted(on_fewest_threads(records), key=lambda record: record["microseconds"])
    threads = chosen[0]["threads"]
    figure = Figure(figsize=(8, 1.2 + 0.3 * len(chosen)), layout="constrained")
    axes = figure.add_subplot()
    median = np.array([record["microseconds"] for record in chosen])
    lower = median - [record["microseconds_q1"] for record in chosen]
    upper = [record["microseconds_q3"] for record in chosen] - median
    axes.barh(
        range(len(chosen)),
        median,
        xerr=np.array([lower, upper]),
        color=[COLORS[BACKENDS[record["backend"]].family] for record in chosen],
        error_kw={"ecolor": "black", "elinewidth": 0.8},
    )
    for position, record in enumerate(chosen):
        text = f" {record['microseconds']:,.0f}"
        axes.text(record["microseconds_q3"], position, text, va="center", fontsize=8)
    for record in chosen:
        if record["backend"] == FLOOR:
            axes.axvline(record["microseconds"], color=COLORS["floor"], lw=0.8, ls="--", zorder=0)
    axes.set_yticks(range(len(chosen)), [title_among(record, chosen) for record in chosen])
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(record["microseconds_q3"] for record in chosen))
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set_xlabel(f"µs for a training step, threads {threads}: median and quartiles")
    _bare(axes)
    figure.savefig(path, dpi=DOTS_PER_INCH)


def scale_chart(records: Sequence[Record], path: Path) -> None:
    """Draw the time of a step and its GFLOP/s along each axis, a line for each backend."""
    chosen = on_fewest_threads(records)
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    panels = figure.subplots(2, len(scale.AXES), sharex="col", sharey="row", squeeze=False)
    for column, axis in enumerate(scale.AXES):
        for row, figures in enumerate(("microseconds", "gflops")):
            axes = panels[row][column]
            on_axis = [record for record in chosen if record["axis"] == axis]
            for name, style in _styles(on_axis).items():
                own = [record for record in on_axis if record["backend"] == name]
                values, heights = zip(
                    *((each["value"], each[figures]) for each in own), strict=True
                )
                axes.plot(values, heights, marker="o", ms=3, label=BACKENDS[name].title, **style)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            ticks = sorted({record["value"] for record in on_axis})
            axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=45)
            axes.yaxis.set_major_formatter(PLAIN)
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.grid(True, color=FAINT, lw=0.3)
            if figures == "gflops" and on_axis:
                axes.axhline(
                    on_axis[0]["peak_gflops"], color="black", lw=0.8, ls=":", label="sgemm"
                )
            _bare(axes)
        panels[-1][column].set_xlabel("batch size" if axis == "batch" else axis)
    panels[0][0].set_ylabel("µs for a step")
    panels[1][0].set_ylabel("GFLOP/s of the matrix products")
    handles, labels = panels[1][0].get_legend_handles_labels()
    labels = ["the measured peak" if label == "sgemm" else label for label in labels]
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path, dpi=DOTS_PER_INCH)


def train_chart(records: Sequence[Record], path: Path) -> None:
    """Draw the median accuracy on the test set against the median time since the start."""
    chosen = on_fewest_threads(records)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    styles = _styles(chosen)
    for record in chosen:
        looks = list(zip(*record["curves"], strict=False))  # as far as the shortest run
        seconds = [np.median([look["seconds"] for look in each]) for each in looks]
        accuracies = [np.median([look["accuracy"] for look in each]) for each in looks]
        axes.plot(seconds, accuracies, label=title_of(record), **styles[record["backend"]])
    for accuracy in train.ACCURACIES:
        axes.axhline(accuracy, color=FAINT, lw=0.6, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0.91, 0.985)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("seconds since the process started, imports and tracing included")
    axes.set_ylabel("accuracy on the test set")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    _bare(axes)
    figure.savefig(path, dpi=DOTS_PER_INCH)


def _styles(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Return how to draw each backend: the color of its family, and dashes of its own in that."""
    styles: dict[str, dict[str, Any]] = {}
    for record in records:
        family = BACKENDS[record["backend"]].family
        if record["backend"] not in styles:
            before = sum(style["color"] == COLORS[family] for style in styles.values())
            dash = "--" if family == "floor" else DASHES[before % len(DASHES)]
            width = 2.2 if family == "ours" else 1.3
            styles[record["backend"]] = {"color": COLORS[family], "ls": dash, "lw": width}
    return styles


def _bare(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
