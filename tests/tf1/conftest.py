"""TensorFlow, where it is asked for, as in the oracle's tests; its modules here end with _tf."""

from oracle.conftest import pytest_configure, wanted

__all__ = ["pytest_configure"]


def pytest_ignore_collect(collection_path, config):
    if collection_path.name.endswith("_tf.py") and not wanted(config):
        return True
    return None
