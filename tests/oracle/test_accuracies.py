"""In float32, trained from many seeds, ours and TensorFlow's are equally accurate on average."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from reference_tf.__main__ import main
from reference_tf.accuracies import Accuracies, pairs
from tinygrad_mnist.command.run import Settings

pytestmark = pytest.mark.tf

STORED = Path(__file__).with_name("accuracies.json")
"""Of ``python -m reference_tf --api function --seeds 80 --json tests/oracle/accuracies.json``."""


@pytest.fixture
def stored():
    return Accuracies.read(STORED)


def test_the_stored_accuracies_are_equal_in_distribution(stored):
    """Their means differ by no more than the standard error, of two samples and of pairs."""
    assert (stored.api, stored.iterations, len(stored.pairs)) == ("function", 1000, 80)
    assert abs(stored.difference) <= stored.error_of_pairs < stored.error_of_samples


def test_the_stored_accuracies_are_those_of_today(stored):
    """The first seed's, which other processors round to others, as another seed would."""
    (fresh,) = pairs(stored.api, Settings(iterations=stored.iterations), 1)
    assert (np.abs(np.subtract(fresh, stored.pairs[0])) <= stored.spread).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "--seeds 2 --json /missing/file",
            "Cannot write /missing/file: No such file or directory.",
        ),
        ("--seeds 2 --json .", "Cannot write .: it exists and is not a regular file."),
        ("--seeds 2 --seed 7", "--seed: not allowed with argument --seeds"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_training(arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())
    assert message in capsys.readouterr().err


def test_an_interruption_is_a_word(capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("reference_tf.__main__.train", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_accuracies_over_seeds_are_printed_and_stored(capsys, tmp_path):
    path = tmp_path / "accuracies.json"
    assert main(["--seeds", "2", "--iterations", "20", "--json", str(path)]) == 0
    header, *rows, means, errors = capsys.readouterr().out.splitlines()
    assert header.split() == ["seed", "ours", "function", "difference"]
    written = Accuracies.read(path)
    for seed, (row, (ours, theirs)) in enumerate(zip(rows, written.pairs, strict=True)):
        assert row.split()[:3] == [str(seed), f"{ours:.2%}", f"{theirs:.2%}"]
    assert means.split()[-1] == f"{written.difference:+.3%}"
    assert errors.startswith(f"standard error {written.error_of_samples:.3%} of two samples")
