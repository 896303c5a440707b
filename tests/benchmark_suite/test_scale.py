"""What is said of wide networks, and where their images come from."""

import numpy as np
import pytest

from benchmarks import scale
from benchmarks.workload import mnist_workload, training_examples
from tinygrad_mnist import mnist


def record(backend: str, width: int, gflops: float) -> scale.Record:
    figures = {"microseconds": 1.0, "microseconds_q1": 1.0, "microseconds_q3": 1.0}
    point = {"axis": "width", "value": width, "gflops": gflops, "peak_gflops": 100.0}
    described = {"backend": backend, "threads": 1, "outcome": "measured"}
    return described | point | figures | {"versions": {"numpy": "2.0"}, "blas": []}


def test_a_line_for_each_wide_network_compares_with_both_hand_written_ones() -> None:
    names = ("numpy", "numpy_packed", "captured")
    records = [
        record(name, width, gflops)
        for width in (256, 512, 1024)
        for name, gflops in zip(names, (50.0, 80.0, 60.0), strict=True)
    ]
    assert scale.table(records[:-2]).notes == [
        "Width 512, threads 1: captured reaches 120% of the GFLOP/s of NumPy by hand and 75% of "
        "the GFLOP/s of NumPy by hand, preallocated.",
        "Run on numpy 2.0.",
    ]
    assert len(scale.table(records).notes) == 3


def test_mnist_is_read_once(quickly_loaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mnist_workload(batch_size=8, batches=2)
    monkeypatch.setattr(mnist, "load", None)
    again = mnist_workload(batch_size=8, batches=2)
    np.testing.assert_array_equal(again.images, first.images)
    np.testing.assert_array_equal(again.labels, first.labels)
    assert training_examples.cache_info().misses == 1
