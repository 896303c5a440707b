"""The command line of ``step``; the race itself is replaced by rows written by hand."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import step
from benchmarks.__main__ import main
from benchmarks.race import Row
from tinygrad_mnist.errors import DataError


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments the race was called with; its only row was skipped."""
    calls: list[Any] = []

    def fake_race(backends: dict[str, str], *others: Any) -> list[Row]:
        calls.extend([list(backends), *others])
        return [Row("eager", 1, outcome="skipped", problem="it is a test.")]

    monkeypatch.setattr(step, "race", fake_race)
    monkeypatch.setattr(step, "mnist_workload", lambda: None)
    return calls


def test_options_reach_the_race_and_the_report(
    raced: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    options = f"step --backends numpy --threads 1 2 --rounds 3 --json {path}"
    assert main(options.split()) == 0
    assert raced == [["floor", "numpy"], [1, 2], 3, None]
    assert path.exists()
    assert "eager, threads 1, skipped: it is a test." in capsys.readouterr().out


def test_a_refused_backend_fails_the_command(
    raced: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "race", lambda *_: [Row("eager", 1, "refused", "it drifts.")])
    assert main(["step"]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--rounds 0", "expected a number of at least 1, received 0"),
        ("--backends keras_of_mars", "invalid choice"),
        ("--json no/such/folder/figures.json", "create it first"),
    ],
)
def test_a_bad_option_is_found_before_the_race(
    options: str, message: str, raced: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["step", *options.split()])
    assert message in capsys.readouterr().err
    assert raced == []


def test_an_error_of_the_package_is_one_sentence(
    raced: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def damaged() -> None:
        raise DataError("A file is damaged; fetch it again.")

    monkeypatch.setattr(step, "mnist_workload", damaged)
    assert main(["step"]) == 1
    assert capsys.readouterr().err == "A file is damaged; fetch it again.\n"
