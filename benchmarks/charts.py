"""The charts of a report: bars per backend, scaling lines over the floor, accuracy against time.

Every function writes one PNG, drawn on a ``Figure`` of its own, without pyplot's global state.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, PercentFormatter

from benchmarks import scale, train
from benchmarks.backends import BACKENDS, FLOOR
from benchmarks.drawing import (
    FAINT,
    FAMILIES,
    PLAIN,
    SHADES,
    bare,
    color_of,
    plain_ticks,
    save,
    styles,
)
from benchmarks.records import (
    Record,
    measured,
    on_fewest_threads,
    threads_of,
    title_among,
    title_of,
)


def step_chart(records: Sequence[Record], path: Path) -> None:
    """Draw a bar for each backend's step, with quartiles: a panel for each number of threads.

    The order is that of the first panel, fastest first.
    """
    found = sorted(measured(records), key=lambda record: record["microseconds"])
    counts = sorted({record["threads"] for record in found})
    shown = [[each for each in found if each["threads"] == threads] for threads in counts]
    titled = [{title_among(each, panel): each for each in panel} for panel in shown]
    titles = list(dict.fromkeys(title for panel in titled for title in panel))
    size = (4.5 + 3.5 * len(counts), 1.6 + 0.27 * len(titles))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(counts), sharex=True, sharey=True, squeeze=False)[0]
    for axes, panel in zip(panels, titled, strict=True):
        _bars(axes, [titles.index(title) for title in panel], list(panel.values()))
    panels[0].set_yticks(range(len(titles)), titles)
    panels[0].set_ylim(len(titles) - 0.4, -1.4)
    panels[0].set_xlim(0, 1.12 * max(record["microseconds_q3"] for record in found))
    families = {BACKENDS[record["backend"]].family for record in found}
    patches = [
        Patch(color=SHADES[family][0], label=label)
        for family, label in FAMILIES.items()
        if family in families
    ]
    figure.legend(handles=patches, loc="outside upper center", ncols=3, frameon=False)
    save(figure, found, path)


def _bars(axes: Axes, positions: Sequence[int], records: Sequence[Record]) -> None:
    """Draw the bars of one number of threads, and the floor as a line through all of them."""
    median, lower, upper = (
        np.array([record[f"microseconds{quartile}"] for record in records])
        for quartile in ("", "_q1", "_q3")
    )
    axes.barh(
        positions,
        median,
        xerr=[median - lower, upper - median],
        color=[color_of(record) for record in records],
        error_kw={"ecolor": "black", "elinewidth": 0.8},
    )
    for position, height, end in zip(positions, median, upper, strict=True):
        axes.text(end, position, f" {height:,.0f}", va="center", fontsize=8)
    for record in records:
        if record["backend"] == FLOOR:
            floor = record["microseconds"]
            axes.axvline(floor, color="black", lw=1, ls="--")
            axes.text(floor, -0.9, f" {FAMILIES['floor']}", va="center", fontsize=8)
    axes.set_xlabel(f"µs for a training step, {threads_of(records)}")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.tick_params(axis="y", length=0)
    bare(axes)


def scale_chart(records: Sequence[Record], path: Path) -> None:
    """Draw a step's time as a multiple of the floor's, and its GFLOP/s, along each axis."""
    chosen = on_fewest_threads(records)
    floors = {
        (record["axis"], record["value"]): record["microseconds"]
        for record in chosen
        if record["backend"] == FLOOR
    }
    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, len(scale.AXES), sharex="col", sharey="row", squeeze=False)
    peak = chosen[0]["peak_gflops"]
    for axis, (upper, lower) in zip(scale.AXES, panels.T, strict=True):
        on_axis = [record for record in chosen if record["axis"] == axis]
        for name, style in styles(chosen).items():
            own = [
                record
                for record in on_axis
                if record["backend"] == name and (axis, record["value"]) in floors
            ]
            values = [record["value"] for record in own]
            ratios = [record["microseconds"] / floors[axis, record["value"]] for record in own]
            upper.plot(values, ratios, label=BACKENDS[name].title, **style)
            lower.plot(values, [record["gflops"] for record in own], **style)
        lower.axhline(peak, color="black", lw=1, ls=":")
        lower.set_xlabel("batch size" if axis == "batch" else axis)
        _grid(upper, on_axis)
        _grid(lower, on_axis)
    panels[0][0].set_ylabel("time of a step, in multiples of\nthe matrix products alone")
    panels[1][0].set_ylabel("GFLOP/s of the matrix products")
    panels[1][0].text(1, peak, f"measured peak: {peak:.0f} GFLOP/s", va="bottom", fontsize=8)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    save(figure, chosen, path)


def _grid(axes: Axes, records: Sequence[Record]) -> None:
    """Make both axes logarithmic, with a line at each measured value."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    ticks = sorted({record["value"] for record in records})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.minorticks_off()
    plain_ticks(axes.yaxis)
    axes.tick_params(labelsize=8)
    axes.grid(True, color=FAINT, lw=0.3)
    bare(axes)


def best_by_time(curves: Sequence[train.Curve]) -> tuple[list[float], list[float]]:
    """Return times, and at each the median over the runs of the best accuracy they had by then.

    A run that has ended keeps its best; one that nobody has looked at yet has none.

    >>> first = [{"seconds": 1.0, "accuracy": 0.75}, {"seconds": 3.0, "accuracy": 0.5}]
    >>> best_by_time([first, [{"seconds": 2.0, "accuracy": 0.25}]])
    ([1.0, 2.0, 3.0], [0.375, 0.5, 0.5])
    """
    times = sorted(look["seconds"] for curve in curves for look in curve)
    best = []
    for curve in curves:
        seconds = [look["seconds"] for look in curve]
        reached = [0.0, *np.maximum.accumulate([look["accuracy"] for look in curve])]
        best.append([reached[bisect_right(seconds, time)] for time in times])
    return times, [float(median) for median in np.median(best, axis=0)]


def train_chart(records: Sequence[Record], path: Path) -> None:
    """Draw the best accuracy so far against the time since the start, medians over the seeds."""
    chosen = on_fewest_threads(records)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.add_subplot()
    for name, style in styles(chosen).items():
        (record,) = (record for record in chosen if record["backend"] == name)
        times, best = best_by_time(record["curves"])
        crossings = [bisect_left(best, accuracy) for accuracy in train.ACCURACIES]
        style["markevery"] = [crossing for crossing in crossings if crossing < len(best)]
        axes.plot(times, best, drawstyle="steps-post", label=title_of(record), **style)
    for accuracy in train.ACCURACIES:
        axes.axhline(accuracy, color=FAINT, lw=0.6, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    plain_ticks(axes.xaxis)
    axes.set_ylim(0.91, 0.985)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("seconds since the process started, imports and tracing included")
    axes.set_ylabel("best accuracy on the test set so far")
    seeds = max(record["seeds"] for record in chosen)
    aims = ", ".join(f"{accuracy:.0%}" for accuracy in train.ACCURACIES)
    figure.legend(
        title=f"medians over the seeds ({seeds}); marked where they reach {aims}",
        loc="outside upper center",
        ncols=3,
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )
    bare(axes)
    save(figure, chosen, path)
