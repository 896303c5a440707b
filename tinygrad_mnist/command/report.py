"""What a run leaves behind: its folder, and in it the figures, the history, the pictures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist.command.run import Run
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.environment import blas, versions
from tinygrad_mnist.errors import OutputError
from tinygrad_mnist.files import (
    PARTIAL,
    STANDARD_INPUT,
    open_input,
    prove_writable,
    sole_use,
    write_whole,
)
from tinygrad_mnist.nn import loop

CHECKPOINT = "checkpoint.npz"
FIGURES = ("history.csv", "metrics.json")
PICTURES = ("cost.png", "confusion.png", "predictions_4x4.png", "predictions_10x10.png")
HISTORY = "iteration,cost"
RUNS = Path("runs")


@contextmanager
def results_folder(out: Path | None, resumed: Path | None) -> Iterator[Path]:
    """Yield a folder for the results, in which no other run writes meanwhile.

    It is ``out``, else that of the resumed checkpoint, else a new one in ``runs``. What had to be
    made for it and is still empty at the end is taken away again.

    Raises
    ------
    OutputError
        If nothing can be written there, or another run is at it.
    """
    wanted = out or (_folder_of(resumed) if resumed else RUNS)
    made: list[Path] = []
    try:
        try:
            made += [path for path in (wanted, *wanted.parents) if not path.exists()]
            wanted.mkdir(parents=True, exist_ok=True)
            folder = wanted
            if not (out or resumed):
                folder = _next_folder(RUNS)
                made.insert(0, folder)
            with tempfile.TemporaryFile(dir=folder):
                pass  # it can be written to
        except OSError as error:
            raise OutputError(
                f"Cannot write results to {wanted}: {error.strerror}. Choose another folder with "
                "--out."
            ) from None
        with ExitStack() as held:
            try:
                # A checkpoint that is a link is written where it leads to.
                held.enter_context(sole_use((folder / CHECKPOINT).resolve().parent))
            except OSError as error:
                reason = "another run is writing there now"
                reason = reason if isinstance(error, BlockingIOError) else str(error.strerror)
                raise OutputError(
                    f"Cannot write results to {folder}: {reason}. Wait for its end, or choose "
                    "another folder with --out."
                ) from None
            yield folder
    finally:
        for path in made:
            with suppress(OSError):  # it holds results
                path.rmdir()


def _folder_of(resumed: Path) -> Path:
    if resumed == STANDARD_INPUT or resumed.is_fifo():
        raise OutputError(
            f"What comes through a pipe, as {resumed} does, has no folder; name one for the "
            "results with --out."
        )
    return resumed.parent


def claim(folder: Path, resumed: Path | None) -> None:
    """Make sure that a folder has no results but those of the resumed run, if there is one.

    Raises
    ------
    OutputError
        If it holds another run, or files of these names that this program did not write.
    """
    _refuse_another_run(folder / CHECKPOINT, resumed)
    names = CHECKPOINT, *FIGURES, *PICTURES
    for name in names:
        prove_writable(folder / name)
    refuse_foreign(folder, FIGURES + PICTURES)
    for name in names:
        for partial in folder.glob(f".{name}.*{PARTIAL}"):  # of a run that was killed as it wrote
            partial.unlink(missing_ok=True)


def refuse_foreign(folder: Path, names: Iterable[str]) -> None:
    """Raise OutputError if one of these files is there and this program did not write it."""
    for name in names:
        if (folder / name).exists() and not _is_ours(folder / name):
            raise OutputError(
                f"{folder / name} was not written by this program, and would be overwritten; move "
                "it away, or choose another folder with --out."
            )


def _is_ours(path: Path) -> bool:
    """Whether a file begins as this program's figures and pictures do."""
    try:
        with open_input(path, 1 << 30) as file:
            beginning = file.read(4096)
    except OSError:
        return False
    return beginning.startswith(HISTORY.encode()) or b"tinygrad_mnist" in beginning


def _next_folder(parent: Path) -> Path:
    """Make the first free one of run-001, run-002, ...; safe when two runs start at once."""
    for number in count(1):
        folder = parent / f"run-{number:03}"
        with suppress(FileExistsError):
            folder.mkdir()
            break
    return folder


def _refuse_another_run(checkpoint: Path, resumed: Path | None) -> None:
    same = resumed is not None and resumed.exists() and checkpoint.exists()
    if checkpoint.exists() and not (same and checkpoint.samefile(resumed or checkpoint)):
        raise OutputError(
            f"{checkpoint.parent} holds another run; choose another folder with --out, or go on "
            f"with that run by --resume {checkpoint}."
        )


def write_figures(
    run: Run, folder: Path, accuracies: dict[str, float], seconds: dict[str, float]
) -> list[str]:
    """Write ``history.csv`` and ``metrics.json``; return their names.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    settings = run.settings
    metrics: dict[str, Any] = {
        "iterations": run.iteration,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "hidden": settings.hidden,
        "optimizer": settings.optimizer,
        "seed": settings.seed,
        "classes": list(run.data.classes),
        **{f"{name}_accuracy": accuracy for name, accuracy in accuracies.items()},
        "final_cost": run.costs[-1],
        "seconds": {phase: round(duration, 3) for phase, duration in seconds.items()},
        "versions": versions(),
        "blas": blas(),
        "data": run.data.checksums,
    }
    rows = [f"{iteration},{np.float32(cost)}" for iteration, cost in enumerate(run.costs)]
    texts = "\n".join([HISTORY, *rows, ""]), json.dumps(metrics, indent=2, allow_nan=False) + "\n"
    for name, text in zip(FIGURES, texts, strict=True):
        write_whole(folder / name, text.encode())
    return list(FIGURES)


def doubt(run: Run, accuracies: dict[str, float]) -> str | None:
    """Return a sentence if a run has learned nothing, with the likely reason; else None."""
    labels = loop.classes(run.data.test.labels)
    guessing = np.bincount(labels).max() / len(labels)
    begin = np.mean(run.costs[: max(1, min(run.iteration // 10, 10))])
    end = np.mean(run.costs[-max(1, run.iteration // 10) :])
    if accuracies["test"] < 1.5 * guessing:
        seen = f"The test accuracy is near that of guessing, {guessing:.2%}"
    elif run.iteration > 1 and end > 0.97 * begin:
        seen = f"The cost never fell: it was {begin:.4f} at the beginning and {end:.4f} at the end"
    else:
        return None
    return f"{seen}; {_likely_reason(run, end > 1.03 * begin)}."


def _likely_reason(run: Run, risen: bool) -> str:
    rate, optimizer = run.settings.learning_rate, run.settings.optimizer
    small, large = (1e-4, 0.03) if optimizer == "adam" else (0.01, 1.0)
    if rate == 0:
        return "a learning rate of 0 changes nothing"
    if risen or rate >= large:
        return f"a learning rate of {rate:g} is likely too large for {optimizer}"
    if run.iteration < 100:
        return f"as few iterations as {run.iteration} are likely not enough"
    if rate < small:
        return f"a learning rate of {rate:g} is likely too small for {optimizer}"
    return "perhaps the labels do not belong to the images"


def recalls(names: list[str], labels: Array, predictions: Array) -> dict[str, Any]:
    """Return the accuracy, and class by class what was right and what it was taken for."""
    rows = []
    for number, name in enumerate(names):
        own, called = labels == number, predictions == number
        right = int((own & called).sum())
        wrong = np.bincount(predictions[own & ~called], minlength=len(names))
        taken = {"class": names[wrong.argmax()], "times": int(wrong.max())} if wrong.any() else None
        rows.append(
            {
                "class": name,
                "examples": int(own.sum()),
                "right": right,
                "recall": right / max(int(own.sum()), 1),
                "precision": right / max(int(called.sum()), 1),
                "most_often_taken_for": taken,
            }
        )
    right = int((labels == predictions).sum())
    total = {"accuracy": right / len(labels), "right": right, "examples": len(labels)}
    return {**total, "classes": rows}


def write_pictures(run: Run, folder: Path) -> list[str]:
    """Write the pictures, as many as there are test images for; return their names.

    They are the cost, the predictions of the first 4x4 and 10x10 test images, and the confusions.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    from tinygrad_mnist.command import plots  # imports matplotlib

    test = run.data.test
    predictions = run.model.predict(test.images).argmax(axis=-1)
    labels = loop.classes(test.labels)
    classes = np.array(run.data.classes)
    names = ["cost.png", "confusion.png"]
    plots.cost_curve(folder / "cost.png", np.arange(run.iteration), run.costs)
    plots.confusion(folder / "confusion.png", labels, predictions, run.data.classes)
    for side in (4, 10):
        first = slice(side * side)
        if first.stop <= test.num_examples:
            names.append(f"predictions_{side}x{side}.png")
            plots.prediction_grid(
                folder / names[-1],
                test.images[first],
                classes[labels[first]],
                classes[predictions[first]],
                side,
            )
    return names
