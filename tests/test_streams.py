"""What the programs print in a locale that has only ASCII."""

import os
import subprocess
import sys
from pathlib import Path

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
