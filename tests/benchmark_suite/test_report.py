"""The report, made of measurements that are not taken: they return what was committed."""

import json
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmarks import drawing, report
from benchmarks.__main__ import INTERRUPTED, main
from benchmarks.options import Options
from tinygrad_mnist import __version__

Measure = Callable[[Options], list[dict[str, Any]]]


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what puts other functions, or the committed records, in place of measurements."""

    def take(figures: dict[str, Any], **others: Measure) -> None:
        chosen = {name: report.MEASUREMENTS[name] for name in ("step", "train")}
        for name, module in chosen.items():
            measure = others.get(name, lambda _, name=name: figures[name])
            monkeypatch.setattr(module, "measure", measure)
        monkeypatch.setattr(report, "MEASUREMENTS", chosen)
        monkeypatch.setattr(drawing, "DOTS_PER_INCH", 20)

    return take


def test_a_report_has_a_page_charts_and_figures_that_say_what_made_them(
    take: Callable[..., None], figures: dict[str, Any], tmp_path: Path
) -> None:
    take(figures)
    folder = tmp_path / "new" / "folder"
    assert main(["report", "--out", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == {
        *("report.md", "report.json", "step.png", "train.png"),
    }
    page = (folder / "report.md").read_text(encoding="utf-8")
    for name, module in report.MEASUREMENTS.items():
        assert f"\n## {name}\n\n{module.CAPTION}\n" in page
    written = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    keys = {"version", "commit", "date", "machine", "blas", "seconds", *report.MEASUREMENTS}
    assert written.keys() == keys
    assert written["version"] == __version__
    assert f" on {date.fromisoformat(written['date'])}: " in page


def test_an_interruption_loses_only_the_measurement_under_way(
    take: Callable[..., None], figures: dict[str, Any], tmp_path: Path
) -> None:
    def interrupted(_: Options) -> list[dict[str, Any]]:
        raise KeyboardInterrupt

    take(figures, train=interrupted)
    assert main(["report", "--out", str(tmp_path)]) == INTERRUPTED
    assert {path.name for path in tmp_path.iterdir()} == {"report.md", "report.json", "step.png"}
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written["step"] == figures["step"]
    assert "train" not in written
    assert written["seconds"].keys() == {"step"}


@pytest.mark.parametrize("name", ["report.md", "report.json", "step.png"])
def test_what_cannot_be_written_is_one_sentence(
    name: str,
    take: Callable[..., None],
    figures: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    take(figures)
    (tmp_path / name).mkdir()
    assert main(["report", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"Cannot write {tmp_path / name}: ")


def test_a_folder_that_cannot_be_made_is_found_before_the_race(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit):
        main(["report", "--out", str(tmp_path / "file" / "folder")])
    assert "cannot be made" in capsys.readouterr().err


def test_options_that_are_given_hold_for_every_measurement() -> None:
    given = Namespace(backends=["numpy"], threads=None, rounds=2)
    defaults = Options(["mygrad"], threads=(1, 2), rounds=8)
    assert report.chosen(defaults, given) == Options(["numpy"], threads=(1, 2), rounds=2)
