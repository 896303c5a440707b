"""Batches cover every epoch exactly once, and a saved walk resumes bit for bit."""

import json
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError, CheckpointError, ShapeError

BIT_GENERATORS = ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"]

lengths = st.integers(1, 12)
batch_sizes = st.lists(st.integers(1, 30), max_size=8)
seeds = st.integers(0, 2**32 - 1)


def numbered(length, seed=0):
    """A data set whose image and label say which example they are."""
    numbers = np.arange(length)
    return Dataset(numbers[:, None] * np.ones(3), numbers, np.random.default_rng(seed))


def labels_of(dataset, sizes):
    return [dataset.next_batch(size)[1].tolist() for size in sizes]


@settings(deadline=None)
@given(lengths, batch_sizes, seeds)
def test_every_epoch_hands_out_every_example_once(length, sizes, seed):
    dataset = numbered(length, seed)
    seen = list(chain.from_iterable(labels_of(dataset, sizes)))
    for start in range(0, len(seen), length):
        epoch = seen[start : start + length]
        assert len(set(epoch)) == len(epoch)
    assert dataset.epochs_completed == len(seen) // length


@settings(deadline=None)
@given(lengths, batch_sizes, seeds)
def test_batching_does_not_change_the_order(length, sizes, seed):
    one_by_one = numbered(length, seed)
    singles = [labels_of(one_by_one, [1])[0][0] for _ in range(sum(sizes))]
    assert list(chain.from_iterable(labels_of(numbered(length, seed), sizes))) == singles


@settings(deadline=None)
@given(lengths, batch_sizes, batch_sizes, seeds, st.sampled_from(BIT_GENERATORS))
def test_a_saved_walk_resumes_bit_for_bit(length, before, after, seed, kind):
    def walk(seed):
        generator = np.random.Generator(getattr(np.random, kind)(seed))
        return Dataset(np.arange(length), np.arange(length), generator)

    original, resumed = walk(seed), walk(seed + 1)
    labels_of(original, before)
    state = original.state_dict()
    state["generator"] = json.loads(json.dumps(state["generator"]))
    resumed.load_state_dict(state)
    assert resumed.epochs_completed == original.epochs_completed
    assert labels_of(resumed, after) == labels_of(original, after)
    assert resumed.epochs_completed == original.epochs_completed


def test_images_and_labels_stay_together_and_are_fresh():
    dataset = numbered(5)
    images, labels = dataset.next_batch(7)
    assert images.shape == (7, 3)
    np.testing.assert_array_equal(images[:, 0], labels)
    images[:], labels[:] = -1, -1
    assert dataset.images.min() == dataset.labels.min() == 0


def test_epochs_are_shuffled_and_differ():
    first, second = labels_of(numbered(50), [50, 50])
    assert list(range(50)) != first != second != list(range(50))


def test_an_epoch_can_keep_the_order_of_the_one_before():
    data = Dataset(np.arange(5), np.arange(5))
    assert data.next_batch(7, shuffle=False)[0].tolist() == [0, 1, 2, 3, 4, 0, 1]
    assert data.next_batch(3)[0].tolist() == [2, 3, 4]
    shuffled = data.next_batch(5)[0].tolist()
    assert shuffled != [0, 1, 2, 3, 4]
    assert data.next_batch(5, shuffle=False)[0].tolist() == shuffled
    assert data.epochs_completed == 4


def test_the_epoch_is_complete_with_its_last_example():
    dataset = numbered(4)
    counts = []
    for size in (3, 1, 5, 8):
        dataset.next_batch(size)
        counts.append(dataset.epochs_completed)
    assert counts == [0, 1, 2, 4]


def test_the_generator_is_first_used_by_the_first_batch():
    generator, untouched = np.random.default_rng(3), np.random.default_rng(3)
    dataset = Dataset(np.zeros(4), np.arange(4), generator)
    assert generator.bit_generator.state == untouched.bit_generator.state
    assert dataset.next_batch(4)[1].tolist() == untouched.permutation(4).tolist()


def test_the_default_generator_is_seeded():
    default, seeded = Dataset(np.arange(9), np.arange(9)), numbered(9, seed=0)
    assert labels_of(default, [9]) == labels_of(seeded, [9])


def test_the_state_is_a_snapshot():
    dataset = numbered(6)
    dataset.next_batch(2)
    state = dataset.state_dict()
    expected = labels_of(dataset, [20])
    dataset.load_state_dict(state)
    assert state["order"].dtype == np.int64
    state["order"][:] = 0
    assert labels_of(dataset, [20]) == expected


@pytest.mark.parametrize(
    ("images", "labels"),
    [(np.zeros((3, 2)), np.zeros(4)), (np.zeros((0, 2)), np.zeros(1)), (1.0, 2.0)],
    ids=["lengths", "empty", "scalars"],
)
def test_arrays_that_do_not_fit_are_refused(images, labels):
    with pytest.raises(ShapeError, match="received shapes"):
        Dataset(images, labels)


def test_no_examples_make_no_batch():
    empty = Dataset(np.zeros((0, 2)), np.zeros(0))
    assert empty.num_examples == 0
    with pytest.raises(ArgumentError, match="no examples to take a batch of"):
        empty.next_batch(1)


def test_a_seed_is_not_a_generator():
    with pytest.raises(ArgumentError, match="default_rng"):
        Dataset([1], [1], 7)


@pytest.mark.parametrize("size", [0, -1, 2.0, "3", None])
def test_wrong_batch_sizes_are_refused(size):
    with pytest.raises(ArgumentError, match="batch_size must be an integer of at least 1"):
        numbered(3).next_batch(size)


def test_numpy_integers_are_batch_sizes():
    assert len(numbered(300).next_batch(np.uint8(200))[1]) == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": np.array([0, 1, 1])}, "permutes 3 examples"),
        ({"order": np.array([0, 1])}, "permutes 3 examples"),
        ({"order": np.array([[0, 1, 2]])}, "permutes 3 examples"),
        ({"order": np.array([0.0, 1.0, 2.0])}, "int64"),
        ({"order": [0, 1, 2]}, "int64"),
        ({"cursor": 4}, "cursor must be an integer from 0 to 3, received 4"),
        ({"cursor": 1.5}, "cursor"),
        ({"epochs_completed": -1}, "epochs_completed"),
        ({"epochs_completed": "1"}, "epochs_completed"),
        ({"generator": np.random.MT19937(0).state}, "does not fit a PCG64 generator"),
        ({"generator": {"bit_generator": "PCG64"}}, "does not fit"),
        ({"generator": None}, "does not fit"),
        ({"extra": 1}, "keys"),
    ],
)
def test_wrong_states_are_refused_and_change_nothing(change, message):
    dataset, twin = numbered(3), numbered(3)
    state = numbered(3, seed=8).state_dict() | change
    with pytest.raises(CheckpointError, match=message):
        dataset.load_state_dict(state)
    assert labels_of(dataset, [7]) == labels_of(twin, [7])


def test_a_half_restored_generator_is_put_back():
    dataset = Dataset(np.arange(5), np.arange(5), np.random.Generator(np.random.MT19937(1)))
    before = dataset.state_dict()["generator"]
    state = dataset.state_dict()
    state["generator"]["state"]["key"] = [1, 2, 3]
    with pytest.raises(CheckpointError, match="MT19937"):
        dataset.load_state_dict(state)
    assert dataset.state_dict()["generator"] == before


@pytest.mark.parametrize("state", [None, {}, {"order": np.arange(3)}])
def test_a_state_of_another_form_is_refused(state):
    with pytest.raises(CheckpointError, match="has the keys"):
        numbered(3).load_state_dict(state)
