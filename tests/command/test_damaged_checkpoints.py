"""A checkpoint with the right digest and the wrong content: one sentence and the status 2."""

import os

import damaged_checkpoints
import pytest
import small_runs
from small_runs import run

SAMPLE = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 9


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_runs.write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module", params=["adam", "momentum", "sgd"])
def good(request, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    options = [*small_runs.SETTINGS, "--no-plots", "--optimizer", request.param, "--out", folder]
    assert run("train", *options, "--data-dir", data) == 0
    return folder / "checkpoint.npz"


@pytest.mark.slow
def test_every_kind_is_refused_in_a_sentence(good, data, tmp_path, capsys):
    path, seen = tmp_path / "checkpoint.npz", 0
    commands = (["predict", path, "digit.png"], ["evaluate", path, "--data-dir", data])
    commands += (["train", "--resume", path, "--data-dir", data, "--no-plots"],)
    kinds = list(damaged_checkpoints.damaged(good.read_bytes()))
    for kind, content in kinds[::SAMPLE]:
        path.write_bytes(content)
        for command in commands:
            status = run(*command)
            output, error = capsys.readouterr()
            assert (kind, status, output) == (kind, 2, "")
            assert error.startswith("tinygrad-mnist: "), kind
            assert error.count("\n") == 1, kind
            assert str(path) in error, kind
            assert len(error) < 600, kind
            seen += 1
        assert path.read_bytes() == content
    assert seen >= 3 * 400 // SAMPLE
