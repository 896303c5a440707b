"""What the programs print in a locale that has only ASCII."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASCII = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def run(program, cwd):
    environment = os.environ | ASCII | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *program], capture_output=True, cwd=cwd, env=environment, timeout=300
    )


def test_names_of_files_are_printed_as_they_are(tmp_path):
    done = run(["-m", "tinygrad_mnist", "evaluate", "没有 1.npz".encode()], tmp_path)
    assert done.returncode == 2
    sentence = "tinygrad-mnist: Cannot read the checkpoint 没有 1.npz: No such file or directory.\n"
    assert done.stderr == sentence.encode()


def test_other_characters_are_escaped(tmp_path):
    program = (
        "from tinygrad_mnist.streams import print_all_characters\n"
        "print_all_characters()\n"
        "print('4 \\u00b5s')"
    )
    done = run(["-c", program], tmp_path)
    assert (done.returncode, done.stdout) == (0, b"4 \\xb5s\n")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("command", [["info"], ["predict", "none.npz", "none.png"], ["dance"]])
def test_streams_that_are_closed(tmp_path, command, closed):
    program = (
        f"import os, sys\nfor handle in {closed}: os.close(handle)\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'tinygrad_mnist', *{command}])"
    )
    done = run(["-c", program], tmp_path)
    assert done.returncode == (0 if command == ["info"] else 2)
    assert b"Traceback" not in done.stdout + done.stderr
    said = bool(done.stdout) if command == ["info"] else bool(done.stderr)
    assert said != ((1 if command == ["info"] else 2) in closed)


def test_a_stream_in_whose_place_a_script_was_opened(tmp_path):
    script = tmp_path / "script"
    script.write_text(
        f"exec {sys.executable} -m tinygrad_mnist predict none none", encoding="utf-8"
    )
    program = f"import os; os.close(2); os.execv('/bin/bash', ['bash', {str(script)!r}])"
    assert run(["-c", program], tmp_path).returncode == 2


def test_python_with_two_optimizations(tmp_path):
    done = run(["-OO", "-m", "tinygrad_mnist", "train", "--help"], tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--checkpoint-every N" in done.stdout
