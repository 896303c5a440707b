"""Take all measurements; write a page, ``report.md``, its charts, and ``report.json``."""

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import charts, machine, memory, overhead, scale, step, train
from benchmarks.options import Options, add_options
from benchmarks.records import (
    Record,
    measured,
    on_fewest_threads,
    title_among,
    title_of,
    write_json,
)
from benchmarks.table import Table
from tinygrad_mnist.environment import blas_environment
from tinygrad_mnist.errors import OutputError

SUMMARY = "take all measurements; write report.md, report.json and charts"
FOLDER = Path("runs", "benchmarks")
MEASUREMENTS: Mapping[str, ModuleType] = {
    "step": step,
    "train": train,
    "scale": scale,
    "overhead": overhead,
    "memory": memory,
}
# Chosen so that all together take less than a quarter of an hour on two cores.
OPTIONS = {
    "step": replace(step.DEFAULTS, threads=(1, 2), rounds=10),
    "train": train.DEFAULTS,
    "scale": replace(scale.DEFAULTS, rounds=3),
    "overhead": replace(overhead.DEFAULTS, rounds=7),
    "memory": replace(
        memory.DEFAULTS,
        backends=["numpy", "numpy_packed", "eager", "captured", "tf_session", "tf_function"],
    ),
}
CHARTS = {"step": charts.step_chart, "train": charts.train_chart, "scale": charts.scale_chart}
COMMAND = "python -m benchmarks report"

Report = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options: those given hold for every measurement."""
    add_options(parser, "of every measurement")
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="DIR", help=f"the folder (default {FOLDER})"
    )


def run(options: argparse.Namespace) -> int:
    """Take the measurements and write the folder; return 1 if a backend was refused or died."""
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {options.out} cannot be made: {error}.") from error
    report: Report = {"machine": machine.describe(), "blas": blas_environment(), "seconds": {}}
    for name, module in MEASUREMENTS.items():
        print(f"{name}: {module.SUMMARY}")
        started = time.perf_counter()
        report[name] = module.measure(chosen(OPTIONS[name], options))
        report["seconds"][name] = time.perf_counter() - started
    write(report, options.out)
    if options.json:
        write_json(report, options.json)
    minutes = sum(report["seconds"].values()) / 60
    print(f"wrote report.md, report.json and charts to {options.out} after {minutes:.1f} minutes")
    outcomes = {record["outcome"] for name in MEASUREMENTS for record in report[name]}
    return int(bool(outcomes & {"refused", "died"}))


def chosen(defaults: Options, options: argparse.Namespace) -> Options:
    """Return a measurement's options: its defaults, but for what was given."""
    given = {name: getattr(options, name) for name in ("backends", "threads", "rounds")}
    return replace(defaults, **{name: value for name, value in given.items() if value})


def write(report: Report, folder: Path) -> None:
    """Write the page, the figures and the charts into a folder."""
    write_json(report, folder / "report.json")
    for name, chart in CHARTS.items():
        if measured(report[name]):
            chart(report[name], folder / f"{name}.png")
    (folder / "report.md").write_text(page(report), encoding="utf-8")


def page(report: Report) -> str:
    """Return the report as Markdown."""
    parts = [
        "# Benchmarks",
        f"`{COMMAND}`: {machine.sentence(report['blas'], report['machine'])}",
    ]
    for name, module in MEASUREMENTS.items():
        parts += [f"## {name}", module.CAPTION]
        if name in CHARTS and measured(report[name]):
            parts.append(f"![{module.SUMMARY}]({name}.png)")
        parts.append(module.table(report[name]).markdown())
        parts.append(f"({report['seconds'][name]:.0f} seconds)")
    return "\n\n".join(parts) + "\n"


def readme_block(report: Report) -> str:
    """Return what README.md quotes: a step and whole processes, on few threads, fastest first."""
    steps = sorted(on_fewest_threads(report["step"]), key=lambda record: record["microseconds"])
    rows = [
        (
            title_among(record, steps),
            f"{record['microseconds']:,.0f}",
            f"{record['microseconds_q1']:,.0f} to {record['microseconds_q3']:,.0f}",
            f"{record['ratio_to_numpy']:.2f}",
        )
        for record in steps
    ]
    headings = ("one step", "µs", "quartiles", "of NumPy by hand")
    versions: dict[str, str] = {}
    for record in steps:
        versions |= record["versions"]
    kernels = {blas["kernel"] for record in steps for blas in record["blas"] if blas.get("kernel")}
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return "\n\n".join(
        [
            f"Measured by `{COMMAND}` on {machine.sentence(report['blas'], report['machine'])} "
            f"OpenBLAS kernel: {', '.join(sorted(kernels))}. {libraries}. "
            f"Threads: {steps[0]['threads']}. Medians.",
            Table(headings, rows).markdown(),
            _training(report["train"]),
        ]
    )


def _training(records: list[Record]) -> str:
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
    return Table(headings, rows).markdown()
