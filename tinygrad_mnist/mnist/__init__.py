"""MNIST: the four data files that come with the package, and the reader of their format."""

from tinygrad_mnist.mnist.loader import Mnist, conventions, load, verified_checksums

__all__ = ["Mnist", "conventions", "load", "verified_checksums"]
