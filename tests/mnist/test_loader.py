"""The shipped files load verified; any folder of the same layout can stand in for them."""

import gzip
import hashlib
import string
import struct
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_mnist.errors import ArgumentError, DataError, DTypeError
from tinygrad_mnist.mnist import load, loader, verified_checksums

NAMES = loader.TRAIN_FILES + loader.TEST_FILES


def encode(array):
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def examples(count, seed):
    random = np.random.default_rng(seed)
    return (
        random.integers(0, 256, (count, 28, 28), dtype=np.uint8),
        random.integers(0, 10, count, dtype=np.uint8),
    )


ARRAYS = dict(zip(NAMES, examples(20, 1) + examples(7, 2), strict=True))


@pytest.fixture
def folder(tmp_path):
    for name, array in ARRAYS.items():
        (tmp_path / name).write_bytes(encode(array))
    return tmp_path


def refused(folder, **options):
    """The message, after checking that it is one sentence."""
    with pytest.raises(DataError) as caught:
        load(folder, **options)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert ". " not in message
    return message


@pytest.fixture(scope="module")
def mnist():
    return load()


class TestShippedFiles:
    def test_shapes_and_ranges(self, mnist):
        for split, count in ((mnist.train, 55000), (mnist.validation, 5000), (mnist.test, 10000)):
            assert split.images.shape == (count, 784)
            assert split.labels.shape == (count, 10)
            assert split.images.dtype == split.labels.dtype == np.float32
            assert (split.images.min(), split.images.max()) == (0, 1)
            assert (split.labels.sum(axis=1) == 1).all()

    def test_first_labels_in_the_order_of_the_files(self, mnist):
        def first(split):
            return split.labels[:8].argmax(axis=1).tolist()

        assert first(mnist.validation) == [5, 0, 4, 1, 9, 2, 1, 3]
        assert first(mnist.train) == [7, 3, 4, 6, 1, 8, 1, 0]
        assert first(mnist.test) == [7, 2, 1, 0, 4, 1, 4, 9]

    def test_train_and_validation_share_one_array(self, mnist):
        assert mnist.train.images.base is mnist.validation.images.base

    def test_checksums_are_the_recorded_ones(self, mnist):
        recorded = (loader.SHIPPED_FOLDER / "SHA256SUMS").read_text(encoding="utf-8").split()
        assert list(mnist.checksums) == list(NAMES)
        assert mnist.checksums == dict(zip(recorded[1::2], recorded[::2], strict=True))
        assert verified_checksums() == mnist.checksums

    def test_another_file_is_refused(self, folder, monkeypatch):
        monkeypatch.setattr(loader, "SHIPPED_FOLDER", folder)
        assert "SHA256SUMS cannot be read" in refused(None)
        (folder / "SHA256SUMS").write_text(
            "0" * 64 + "  train-images-idx3-ubyte\n", encoding="utf-8"
        )
        message = refused(None)
        assert "train-images-idx3-ubyte" in message
        assert "is not the file this package came with" in message


class TestFolder:
    @pytest.mark.parametrize("separator", ["-", "."])
    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_spellings(self, tmp_path, separator, suffix):
        for name, array in ARRAYS.items():
            content = gzip.compress(encode(array)) if suffix else encode(array)
            (tmp_path / f"{name.replace('-idx', separator + 'idx')}{suffix}").write_bytes(content)
        data = load(str(tmp_path), validation_size=5, one_hot=False, dtype=np.float64)
        images, labels, test_images, test_labels = ARRAYS.values()
        np.testing.assert_array_equal(data.train.images, images[5:].reshape(15, 784) / 255)
        np.testing.assert_array_equal(data.validation.images, images[:5].reshape(5, 784) / 255)
        np.testing.assert_array_equal(data.test.images, test_images.reshape(7, 784) / 255)
        np.testing.assert_array_equal(data.train.labels, labels[5:])
        np.testing.assert_array_equal(data.validation.labels, labels[:5])
        np.testing.assert_array_equal(data.test.labels, test_labels)
        assert data.train.labels.dtype == np.int64
        assert data.checksums == {
            name: hashlib.sha256(encode(array)).hexdigest() for name, array in ARRAYS.items()
        }

    def test_the_plain_file_is_preferred(self, folder):
        (folder / f"{NAMES[0]}.gz").write_bytes(b"not read")
        load(folder, validation_size=1)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_dtype_and_one_hot(self, folder, dtype):
        data = load(folder, validation_size=5, dtype=dtype)
        assert data.train.images.dtype == data.train.labels.dtype == dtype
        np.testing.assert_array_equal(data.test.labels.argmax(axis=1), ARRAYS[NAMES[3]])
        np.testing.assert_array_equal(
            data.test.images, ARRAYS[NAMES[2]].reshape(7, 784).astype(dtype) / dtype(255)
        )

    def test_only_training_uses_the_generator(self, folder):
        generator, twin = np.random.default_rng(5), np.random.default_rng(5)
        data = load(folder, validation_size=5, one_hot=False, generator=generator)
        data.validation.next_batch(12)
        data.test.next_batch(12)
        assert generator.bit_generator.state == twin.bit_generator.state
        _, labels = data.train.next_batch(15)
        np.testing.assert_array_equal(labels, ARRAYS[NAMES[1]][5:][twin.permutation(15)])

    @pytest.mark.parametrize("size", [0, 1, 19, 20])
    def test_any_part_may_be_the_validation_set(self, folder, size):
        data = load(folder, validation_size=size)
        assert (data.validation.num_examples, data.train.num_examples) == (size, 20 - size)
        assert data.validation.images.shape == (size, 784)


def write(folder, prefix, labels, test_labels, suffix="labels-idx1-ubyte"):
    """Write a data set whose files have the names that its publisher gave them."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, (images, _), numbers in (
        ("train", examples(len(labels), 1), labels),
        ("test", examples(len(test_labels), 2), test_labels),
    ):
        content = encode(images), encode(np.asarray(numbers, np.uint8))
        for name, file in zip(("images-idx3-ubyte", suffix), content, strict=True):
            (folder / f"{prefix}{part}-{name}").write_bytes(file)
    return folder


class TestOtherSets:
    @pytest.mark.parametrize(
        ("name", "count", "first", "names"),
        [
            ("letters", 26, 1, "abcdefghijklmnopqrstuvwxyz"),
            ("balanced", 47, 0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
            ("bymerge", 47, 0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"),
            ("byclass", 62, 0, None),
            ("digits", 10, 0, "0123456789"),
        ],
    )
    def test_emnist(self, tmp_path, name, count, first, names):
        labels = np.arange(first, first + count)
        write(tmp_path, f"emnist-{name}-", labels, labels[::-1])
        data = load(tmp_path, validation_size=0, one_hot=False)
        assert data.train.labels.tolist() == list(range(count))
        assert data.test.labels.tolist() == list(range(count))[::-1]
        assert data.classes == tuple(
            names or string.digits + string.ascii_uppercase + string.ascii_lowercase
        )
        upright = examples(count, 1)[0].transpose(0, 2, 1).reshape(count, 784)
        np.testing.assert_array_equal(data.train.images, upright / np.float32(255))
        plain = load(tmp_path, validation_size=0, transpose=False)
        np.testing.assert_array_equal(
            plain.train.images, examples(count, 1)[0].reshape(count, 784) / np.float32(255)
        )
        assert plain.train.labels.shape == (count, count)

    def test_a_folder_with_several(self, tmp_path):
        for name, count in (("balanced", 47), ("digits", 10)):
            write(tmp_path, f"emnist-{name}-", range(count), range(count))
        message = refused(tmp_path)
        assert f"name one of them: {tmp_path}/emnist-balanced, {tmp_path}/emnist-digits" in message
        for name, count in (("balanced", 47), ("digits", 10)):
            assert len(load(tmp_path / f"emnist-{name}", validation_size=0).classes) == count
        assert "emnist-letters is not a readable data folder" in refused(
            tmp_path / "emnist-letters"
        )

    def test_letters_that_count_from_one_in_other_files(self, tmp_path):
        write(tmp_path, "", range(1, 27), range(1, 27))
        assert "has the label 10 in row 9" in refused(tmp_path)
        data = load(tmp_path, validation_size=0, one_hot=False, classes=26)
        assert data.train.labels.tolist() == list(range(26))
        assert data.classes[0] == "a"

    @pytest.mark.parametrize("classes", [1, -1, 2.0, "26", 10**9])
    def test_numbers_of_classes(self, folder, classes):
        with pytest.raises(ArgumentError, match="classes"):
            load(folder, classes=classes)

    def test_other_numbers_of_classes_have_numbers_as_names(self, folder):
        assert load(folder, validation_size=1, classes=12).classes[-1] == "11"

    def test_labels_of_qmnist(self, tmp_path):
        write(tmp_path, "qmnist-", [3, 1, 4], [1, 5])
        for part, numbers in (("train", [3, 1, 4]), ("test", [1, 5])):
            rows = np.zeros((len(numbers), 8), ">i4")
            rows[:, 0], rows[:, 1:] = numbers, 70_000
            header = struct.pack(">III", 0x0C02, len(numbers), 8)
            (tmp_path / f"qmnist-{part}-labels-idx1-ubyte").unlink()
            (tmp_path / f"qmnist-{part}-labels-idx2-int").write_bytes(header + rows.tobytes())
        data = load(tmp_path, validation_size=0, one_hot=False)
        assert data.train.labels.tolist() == [3, 1, 4]
        assert data.test.labels.tolist() == [1, 5]

    @pytest.mark.parametrize("below", ["raw", "MNIST/raw", "FashionMNIST/raw", "mnist"])
    def test_folders_of_torchvision(self, folder, tmp_path, below):
        place = tmp_path / "data" / below
        place.mkdir(parents=True)
        for name in NAMES:
            (folder / name).rename(place / name)
        assert load(tmp_path / "data", validation_size=1).test.num_examples == 7

    def test_a_folder_per_file(self, folder):
        for name in NAMES:
            (folder / name).rename(folder / "file")
            (folder / name).mkdir()
            (folder / "file").rename(folder / name / name.replace("-idx", ".idx"))
        assert load(folder, validation_size=1).test.num_examples == 7

    def test_files_of_the_folder_itself_come_first(self, folder):
        write(folder / "MNIST" / "raw", "", range(9), range(9))
        assert load(folder, validation_size=1).test.num_examples == 7


class TestFaults:
    def test_no_such_folder(self, tmp_path):
        message = refused(tmp_path / "absent")
        assert "absent is not a readable data folder (No such file or directory)" in message

    def test_a_file_in_place_of_the_folder(self, folder):
        assert "Not a directory" in refused(folder / NAMES[0])

    def test_missing_files(self, folder):
        (folder / NAMES[2]).unlink()
        (folder / NAMES[3]).unlink()
        (folder / NAMES[3]).mkdir()
        message = refused(folder)
        assert f"lacks {NAMES[2]}, {NAMES[3]};" in message
        assert all(name in message.partition(";")[2] for name in NAMES)

    def test_a_damaged_file_is_named(self, folder):
        (folder / NAMES[3]).write_bytes(b"\x1f\x8b garbage")
        assert str(folder / NAMES[3]) in refused(folder)

    def test_counts_that_disagree(self, folder):
        (folder / NAMES[1]).write_bytes(encode(ARRAYS[NAMES[1]][:19]))
        message = refused(folder)
        assert f"{NAMES[0]} holds 20 images but" in message
        assert f"{NAMES[1]} holds 19 labels" in message

    def test_a_label_above_nine(self, folder):
        labels = ARRAYS[NAMES[3]].copy()
        labels[[4, 6]] = 10, 200
        (folder / NAMES[3]).write_bytes(encode(labels))
        assert f"{NAMES[3]} has the label 10 in row 4" in refused(folder)

    @pytest.mark.parametrize("size", [-1, 21, 5000, 2.5, "5", None])
    def test_validation_size(self, folder, size):
        with pytest.raises(ArgumentError, match="must be an integer from 0 to 20, as"):
            load(folder, validation_size=size)

    def test_dtype_must_be_floating(self, folder):
        with pytest.raises(DTypeError, match="must be floating, received int32"):
            load(folder, dtype=np.int32)


def test_importing_loads_no_plotting_library():
    script = "import sys, tinygrad_mnist.mnist; print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert result.stdout.strip() == b"False"
