"""README's figures are those of the committed run, and the modules' examples hold."""

import doctest
import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import benchmarks
from benchmarks import report

ROOT = Path(benchmarks.__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
MARKERS = "<!-- benchmark -->\n", "\n<!-- /benchmark -->"


def test_the_readme_quotes_the_committed_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = text.partition(MARKERS[0])[2].partition(MARKERS[1])[0]
    figures = json.loads((RESULTS / "report.json").read_text(encoding="utf-8"))
    assert quoted == report.readme_block(figures)


def test_the_committed_page_is_that_of_the_committed_figures() -> None:
    figures = json.loads((RESULTS / "report.json").read_text(encoding="utf-8"))
    assert (RESULTS / "report.md").read_text(encoding="utf-8") == report.page(figures)
    assert {path.stem for path in RESULTS.glob("*.png")} == set(report.CHARTS)


MODULES = [name for _, name, package in pkgutil.iter_modules(benchmarks.__path__) if not package]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__main__"])
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"benchmarks.{name}")).failed == 0
