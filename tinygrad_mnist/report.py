"""What a finished run leaves in its folder: the figures, the history, the pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist import loop
from tinygrad_mnist.environment import blas, versions
from tinygrad_mnist.files import write_whole
from tinygrad_mnist.training import Run

CHECKPOINT = "checkpoint.npz"
METRICS = "metrics.json"


def write_figures(
    run: Run, folder: Path, accuracies: dict[str, float], seconds: dict[str, float]
) -> None:
    """Write ``metrics.json`` and ``history.csv``.

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
    write_whole(folder / "history.csv", "\n".join(["iteration,cost", *rows, ""]).encode())
    write_whole(folder / METRICS, (json.dumps(metrics, indent=2) + "\n").encode())


def write_pictures(run: Run, folder: Path) -> None:
    """Write the pictures: the cost, the predictions of 4x4 and 10x10 test images, the confusions.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    from tinygrad_mnist import plots  # imports matplotlib

    test = run.data.test
    predictions = run.model.predict(test.images).argmax(axis=-1)
    labels = loop.classes(test.labels)
    plots.cost_curve(folder / "cost.png", np.arange(run.iteration), run.costs)
    corner = [row * 10 + column for row in range(4) for column in range(4)]
    for side, chosen in ((4, corner), (10, list(range(100)))):
        plots.prediction_grid(
            folder / f"predictions_{side}x{side}.png",
            test.images[chosen],
            labels[chosen],
            predictions[chosen],
            side,
        )
    plots.confusion(folder / "confusion.png", labels, predictions)
