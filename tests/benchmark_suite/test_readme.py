"""What the pages quote is the committed run, and the modules' examples hold."""

import doctest
import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import benchmarks
from benchmarks import provenance, quote, report
from benchmarks.__main__ import main
from tinygrad_mnist.errors import ArgumentError

ROOT = Path(benchmarks.__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


@pytest.mark.parametrize("quotation", quote.QUOTATIONS, ids=lambda quotation: quotation.page.name)
def test_a_page_quotes_the_committed_run(
    quotation: quote.Quotation, figures: dict[str, Any]
) -> None:
    text = quotation.page.read_text(encoding="utf-8")
    assert [text.count(marker) for marker in quote.MARKERS] == [1, 1]
    if quotation.needs <= figures.keys():
        assert text == quote.with_block(text, quotation.block(figures))


def test_a_page_without_a_marker_is_refused() -> None:
    with pytest.raises(ArgumentError, match="must have the lines <!-- benchmark --> and <!-- /b"):
        quote.with_block(f"before {quote.MARKERS[0]} after", "block")


def test_a_step_without_numpys_beside_it_has_no_ratio(figures: dict[str, Any]) -> None:
    (row,) = quote.step_table([{**figures["step"][0], "ratio_to_numpy": None}]).rows
    assert row[-1] == "-"


def test_the_committed_page_is_that_of_the_committed_figures(figures: dict[str, Any]) -> None:
    assert (RESULTS / "report.md").read_text(encoding="utf-8") == report.page(figures)
    assert {path.stem for path in RESULTS.glob("*.png")} == set(report.CHARTS)


def test_a_page_whose_measurements_are_missing_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def quotation(name: str) -> quote.Quotation:
        page = tmp_path / f"{name}.md"
        page.write_text(
            f"before\n{quote.MARKERS[0]}old{quote.MARKERS[1]}\nafter\n", encoding="utf-8"
        )
        return quote.Quotation(page, {name}, lambda report: str(report[name]))

    quotations = [quotation(name) for name in ("step", "profile")]
    (tmp_path / "report.json").write_text(json.dumps({"step": "new"}), encoding="utf-8")
    monkeypatch.setattr(quote, "FIGURES", tmp_path / "report.json")
    monkeypatch.setattr(quote, "ROOT", tmp_path)
    monkeypatch.setattr(quote, "QUOTATIONS", quotations)
    assert main(["quote"]) == 0
    texts = [quotation.page.read_text(encoding="utf-8") for quotation in quotations]
    assert texts == [
        f"before\n{quote.MARKERS[0]}{block}{quote.MARKERS[1]}\nafter\n" for block in ("new", "old")
    ]
    assert capsys.readouterr().out == "wrote step.md\n"


def test_outside_of_a_checkout_there_is_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.commit() is None
    (tmp_path / ".git").touch()  # which is none
    assert provenance.commit() is None


MODULES = [
    module.name
    for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")
    if module.name.count(".") == 1 or module.name.startswith("benchmarks.profiles.")
]


@pytest.mark.parametrize(
    "name", [name for name in MODULES if not name.endswith(("__main__", "jax_jit"))]
)
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
