"""The commands: each takes the parsed options, prints what a person wants to know, returns 0."""

from __future__ import annotations

import argparse
import shlex
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from tinygrad_mnist import loop, mnist, report, training
from tinygrad_mnist.environment import available_threads, blas, versions
from tinygrad_mnist.errors import ArgumentError, OutputError
from tinygrad_mnist.ops.activation import softmax
from tinygrad_mnist.training import Run, Settings

INTERRUPTED = 130


def train(options: argparse.Namespace) -> int:
    """Train the network and write what came of it."""
    seconds: dict[str, float] = {}
    with _timed(seconds, "load"):
        run = _resumed_run(options) if options.resume else _new_run(options)
        folder = _folder(options)
    settings = run.settings
    print(
        f"{'-'.join(map(str, settings.sizes))}, {settings.optimizer}, learning rate "
        f"{settings.learning_rate:g}, batches of {settings.batch_size} of "
        f"{run.data.train.num_examples:,} examples, seed {settings.seed}, "
        f"{settings.threads} BLAS thread{'s' * (settings.threads != 1)}"
    )
    checkpoint = folder / report.CHECKPOINT
    with threadpool_limits(settings.threads, user_api="blas"):
        with _timed(seconds, "train"):
            finished = _train(run, checkpoint, options)
        if not finished:
            again = ["tinygrad-mnist", "train", "--resume", str(checkpoint)]
            if options.data_dir:
                again += ["--data-dir", str(options.data_dir)]
            print(
                f"Interrupted after {run.iteration} of {settings.iterations} iterations; nothing "
                f"is lost. Go on with: {shlex.join(again)}"
            )
            return INTERRUPTED
        with _timed(seconds, "evaluate"):
            accuracies = run.accuracies()
        print(f"trained in {seconds['train']:.2f} s")
        for name, accuracy in accuracies.items():
            print(f"{name + ' accuracy':<20}{accuracy:8.2%}")
        if not options.no_plots:
            with _timed(seconds, "pictures"):
                report.write_pictures(run, folder)
    report.write_figures(run, folder, accuracies, seconds)
    print(f"wrote {', '.join(sorted(path.name for path in folder.iterdir()))} to {folder}")
    return 0


def _train(run: Run, checkpoint: Path, options: argparse.Namespace) -> bool:
    """Train to the end, or until a signal comes; return whether it is the end."""
    total = run.settings.iterations
    with (
        training.interruptible() as interrupted,
        tqdm(total=total, initial=run.iteration, disable=None, leave=False) as bar,
    ):
        for iteration, cost in enumerate(run.train(), run.iteration):
            bar.update()
            if iteration % options.log_every == 0:
                bar.write(f"iteration {iteration:>6}  cost {cost:.4f}")
            if interrupted():
                break
            if run.iteration % options.checkpoint_every == 0 and run.iteration < total:
                run.save(checkpoint)
        run.save(checkpoint)
    return run.iteration == total


def _new_run(options: argparse.Namespace) -> Run:
    given = _given_settings(options)
    settings = Settings(**given)
    settings = replace(settings, threads=settings.blas_threads(available_threads()))
    return Run(settings, options.data_dir)


def _resumed_run(options: argparse.Namespace) -> Run:
    run = training.resume(options.resume, options.data_dir)
    given = _given_settings(options)
    for name, value in given.items():
        stored = getattr(run.settings, name)
        if name not in ("iterations", "threads") and value != stored:
            raise ArgumentError(
                f"--{name.replace('_', '-')} {value} contradicts {options.resume}, which was "
                f"trained with {stored}; leave it out, or start a new run without --resume."
            )
    run.settings = replace(run.settings, **given)
    if run.iteration > run.settings.iterations:
        raise ArgumentError(
            f"{options.resume} is at iteration {run.iteration} already; give --iterations a "
            f"number above that. Received: {run.settings.iterations}."
        )
    return run


def _given_settings(options: argparse.Namespace) -> dict[str, Any]:
    given = {field.name: getattr(options, field.name) for field in fields(Settings)}
    given = {name: value for name, value in given.items() if value is not None}
    return given | ({"hidden": tuple(given["hidden"])} if "hidden" in given else {})


def _folder(options: argparse.Namespace) -> Path:
    """Make the folder for the results, one that holds no other run."""
    try:
        if options.out:
            folder: Path = options.out
            folder.mkdir(parents=True, exist_ok=True)
        elif options.resume:
            folder = options.resume.parent
        else:
            folder = _next_folder(Path("runs"))
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"Cannot write results to {options.out or Path('runs')}: {error.strerror}. Choose "
            "another folder with --out."
        ) from None
    same = options.resume and options.resume.parent.resolve() == folder.resolve()
    if (folder / report.CHECKPOINT).exists() and not same:
        raise OutputError(
            f"{folder} holds another run; choose another folder with --out, or go on with that "
            f"run by --resume {folder / report.CHECKPOINT}."
        )
    return folder


def _next_folder(parent: Path) -> Path:
    parent.mkdir(exist_ok=True)
    number = 1
    while True:
        folder = parent / f"run-{number:03}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def evaluate(options: argparse.Namespace) -> int:
    """Print a checkpoint's accuracy on the test set, class by class, and draw its confusions."""
    model = training.trained_model(options.checkpoint)
    test = mnist.load(options.data_dir).test
    predictions = model.predict(test.images).argmax(axis=-1)
    labels = loop.classes(test.labels)
    hits = predictions == labels
    print(f"test accuracy {hits.mean():.2%} ({hits.sum():,} of {len(hits):,})")
    print("class  examples  right    recall  precision  most often taken for")
    for digit in range(10):
        own, called = labels == digit, predictions == digit
        right = int((own & called).sum())
        wrong = np.bincount(predictions[own & ~called], minlength=10)
        taken = f"{wrong.argmax()} ({wrong.max()} times)" if wrong.any() else "-"
        print(
            f"{digit:>5}  {own.sum():>8}  {right:>5}  {right / max(own.sum(), 1):>8.2%}"
            f"  {right / max(called.sum(), 1):>9.2%}  {taken}"
        )
    from tinygrad_mnist import plots  # imports matplotlib

    folder = options.out or options.checkpoint.parent
    picture = folder / "evaluation_confusion.png"
    plots.confusion(picture, labels, predictions)
    print(f"wrote {picture}")
    return 0


def predict(options: argparse.Namespace) -> int:
    """Print which digit each picture shows, and the probabilities of all."""
    from tinygrad_mnist.mnist.picture import read_digit  # imports Pillow

    model = training.trained_model(options.checkpoint)
    digits = np.stack([read_digit(path) for path in options.images])
    for path, probabilities in zip(options.images, softmax(model.predict(digits)), strict=True):
        best = int(probabilities.argmax())
        print(f"{path}: {best} ({probabilities[best]:.1%})")
        print("  " + "  ".join(f"{digit}: {p:.1%}" for digit, p in enumerate(probabilities)))
    return 0


def info(options: argparse.Namespace) -> int:
    """Print what the figures of a run depend on."""
    for name, number in versions().items():
        print(f"{name:<16}{number}")
    library = blas()
    print(
        f"{'BLAS':<16}{library['library']} {library['version']}, kernel {library['kernel']}, "
        f"{library['threads']} threads"
    )
    print(f"{'processors':<16}{available_threads()}")
    for name, checksum in mnist.verified_checksums().items():
        print(f"{name:<26}sha256 {checksum}")
    return 0


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[phase] = time.perf_counter() - start
