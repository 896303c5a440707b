"""The benchmark suite: how long one training step takes, here and in other libraries.

``python -m benchmarks step`` prints the table. Every backend runs in a process of its own, trains
the same network from the same weights on the same batches, and must arrive at the same costs.
"""
