"""``read_data_sets``: the files of the folder if they are there, else those of the package."""

import numpy as np
import pytest
from small_runs import TEST, TRAIN, write_data

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, DataError
from tinygrad_mnist.tf1.examples.tutorials.mnist import input_data


def test_the_shipped_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    shapes = [part.images.shape for part in (mnist.train, mnist.validation, mnist.test)]
    assert shapes == [(55000, 784), (5000, 784), (10000, 784)]
    assert mnist.train.labels.shape == (55000, 10)
    assert mnist.train.num_examples == 55000
    images, labels = mnist.train.next_batch(batch_size=64)
    assert (images.shape, images.dtype) == ((64, 784), np.float32)
    assert (labels.shape, labels.sum(), set(np.unique(labels))) == ((64, 10), 64, {0, 1})
    assert 0 <= images.min() < images.max() == 1
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_as_good_as_none(tmp_path):
    assert input_data.read_data_sets(tmp_path).test.labels.shape == (10000,)


def test_the_files_of_a_folder(tmp_path):
    write_data(tmp_path)
    mnist = input_data.read_data_sets(str(tmp_path), dtype="float", validation_size=5100, seed=3)
    assert mnist.train.images.shape == (TRAIN - 5100, 784)
    assert mnist.validation.labels.shape == (5100,)
    assert mnist.test.images.shape == (TEST, 784)
    assert mnist.train.images.dtype == np.float32


def test_the_order_depends_on_the_seed(tmp_path):
    write_data(tmp_path)

    def batch(seed):
        return input_data.read_data_sets(tmp_path, seed=seed).train.next_batch(50)[0]

    np.testing.assert_array_equal(batch(None), batch(0))
    assert not np.array_equal(batch(1), batch(0))
    for seed in (-1, "x", True):
        with pytest.raises(ArgumentError, match="seed must be an integer of at least 0"):
            batch(seed)


def test_images_can_keep_their_rows_and_columns(tmp_path):
    write_data(tmp_path)
    flat = input_data.read_data_sets(tmp_path, False, True, tf.float32, True, 100)
    mnist = input_data.read_data_sets(
        tmp_path, reshape=False, validation_size=100, source_url="http://nowhere"
    )
    assert flat.train.labels.shape == (TRAIN - 100, 10)
    assert mnist.validation.images.shape == (100, 28, 28, 1)
    np.testing.assert_array_equal(mnist.test.images.reshape(TEST, -1), flat.test.images)
    assert mnist.train.next_batch(5)[0].shape == (5, 28, 28, 1)


def test_batches_in_the_order_of_the_file(tmp_path):
    write_data(tmp_path)
    train = input_data.read_data_sets(tmp_path, validation_size=100).train
    for _ in range(2):
        images, labels = train.next_batch(TRAIN - 100, fake_data=False, shuffle=False)
        np.testing.assert_array_equal(images, train.images)
        np.testing.assert_array_equal(labels, train.labels)
    assert not np.array_equal(train.next_batch(TRAIN - 100)[0], train.images)


@pytest.mark.parametrize(("size", "train"), [(0, TRAIN), (TRAIN, 0), (TRAIN - 1, 1)])
@pytest.mark.parametrize("reshape", [True, False])
def test_a_part_may_have_no_examples(tmp_path, size, train, reshape):
    write_data(tmp_path)
    mnist = input_data.read_data_sets(tmp_path, validation_size=size, one_hot=True, reshape=reshape)
    shape = (784,) if reshape else (28, 28, 1)
    for part, count in ((mnist.train, train), (mnist.validation, size)):
        assert (part.num_examples, part.epochs_completed) == (count, 0)
        assert (part.images.shape, part.labels.shape) == ((count, *shape), (count, 10))
        if count:
            assert len(part.next_batch(3)[0]) == 3
        else:
            with pytest.raises(ArgumentError, match="no examples to take a batch of"):
                part.next_batch(3)


@pytest.mark.parametrize("size", [-1, TRAIN + 1, 2.5, None])
def test_a_part_has_from_none_to_all_examples(tmp_path, size):
    write_data(tmp_path)
    with pytest.raises(ArgumentError, match="validation_size must be an integer"):
        input_data.read_data_sets(tmp_path, validation_size=size)


def test_there_is_no_fake_data(tmp_path):
    with pytest.raises(ArgumentError, match="no fake data here"):
        input_data.read_data_sets(tmp_path, True)
    write_data(tmp_path)
    with pytest.raises(ArgumentError, match="no fake data here"):
        input_data.read_data_sets(tmp_path).train.next_batch(5, True)


def test_some_of_the_files_are_not_enough(tmp_path):
    write_data(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="lacks t10k-labels-idx1-ubyte"):
        input_data.read_data_sets(tmp_path)
