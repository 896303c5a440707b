"""Rewrite the figures that README.md and docs/speed.md quote from the committed run."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import machine, profile, train
from benchmarks.faster import where_others_are_faster
from benchmarks.provenance import made_by
from benchmarks.records import Record, on_fewest_threads, title_among, title_of
from benchmarks.supervisor import ROOT
from benchmarks.table import Table
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.files import write_whole

SUMMARY = "rewrite what README.md and docs/speed.md quote from benchmarks/results"
FIGURES = ROOT / "benchmarks" / "results" / "report.json"
MARKERS = "<!-- benchmark -->\n", "\n<!-- /benchmark -->"


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing: what is quoted is always the committed run."""


def run(_: argparse.Namespace) -> int:
    """Rewrite each page whose measurements were taken; the others stay as they are."""
    report = json.loads(FIGURES.read_text(encoding="utf-8"))
    for quotation in QUOTATIONS:
        if quotation.needs <= report.keys():
            text = quotation.page.read_text(encoding="utf-8")
            write_whole(quotation.page, with_block(text, quotation.block(report)).encode())
            print(f"wrote {quotation.page.relative_to(ROOT)}")
    return 0


def with_block(text: str, block: str) -> str:
    """Return a text with another block between its markers.

    Raises
    ------
    ArgumentError
        If a marker is not there.
    """
    before, begin, rest = text.partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not end:
        begin, end = (marker.strip() for marker in MARKERS)
        raise ArgumentError(f"A page that quotes must have the lines {begin} and {end}.")
    return before + begin + block + end + after


def readme_block(report: Mapping[str, Any]) -> str:
    """Return what README.md quotes: steps and trainings on few threads, and who is faster."""
    steps = sorted(on_fewest_threads(report["step"]), key=lambda record: record["microseconds"])
    return "\n\n".join(
        [
            f"{measured_by(report)} {libraries(steps)} Threads: {steps[0]['threads']}. Medians.",
            step_table(steps).markdown(),
            training_table(report["train"]).markdown(),
            "Where others are faster than ours, captured, or take less memory:",
            "\n".join(f"- {sentence}" for sentence in where_others_are_faster(report)),
        ]
    )


def speed_block(report: Mapping[str, Any]) -> str:
    """Return what docs/speed.md quotes: where the microseconds of a step go."""
    table = profile.table(on_fewest_threads(report["profile"]))
    return f"{measured_by(report)} {profile.CAPTION}\n\n{table.markdown()}"


def measured_by(report: Mapping[str, Any]) -> str:
    """Say by what and on what a report was measured."""
    return f"Measured by {made_by(report)}: {machine.sentence(report['blas'], report['machine'])}"


def libraries(records: Sequence[Record]) -> str:
    """Say which BLAS kernels and which versions the records have."""
    versions: dict[str, str] = {}
    for record in records:
        versions |= record["versions"]
    kernels = {
        blas["kernel"]
        for record in records
        for blas in record["blas"]
        if blas["library"] == "openblas"
    }
    told = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return f"OpenBLAS kernel: {', '.join(sorted(kernels))}. {told}."


def step_table(steps: Sequence[Record]) -> Table:
    """Lay out what a step takes."""
    rows = [
        (
            title_among(record, steps),
            f"{record['microseconds']:,.0f}",
            f"{record['microseconds_q1']:,.0f} to {record['microseconds_q3']:,.0f}",
            "-" if record["ratio_to_numpy"] is None else f"{record['ratio_to_numpy']:.2f}",
        )
        for record in steps
    ]
    return Table(("one step", "µs", "quartiles", "of NumPy by hand"), rows)


def training_table(records: Sequence[Record]) -> Table:
    """Lay out what whole processes take, fastest first."""
    aims = [f"{accuracy:.0%}" for accuracy in train.ACCURACIES]
    rows = [
        (
            title_of(record),
            f"{record['seconds_to_1000']:.2f}",
            *(train.reached(record, aim) for aim in aims),
        )
        for record in sorted(
            on_fewest_threads(records), key=lambda record: record["seconds_to_1000"]
        )
    ]
    headings = ("seconds of a whole process", "1,000 iterations", *(f"to {aim}" for aim in aims))
    return Table(headings, rows)


class Quotation(NamedTuple):
    """A page, the measurements it quotes, and the block between its markers."""

    page: Path
    needs: set[str]
    block: Callable[[Mapping[str, Any]], str]


QUOTATIONS = (
    Quotation(ROOT / "README.md", {"step", "train", "scale", "memory"}, readme_block),
    Quotation(ROOT / "docs" / "speed.md", {"profile"}, speed_block),
)
