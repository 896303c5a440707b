"""JAX's compiled step: its products alone, Adam alone and no work at all, each compiled alike.

What the compiler fuses has no parts that could be timed in their place; so the rest is what is left
of the step.
"""

from collections.abc import Sequence
from typing import Any

import jax  # type: ignore[import-not-found, unused-ignore]

from benchmarks.backends.jax_jit import (
    BLAS,
    VERSIONS,
    JitTrainer,
    adam,
    cost_of,
    initial_state,
    make_trainer,
)
from benchmarks.profiles import ADAM, BETWEEN, CALL, PRODUCTS
from benchmarks.profiles.stopwatch import Batches, Stopwatch
from benchmarks.workload import LEARNING_RATE

__all__ = ["BLAS", "REMAINDER", "VERSIONS", "make_trainer", "parts"]
REMAINDER = BETWEEN
UNTIMED_STEPS = 5


def products(parameters: Sequence[Any], images: Any) -> list[Any]:
    """Return what a step's matrix products alone make of a batch: as many arrays as weights."""
    weights = parameters[::2]
    inputs = [images]
    for each in weights:
        inputs.append(inputs[-1] @ each)
    cotangent = inputs.pop()
    gradients = []
    for layer in reversed(range(len(weights))):
        gradients.append(inputs[layer].T @ cotangent)
        if layer:
            cotangent = cotangent @ weights[layer].T
    return gradients


def nothing(state: Any, images: Any, labels: Any, rate: Any) -> tuple[Any, Any]:
    """Return the state and a number, as a step does."""
    return state, rate


class Dissected:
    """Steps in pieces: each is a compiled function of its own, and is waited for."""

    def __init__(self, parameters: Sequence[Any], batch: Any, watch: Stopwatch) -> None:
        def compiled(function: Any, part: str, **options: Any) -> Any:
            jitted = jax.jit(function, **options)
            return watch.timed(lambda *a: jax.block_until_ready(jitted(*a)), lambda *_: part)

        self._products = compiled(products, PRODUCTS)
        self._adam = compiled(adam, ADAM, donate_argnums=0)
        self._nothing = compiled(nothing, CALL, donate_argnums=0)
        self._state = initial_state(parameters)
        self._gradients = jax.grad(cost_of)(self._state[0], *batch)

    def step(self, images: Any, labels: Any) -> None:
        """Do the pieces one after the other."""
        self._products(self._state[0], images)
        self._state = self._adam(self._state, self._gradients, LEARNING_RATE)
        self._state, _ = self._nothing(self._state, images, labels, LEARNING_RATE)


def parts(trainer: JitTrainer, batches: Batches, watch: Stopwatch) -> dict[str, float]:
    """Make dissected steps; return the seconds of each part, those of a call taken off."""
    dissected = Dissected(trainer.parameters(), batches[0], watch)
    watch.medians(dissected.step, batches[:UNTIMED_STEPS])
    seconds = watch.medians(dissected.step, batches)
    return {part: taken - (part != CALL) * seconds[CALL] for part, taken in seconds.items()}
