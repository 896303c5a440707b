"""Random functions that assign parameters, with Python between, are replayed bit for bit.

What waits in the memory of a parameter, and for how long, hangs on the order of all that is done.
"""

import itertools

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor, capture, host, optim

from .checker import check_plans

KINDS = ["mean", "difference", "tanh", "product", "transpose", "join", "host", "assign", "assign"]


def function_of(draws, packed):
    """Three parameters, and what is done with them: each draw tells the kind, and two operands."""
    parameters = [Parameter(np.arange(4.0).reshape(2, 2) + k, name=f"p{k}") for k in range(3)]
    if packed:
        optim.SGD(parameters, 0.1)
    count = itertools.count()

    def source(one, other, assigns):
        number = float(next(count) % 7)
        if assigns:
            parameters[one % 3].assign(np.full((2, 2), number))
        return parameters[other % 3].numpy() + number

    def function(x):
        values = [x, *parameters]
        for kind, one, other, coin in draws:
            a, b = values[one % len(values)], values[other % len(values)]
            if kind == "assign":
                parameters[one % 3].assign(b * 0.5 if coin else b)
                continue
            values.append(
                {
                    "mean": lambda a=a, b=b: a * 0.5 + b * 0.5,
                    "difference": lambda a=a, b=b: a - b,
                    "tanh": lambda a=a: np.tanh(a),
                    "product": lambda a=a, b=b: np.tanh(a @ b),
                    "transpose": lambda a=a: a.T,
                    "join": lambda a=a, b=b: np.concatenate([a, b])[1:3],
                    "host": lambda i=one, j=other, k=coin: host(lambda: source(i, j, k)),
                }[kind]()
            )
        return [value * 1.0 for value in values[-2:]]

    return parameters, function


@pytest.mark.parametrize("packed", [False, True])
def test_random_assignments_with_python_between(packed):
    rng, waiting = np.random.default_rng(0), 0
    for _ in range(100):
        size = rng.integers(3, 16)
        draws = [
            (str(rng.choice(KINDS)), *map(int, rng.integers(0, 60, 2)), bool(rng.integers(2)))
            for _ in range(size)
        ]
        eager, function = function_of(draws, packed)
        replayed, same = function_of(draws, packed)
        captured = capture(same)
        for turn in range(3):
            x = np.arange(4.0).reshape(2, 2) + turn
            for value, expected in zip(captured(x), function(Tensor(x)), strict=True):
                np.testing.assert_array_equal(value.numpy(), expected.numpy())
            for one, other in zip(replayed, eager, strict=True):
                np.testing.assert_array_equal(one.numpy(), other.numpy())
        check_plans(captured)
        places = captured.plans[0].allocation.places
        waiting += sum(
            slot.origin == "value" and buffer.array is not None
            for slot, (buffer, _) in places.items()
        )
    assert waiting > 50
