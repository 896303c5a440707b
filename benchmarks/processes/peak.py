"""The process that measures how fast this BLAS multiplies: ``... .peak SIZE THREADS``."""

import sys
import time

from benchmarks.processes.child import open_replies, pin

REPETITIONS = 8


def peak_gflops(size: int) -> float:
    """Return the GFLOP/s of the fastest product of two square float32 matrices of so many rows."""
    import numpy as np

    generator = np.random.default_rng(0)
    a, b = (generator.random((size, size), np.float32) for _ in range(2))
    out = np.empty_like(a)
    seconds = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds) / 1e9


if __name__ == "__main__":
    size, threads = map(int, sys.argv[1:])
    pin(threads)
    open_replies()({"gflops": peak_gflops(size)})
