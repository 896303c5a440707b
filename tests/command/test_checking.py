"""``tinygrad-mnist check``: a table with a verdict per parameter, and an exit status."""

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from reference_tf.quiet import no_standard_error
from tinygrad_mnist import Primitive
from tinygrad_mnist.command import checking
from tinygrad_mnist.command.cli import main
from tinygrad_mnist.ops.activation import relu


@pytest.fixture(autouse=True)
def _without_tensorflow(monkeypatch):
    """It takes seconds to import."""
    monkeypatch.setitem(sys.modules, "reference_tf.crosscheck", None)


def test_the_networks_gradients_are_right(capsys):
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if " OK " in line]) == 6
    assert "OK: every gradient agrees with the differences" in out
    assert "TensorFlow was not asked" in out
    assert "of bound" not in out


def test_a_wrong_rule_is_printed_and_fails_the_command(capsys, monkeypatch, data):
    monkeypatch.setitem(relu.rules, "x", lambda ct, y, x: 1.01 * ct * (x > 0))
    assert main(["check", "--data-dir", str(data)]) == 1
    out = capsys.readouterr().out
    assert "WRONG" in out
    assert "first wrong rule: " in out
    assert "relu" in out


def test_a_negative_seed_is_refused(capsys):
    assert main(["check", "--seed", "-1"]) == 2
    assert "seed must be an integer of at least 0" in capsys.readouterr().err


def test_the_cost_is_the_networks_own(data):
    cost = checking.Cost(0, data)
    assert isinstance(relu, Primitive)
    value = cost(*cost.parameters)
    assert np.isfinite(float(value))


class Opinion(SimpleNamespace):
    def __str__(self):
        return "#3 matmul: cotangent of b differs"


def asked(monkeypatch, **opinion):
    crosscheck = SimpleNamespace(compare=lambda f, *arrays: Opinion(**opinion))
    monkeypatch.setitem(sys.modules, "reference_tf.crosscheck", crosscheck)


def column(out):
    """What the table says of TensorFlow, by the parameter."""
    rows = [line.split() for line in out.splitlines() if line.startswith("layers.")]
    return {row[0]: row[-1] for row in rows}


def test_the_command_fails_where_tensorflow_departs(capsys, monkeypatch, data):
    leaves = [SimpleNamespace(name="argument 5", worst=3.0)]
    asked(monkeypatch, agrees=False, leaves=leaves)
    assert main(["check", "--data-dir", str(data)]) == 1
    out = capsys.readouterr().out
    assert "TensorFlow departs: #3 matmul" in out
    assert column(out).pop("layers.4.bias") == "3"


def test_the_table_has_tensorflows_worst_error_of_each_parameter(capsys, monkeypatch, data):
    leaves = [SimpleNamespace(name=f"argument {i}", worst=i / 10) for i in (1, 0)]
    asked(monkeypatch, agrees=True, leaves=leaves)
    assert main(["check", "--data-dir", str(data)]) == 0
    found = column(capsys.readouterr().out)
    assert len(found) == 6
    assert found.pop("layers.0.weight") == "0"
    assert found.pop("layers.0.bias") == "0.1"
    assert set(found.values()) == {"-"}


def test_it_says_how_long_it_took(capsys, data):
    main(["check", "--data-dir", str(data)])
    assert re.fullmatch(r"\(\d+\.\d s\)", capsys.readouterr().out.splitlines()[-1])


def test_what_a_library_writes_as_it_loads_is_dropped_and_nothing_later(capfd):
    with no_standard_error():
        os.write(2, b"chatter")
    os.write(2, b"an error")
    with pytest.raises(ImportError), no_standard_error():
        raise ImportError
    print("another", file=sys.stderr)
    assert capfd.readouterr().err == "an erroranother\n"


def test_where_standard_error_is_closed_there_is_nothing_to_drop(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with no_standard_error():
        pass


def test_without_reference_tf_it_says_that_tensorflow_was_not_asked(capsys, monkeypatch, data):
    monkeypatch.setattr(checking, "entry_points", lambda group: ())
    assert main(["check", "--data-dir", str(data)]) == 0
    out = capsys.readouterr().out
    assert "TensorFlow was not asked: reference_tf, which asks it, is not installed\n" in out
    assert "of bound" not in out


def test_the_judge_that_reference_tf_registers_imports_no_tensorflow():
    program = (
        "import sys; from importlib.metadata import entry_points;"
        "(entry,) = entry_points(group='tinygrad_mnist.judges'); entry.load();"
        "print(entry.name, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stdout == "TensorFlow False\n", done.stderr


@pytest.mark.tf
def test_tensorflow_agrees():
    pytest.importorskip("tensorflow")
    command = [sys.executable, "-m", "tinygrad_mnist", "check"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0
    assert "TensorFlow agrees with" in done.stdout
    worst = [float(part) for part in column(done.stdout).values()]
    assert len(worst) == 6
    assert max(worst) <= 1
    assert done.stderr == ""
