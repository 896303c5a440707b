"""The accounts of memory, without any training."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import memory
from benchmarks.processes import memory as process
from benchmarks.supervisor import SkippedError

DESCRIPTION = {"import_seconds": 0.1, "versions": {"numpy": "2.0"}, "blas": []}


class Told:
    """A child of a system that does not tell; the package of eager is missing."""

    def __init__(self, module: str) -> None:
        peaks = {"system": None, "traced": [3_000_000, 2_000_000]}
        self._messages = iter([DESCRIPTION, peaks])
        self._missing = module.endswith(".eager")

    def receive(self) -> Any:
        if self._missing:
            raise SkippedError("it needs a_package, which is not installed.")
        return next(self._messages)


@pytest.mark.usefixtures("quickly_loaded")
def test_what_is_not_told_is_a_dash_and_what_is_skipped_is_listed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextmanager
    def start(name: str, module: str, *_: str, **__: Any) -> Iterator[Told]:
        yield Told(module)

    monkeypatch.setattr(memory, "start", start)
    monkeypatch.setattr(memory, "BATCH_SIZES", (8, 16))
    records = memory.measure(memory.Options(["eager", "numpy"], rounds=2))
    assert [(record["backend"], record.get("batch_size")) for record in records] == [
        *(("eager", None), ("numpy", 8), ("numpy", 16)),
    ]
    table = memory.table(records)
    assert [row[4:-1] for row in table.rows] == [("3.00", "2.00", "-", "-")] * 2
    assert len(table.notes) == 1


def test_a_system_may_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROCESS", tmp_path)
    assert not process.tells_of_memory()
    (tmp_path / "clear_refs").touch()
    (tmp_path / "status").write_text("Name: python\n", encoding="utf-8")
    assert not process.tells_of_memory()
    (tmp_path / "status").write_text("Name: python\nVmHWM:\t      30 kB\n", encoding="utf-8")
    assert process.tells_of_memory()
