"""The process that measures how fast this BLAS multiplies at its best: ``... .peak THREADS``."""

import sys
import time

from benchmarks.processes.child import open_replies, pin

SIZE = 2048
REPETITIONS = 8


def peak_gflops() -> float:
    """Return the GFLOP/s of the fastest product of two large square float32 matrices."""
    import numpy as np

    generator = np.random.default_rng(0)
    a, b = (generator.random((SIZE, SIZE), np.float32) for _ in range(2))
    out = np.empty_like(a)
    seconds = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - started)
    return 2 * SIZE**3 / min(seconds) / 1e9


if __name__ == "__main__":
    pin(int(sys.argv[1]))
    open_replies()({"gflops": peak_gflops()})
