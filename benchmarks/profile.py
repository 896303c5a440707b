"""Say where the microseconds of a captured step go, next to the floor and to faster backends."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tqdm import tqdm

from benchmarks.backends import BACKENDS, OURS
from benchmarks.options import Options
from benchmarks.profiles import GROUPS
from benchmarks.race import MEASURED, Row
from benchmarks.records import Record, absences, make_record, measured, quartiles, ran_on
from benchmarks.supervisor import Child, start
from benchmarks.table import Table
from benchmarks.workload import BATCHES, mnist_workload
from tinygrad_mnist.environment import blas_environment

SUMMARY = "say where the microseconds of a captured step go"
DEFAULTS = Options([], rounds=7)
ROUND = f"alternating rounds of {BATCHES} whole steps and {BATCHES} in parts"
OTHERS = ("floor", "numpy_packed", "jax_jit")
CAPTION = (
    "Where the microseconds of a training step go: each operation timed in its place, in whole "
    "steps. JAX's step cannot be taken apart: its products, its Adam and a call without work are "
    "compiled functions of their own, and what they leave of the step lies between. Medians."
)


def measure(options: Options) -> list[Record]:
    """Take the step of each backend apart; return a record for each."""
    better, records = blas_environment(), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workload.npz")
        mnist_workload().save(path)
        for threads in options.threads:
            rows = [
                Row(name, f"benchmarks.profiles.{name}", threads, better)
                for name in (OURS, *OTHERS)
            ]
            rounds = take_rounds(rows, path, options.rounds)
            pairs = zip(rows, rounds, strict=True)
            records += [make_record(row, _figures(taken)) for row, taken in pairs]
    return records


def take_rounds(rows: Sequence[Row], path: Path, count: int) -> list[list[Record]]:
    """Start a process for each row and ask them in turn; return what each answered."""
    children: dict[int, Child] = {}
    taken: list[list[Record]] = [[] for _ in rows]
    with ExitStack() as stack:
        for number, row in enumerate(rows):
            with row.noting_failure():
                starting = start(
                    "profile", row.module, str(path), threads=row.threads, blas=row.blas
                )
                child = stack.enter_context(starting)
                row.describe(child)
                children[number] = child
        for _ in tqdm(range(count), "rounds", leave=False, disable=None):
            for number, child in children.items():
                if rows[number].outcome == MEASURED:
                    with rows[number].noting_failure():
                        taken[number].append(child.ask("round", None))
    return taken


def _figures(rounds: Sequence[Record]) -> Record:
    """Return the medians; what the parts leave of the step is counted to the remainder."""
    if not rounds:
        return {}
    figures = quartiles("microseconds", [each["step"] for each in rounds], 1e6)
    parts = {
        part: median(each["parts"][part] for each in rounds) * 1e6 for part in rounds[0]["parts"]
    }
    rest = figures["microseconds"] - sum(parts.values())
    return figures | {"parts": parts | {rounds[0]["remainder"]: rest}}


def table(records: Sequence[Record]) -> Table:
    """Lay out the parts as rows and the backends as columns; the notes say how they differ."""
    found = {(record["backend"], record["threads"]): record for record in measured(records)}
    rows, notes = [], absences(records)
    for threads in sorted({threads for _, threads in found}):
        ours, *others = (found.get((name, threads)) for name in (OURS, *OTHERS))
        for title, parts in _lines():
            part = _total(ours, parts)
            share = f"{part / ours['microseconds']:.0%}" if ours and part is not None else "-"
            cells = [_cell(_total(other, parts)) for other in others]
            rows.append((title, str(threads), _cell(part), share, *cells))
        notes += [_difference(ours, other) for other in others if ours and other]
    titles = [BACKENDS[name].title for name in (OURS, *OTHERS)]
    headings = ("µs of a step", "threads", titles[0], "of the step", *titles[1:])
    return Table(headings, rows, [*notes, *ran_on(records)])


def _lines() -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what a line is called and which parts it adds up."""
    for group, parts in GROUPS.items():
        yield group, (group, *parts)
        yield from ((f"- {part}", (part,)) for part in parts)
    yield "the step", [part for group, parts in GROUPS.items() for part in (group, *parts)]


def _total(record: Record | None, parts: Sequence[str]) -> float | None:
    known = [record["parts"][part] for part in parts if part in record["parts"]] if record else []
    return sum(known) if known else None


def _cell(microseconds: float | None) -> str:
    return "-" if microseconds is None else f"{microseconds:,.0f}"


def _difference(ours: Record, other: Record) -> str:
    """Say group by group what one step takes more than another."""
    more = ours["microseconds"] - other["microseconds"]
    apart = {
        group: (_total(ours, (group, *parts)) or 0) - (_total(other, (group, *parts)) or 0)
        for group, parts in GROUPS.items()
    }
    items = ", ".join(f"{group} {difference:+.0f}" for group, difference in apart.items())
    return (
        f"{BACKENDS[OURS].title} takes {abs(more):.0f} µs {'more' if more > 0 else 'less'} than "
        f"{BACKENDS[other['backend']].title} (threads {ours['threads']}): {items}."
    )
