"""JAX's whole loop inside one ``scan``: Python is asked once for all steps."""

from collections.abc import Sequence

import jax  # type: ignore[import-not-found, unused-ignore]
import numpy as np

from benchmarks.backends import jax_jit
from benchmarks.workload import Array, learning_rate_at

VERSIONS = jax_jit.VERSIONS
BLAS = jax_jit.BLAS


class ScanTrainer:
    """A ``Trainer`` of many steps in one call; each number of steps is compiled anew."""

    def __init__(self, parameters: Sequence[Array]) -> None:
        self._state = jax_jit.initial_state(parameters)
        self._scan = jax.jit(
            lambda state, batches: jax.lax.scan(
                lambda state, batch: jax_jit.updated(state, *batch), state, batches
            ),
            donate_argnums=0,
        )
        self._count = 0

    def steps(self, images: Array, labels: Array) -> list[float]:
        """Make a step for each batch; return their costs."""
        counts = range(self._count + 1, self._count + len(images) + 1)
        rates = np.array([learning_rate_at(count) for count in counts], np.float32)
        self._count = counts[-1]
        self._state, costs = self._scan(self._state, (images, labels, rates))
        return [float(cost) for cost in jax.device_get(costs)]

    def parameters(self) -> Sequence[Array]:
        """Return the parameters."""
        return [jax.device_get(parameter) for parameter in self._state[0]]


make_trainer = ScanTrainer
