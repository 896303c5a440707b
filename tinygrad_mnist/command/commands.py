"""The commands: each takes the parsed options, prints what a person wants to know, returns 0."""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from tinygrad_mnist import mnist, nn
from tinygrad_mnist.command import report
from tinygrad_mnist.command import run as training
from tinygrad_mnist.command.run import LastCheckpoint, Run, Settings
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.environment import available_threads, blas, versions
from tinygrad_mnist.errors import ArgumentError, DivergenceError, ImageError, OutputError
from tinygrad_mnist.interruption import interruptible, terminable
from tinygrad_mnist.nn import loop
from tinygrad_mnist.ops.activation import softmax
from tinygrad_mnist.streams import complain

REFUSED, INTERRUPTED = 2, 130
THREADS_PER_PROCESSOR = 8
"""More than so many threads only wait for each other."""
CHECKPOINT_EVERY, LOG_EVERY = 1000, 100


def train(options: argparse.Namespace) -> int:
    """Train the network and write what came of it."""
    seconds: dict[str, float] = {}
    if not options.no_plots:
        # Importing matplotlib is Python's work, reading the data is C's: they overlap.
        threading.Thread(target=import_module, args=["tinygrad_mnist.command.plots"]).start()
        # Else Python searches all of matplotlib for garbage before it exits: a tenth of a second.
        atexit.register(gc.freeze)
    with redirect_stdout(sys.stderr) if options.json else nullcontext():
        metrics = _train_in_a_folder(options, seconds)
    if options.json and metrics:  # they stand alone on standard output
        print(json.dumps(metrics, indent=2))
    return 0 if metrics else INTERRUPTED


def _train_in_a_folder(
    options: argparse.Namespace, seconds: dict[str, float]
) -> dict[str, Any] | None:
    """Train and write the results; return what is in metrics.json, None if interrupted."""
    with terminable(), report.results_folder(options.out, options.resume) as folder:
        with _timed(seconds, "load"):
            run = _resumed_run(options) if options.resume else _new_run(options)
        report.claim(folder, options.resume)
        with threadpool_limits(run.settings.threads, user_api="blas"):
            try:
                written = _train_and_report(run, folder, options, seconds)
            except (KeyboardInterrupt, BrokenPipeError):
                if run.last is None:
                    raise
                # On the error stream: Ctrl-C has ended what reads the other one, such as tee.
                print(
                    f"Interrupted; {_how_to_go_on(run, run.last, folder, options)}", file=sys.stderr
                )
                return None
            except OutputError as error:
                if run.last is None:
                    raise
                raise OutputError(
                    f"{error} Make room there, or name another folder with --out: "
                    f"{_how_to_go_on(run, run.last, folder, options)}"
                ) from None
        print(f"wrote {', '.join(written)} to {folder}")
        metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_bytes())
    return {**metrics, "folder": str(folder), "files": written}


def _train_and_report(
    run: Run, folder: Path, options: argparse.Namespace, seconds: dict[str, float]
) -> list[str]:
    """Train to the end and write the results; return the names of the files."""
    settings = run.settings
    print(
        f"{'-'.join(map(str, settings.sizes))}, {settings.optimizer}, learning rate "
        f"{settings.learning_rate:g}, batches of {settings.batch_size} of "
        f"{run.data.train.num_examples:,} examples, seed {settings.seed}, "
        f"{settings.threads} BLAS thread{'s' * (settings.threads != 1)}"
    )
    with _timed(seconds, "train"):
        _train(run, folder / report.CHECKPOINT, options)
    print(f"trained in {seconds['train']:.2f} s")
    with _timed(seconds, "evaluate"):
        accuracies = run.accuracies()
    for name, accuracy in accuracies.items():
        print(f"{name + ' accuracy':<20}{accuracy:8.2%}")
    if doubt := report.doubt(run, accuracies):
        print(doubt)
    written = [report.CHECKPOINT]
    if not options.no_plots:
        with _timed(seconds, "pictures"):
            written += report.write_pictures(run, folder)
    return written + report.write_figures(run, folder, accuracies, seconds)


def _train(run: Run, checkpoint: Path, options: argparse.Namespace) -> None:
    """Train to the end, or until a signal comes: KeyboardInterrupt is raised once all is saved."""
    total = run.settings.iterations
    with (
        interruptible() as interrupted,
        tqdm(
            total=total, initial=run.iteration, disable=None, leave=False, bar_format=loop.BAR
        ) as bar,
    ):
        try:
            for iteration, cost in enumerate(run.train(), run.iteration):
                bar.update()
                if iteration % (options.log_every or LOG_EVERY) == 0:
                    bar.write(f"iteration {iteration:>6}  cost {cost:.4f}")
                    sys.stdout.flush()  # at once through a pipe too
                if interrupted():
                    break
                if run.iteration % (options.checkpoint_every or CHECKPOINT_EVERY) == 0:
                    run.save(checkpoint)
        except BrokenPipeError:  # between two steps: nobody reads on
            run.save(checkpoint)
            raise
        run.save(checkpoint)
    if interrupted():
        raise KeyboardInterrupt


def _how_to_go_on(run: Run, last: LastCheckpoint, folder: Path, options: argparse.Namespace) -> str:
    again = ["tinygrad-mnist", "train", "--resume", str(last.path)]
    if last.settings != run.settings:  # it was resumed to do more, and has not saved since
        again += ["--iterations", str(run.settings.iterations)]
    if last.path.parent != folder:
        again += ["--out", str(folder)]
    for option in ("data-dir", "checkpoint-every", "log-every"):
        value = getattr(options, option.replace("-", "_"))
        again += [f"--{option}", str(value)] if value else []
    again += ["--no-plots"] if options.no_plots else []
    again += ["--eager"] if options.eager else []
    return (
        f"{last.path} holds {last.iteration} of {run.settings.iterations} iterations. "
        f"Go on with: {shlex.join(again)}"
    )


def _new_run(options: argparse.Namespace) -> Run:
    classes, transpose = mnist.conventions(options.data_dir)
    settings = Settings(**{"classes": classes, "transpose": transpose} | _given_settings(options))
    settings = replace(settings, threads=settings.blas_threads(available_threads()))
    _demand_processors(settings)
    return Run(settings, options.data_dir, eager=options.eager)


def _resumed_run(options: argparse.Namespace) -> Run:
    run = training.resume(options.resume, options.data_dir, eager=options.eager)
    given = _given_settings(options)
    for name, value in given.items():
        stored = getattr(run.settings, name)
        if name not in ("iterations", "threads") and value != stored:
            raise ArgumentError(
                f"--{name.replace('_', '-')} {_shown(value)} contradicts {options.resume}, which "
                f"was trained with {_shown(stored)}; leave it out, or start a new run without "
                "--resume."
            )
    run.settings = replace(run.settings, **given)
    if run.iteration > run.settings.iterations:
        raise ArgumentError(
            f"{options.resume} is at iteration {run.iteration} already; give --iterations a "
            f"number above that. Received: {run.settings.iterations}."
        )
    _demand_processors(run.settings)
    return run


def _demand_processors(settings: Settings) -> None:
    processors = available_threads()
    if (settings.threads or 1) > processors * THREADS_PER_PROCESSOR:
        raise ArgumentError(
            f"{processors} processors have work for at most {processors * THREADS_PER_PROCESSOR} "
            f"threads; give --threads such a number. Received: {settings.threads}."
        )


def _shown(value: Any) -> str:
    """Return a setting the way it is typed."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _given_settings(options: argparse.Namespace) -> dict[str, Any]:
    given = {field.name: getattr(options, field.name) for field in fields(Settings)}
    given = {name: value for name, value in given.items() if value is not None}
    return given | ({"hidden": tuple(given["hidden"])} if "hidden" in given else {})


def evaluate(options: argparse.Namespace) -> int:
    """Print a checkpoint's accuracy on the test set, class by class, and draw its confusions."""
    model = training.trained_model(options.checkpoint)
    names = _class_names(model)
    classes, transpose = len(names), options.transpose
    test = mnist.load(options.data_dir, classes=classes, transpose=transpose).test
    outputs = model.predict(test.images)
    if not np.isfinite(outputs).all():
        raise DivergenceError(
            f"The network of {options.checkpoint} has outputs that are no numbers: its weights are "
            "too large. Train it with a smaller learning rate."
        )
    predictions = outputs.argmax(axis=-1)
    labels = loop.classes(test.labels)
    table = report.recalls(names, labels, predictions)
    if not options.json:
        _print_recalls(table)
    from tinygrad_mnist.command import plots  # imports matplotlib

    folder = options.out or options.checkpoint.parent
    picture = folder / "evaluation_confusion.png"
    report.refuse_foreign(folder, [picture.name])
    try:
        plots.confusion(picture, labels, predictions, names)
    except OutputError as error:
        raise OutputError(f"{error} Choose another folder with --out.") from None
    answer = json.dumps({**table, "picture": str(picture)}, indent=2)
    print(answer if options.json else f"wrote {picture}")
    return 0


def _print_recalls(table: dict[str, Any]) -> None:
    print(f"test accuracy {table['accuracy']:.2%} ({table['right']:,} of {table['examples']:,})")
    print("class  examples  right    recall  precision  most often taken for")
    for row in table["classes"]:
        taken = row["most_often_taken_for"]
        shown = f"{taken['class']} ({taken['times']} times)" if taken else "-"
        print(
            f"{row['class']:>5}  {row['examples']:>8}  {row['right']:>5}  {row['recall']:>8.2%}"
            f"  {row['precision']:>9.2%}  {shown}"
        )


def predict(options: argparse.Namespace) -> int:
    """Print which class each picture shows, and the probabilities of all."""
    from tinygrad_mnist.mnist.opening import readable  # imports Pillow
    from tinygrad_mnist.mnist.picture import read_digit

    model = training.trained_model(options.checkpoint)
    answers: list[dict[str, Any]] = []
    for path in options.images:
        try:
            with readable(path) as picture:
                digit = read_digit(picture)
            probabilities = _probabilities(model, digit, path)
        except ImageError as error:  # the others are answered all the same
            complain(str(error))
            answers.append({"image": str(path), "error": str(error)})
            continue
        shares = dict(zip(_class_names(model), map(float, probabilities), strict=True))
        best = max(shares, key=shares.__getitem__)
        answers.append({"image": str(path), "class": best, "probabilities": shares})
        if not options.json:
            print(f"{path}: {best} ({shares[best]:.1%})")
            print("  " + "  ".join(f"{name}: {share:.1%}" for name, share in shares.items()))
    if options.json:
        print(json.dumps(answers, indent=2))
    return REFUSED if any("error" in answer for answer in answers) else 0


def _probabilities(model: nn.Sequential, digit: Array, path: Path) -> Array:
    probabilities: Array = np.asarray(softmax(model.predict(digit[None])))[0]
    if not np.isfinite(probabilities).all():
        raise ImageError(
            f"The network has no answer to {path}: its weights are so large that its outputs are "
            "no numbers; train it with a smaller learning rate."
        )
    return probabilities


def _class_names(model: nn.Sequential) -> list[str]:
    """Return the names of a network's classes, their numbers if it was saved without."""
    outputs = model.parameters()[-1].size
    return list(model.classes or map(str, range(outputs)))


def info(options: argparse.Namespace) -> int:
    """Print what the figures of a run depend on."""
    found: dict[str, Any] = {
        "versions": versions(),
        "blas": blas(),
        "processors": available_threads(),
        "checksums": mnist.verified_checksums(),
    }
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for name, number in found["versions"].items():
        print(f"{name:<16}{number}")
    library = found["blas"]
    print(
        f"{'BLAS':<16}{library['library']} {library['version']}, kernel {library['kernel']}, "
        f"{library['threads']} threads"
    )
    print(f"{'processors':<16}{found['processors']}")
    for name, checksum in found["checksums"].items():
        print(f"{name:<26}sha256 {checksum}")
    return 0


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[phase] = time.perf_counter() - start
