"""The contestants, one a file.

A backend is a module with ``VERSIONS``, the libraries it runs on by name, and ``make_step``. To
add one, write the file and list it in ``BACKENDS``; import its library at the top, since the
import is timed and a package that is not installed makes the backend skipped.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

# NumPy must not load here: the worker imports this package before it starts the clock.
if TYPE_CHECKING:
    from benchmarks.workload import Array

Step = Callable[["Array", "Array"], float]

FLOOR = "floor"
REFERENCE = "numpy"
BACKENDS = {
    "floor": "benchmarks.backends.floor",
    "numpy": "benchmarks.backends.numpy",
    "eager": "benchmarks.backends.eager",
}


class Backend(Protocol):
    """What the worker needs of a backend's module."""

    VERSIONS: dict[str, str]

    def make_step(self, parameters: "Sequence[Array]") -> Step:
        """Build ``step(images, labels) -> cost``: forward, backward and one Adam update.

        ``parameters``, ``images`` (examples, 784) and ``labels`` (examples, 10) are as in
        ``Workload`` and must not be written to. The cost is the batch's mean cross entropy
        before the update.
        """
        ...
