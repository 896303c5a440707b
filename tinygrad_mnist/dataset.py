"""A data set is two aligned arrays and a shuffled order to walk them in, batch by batch.

The order is one permutation per epoch and a cursor into it. That is the whole state, so an
interrupted run goes on exactly where it stopped.

>>> dataset = Dataset([[0.0], [0.1], [0.2]], [0, 1, 2])
>>> images, labels = dataset.next_batch(2)
>>> images.shape, dataset.epochs_completed
((2, 1), 0)
>>> _, more_labels = dataset.next_batch(1)
>>> sorted([*labels.tolist(), *more_labels.tolist()]), dataset.epochs_completed
([0, 1, 2], 1)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_mnist.arguments import integer, plain
from tinygrad_mnist.core import tape
from tinygrad_mnist.errors import ArgumentError, CheckpointError, ShapeError


class Dataset:
    """Examples and their labels, handed out in batches that are shuffled anew every epoch.

    ``images`` and ``labels`` are arrays of any shape and dtype whose first axis counts the
    examples; they are kept, not copied. The order is drawn from ``generator`` (default
    ``np.random.default_rng(0)``) when the first example of an epoch is asked for, never earlier.

    ``epochs_completed`` counts the epochs whose last example has been handed out: it goes up
    during the call that hands it out, also when the same batch goes on into the next epoch.
    ``cursor`` counts the examples of this epoch that have been.

    Raises ``ShapeError`` if the arrays have no first axis or differ in length, ``DTypeError`` if
    one is masked or an ``np.matrix``, and ``ArgumentError`` if ``generator`` is not a
    ``numpy.random.Generator``.
    """

    def __init__(
        self,
        images: ArrayLike,
        labels: ArrayLike,
        generator: np.random.Generator | None = None,
    ) -> None:
        self.images: NDArray[Any] = np.asarray(plain("images", images))
        self.labels: NDArray[Any] = np.asarray(plain("labels", labels))
        self.num_examples = _common_length(self.images, self.labels)
        if generator is None:
            generator = np.random.default_rng(0)
        elif not isinstance(generator, np.random.Generator):
            raise ArgumentError(
                f"generator must be a numpy.random.Generator, received {generator!r}; "
                "make one with numpy.random.default_rng(seed)."
            )
        self.epochs_completed = 0
        self._generator = generator
        self._order = np.arange(self.num_examples, dtype=np.int64)
        self.cursor = self.num_examples

    def __repr__(self) -> str:
        place = self.cursor if self.cursor < self.num_examples else 0
        return (
            f"<{type(self).__name__} of {self.num_examples:,} examples: images "
            f"{self.images.dtype} {self.images.shape[1:]}, labels {self.labels.dtype} "
            f"{self.labels.shape[1:]}, at {place:,} of epoch "
            f"{self.epochs_completed}>"
        )

    def next_batch(
        self, batch_size: int, shuffle: bool = True
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the next ``batch_size`` images and labels, as fresh arrays.

        A batch that reaches past the end of an epoch takes the rest of the old order and the
        start of a new one, so every example is seen exactly once per epoch; a batch larger than
        the data set goes on through as many epochs as it needs. Without ``shuffle`` an epoch that
        begins here has the order of the one before, the first that of the arrays.

        Raises ``ArgumentError`` if ``batch_size`` is not an integer of at least 1, or there are no
        examples; ``CaptureError`` inside a captured function, whose replays would not go on.
        """
        tape.watcher.get().changed(self, "next_batch()")
        if not self.num_examples:
            raise ArgumentError("This data set has no examples to take a batch of.")
        chosen = self._advance(integer("batch_size", batch_size, least=1), shuffle)
        return self.images.take(chosen, axis=0), self.labels.take(chosen, axis=0)

    def _advance(self, count: int, shuffle: bool) -> NDArray[np.int64]:
        pieces = []
        while count:
            if self.cursor == self.num_examples:
                if shuffle:
                    self._order = self._generator.permutation(self.num_examples)
                self.cursor = 0
            piece = self._order[self.cursor : self.cursor + count]
            pieces.append(piece)
            count -= len(piece)
            self.cursor += len(piece)
            self.epochs_completed += self.cursor == self.num_examples
        return np.concatenate(pieces)

    def state_dict(self) -> dict[str, Any]:
        """Return where the walk stands, so that ``load_state_dict`` resumes it bit for bit.

        ``order`` is the epoch's permutation (int64, one entry per example), ``cursor`` how many
        of it have been handed out, ``epochs_completed`` the count, and ``generator`` the state
        of the bit generator in numbers, strings, lists and dictionaries that JSON can hold.
        """
        return {
            "order": self._order.astype(np.int64),
            "cursor": self.cursor,
            "epochs_completed": self.epochs_completed,
            "generator": _without_arrays(self._generator.bit_generator.state),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a ``state_dict`` of a data set of the same length.

        The generator given to this data set is set to the saved state. Raises
        ``CheckpointError``, and changes nothing, if a part is missing or does not fit.
        """
        expected = {"order", "cursor", "epochs_completed", "generator"}
        if not isinstance(state, dict) or state.keys() != expected:
            received = list(state) if isinstance(state, dict) else state
            raise CheckpointError(
                f"A data set's state has the keys {sorted(expected)}, received {received!r}."
            )
        order = state["order"]
        if not _is_permutation(order, self.num_examples):
            raise CheckpointError(
                f"The saved order is not an int64 array that permutes {self.num_examples} "
                "examples; resume with the data set it was saved with."
            )
        cursor = _checked_count(state, "cursor", self.num_examples)
        epochs_completed = _checked_count(state, "epochs_completed", math.inf)
        _restore_generator(self._generator, state["generator"])
        self._order, self.cursor, self.epochs_completed = order.copy(), cursor, epochs_completed


def _common_length(images: NDArray[Any], labels: NDArray[Any]) -> int:
    if images.ndim == 0 or labels.ndim == 0 or len(images) != len(labels):
        raise ShapeError(
            "images and labels must have one entry per example along their first axes; received "
            f"shapes {images.shape} and {labels.shape}."
        )
    return len(images)


def _without_arrays(value: Any) -> Any:
    """Replace arrays, which MT19937, Philox and SFC64 keep in their state, by lists."""
    if isinstance(value, dict):
        return {key: _without_arrays(entry) for key, entry in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _is_permutation(order: Any, length: int) -> bool:
    return (
        isinstance(order, np.ndarray)
        and order.dtype == np.int64
        and order.shape == (length,)
        and np.array_equal(np.sort(order), np.arange(length))
    )


def _checked_count(state: dict[str, Any], key: str, limit: float) -> int:
    value = state[key]
    if not isinstance(value, (int, np.integer)) or not 0 <= value <= limit:
        raise CheckpointError(
            f"The saved {key} must be an integer from 0 to {limit}, received {value!r}."
        )
    return int(value)


def _restore_generator(generator: np.random.Generator, state: Any) -> None:
    bit_generator = generator.bit_generator
    before = bit_generator.state
    try:
        bit_generator.state = state
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        # Some bit generators have taken part of the state when they meet the fault.
        bit_generator.state = before
        raise CheckpointError(
            f"The saved generator state does not fit a {before['bit_generator']} generator "
            f"({error}); resume with the kind of generator the run began with."
        ) from error
