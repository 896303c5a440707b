"""Where the time of a step goes: the stopwatch, the parts of each backend, and the table."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import profile, profiles
from benchmarks.__main__ import main
from benchmarks.backends import numpy_packed
from benchmarks.processes.profile import one_round
from benchmarks.profiles import stopwatch
from benchmarks.profiles.stopwatch import Stopwatch
from benchmarks.workload import Workload

ADAM = {profiles.MULTIPLICATIONS, profiles.ADDITIONS, profiles.ROOTS, profiles.DIVISIONS}
WORK = {profiles.LARGE, profiles.SMALL, profiles.HIDDEN, profiles.OUTPUTS, *ADAM}


def test_a_part_does_not_count_the_parts_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def ticks() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += 1.0

    clock = ticks()
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(stopwatch, "CALIBRATIONS", 1)
    watch = Stopwatch()  # it finds that reading the clock takes one tick
    inner = watch.timed(lambda: [next(clock) for _ in range(3)], lambda: "inner")
    outer = watch.timed(lambda _: (inner(), next(clock), inner()), lambda _: "outer")
    assert watch.medians(outer, [(1,), (2,)]) == {"inner": 6.0, "outer": 3.0}
    broken = watch.timed(lambda _: (inner(), 1 / 0), lambda _: "broken")
    with pytest.raises(ZeroDivisionError):
        broken(1)
    assert watch.medians(outer, [(1,)]) == {"inner": 6.0, "outer": 3.0}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("floor", set()),
        ("numpy_packed", WORK),
        (
            "captured",
            WORK | {profiles.NUMBERS, profiles.FEEDING, profiles.HANDING_OUT, profiles.FINDING},
        ),
    ],
)
def test_a_round_tells_every_part(name: str, told: set[str], workload: Workload) -> None:
    found = one_round(importlib.import_module(f"benchmarks.profiles.{name}"), workload)
    assert found["parts"].keys() == told
    names = {*profiles.GROUPS, *(part for parts in profiles.GROUPS.values() for part in parts)}
    assert {found["remainder"], *told} <= names
    assert found["step"] > 0
    assert numpy_packed.np is np


def test_the_pieces_of_jax_are_those_of_its_step(workload: Workload) -> None:
    pytest.importorskip("jax")
    from benchmarks.backends.jax_jit import initial_state
    from benchmarks.profiles import jax_jit

    state, batch = initial_state(workload.parameters), (workload.images[0], workload.labels[0])
    shapes = [each.shape for each in jax_jit.products(state[0], batch[0])]
    assert shapes == [(64, 10), (128, 64), (784, 128)]
    parts = one_round(jax_jit, workload)["parts"]
    assert parts.keys() == {profiles.PRODUCTS, profiles.ADAM, profiles.CALL}


def record(backend: str, microseconds: float, **parts: float) -> dict[str, Any]:
    return {
        "backend": backend,
        "threads": 1,
        "outcome": "measured",
        "microseconds": microseconds,
        "parts": {getattr(profiles, name): figure for name, figure in parts.items()},
        "versions": {"numpy": "2.0"},
        "blas": [],
    }


def test_the_table_adds_up_and_the_notes_say_what_differs() -> None:
    skipped = {"backend": "numpy_packed", "threads": 1, "outcome": "skipped", "problem": "a test."}
    records = [
        record("captured", 500, LARGE=200, SMALL=50, ADAM=200, FINDING=30, UNEXPLAINED=20),
        record("floor", 240, PRODUCTS=240),
        skipped,
    ]
    table = profile.table(records)
    rows = {title: cells for title, *cells in table.rows}
    assert rows["the eight matrix products"] == ["1", "250", "50%", "240", "-", "-"]
    assert rows["- the six small ones"] == ["1", "50", "10%", "-", "-", "-"]
    assert rows["the step"] == ["1", "500", "100%", "240", "-", "-"]
    assert table.notes == [
        "NumPy by hand, preallocated (numpy_packed), threads 1, skipped: a test.",
        "tinygrad_mnist, captured takes 260 µs more than the matrix products alone (threads 1): "
        "the eight matrix products +10, what lies between them +0, Adam's passes over all "
        "parameters +200, the call +30, not explained +20.",
        "Run on numpy 2.0.",
    ]


@pytest.mark.usefixtures("short", "quickly_loaded")
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "OTHERS", ("floor",))
    assert main(["profile", "--rounds", "2", "--json", str(tmp_path / "figures.json")]) == 0
    ours, floor = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert (ours["backend"], floor["backend"]) == ("captured", "floor")
    for each in (ours, floor):
        assert sum(each["parts"].values()) == pytest.approx(each["microseconds"])
