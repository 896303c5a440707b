"""Workloads of random images: the tests need no data set."""

from collections.abc import Sequence

import numpy as np

from benchmarks.workload import Workload, initial_parameters


def make_workload(layers: Sequence[int], batch_size: int = 64, batches: int = 2) -> Workload:
    generator = np.random.default_rng(1)
    images = generator.random((batches, batch_size, layers[0]), dtype=np.float32)
    classes = generator.integers(0, layers[-1], (batches, batch_size))
    labels = np.eye(layers[-1], dtype=np.float32)[classes]
    return Workload(initial_parameters(layers, generator), images, labels)
