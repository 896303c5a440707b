"""Take all measurements; write a page, ``report.md``, its charts, and ``report.json``.

All three are written anew after each measurement, so that an interruption loses only its own.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import charts, machine, memory, overhead, profile, scale, step, train
from benchmarks.options import Options, add_options, usable, writable_folder
from benchmarks.provenance import made_by, provenance
from benchmarks.records import measured, write_json
from tinygrad_mnist.environment import blas_environment
from tinygrad_mnist.files import write_whole

SUMMARY = "take all measurements; write report.md, report.json and charts"
FOLDER = Path("runs", "benchmarks")
MEASUREMENTS: Mapping[str, ModuleType] = {
    "step": step,
    "train": train,
    "scale": scale,
    "profile": profile,
    "overhead": overhead,
    "memory": memory,
}
# Chosen so that all together take less than a quarter of an hour on two cores.
OPTIONS = {
    "step": replace(step.DEFAULTS, threads=usable((1, 2)), rounds=6),
    "train": train.DEFAULTS,
    "scale": replace(scale.DEFAULTS, rounds=3),
    "profile": profile.DEFAULTS,
    "overhead": replace(overhead.DEFAULTS, rounds=7),
    "memory": replace(
        memory.DEFAULTS,
        backends=["numpy", "numpy_packed", "eager", "captured", "tf_session", "tf_function"],
    ),
}
CHARTS = {"step": charts.step_chart, "train": charts.train_chart, "scale": charts.scale_chart}

Report = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options: those given hold for every measurement."""
    add_options(parser, "of every measurement")
    parser.add_argument(
        "--out",
        type=writable_folder,
        default=str(FOLDER),  # a string is parsed as if it had been given
        metavar="DIR",
        help=f"the folder (default: {FOLDER})",
    )


def run(options: argparse.Namespace) -> int:
    """Take the measurements and write the folder; return 1 if a backend was refused or died."""
    report: Report = {
        **provenance(),
        "machine": machine.describe(),
        "blas": blas_environment(),
        "seconds": {},
    }
    for name, module in MEASUREMENTS.items():
        print(f"{name}: {module.SUMMARY}")
        started = time.perf_counter()
        report[name] = module.measure(chosen(OPTIONS[name], options))
        report["seconds"][name] = time.perf_counter() - started
        write(report, name, options.out)
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


def write(report: Report, latest: str, folder: Path) -> None:
    """Write the figures and the page as far as they go, and the chart of the latest measurement.

    Raises
    ------
    OutputError
        If one of them cannot be written.
    """
    write_json(report, folder / "report.json")
    if latest in CHARTS and measured(report[latest]):
        CHARTS[latest](report[latest], folder / f"{latest}.png")
    write_whole(folder / "report.md", page(report).encode())


def page(report: Report) -> str:
    """Return the report as Markdown, with the measurements there are."""
    parts = [
        "# Benchmarks",
        f"{made_by(report)}: {machine.sentence(report['blas'], report['machine'])}",
    ]
    for name, module in MEASUREMENTS.items():
        if name in report:
            parts += [f"## {name}", module.CAPTION]
            if name in CHARTS and measured(report[name]):
                parts.append(f"![{module.SUMMARY}]({name}.png)")
            parts.append(module.table(report[name]).markdown())
            parts.append(f"({report['seconds'][name]:.0f} seconds)")
    return "\n\n".join(parts) + "\n"
