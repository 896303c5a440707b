"""Where others are faster than ours, or take less memory: sentences computed from a report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import scale
from benchmarks.backends import BACKENDS, OURS
from benchmarks.records import Record, measured, on_fewest_threads, threads_of, title_of


def where_others_are_faster(report: Mapping[str, Any]) -> list[str]:
    """Say it for each number of threads, each axis and each batch size, where there is any."""
    return [*_steps(report["step"]), *_scales(report["scale"]), *_memories(report["memory"])]


def is_another(name: str) -> bool:
    """Whether a backend is no engine of ours, and does the whole work."""
    return BACKENDS[name].family not in ("ours", "floor")


def _steps(records: Sequence[Record]) -> Iterator[str]:
    for threads in sorted({record["threads"] for record in measured(records)}):
        shown = [record for record in measured(records) if record["threads"] == threads]
        yield from _below(shown, "microseconds", f"One step on {threads_of(shown)}", "{:,.0f} µs")


def _memories(records: Sequence[Record]) -> Iterator[str]:
    told = [record for record in on_fewest_threads(records) if record["system_later_bytes"]]
    figures = [record | {"megabytes": record["system_later_bytes"] / 1e6} for record in told]
    for size in sorted({record["batch_size"] for record in figures}):
        shown = [record for record in figures if record["batch_size"] == size]
        what = f"Resident memory of a training with batch {size:,}"
        yield from _below(shown, "megabytes", what, "{:,.1f} MB")


def _below(records: Sequence[Record], figure: str, what: str, form: str) -> Iterator[str]:
    """Yield the sentence that lists who has a smaller figure than ours, if anybody has."""
    first: dict[str, Record] = {}  # of several BLAS kernels the better ones, which come first
    for record in records:
        first.setdefault(record["backend"], record)
    ours = first[OURS][figure] if OURS in first else 0
    less = [each for name, each in first.items() if is_another(name) and each[figure] < ours]
    items = [
        f"{title_of(record)} ({form.format(record[figure])})"
        for record in sorted(less, key=lambda record: record[figure])
    ]
    if items:
        yield f"{what} (ours: {form.format(ours)}): {'; '.join(items)}."


def _scales(records: Sequence[Record]) -> Iterator[str]:
    for axis in scale.AXES:
        seconds: dict[str, dict[int, float]] = {}
        for record in on_fewest_threads(records):
            if record["axis"] == axis:
                points = seconds.setdefault(record["backend"], {})
                points[record["value"]] = record["microseconds"]
        ours = seconds.get(OURS, {})
        items = []
        for name in filter(is_another, seconds):
            values = [
                value for value in ours if seconds[name].get(value, ours[value]) < ours[value]
            ]
            if values:
                times = ours[values[-1]] / seconds[name][values[-1]]
                where = f"{span(values, list(ours))} ({times:.2f} times as fast at {values[-1]:,})"
                items.append(f"{BACKENDS[name].title} {where}")
        if items:
            yield f"By {'batch size' if axis == 'batch' else axis}: {'; '.join(items)}."


def span(values: Sequence[int], among: Sequence[int]) -> str:
    """Say which values these are: from one of them on, if they are the last, or one by one.

    >>> span([16, 64], [1, 4, 16, 64]), span([1, 16], [1, 4, 16, 64]), span([64], [16, 64])
    ('from 16 on', 'at 1, 16', 'at 64')
    """
    if len(values) > 1 and values == among[-len(values) :]:
        return f"from {values[0]:,} on"
    return "at " + ", ".join(f"{value:,}" for value in values)
