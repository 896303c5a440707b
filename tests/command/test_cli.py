"""What the commands print, write and return; every refusal is one sentence and the status 2."""

import errno
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import small_runs
from small_runs import run, run_again

from tinygrad_mnist import checkpoint, files, mnist
from tinygrad_mnist.command import cli, report
from tinygrad_mnist.command import run as training
from tinygrad_mnist.errors import OutputError

PICTURES = {"cost.png", "confusion.png", "predictions_4x4.png", "predictions_10x10.png"}
FIGURES = {"checkpoint.npz", "history.csv", "metrics.json"}


@pytest.fixture
def train(data):
    """Run ``train`` on the small data; options given later override."""

    def train(*options):
        small = () if "--resume" in options else small_runs.SETTINGS
        return run("train", *small, "--no-plots", "--data-dir", data, *options)

    return train


@pytest.fixture
def refused(capsys, tmp_path):
    """Check that a command is refused in one sentence and leaves no trace."""

    def refused(command, *reasons):
        before = sorted(tmp_path.rglob("*"))
        capsys.readouterr()
        assert command() == 2
        output, error = capsys.readouterr()
        assert error.startswith("tinygrad-mnist: ")
        assert error.endswith(".\n")
        assert error.count("\n") == 1
        for reason in reasons:
            assert reason in error
        assert sorted(tmp_path.rglob("*")) == before
        return output

    return refused


def names(folder):
    return {path.name for path in folder.iterdir()}


class TestTrain:
    def test_starts_again_where_openblas_has_faster_kernels(self, monkeypatch, capsys):
        class Started(Exception):  # noqa: N818  execve does not return
            pass

        def execve(program, arguments, environment):
            assert program == arguments[0] == sys.executable
            assert arguments[1:] == ["-m", "tinygrad_mnist", "train", "--iterations", "3"]
            assert environment == {**os.environ, "OPENBLAS_CORETYPE": "SkylakeX"}
            raise Started

        monkeypatch.setattr(cli, "blas_environment", lambda: {"OPENBLAS_CORETYPE": "SkylakeX"})
        monkeypatch.setattr(os, "execve", execve)
        monkeypatch.setattr(sys, "argv", ["tinygrad-mnist", "train", "--iterations", "3"])
        with pytest.raises(Started):
            cli.main()
        assert "starting again with OPENBLAS_CORETYPE=SkylakeX" in capsys.readouterr().out

    def test_eager_gives_the_same_checkpoint(self, train):
        assert train("--out", "captured") == 0
        assert train("--out", "eager", "--eager") == 0
        captured, eager = (
            Path(name, "checkpoint.npz").read_bytes() for name in ("captured", "eager")
        )
        assert captured == eager

    def test_prints_the_cost_and_the_accuracies(self, train, capsys):
        assert train("--out", "here", "--log-every", 10) == 0
        output, error = capsys.readouterr()
        lines = output.splitlines()
        assert "784-8-10, adam, learning rate 0.001, batches of 16 of 200 examples" in lines[0]
        assert [line.split()[:2] for line in lines[1:4]] == [
            ["iteration", number] for number in ("0", "10", "20")
        ]
        assert [line.split()[0] for line in lines[5:8]] == ["train", "validation", "test"]
        assert lines[8] == "wrote checkpoint.npz, history.csv, metrics.json to here"
        assert error == ""  # no bar where there is no terminal

    def test_writes_the_figures(self, train, tmp_path):
        assert train("--out", tmp_path / "new" / "here", "--seed", 5) == 0
        folder = tmp_path / "new" / "here"
        assert names(folder) == FIGURES
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        given = {"iterations": 30, "batch_size": 16, "seed": 5, "hidden": [8], "optimizer": "adam"}
        assert given.items() <= metrics.items()
        for part in ("train", "validation", "test"):
            assert 0 <= metrics[f"{part}_accuracy"] <= 1
        assert metrics["seconds"].keys() == {"load", "train", "evaluate"}
        assert metrics["versions"]["numpy"] == np.__version__
        assert metrics["blas"]["threads"] == 1  # the number trained with
        costs = checkpoint.load(folder / "checkpoint.npz")[0]["costs"]
        assert metrics["final_cost"] == costs[-1]

    def test_the_history_reads_back_to_the_same_bits(self, train, tmp_path):
        train("--out", "here")
        header, *rows = (tmp_path / "here" / "history.csv").read_text(encoding="utf-8").splitlines()
        iterations, costs = zip(*(row.split(",") for row in rows), strict=True)
        assert header == "iteration,cost"
        assert list(map(int, iterations)) == list(range(30))
        stored = checkpoint.load(tmp_path / "here" / "checkpoint.npz")[0]["costs"]
        assert np.array(costs, np.float32).tobytes() == stored.tobytes()

    def test_writes_the_pictures(self, data, tmp_path):
        options = ["--iterations", 3, "--hidden", 8, "--data-dir", data, "--out", "here"]
        assert run("train", *options) == 0
        assert names(tmp_path / "here") == FIGURES | PICTURES

    def test_the_metrics_as_json(self, train, capsys):
        assert train("--out", "here", "--json") == 0
        output, error = capsys.readouterr()
        answer = json.loads(output)
        assert answer["folder"] == "here"
        assert answer["files"] == ["checkpoint.npz", "history.csv", "metrics.json"]
        assert 0 < answer["test_accuracy"] < 1
        assert error.startswith("784-8-10, adam")
        assert "accuracy" in error

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ("--learning-rate 0 --iterations 500", "a learning rate of 0 changes nothing"),
            ("--learning-rate 3 --iterations 200", "3 is likely too large for adam"),
            ("--learning-rate 1e-6 --iterations 200", "1e-06 is likely too small for adam"),
            ("--learning-rate 1e-5 --iterations 2", "as few iterations as 2 are likely not enough"),
        ],
    )
    def test_a_run_that_learns_nothing_says_so(self, train, capsys, options, said):
        assert train("--out", "here", *options.split()) == 0
        (doubt,) = [line for line in capsys.readouterr().out.splitlines() if "; " in line]
        assert doubt.startswith(("The test accuracy is near that of guessing", "The cost never"))
        assert doubt.endswith(f"{said}.")

    def test_the_same_seed_gives_the_same_bytes(self, train, tmp_path):
        for folder in ("first", "second"):
            train("--out", folder)
        first, second = tmp_path / "first", tmp_path / "second"
        for name in ("checkpoint.npz", "history.csv"):
            assert (first / name).read_bytes() == (second / name).read_bytes()

    def test_a_fresh_folder_for_each_run(self, train, tmp_path, capsys):
        (tmp_path / "runs" / "run-002").mkdir(parents=True)
        for number in ("001", "003"):
            assert train() == 0
            assert f"to runs/run-{number}\n" in capsys.readouterr().out
        assert names(tmp_path / "runs" / "run-003") == FIGURES

    def test_other_files_of_the_folder_are_left_alone(self, train, tmp_path, capsys):
        (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
        assert train("--out", ".") == 0
        assert "notes.txt" not in capsys.readouterr().out
        assert names(tmp_path) == FIGURES | {"notes.txt"}


class TestResume:
    @pytest.fixture(autouse=True)
    def _trained(self, train, tmp_path):
        train("--out", "half")
        self.half = tmp_path / "half" / "checkpoint.npz"

    def test_a_longer_run_equals_one_that_was_always_so_long(self, train, tmp_path):
        assert train("--resume", self.half, "--iterations", 60) == 0
        train("--out", "whole", "--iterations", 60)
        for name in ("checkpoint.npz", "history.csv"):
            whole = tmp_path / "whole" / name
            assert (tmp_path / "half" / name).read_bytes() == whole.read_bytes()

    @pytest.mark.parametrize("iterations", [[], ["--iterations", 30]])
    def test_a_finished_run_has_its_results_written_again(self, train, iterations):
        before = self.half.read_bytes()
        (self.half.parent / "metrics.json").unlink()
        assert train("--resume", self.half, *iterations) == 0
        assert names(self.half.parent) == FIGURES
        assert self.half.read_bytes() == before

    def test_into_another_folder(self, train, tmp_path):
        before = self.half.read_bytes()
        assert train("--resume", self.half, "--iterations", 31, "--out", "other") == 0
        assert self.half.read_bytes() == before
        assert names(tmp_path / "other") == FIGURES

    def test_removes_what_a_killed_run_was_writing(self, train):
        (self.half.parent / ".checkpoint.npz.abc.partial").write_bytes(b"PK")
        assert train("--resume", self.half) == 0
        assert names(self.half.parent) == FIGURES

    def test_settings_that_say_the_same_are_accepted(self, train):
        same = "--hidden 8 --batch-size 16 --learning-rate 1e-3 --seed 0 --optimizer adam"
        assert train("--resume", self.half, *same.split()) == 0

    @pytest.mark.parametrize(
        ("option", "stored"),
        [
            ("--hidden 8 4", "with 8;"),
            ("--batch-size 32", "with 16;"),
            ("--learning-rate 0.1", "with 0.001;"),
            ("--optimizer sgd", "with adam;"),
            ("--seed 1", "with 0;"),
        ],
    )
    def test_settings_that_contradict(self, train, refused, option, stored):
        refused(
            lambda: train("--resume", self.half, *option.split()),
            f"{option} contradicts {self.half}, which was trained {stored}",
        )

    def test_fewer_iterations(self, train, refused):
        refused(lambda: train("--resume", self.half, "--iterations", 29), "30 already", "29")

    def test_other_data(self, refused, tmp_path):
        other = tmp_path / "other data"
        other.mkdir()
        small_runs.write_data(other, seed=1)
        refused(
            lambda: run("train", "--resume", self.half, "--data-dir", other), "other data files"
        )

    def test_a_damaged_checkpoint(self, refused):
        content = bytearray(self.half.read_bytes())
        content[len(content) // 2] ^= 4
        self.half.write_bytes(content)
        for command in ("train --resume", "evaluate", "predict"):
            image = ["digit.png"] if command == "predict" else []
            refused(lambda: run(*command.split(), self.half, *image), f"{self.half} is damaged")  # noqa: B023

    def test_into_a_folder_with_another_run(self, train, refused):
        train("--out", "other")
        reason = "other holds another run; choose another folder with --out"
        refused(lambda: train("--resume", self.half, "--out", "other"), reason)
        refused(lambda: train("--out", "other"), reason, "--resume other/checkpoint.npz")
        renamed = self.half.rename(self.half.parent / "best.npz")
        train("--out", "half")
        refused(lambda: train("--resume", renamed), "half holds another run")


class TestRefusal:
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            ("", "required: COMMAND; see tinygrad-mnist --help"),
            ("dance", "'dance'"),
            ("train --iterations 0", "'0' is not an integer of at least 1"),
            ("train --iterations -5", "'-5' is not an integer"),
            ("train --iterations 1.5", "'1.5' is not an integer"),
            ("train --iterations many", "'many' is not an integer"),
            ("train --iterations", "expected one argument"),
            ("train --batch-size 0", "--batch-size"),
            ("train --batch-size 1000000000000", "larger than the 55,000 training examples"),
            ("train --log-every 0", "--log-every"),
            ("train --checkpoint-every 0", "--checkpoint-every"),
            ("train --threads 0", "--threads"),
            ("train --threads ²", "'²' is not an integer"),
            ("train --threads 99999999999999999999", "give --threads such a number"),
            ("train --threads 1000000", "processors have work for at most"),
            ("train --iterations 1" + 400 * "0", "must be at most 1,000,000,000"),
            ("train --iterations 1" + 5000 * "0", "is not an integer of at least 1"),
            ("train --hidden", "--hidden"),
            ("train --hidden 8 0", "'0' is not an integer"),
            ("train --hidden 1000000000000", "795,000,000,000,010 parameters"),
            ("train --hidden 1" + 30 * "0", "take smaller layers"),
            ("train --learning-rate nan", "Received: nan"),
            ("train --learning-rate inf", "Received: inf"),
            ("train --learning-rate -1", "Received: -1"),
            ("train --learning-rate fast", "'fast'"),
            ("train --optimizer adamw", "'adamw'"),
            ("train --seed -1", "must be an integer of at least 0. Received: -1"),
            ("train --seed x", "'x'"),
            ("train --fast", "--fast"),
            ("train --data-dir none", "none is not a readable data folder"),
            ("train --resume none.npz", "Cannot read the checkpoint none.npz: No such file"),
            ("train --resume .", "Cannot read the checkpoint .: Is a directory"),
            ("evaluate", "required: CHECKPOINT"),
            ("evaluate none.npz", "Cannot read the checkpoint none.npz"),
            ("predict none.npz", "required: IMAGE"),
            ("predict none.npz digit.png", "Cannot read the checkpoint none.npz"),
            ("info now", "Unrecognized arguments: now"),
        ],
    )
    def test_arguments(self, refused, arguments, reason):
        assert refused(lambda: run(*arguments.split()), reason) == ""

    @pytest.mark.parametrize("folder", ["file", "file/below", "/dev/null/below"])
    def test_no_folder(self, train, refused, tmp_path, folder):
        (tmp_path / "file").write_text("", encoding="utf-8")
        refused(lambda: train("--out", folder), f"Cannot write results to {folder}: ")

    @pytest.mark.parametrize("name", sorted(FIGURES | PICTURES))
    def test_a_result_that_cannot_be_written(self, train, refused, tmp_path, name):
        (tmp_path / "here" / name).mkdir(parents=True)
        another_run = name == "checkpoint.npz"
        reason = "holds another run" if another_run else f"Cannot write here/{name}: it exists"
        assert "trained" not in refused(lambda: train("--out", "here"), reason)

    def test_no_default_folder(self, train, refused, tmp_path):
        (tmp_path / "runs").write_text("", encoding="utf-8")
        refused(train, "Cannot write results to runs: ")

    @pytest.mark.parametrize("options", [[], ["--out", "new/folder"]])
    def test_a_folder_that_takes_no_files_is_not_left_behind(
        self, train, refused, monkeypatch, options
    ):
        def fail(*_, **__):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(tempfile, "TemporaryFile", fail)
        refused(lambda: train(*options), "Read-only file system. Choose another folder")

    @pytest.mark.parametrize("options", [[], ["--out", "new/folder"]])
    @pytest.mark.parametrize("step", [(training.loop, "training"), (checkpoint, "save")])
    def test_too_little_memory(self, train, refused, monkeypatch, options, step):
        def fail(*_, **__):
            raise MemoryError

        monkeypatch.setattr(*step, fail)
        refused(lambda: train(*options), "not enough memory")

    @pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
    @pytest.mark.parametrize("options", ["1e30", "1e300", "1e300 --iterations 1"])
    def test_a_run_that_diverges(self, train, refused, options, optimizer):
        options = ["--optimizer", optimizer, "--learning-rate", *options.split()]
        refused(lambda: train(*options), "at iteration 1; take a smaller learning rate")

    def test_a_run_that_diverges_at_its_end(self, train, capsys, tmp_path):
        options = "--out here --optimizer sgd --learning-rate 1e37 --iterations 1"
        assert train(*options.split()) == 2
        output, error = capsys.readouterr()
        assert "The train cost became" in error
        assert "accuracy" not in output
        assert names(tmp_path / "here") == {"checkpoint.npz"}  # its parameters are finite

    def test_a_disk_that_is_full(self, train, refused, monkeypatch, capsys, tmp_path):
        def fail(handle):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        train("--out", "earlier")
        before = (tmp_path / "earlier" / "checkpoint.npz").read_bytes()
        monkeypatch.setattr(os, "fsync", fail)
        full = "checkpoint.npz: No space left on device"
        refused(train, full)
        assert train("--resume", "earlier/checkpoint.npz", "--iterations", 40) == 2
        error = capsys.readouterr().err
        assert full in error
        assert "earlier/checkpoint.npz holds 30 of 40 iterations. Go on with: " in error
        assert (tmp_path / "earlier" / "checkpoint.npz").read_bytes() == before
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        assert run_again(error) == 0
        assert checkpoint.load(tmp_path / "earlier" / "checkpoint.npz")[1]["iteration"] == 40

    def test_a_disk_that_fills_after_some_iterations(self, train, monkeypatch, capsys, tmp_path):
        save = checkpoint.save

        def full(path, arrays, description):
            if description["iteration"] > 10:
                raise OutputError(f"Cannot write {path}: No space left on device.")
            save(path, arrays, description)

        monkeypatch.setattr(checkpoint, "save", full)
        assert train("--out", "a folder", "--checkpoint-every", 5) == 2
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        error = capsys.readouterr().err
        assert "'a folder/checkpoint.npz'" in error
        assert "holds 10 of 30 iterations" in error
        assert run_again(error) == 0
        assert checkpoint.load(tmp_path / "a folder" / "checkpoint.npz")[1]["iteration"] == 30

    @pytest.mark.parametrize("name", [*report.PICTURES, *report.FIGURES])
    @pytest.mark.parametrize("content", [b"mine", b""])
    def test_files_of_other_programs(self, train, refused, tmp_path, name, content):
        folder = tmp_path / "here"
        folder.mkdir()
        (folder / name).write_bytes(content)
        reason = f"here/{name} was not written by this program, and would be overwritten"
        refused(lambda: train("--out", "here"), reason)
        assert (folder / name).read_bytes() == content

    def test_files_of_other_programs_beside_a_checkpoint(self, train, refused, tmp_path):
        train("--out", "here")
        (tmp_path / "here" / "cost.png").write_bytes(b"\x89PNG, of a camera")
        refused(lambda: train("--resume", "here/checkpoint.npz"), "here/cost.png was not written")

    def test_partial_files_of_other_programs_stay(self, train, tmp_path):
        for name in (".movie.mkv.partial", ".movie.mkv.abcdefgh.partial", ".cost.png"):
            (tmp_path / name).write_bytes(b"half a film")
        (tmp_path / ".cost.png.abcdefgh.partial").write_bytes(b"of a run that was killed")
        assert train("--out", ".") == 0
        mine = {".movie.mkv.partial", ".movie.mkv.abcdefgh.partial", ".cost.png"}
        assert names(tmp_path) == FIGURES | mine

    def test_a_second_run_into_one_folder(self, train, refused, tmp_path):
        train("--out", "here")
        link = tmp_path / "elsewhere"
        link.mkdir()
        (link / "checkpoint.npz").symlink_to(tmp_path / "here" / "checkpoint.npz")
        (tmp_path / "here" / ".checkpoint.npz.abcdefgh.partial").write_bytes(b"of the first run")
        reason = "another run is writing there now"
        with files.sole_use(tmp_path / "here"):
            refused(lambda: train("--out", "here"), reason, "choose another folder")
            refused(lambda: train("--resume", "here/checkpoint.npz"), reason)
            refused(lambda: train("--resume", "elsewhere/checkpoint.npz"), reason)
            assert run("evaluate", "here/checkpoint.npz") == 0  # reading is free
        assert train("--resume", "here/checkpoint.npz") == 0

    def test_a_checkpoint_through_a_pipe_has_no_folder(self, train, refused, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for path in ("pipe", "-"):
            refused(lambda: train("--resume", path), "name one for the results with --out")  # noqa: B023


class TestInterruption:
    """A signal at any moment: status 130, and the printed command ends with the same bytes."""

    @pytest.fixture
    def straight(self, train, tmp_path):
        train("--out", "straight")
        return tmp_path / "straight"

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_before_anything_is_trained(self, train, number, monkeypatch, capsys, tmp_path):
        signals_before(monkeypatch, mnist, "load", number)
        handler = signal.getsignal(number)
        assert train() == 130
        assert capsys.readouterr().err == "\nInterrupted.\n"
        assert not names(tmp_path)
        assert signal.getsignal(number) is handler

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize(
        ("owner", "name", "done"),
        [
            (training.optim.Optimizer, "step", 1),
            (checkpoint, "save", 6),  # it makes one more step
            (training.Run, "accuracies", 30),
            (report, "write_figures", 30),
            (report, "blas", 30),
        ],
    )
    def test_once_it_trains(
        self, train, straight, number, owner, name, done, monkeypatch, capsys, tmp_path
    ):
        signals_before(monkeypatch, owner, name, number)
        assert train("--out", "here", "--checkpoint-every", 5) == 130
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        error = capsys.readouterr().err
        assert f"here/checkpoint.npz holds {done} of 30 iterations. Go on with: " in error
        assert run_again(error) == 0
        for name in ("checkpoint.npz", "history.csv"):
            assert (tmp_path / "here" / name).read_bytes() == (straight / name).read_bytes()

    def test_the_command_keeps_the_options_that_matter(self, train, data, monkeypatch, capsys):
        signals_before(monkeypatch, training.Run, "accuracies", signal.SIGINT)
        train("--out", "a folder", "--checkpoint-every", 7, "--log-every", 9)
        assert capsys.readouterr().err.endswith(
            "Go on with: tinygrad-mnist train --resume 'a folder/checkpoint.npz' "
            f"--data-dir {data} --checkpoint-every 7 --log-every 9 --no-plots\n"
        )

    def test_the_second_signal_does_not_wait(self, train, monkeypatch, capsys, tmp_path):
        save = checkpoint.save

        def interrupted_save(path, arrays, description):
            if description["iteration"] == 10:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            save(path, arrays, description)

        monkeypatch.setattr(checkpoint, "save", interrupted_save)
        assert train("--out", "here", "--checkpoint-every", 5) == 130
        assert "holds 5 of 30 iterations" in capsys.readouterr().err
        assert checkpoint.load(tmp_path / "here" / "checkpoint.npz")[1]["iteration"] == 5
        assert names(tmp_path / "here") == {"checkpoint.npz"}


def signals_before(monkeypatch, owner, name, number):
    """Have the process receive a signal just before a function is called for the first time."""
    function = getattr(owner, name)

    def signalled(*arguments, **named):
        monkeypatch.setattr(owner, name, function)
        os.kill(os.getpid(), number)
        return function(*arguments, **named)

    monkeypatch.setattr(owner, name, signalled)
