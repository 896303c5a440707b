"""The process that measures what the engine adds to NumPy.

Its arguments, ``... .overhead ROUNDS SHAPES DEPTHS THREADS``, are JSON: the shapes of each
operation's operands, and the depths of the chains.

After its description it replies with what each way of computing takes for an operation, and with
what recording and sweeping a chain of operations takes for a node, in seconds, round by round::

    {"operation": "multiply", "shape": [32, 32], "seconds": {"NumPy": [7e-7, ...], ...}}
    {"depth": 1000, "seconds": {"record": [1e-6, ...], "sweep": [2e-6, ...]}}

and with ``{}`` at the end.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.processes.child import blas_libraries, open_replies, pin
from tinygrad_mnist import Tensor, capture, no_grad

SECONDS_PER_TIMING = 0.01
REPLAYED = 50


def seconds_per_call(function: Callable[[], Any]) -> float:
    """Return how long a call takes, from as many as fill the time of a timing."""
    count, elapsed = 1, 0.0
    while True:
        started = time.perf_counter()
        for _ in range(count):
            function()
        elapsed = time.perf_counter() - started
        if elapsed >= SECONDS_PER_TIMING:
            return elapsed / count
        count *= 2


def ways(operation: str, shape: tuple[int, ...]) -> dict[str, Callable[[], float]]:
    """Return what times an operation on float32 arrays, by the way it is computed."""
    function = getattr(np, operation)
    # The right operand leaves the left one as it is, or a chain of products would overflow.
    left = np.random.default_rng(0).random(shape, np.float32) + np.float32(0.5)
    right = np.eye(*shape, dtype=np.float32) if operation == "matmul" else np.ones_like(left)
    # Where a replay puts its result: over the left operand, which a product of matrices forbids.
    ready = np.array(left)
    replaced = left if operation == "matmul" else ready
    constant, variable, other = Tensor(left), Tensor(left, requires_grad=True), Tensor(right)

    def chain(x: Any, y: Any) -> Any:
        for _ in range(REPLAYED):
            x = function(x, y)
        return x

    replay = capture(chain)
    replay(left, right)

    def protocol() -> float:
        with no_grad():
            return seconds_per_call(lambda: function(constant, other))

    return {
        "NumPy": lambda: seconds_per_call(lambda: function(left, right)),
        "NumPy_out": lambda: seconds_per_call(lambda: function(replaced, right, out=ready)),
        "protocol": protocol,
        "tape": lambda: seconds_per_call(lambda: function(variable, other)),
        "replay": lambda: seconds_per_call(lambda: replay(left, right)) / REPLAYED,
    }


@contextmanager
def collector_off() -> Iterator[None]:
    """Do without Python's search for cyclic garbage, which looks at every node that is alive."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds_per_node(depth: int) -> dict[str, float]:
    """Return what recording and sweeping a chain of scalar operations take for each of them."""
    leaf = Tensor(1.0, requires_grad=True)
    with collector_off():
        started = time.perf_counter()
        result: Any = leaf
        for _ in range(depth):
            result = result * 1.0
        recorded = time.perf_counter()
        result.backward()
        swept = time.perf_counter()
    return {"record": (recorded - started) / depth, "sweep": (swept - recorded) / depth}


def measurements(
    rounds: int, shapes: dict[str, list[list[int]]], depths: list[int]
) -> Iterator[dict[str, Any]]:
    """Take all measurements, one after the other."""
    for operation, chosen in shapes.items():
        for shape in chosen:
            timings = ways(operation, tuple(shape))
            seconds: dict[str, list[float]] = {name: [] for name in timings}
            for _ in range(rounds):
                for name, timing in timings.items():
                    seconds[name].append(timing())
            yield {"operation": operation, "shape": shape, "seconds": seconds}
    for depth in depths:
        taken = [seconds_per_node(depth) for _ in range(rounds)]
        seconds = {name: [each[name] for each in taken] for name in ("record", "sweep")}
        yield {"depth": depth, "seconds": seconds}


if __name__ == "__main__":
    rounds, shapes, depths, threads = map(json.loads, sys.argv[1:])
    pin(threads)
    reply = open_replies()
    reply({"import_seconds": None, "versions": {"numpy": np.__version__}, "blas": blas_libraries()})
    for measurement in measurements(rounds, shapes, depths):
        reply(measurement)
    reply({})
