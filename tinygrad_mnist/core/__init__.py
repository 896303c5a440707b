"""L1, the engine: primitives, the operators that reach them, tensors, and the tape.

Imports NumPy, the standard library and ``tinygrad_mnist.errors``; nothing else.
"""
