"""L2, the table of primitives, a chapter a file. Imports the core.

Rules read like mathematics. In all of them ``ct`` is the cotangent of the result, ``y`` the
result, and the other arguments are the operands, followed by the static arguments by keyword.
"""

from tinygrad_mnist.ops import (
    activation,
    constants,
    elementwise,
    indexing,
    linear_algebra,
    reduction,
    shape,
)

__all__ = [
    "activation",
    "constants",
    "elementwise",
    "indexing",
    "linear_algebra",
    "reduction",
    "shape",
]
