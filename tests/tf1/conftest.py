"""A graph; and TensorFlow for the tests with the marker ``tf``, as all are collected without it."""

from pathlib import Path

import pytest
from oracle.conftest import pytest_configure

from tinygrad_mnist.tf1.graph import Graph

__all__ = ["pytest_configure"]


def pytest_collection_modifyitems(items):
    """What TensorFlow warns of, such as its own old names, is not of these tests."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("tf"):
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def tensorflow():
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="session")
def theirs(tensorflow):
    """TensorFlow 1's face of TensorFlow."""
    return tensorflow.compat.v1


@pytest.fixture
def graph_mode(tensorflow):
    """A context of what disable_eager_execution does for a whole process."""
    from tensorflow.python.eager import context

    return context.graph_mode


@pytest.fixture
def graph():
    """A default graph of the test's own."""
    with Graph().as_default() as graph:
        yield graph
