"""L1, the engine: primitives, tensors, and the tape.

Imports NumPy, the standard library, and what is below it: ``dispatch``, ``arguments``, ``errors``.
"""
