"""L1, the engine: primitives, tensors, and the tape.

Imports NumPy, the standard library, and ``dispatch`` and ``errors`` of this package; nothing else.
"""
