"""What the command line takes and refuses, before anything is measured."""

import argparse
from pathlib import Path

import pytest

from benchmarks import options
from benchmarks.__main__ import main, parser


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "available_threads", lambda: 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--rounds 0", "expected a whole number from 1 on, received '0'"),
        ("--threads two", "expected a whole number from 1 on, received 'two'"),
        ("--threads 1 3", "expected at most 2, the processors this process may use, received 3"),
        ("--backends keras_of_mars", "invalid choice"),
        ("--json no/such/folder/figures.json", "create it first"),
        ("--json .", ". is not a regular file; name another"),
    ],
)
def test_a_bad_option_is_found_before_the_race(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["step", *words.split()])
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_what_is_given_twice_is_taken_once() -> None:
    words = "step --threads 2 1 2 --backends eager numpy eager"
    chosen = parser().parse_args(words.split())
    assert (chosen.threads, chosen.backends) == ([2, 1], ["eager", "numpy"])


def test_the_numbers_of_threads_that_are_there() -> None:
    assert options.usable((1, 2, 4)) == (1, 2)


def test_a_folder_is_made_and_a_file_in_it_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert options.writable_folder(str(folder)) == folder
    assert options.writable_file(str(folder / "figures.json")) == folder / "figures.json"
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(argparse.ArgumentTypeError, match="cannot be made"):
            options.writable_folder(str(path))


def test_a_folder_that_takes_no_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(options.tempfile, "TemporaryFile", full)
    message = r"cannot be written to \(No space left on device\); name another"
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        options.writable_folder(str(tmp_path))
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        options.writable_file(str(tmp_path / "figures.json"))
