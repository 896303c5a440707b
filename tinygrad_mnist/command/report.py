"""What a run leaves behind: its folder, and in it the figures, the history, the pictures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist.command.run import Run
from tinygrad_mnist.environment import blas, versions
from tinygrad_mnist.errors import OutputError
from tinygrad_mnist.files import PARTIAL, prove_writable, write_whole
from tinygrad_mnist.nn import loop

CHECKPOINT = "checkpoint.npz"
PICTURES = ("cost.png", "confusion.png", "predictions_4x4.png", "predictions_10x10.png")
RESULTS = (CHECKPOINT, "history.csv", "metrics.json", *PICTURES)
RUNS = Path("runs")


@contextmanager
def results_folder(out: Path | None, resumed: Path | None) -> Iterator[Path]:
    """Yield a folder for the results that holds no run but the resumed one.

    It is ``out``, else that of the resumed checkpoint, else a new one in ``runs``. What had to be
    made for it and is still empty at the end is taken away again.

    Raises
    ------
    OutputError
        If nothing can be written there, or it holds another run.
    """
    wanted = out or (resumed.parent if resumed else RUNS)
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
        _refuse_another_run(folder / CHECKPOINT, resumed)
        for name in RESULTS:
            prove_writable(folder / name)
        for partial in folder.glob(f".*{PARTIAL}"):  # of a run that was killed as it wrote
            partial.unlink(missing_ok=True)
        yield folder
    finally:
        for path in made:
            with suppress(OSError):  # it holds results
                path.rmdir()


def _next_folder(parent: Path) -> Path:
    """Make the first free one of run-001, run-002, ...; safe when two runs start at once."""
    for number in count(1):
        folder = parent / f"run-{number:03}"
        with suppress(FileExistsError):
            folder.mkdir()
            break
    return folder


def _refuse_another_run(checkpoint: Path, resumed: Path | None) -> None:
    if checkpoint.exists() and not (resumed and checkpoint.samefile(resumed)):
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
        **{f"{name}_accuracy": accuracy for name, accuracy in accuracies.items()},
        "final_cost": run.costs[-1],
        "seconds": {phase: round(duration, 3) for phase, duration in seconds.items()},
        "versions": versions(),
        "blas": blas(),
        "data": run.data.checksums,
    }
    rows = [f"{iteration},{np.float32(cost)}" for iteration, cost in enumerate(run.costs)]
    content = {
        "history.csv": "\n".join(["iteration,cost", *rows, ""]),
        "metrics.json": json.dumps(metrics, indent=2, allow_nan=False) + "\n",
    }
    for name, text in content.items():
        write_whole(folder / name, text.encode())
    return list(content)


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
    names = ["cost.png", "confusion.png"]
    plots.cost_curve(folder / "cost.png", np.arange(run.iteration), run.costs)
    plots.confusion(folder / "confusion.png", labels, predictions)
    for side in (4, 10):
        first = slice(side * side)
        if first.stop <= test.num_examples:
            names.append(f"predictions_{side}x{side}.png")
            plots.prediction_grid(
                folder / names[-1], test.images[first], labels[first], predictions[first], side
            )
    return names
