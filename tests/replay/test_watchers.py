"""A capture is a watcher among others: what it and they are told when they nest."""

import asyncio
import contextlib
import itertools
import sys

import numpy as np

from tinygrad_mnist import Parameter, Tensor, capture, gradients, host, optim
from tinygrad_mnist.core.tape import Watcher, watching
from tinygrad_mnist.lines import source_lines

from .checker import recordings


def here():
    """What the caller's line is called."""
    return f"test_watchers.py:{sys._getframe(1).f_lineno}"


class Counting(Watcher):
    def __init__(self):
        self.names = []

    def applied(self, primitive, operands, arrays, static, value):
        self.names.append(primitive.name)
        super().applied(primitive, operands, arrays, static, value)


def test_source_lines_inside_a_capture():
    """Replaced instead of nested, the product would be written down nowhere: 3, 3, 3."""
    x, seen = Tensor(1.0, requires_grad=True), []

    @capture
    def doubled(y):
        with source_lines() as lines:
            product = x * y * 2.0
            seen.append((dict(lines), here()))
        return product + 1.0

    assert [doubled(np.array(y)).item() for y in (1.0, 2.0, 3.0)] == [3.0, 5.0, 7.0]
    ((lines, after),) = seen
    file, _, number = after.partition(":")
    assert [*lines.values()] == 2 * [f"{file}:{int(number) - 1}"]


def test_a_capture_inside_source_lines():
    weight = Parameter([2.0])

    @capture
    def loss(x):
        return np.sum(weight * x)

    with source_lines() as lines:
        first = loss(np.array([1.0]))
        assert len(lines) == 2  # the function itself ran, and recorded the product and the sum
        again = loss(np.array([5.0]))
        own = weight * 3.0
    assert (first.item(), again.item()) == (2.0, 10.0)
    assert len(lines) == 3
    assert own.node.id in lines


def test_nested_source_lines_both_note():
    x = Tensor(1.0, requires_grad=True)
    with source_lines() as outer:
        with source_lines() as inner:
            y = x * 2.0
        z = x * 3.0
    assert [*inner] == [y.node.id]
    assert [*outer] == [y.node.id, z.node.id]


def test_captured_inside_captured_is_part_of_it_also_with_a_watcher_between():
    weight = Parameter([1.0])
    optimizer = optim.SGD([weight], learning_rate=0.5)

    @capture
    def inner(x):
        loss = np.sum(weight * x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    @capture
    def outer(x):
        with watching(Counting()) as _:
            return inner(x) * 2.0

    found = [outer(np.array([x])).item() for x in (1.0, 2.0, 3.0)]
    assert found == [2.0, 2.0, -3.0]  # the weight was 1, 0.5 and -0.5
    assert weight.numpy().tolist() == [-2.0]
    assert not inner.plans
    assert len(outer.plans) == 1


def test_host_inside_both_a_capture_and_other_watchers():
    numbers, weight = itertools.count(), Parameter([1.0])
    outside, inside, within = Counting(), Counting(), Counting()

    def source():
        with watching(within):
            return (Tensor([10.0]) * next(numbers)).numpy()

    @capture
    def noisy(x):
        with watching(inside):
            return np.sum(weight * x + host(source))

    with watching(outside):
        found = [noisy(np.array([x])).item() for x in (1.0, 2.0, 3.0)]
    assert found == [1.0, 12.0, 23.0]
    assert within.names == ["multiply"] * 3
    first = ["multiply", "multiply", "add", "sum"]
    assert inside.names == first
    # From outside the source is seen to run at each call, and the rest of the function once.
    assert outside.names == [*first, "multiply", "multiply"]
    assert len(recordings(noisy)[0].instructions) == 4


def test_a_task_that_outlives_the_captured_function_it_was_started_in_is_not_watched():
    tasks, weight = [], Parameter([1.0])

    async def later():
        await asyncio.sleep(0)
        weight.assign([2.0])
        return (weight * 3.0).item()

    @capture
    def starting(x):
        tasks.append(asyncio.get_running_loop().create_task(later()))
        return x * 1.0

    async def run():
        starting(np.ones(1))
        return await tasks[0]

    assert asyncio.run(run()) == 6.0
    assert len(recordings(starting)[0].instructions) == 1


def test_after_a_source_that_failed_the_function_is_written_down_again():
    def fail():
        raise KeyError

    @capture
    def tolerant(x):
        with contextlib.suppress(KeyError):
            host(fail)
        return x * 2.0

    assert [tolerant(np.array(x)).item() for x in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]


def test_a_host_value_within_another_is_part_of_it():
    numbers = itertools.count()
    captured = capture(lambda x: x + host(lambda: host(lambda: np.array(next(numbers))).numpy()))
    assert [captured(np.array(0)).item() for _ in range(3)] == [0, 1, 2]
    assert len(recordings(captured)[0].instructions) == 2


def test_a_captured_function_called_by_a_host_source_has_plans_of_its_own():
    scale = Parameter([3.0])
    scaled = capture(lambda x: scale * x)
    numbers = itertools.count(1)

    @capture
    def noisy(x):
        return x + host(lambda: scaled(np.array([float(next(numbers))])).numpy())

    for value in (3.0, 6.0, 9.0):
        assert noisy(np.array([0.0])).item() == value
        assert len(scaled.plans) == 1


def test_the_rules_of_a_captured_backward_are_told_of_too():
    weight, notes = Parameter([2.0]), Counting()
    slope = capture(lambda x: gradients(np.sum(weight * x), [weight])[0])
    with watching(notes):
        slope(np.array([5.0]))
        told = [*notes.names]
        assert slope(np.array([7.0])).item() == 7.0
    assert told[:2] == ["multiply", "sum"]
    assert "multiply" in told[2:]
    assert notes.names == told
