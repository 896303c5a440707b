"""The command as a process: killed, interrupted, piped, on a terminal, with its disk full."""

import fcntl
import json
import os
import pty
import random
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_runs import run_again

from tinygrad_mnist import checkpoint, interruption
from tinygrad_mnist.command import cli, commands

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
SETTINGS = ["--iterations", 300, "--batch-size", 16, "--hidden", 8, "--checkpoint-every", 5]
HANGING = 300  # seconds
NARROW = 4096  # bytes of a pipe: a run that logs each step waits for its reader before its end


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    """The folder of a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("straight")
    assert wait(fork(["train", *SETTINGS, "--no-plots", "--data-dir", data, "--out", folder])) == 0
    return folder


def fork(arguments, output=os.devnull, error=None, prepare=lambda: None):
    """Run a command in a copy of this process, so that no time goes into starting Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BLAS threads survive a fork
        process = os.fork()
    if process:
        return process
    status = 99
    error = Path(error or output)
    try:
        sys.stdout = Path(output).open("w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = error.open("a", buffering=1, encoding="utf-8")
        prepare()
        status = cli.main([str(argument) for argument in arguments])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait(process):
    """Return the exit status of a copy of this process, which must not outlast the tests."""
    deadline = time.monotonic() + HANGING
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    raise TimeoutError(f"the command had not ended after {HANGING} seconds")


def deaf_but_in_a_run(begun):
    """Prepare a command that no signal reaches before its handlers are in place, or after them."""

    @contextmanager
    def terminable():
        with interruption.terminable():
            begun.touch()
            yield

    def prepare():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        commands.terminable = terminable

    return prepare


def same_as(straight, folder):
    for name in ("checkpoint.npz", "history.csv"):
        assert (folder / name).read_bytes() == (straight / name).read_bytes()
    assert {path.name for path in folder.iterdir()} == {path.name for path in straight.iterdir()}


@pytest.mark.slow
def test_killed_at_any_moment(data, straight, tmp_path):
    folder, iterations = tmp_path / "here", [0]
    common = ["--checkpoint-every", 5, "--no-plots", "--data-dir", data, "--out", folder]
    for kill in range(12):
        path = folder / "checkpoint.npz"
        again = ["--resume", path] if path.exists() else SETTINGS
        process = fork(["train", *again, *common])
        if kill < 11:
            time.sleep(random.uniform(0.0, 0.15))
            os.kill(process, signal.SIGKILL)
        assert wait(process) in (0, -signal.SIGKILL)
        if path.exists():
            iterations.append(checkpoint.load(path)[1]["iteration"])  # it is whole
    assert iterations == sorted(iterations)
    same_as(straight, folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.slow
def test_interrupted_at_any_moment(data, straight, tmp_path, number):
    for attempt in range(3):
        folder, errors = tmp_path / f"run-{attempt}", tmp_path / f"errors-{attempt}"
        begun = tmp_path / f"begun-{attempt}"
        process = fork(
            ["train", *SETTINGS, "--no-plots", "--data-dir", data, "--out", folder],
            error=errors,
            prepare=deaf_but_in_a_run(begun),
        )
        while not begun.exists():
            time.sleep(0.001)
        time.sleep(random.uniform(0.0, 0.2))
        os.kill(process, number)
        status, error = wait(process), errors.read_text(encoding="utf-8")
        if status == 0:  # the signal came after the end
            assert error == ""
        elif folder.exists():
            assert (status, error.count("\n")) == (130, 1)
            assert run_again(error) == 0
        else:
            assert (status, error) == (130, "\nInterrupted.\n")
            continue
        same_as(straight, folder)


def test_the_module_interrupted_as_a_user_would(data, straight, tmp_path):
    program = [sys.executable, "-W", "error", "-m", "tinygrad_mnist", "train", "--no-plots"]
    options = ["--data-dir", data, "--out", tmp_path / "here", *SETTINGS, "--log-every", 1]
    with subprocess.Popen(
        [*program, *map(str, options)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=NARROW,
        encoding="utf-8",
    ) as process:
        assert process.stdout.readline().startswith("784-8-10")
        assert process.stdout.readline().startswith("iteration      0")
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=HANGING)
    assert process.returncode == 130
    assert error.startswith("Interrupted; ")
    assert run_again(error) == 0
    same_as(straight, tmp_path / "here")


def test_a_reader_that_has_had_enough(data, straight, tmp_path):
    reader, writer = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, NARROW)

    def only_the_writer():
        os.close(reader)
        os.dup2(writer, 1)
        os.close(writer)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115

    options = [*SETTINGS, "--log-every", 1, "--no-plots", "--data-dir", data, "--out", "here"]
    process = fork(["train", *options], error="errors", prepare=only_the_writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as lines:  # noqa: PTH123
        assert lines.readline().startswith("784-8-10")
    assert wait(process) == 130
    error = (tmp_path / "errors").read_text(encoding="utf-8")
    assert error.startswith("Interrupted; here/checkpoint.npz holds ")
    assert run_again(error) == 0
    same_as(straight, tmp_path / "here")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["info"], ["train"]])
def test_output_that_cannot_be_written(data, tmp_path, command):
    if command == ["train"]:
        command = ["train", *SETTINGS, "--data-dir", data, "--out", "here"]
    assert wait(fork(command, output="/dev/full", error="errors")) == 2
    sentence = "tinygrad-mnist: Cannot write the output: No space left on device.\n"
    assert (tmp_path / "errors").read_text(encoding="utf-8") == sentence
    assert not (tmp_path / "here").exists()


def test_a_disk_that_fills(data, straight, tmp_path):
    def limit(size):
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    common = ["--no-plots", "--data-dir", data, "--out", "here"]
    process = fork(["train", *SETTINGS, *common], error="errors", prepare=limit(50_000))
    assert wait(process) == 2
    sentence = "tinygrad-mnist: Cannot write here/checkpoint.npz: File too large.\n"
    assert (tmp_path / "errors").read_text(encoding="utf-8") == sentence
    assert not (tmp_path / "here").exists()

    assert wait(fork(["train", *SETTINGS, "--iterations", 20, *common])) == 0
    before = (tmp_path / "here" / "checkpoint.npz").read_bytes()
    again = ["train", "--resume", "here/checkpoint.npz", "--iterations", 300, *common]
    assert wait(fork(again, error="more errors", prepare=limit(len(before) - 1000))) == 2
    error = (tmp_path / "more errors").read_text(encoding="utf-8")
    assert error.startswith(sentence.rstrip())
    assert "here/checkpoint.npz holds 20 of 300 iterations. Go on with: " in error
    assert (tmp_path / "here" / "checkpoint.npz").read_bytes() == before
    assert wait(fork(again)) == 0
    same_as(straight, tmp_path / "here")


def test_two_runs_that_start_at_once_take_two_folders(data, tmp_path):
    options = [*SETTINGS, "--no-plots", "--data-dir", data]
    processes = [fork(["train", *options, "--seed", seed]) for seed in (1, 2)]
    assert [wait(process) for process in processes] == [0, 0]
    folders = sorted((tmp_path / "runs").iterdir())
    assert [folder.name for folder in folders] == ["run-001", "run-002"]
    metrics = [(folder / "metrics.json").read_text(encoding="utf-8") for folder in folders]
    seeds = {json.loads(text)["seed"] for text in metrics}
    assert seeds == {1, 2}


def test_two_runs_into_one_folder_at_once(data, straight, tmp_path):
    options = [*SETTINGS, "--no-plots", "--data-dir", data, "--out", "here"]
    processes = [fork(["train", *options], error=f"errors-{n}") for n in range(4)]
    statuses = [wait(process) for process in processes]
    assert sorted(statuses) == [0, 2, 2, 2]
    for number, status in enumerate(statuses):
        error = (tmp_path / f"errors-{number}").read_text(encoding="utf-8")
        busy = "another run is writing there now" in error or "holds another run" in error
        assert busy == (status == 2)
    same_as(straight, tmp_path / "here")


def test_resuming_one_checkpoint_again_and_again_at_once(data, straight, tmp_path):
    common = ["--no-plots", "--data-dir", data]
    assert wait(fork(["train", *SETTINGS, "--iterations", 20, *common, "--out", "here"])) == 0
    again = ["train", "--resume", "here/checkpoint.npz", "--iterations", 300, *common]
    processes = [fork(again) for _ in range(4)]
    assert {wait(process) for process in processes} <= {0, 2}
    same_as(straight, tmp_path / "here")


def test_a_killed_run_leaves_no_lock(data, tmp_path):
    options = [*SETTINGS, "--log-every", 1, "--no-plots", "--data-dir", data, "--out", "here"]
    process = fork(["train", *options, "--iterations", 10**9])
    while not (tmp_path / "here" / "checkpoint.npz").exists():
        time.sleep(0.001)
    again = ["train", "--resume", "here/checkpoint.npz", "--no-plots", "--data-dir", data]
    assert wait(fork(again)) == 2
    os.kill(process, signal.SIGKILL)
    assert wait(process) == -signal.SIGKILL
    iteration = checkpoint.load(tmp_path / "here" / "checkpoint.npz")[1]["iteration"]
    assert wait(fork([*again, "--iterations", iteration])) == 0


@pytest.mark.parametrize("columns", [80, 40])
def test_a_progress_bar_on_a_terminal(data, straight, tmp_path, columns):
    terminal, ours = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    options = [*SETTINGS, "--no-plots", "--data-dir", data, "--out", "here"]
    command = [sys.executable, "-m", "tinygrad_mnist", "train", *map(str, options)]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=output, stderr=ours)
    os.close(ours)
    shown = b""
    while select.select([terminal], [], [], HANGING)[0]:
        try:
            shown += os.read(terminal, 100_000)
        except OSError:  # what Linux says when the other end of a terminal has closed
            break
    os.close(terminal)
    assert process.wait(HANGING) == 0
    assert b"/300 [" in shown
    bars = [re.search(r"%\|(.*?)\|", line) for line in shown.decode().split("\r") if "/300" in line]
    assert min(len(bar[1]) for bar in bars) >= 5
    assert max(map(len, shown.decode().split("\r"))) <= columns + 2
    assert "/300 [" not in (tmp_path / "output").read_text(encoding="utf-8")
    same_as(straight, tmp_path / "here")
