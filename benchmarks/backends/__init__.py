"""The contestants, one a file.

A backend is a module with ``VERSIONS``, the libraries it runs on by name, and ``make_trainer``. To
add one, write the file and list it in ``BACKENDS``; import its library at the top, since the
import is timed and a package that is not installed makes the backend skipped. A backend whose
matrix products are not those of the BLAS library in its process says in ``BLAS`` whose they are: a
dictionary of the ``library``, its ``kernel`` and its ``threads``, as the library itself tells them.
``tf_library`` is no contestant: it has what those on TensorFlow say of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

# NumPy must not load here: the worker imports this package before it starts the clock.
if TYPE_CHECKING:
    from benchmarks.workload import Array

FLOOR = "floor"
REFERENCE = "numpy"
OURS = "captured"


class Entry(NamedTuple):
    """What tables and charts call a backend, and the family it is of."""

    title: str
    family: str


BACKENDS = {
    "floor": Entry("the matrix products alone", "floor"),
    "numpy": Entry("NumPy by hand", "numpy"),
    "numpy_packed": Entry("NumPy by hand, preallocated", "numpy"),
    "eager": Entry("tinygrad_mnist, eager", "ours"),
    "captured": Entry("tinygrad_mnist, captured", "ours"),
    "tf1": Entry("tinygrad_mnist.tf1, Session", "ours"),
    "tf_session": Entry("TensorFlow, TF1 Session", "tensorflow"),
    "tf_function": Entry("TensorFlow, tf.function", "tensorflow"),
    "tf_xla": Entry("TensorFlow, tf.function with XLA", "tensorflow"),
    "tf_eager": Entry("TensorFlow, eager", "tensorflow"),
    "keras_fit": Entry("Keras, fit", "tensorflow"),
    "tf_loop": Entry("TensorFlow, the loop in one tf.function", "tensorflow"),
    "torch_eager": Entry("PyTorch, eager", "others"),
    "torch_fused": Entry("PyTorch, fused Adam", "others"),
    "jax_jit": Entry("JAX, jit", "others"),
    "jax_scan": Entry("JAX, the loop in one scan", "others"),
    "autograd": Entry("HIPS autograd", "others"),
    "mygrad": Entry("MyGrad", "others"),
}


def module_of(backend: str) -> str:
    """Return the module of a backend.

    >>> module_of("floor")
    'benchmarks.backends.floor'
    """
    return f"{__name__}.{backend}"


class Trainer(Protocol):
    """The network of a workload in its training: forward, backward and Adam, a step a batch.

    Images are (examples, inputs) and labels (examples, classes), one-hot, as in ``Workload``, and
    must not be written to. A cost is the batch's mean cross entropy before its update.

    A trainer that can only do many steps in one call has instead of ``step``
    ``steps(images, labels) -> costs``, whose arguments have one more axis in front; ``costs`` are
    those of the steps, or their mean alone.

    A trainer whose step falls into phases also has ``forward(images, labels)``, ``backward`` of
    what that returned, and ``update`` of what that returned, which together do what ``step`` does.
    """

    def step(self, images: "Array", labels: "Array") -> float:
        """Make one step; return the cost."""
        ...

    def parameters(self) -> "Sequence[Array]":
        """Return the parameters as they are now."""
        ...
