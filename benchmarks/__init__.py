"""The benchmark suite: what a training step takes, here and in other libraries, and why.

``python -m benchmarks step``, ``train``, ``scale``, ``profile``, ``overhead`` and ``memory`` each
print a table, ``report`` makes a page of all of them, ``quote`` puts its figures into README.md and
docs/speed.md, and ``quick`` checks that nothing has become slow. Every backend runs in a process of
its own, trains the same network from the same weights on the same batches, and must arrive at the
same costs.
"""
