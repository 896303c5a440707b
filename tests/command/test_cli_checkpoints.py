"""What is done with a trained network: evaluate, predict; and info, which needs none."""

import json
import re

import numpy as np
import pytest
import small_runs
from PIL import Image
from small_runs import run

from tinygrad_mnist import mnist, nn


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The checkpoint of a network that knows the digits of MNIST fairly well."""
    folder = tmp_path_factory.mktemp("trained")
    options = ["--iterations", 200, "--hidden", 32, "--learning-rate", 0.01, "--no-plots"]
    assert run("train", *options, "--out", folder) == 0
    return folder / "checkpoint.npz"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Pictures of the first ten test images, dark on light, and their labels."""
    folder, test = tmp_path_factory.mktemp("digits"), mnist.load(one_hot=False).test
    for index in range(10):
        pixels = np.rint(255 * (1 - test.images[index])).astype(np.uint8).reshape(28, 28)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return [folder / f"{index}.png" for index in range(10)], test.labels[:10].tolist()


class TestEvaluate:
    def test_prints_a_table_and_draws_the_confusions(self, trained, capsys, tmp_path):
        assert run("evaluate", trained, "--out", tmp_path) == 0
        first, header, *rows, last = capsys.readouterr().out.splitlines()
        accuracy, hits = re.fullmatch(
            r"test accuracy (\d\d\.\d\d)% \((.*) of 10,000\)", first
        ).groups()
        assert float(accuracy) > 85
        columns = [row.split() for row in rows]
        assert header.split()[:5] == ["class", "examples", "right", "recall", "precision"]
        assert [column[0] for column in columns] == [str(digit) for digit in range(10)]
        assert sum(int(column[1]) for column in columns) == 10_000
        assert sum(int(column[2]) for column in columns) == int(hits.replace(",", ""))
        assert last == f"wrote {tmp_path / 'evaluation_confusion.png'}"
        with Image.open(tmp_path / "evaluation_confusion.png") as picture:
            assert picture.format == "PNG"

    def test_a_folder_that_is_none(self, trained, capsys, tmp_path):
        data = small_runs.write_data(tmp_path)
        assert run("evaluate", trained, "--data-dir", data, "--out", tmp_path / "none") == 2
        error = capsys.readouterr().err
        assert "evaluation_confusion.png: No such file or directory" in error
        assert error.count("\n") == 1


class TestPredict:
    def test_several_pictures(self, trained, digits, capsys):
        paths, labels = digits
        assert run("predict", trained, *paths) == 0
        lines = capsys.readouterr().out.splitlines()
        right = 0
        for path, label, line, probabilities in zip(
            paths, labels, lines[::2], lines[1::2], strict=True
        ):
            digit = int(line.removeprefix(f"{path}: ").split()[0])
            right += digit == label
            percentages = [float(number) for number in re.findall(r"\d: +([\d.]+)%", probabilities)]
            assert len(percentages) == 10
            assert sum(percentages) == pytest.approx(100, abs=0.5)
            assert int(np.argmax(percentages)) == digit
        assert right >= 8

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "No such file"),
            (b"", "is empty"),
            (b"not a picture", "is not a picture"),
            ("blank", "looks blank"),
            ("cut", "truncated or damaged"),
        ],
    )
    def test_one_bad_picture_among_good_ones(
        self, trained, digits, capsys, tmp_path, content, reason
    ):
        (first, second, *_), path = digits[0], tmp_path / "bad.png"
        if content == "blank":
            Image.new("L", (28, 28), 200).save(path)
        elif content == "cut":
            path.write_bytes(first.read_bytes()[:100])
        elif content is not None:
            path.write_bytes(content)
        assert run("predict", trained, first, second) == 0
        expected = capsys.readouterr().out
        assert run("predict", trained, first, path, second) == 2
        output, error = capsys.readouterr()
        assert output == expected
        assert error.count("\n") == 1
        assert str(path) in error
        assert reason in error

    def test_as_json(self, trained, digits, capsys, tmp_path):
        (first, second, *_), labels = digits
        missing = tmp_path / "none.png"
        assert run("predict", "--json", trained, first, missing, second) == 2
        output, error = capsys.readouterr()
        assert error.count("\n") == 1
        one, none, two = json.loads(output)
        assert (one["image"], two["image"]) == (str(first), str(second))
        assert [one["class"], two["class"]] == list(map(str, labels[:2]))
        assert none["image"] == str(missing)
        assert none["error"] in error
        assert list(one["probabilities"]) == list("0123456789")
        assert sum(one["probabilities"].values()) == pytest.approx(1)

    def test_what_fit_has_saved(self, digits, capsys, tmp_path):
        model = nn.MLP([784, 3])
        model.classes = ("cat", "dog", "cow")
        model.save(tmp_path / "pets.npz")
        assert run("predict", tmp_path / "pets.npz", digits[0][0]) == 0
        output = capsys.readouterr().out
        assert re.search(r"0\.png: (cat|dog|cow) \(", output)
        assert re.search(r"^  cat: [\d.]+%  dog: [\d.]+%  cow: [\d.]+%$", output, re.MULTILINE)

    def test_a_network_of_other_pictures(self, digits, capsys, tmp_path):
        nn.MLP([10, 3]).save(tmp_path / "small.npz")
        assert run("predict", tmp_path / "small.npz", digits[0][0]) == 2
        assert "10 inputs" in capsys.readouterr().err

    def test_weights_that_overflow(self, digits, capsys, tmp_path):
        model = nn.MLP([784, 10])
        model.layers[0].weight.assign(np.full((784, 10), 3e38, np.float32))
        model.save(tmp_path / "huge.npz")
        assert run("predict", tmp_path / "huge.npz", digits[0][0]) == 2
        output, error = capsys.readouterr()
        assert output == ""
        assert "The network has no answer" in error
        assert run("evaluate", tmp_path / "huge.npz") == 2
        output, error = capsys.readouterr()
        assert output == ""
        assert "outputs that are no numbers" in error


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    """EMNIST's files of letters, which count from one, with small pictures of noise."""
    folder = tmp_path_factory.mktemp("letters")
    small_runs.write_data(folder)
    for path in list(folder.iterdir()):
        content = bytearray(path.read_bytes())
        if "labels" in path.name:
            content[8:] = bytes(1 + index % 26 for index in range(len(content) - 8))
        name = path.name.replace("t10k", "test")
        (folder / f"emnist-letters-{name}").write_bytes(content)
        path.unlink()
    return folder


@pytest.mark.parametrize("options", [[], ["--classes", 26, "--transpose"]])
@pytest.mark.slow
def test_letters(letters, digits, tmp_path, capsys, options):
    data = tmp_path / "data"
    data.mkdir()
    for path in letters.iterdir():
        name = path.name.removeprefix("emnist-letters-" if options else "")
        (data / name).write_bytes(path.read_bytes())
    small = [*small_runs.SETTINGS, "--data-dir", data]
    assert run("train", *small, *options, "--out", tmp_path / "here") == 0
    path = tmp_path / "here" / "checkpoint.npz"
    assert "784-8-26" in capsys.readouterr().out
    assert nn.load(path).classes == tuple("abcdefghijklmnopqrstuvwxyz")
    assert run("predict", path, digits[0][0]) == 0
    assert "  y: " in capsys.readouterr().out
    transpose = options[2:]
    assert run("evaluate", path, "--data-dir", data, *transpose) == 0
    assert "\n    z " in capsys.readouterr().out
    assert run("train", "--resume", path, "--data-dir", data, "--iterations", 40) == 0
    assert run("train", "--resume", path, "--data-dir", data, "--classes", 27) == 2
    assert "--classes 27 contradicts" in capsys.readouterr().err
    assert run("evaluate", path) == 2  # on digits
    assert "have 10 classes; name the folder of other data" in capsys.readouterr().err


def test_evaluate_as_json(trained, capsys, tmp_path):
    assert run("evaluate", trained, "--json", "--out", tmp_path) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["examples"] == sum(row["examples"] for row in answer["classes"]) == 10_000
    assert answer["right"] == sum(row["right"] for row in answer["classes"])
    assert answer["accuracy"] == answer["right"] / 10_000
    assert answer["picture"] == str(tmp_path / "evaluation_confusion.png")


def test_a_foreign_picture_of_confusions_stays(trained, capsys, tmp_path):
    (tmp_path / "evaluation_confusion.png").write_bytes(b"mine")
    assert run("evaluate", trained, "--out", tmp_path) == 2
    assert "evaluation_confusion.png was not written by this program" in capsys.readouterr().err
    assert (tmp_path / "evaluation_confusion.png").read_bytes() == b"mine"


def test_info_as_json(capsys):
    assert run("info", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["versions"]["numpy"] == np.__version__
    assert answer["checksums"] == mnist.verified_checksums()


def test_info(capsys):
    assert run("info") == 0
    output = capsys.readouterr().out
    assert f"numpy           {np.__version__}\n" in output
    assert re.search(r"^BLAS .*kernel \w+, \d+ threads$", output, re.MULTILINE)
    assert re.search(r"^processors +\d+$", output, re.MULTILINE)
    for name, checksum in mnist.verified_checksums().items():
        assert re.search(rf"^{name} +sha256 {checksum}$", output, re.MULTILINE)


def test_version_and_help(capsys):
    assert run("--version") == 0
    assert run("train", "--help") == 0
    assert "--checkpoint-every N" in capsys.readouterr().out
