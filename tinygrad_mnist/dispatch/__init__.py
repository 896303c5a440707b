"""Below L1: how a call of a NumPy function, an operator or a method finds what it means here.

Imports NumPy, the standard library and ``tinygrad_mnist.errors``; nothing else.
"""
