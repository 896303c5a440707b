"""MNIST: the four data files that come with the package, and the reader of their format."""

from tinygrad_mnist.mnist.loader import Mnist, load, verified_checksums

__all__ = ["Mnist", "load", "verified_checksums"]
