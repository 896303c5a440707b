"""The allocation: what is computed in the memory of something else, and when it must not be."""

from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor, capture
from tinygrad_mnist.optim.packing import pack
from tinygrad_mnist.replay.signature import flatten

from .checker import check_plans


def assigned_and_read_again(p, x):
    following = p.first * x
    p.first.assign(following)
    shifted = p.first + 1.0
    doubled = following * 2.0
    p.first.assign(shifted)
    return doubled


def waiting_and_read_twice(p, x):
    waiting = p.first + x
    product = waiting * 2.0
    p.first.assign(waiting * product)


IN_PLACE = {
    "what it is a product of": lambda p, x: p.first.assign(p.first @ x),
    "what waits there, in a product": lambda p, x: p.first.assign((p.first + x) @ x),
    "what is read twice": waiting_and_read_twice,
    "what was assigned": assigned_and_read_again,
    "another parameter": lambda p, x: p.first.assign(p.second * 2.0),
    "a parameter that is broadcast": lambda p, x: p.vector.assign(p.vector * p.scale),
    "what lies beside it": lambda p, x: p.scale.assign(np.sum(np.tanh(p.vector)) + 1.0),
    "a view": lambda p, x: (y := p.first * x) + np.reshape(y, (2, 2)),
}


@pytest.mark.parametrize("function", IN_PLACE.values(), ids=IN_PLACE)
def test_what_is_computed_in_the_memory_of_something_leaves_alone_what_is_still_read(function):
    def runs(wrap):
        values = {"scale": 2.0, "first": np.eye(2) + 3.0, "second": np.eye(2) + 5.0}
        p = SimpleNamespace(**{name: Parameter(values[name], name=name) for name in values})
        p.vector = pack([p.scale, p.first, p.second])  # it has the memory of all of them
        step = wrap(lambda x: function(p, x))
        for turn in range(3):
            result = step(np.arange(4.0).reshape(2, 2) + turn)
            yield p.vector.numpy().tolist(), None if result is None else result.numpy().tolist()
        if wrap is capture:
            check_plans(step)

    assert [*runs(capture)] == [*runs(lambda step: lambda x: step(Tensor(x)))]


def sines(x):
    """Values that are computed: what is fed or baked in has its place already."""
    return np.sin(x), np.cos(x)


JOINED = {
    "one value twice": lambda x: np.concatenate([t := np.sin(x), t]),
    "one value twice, with another": lambda x: np.concatenate([t := np.sin(x), np.cos(x), t]),
    "a value and a view of it": lambda x: np.concatenate([t := np.sin(x), np.flip(t)]),
    "along the last axis": lambda x: np.concatenate(sines(x), axis=1),
    "along the last axis, counted from it": lambda x: np.concatenate(sines(x), axis=-1),
    "flattened": lambda x: np.concatenate(sines(x), axis=None),
    "a wider dtype": lambda x: np.concatenate([np.sin(x), np.cos(x).astype(np.float64)]),
    "integers": lambda x: np.concatenate([np.sin(x), np.argmax(x, axis=0, keepdims=True)]),
    "transposed": lambda x: np.concatenate([t.T for t in sines(x)]),
    "one transposed": lambda x: np.concatenate([np.reshape(np.sin(x), (3, 2)), np.cos(x).T]),
    "transposed and back": lambda x: np.concatenate([t.T for t in sines(x.T)]),
    "reversed": lambda x: np.concatenate([np.sin(x), np.cos(x)[::-1]]),
    "a piece": lambda x: np.concatenate([np.sin(x), np.cos(x)[:1]]),
    "pieces of one value": lambda x: np.concatenate([(t := np.sin(x))[1:], t[:1]]),
    "nothing": lambda x: np.concatenate([np.sin(x), np.cos(x)[:0], np.exp(x)]),
    "what is fed": lambda x: np.concatenate([x, np.sin(x)]),
    "what is baked in": lambda x: np.concatenate([np.sin(x), np.ones((1, 3), np.float32)]),
    "what is returned too": lambda x: (np.concatenate(t := sines(x)), t),
    "what is used afterwards": lambda x: (np.concatenate(t := sines(x)) * 2.0, t[0] * t[1]),
    "a concatenation": lambda x: np.concatenate([np.concatenate(sines(x)), np.exp(x)]),
    "twice, in two orders": lambda x: [np.concatenate(t := sines(x)), np.concatenate(t[::-1])],
}


@pytest.mark.parametrize("join", JOINED.values(), ids=JOINED)
def test_parts_are_computed_in_their_place_in_the_whole_where_that_is_right(join):
    captured = capture(join)
    for turn in range(3):
        x = np.arange(6, dtype=np.float32).reshape(2, 3) + turn
        found, expected = (flatten(call)[1] for call in (captured(x), join(Tensor(x))))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy(), strict=True)
    check_plans(captured)


def test_a_concatenation_is_put_together_in_the_parameter_it_is_assigned_to():
    weight = Parameter(np.zeros((4, 3)), name="weight")
    captured = capture(lambda x: weight.assign(np.concatenate(sines(x))))
    for turn in range(3):
        x = np.arange(6.0).reshape(2, 3) + turn
        captured(x)
        np.testing.assert_array_equal(weight.numpy(), np.concatenate(sines(x)))
    check_plans(captured)
    names = [instruction.primitive.name for instruction in captured.plans[0].instructions]
    assert names == ["sin", "cos", "concatenate"]
