"""Where the time of a step goes, a file for each backend that can tell.

A profile is a module named like its backend, with ``VERSIONS`` and ``make_trainer`` as that has
them (and ``BLAS``), and

``parts(trainer, batches, watch)``
    makes a dissected step for each batch and returns the seconds of the parts it can tell, or of
    whole groups where it cannot tell their parts;
``REMAINDER``
    is the part or group that the rest of an ordinary step counts to.
"""

import math
from collections.abc import Sequence

from benchmarks.workload import BATCH_SIZE, LAYERS

PRODUCTS = "the eight matrix products"
LARGE = "the two large ones, of the images"
SMALL = "the six small ones"
BETWEEN = "what lies between them"
HIDDEN = "hidden layers: biases, ReLU, masks, sums"
OUTPUTS = "outputs: bias, cross entropy, its mean and gradient"
ADAM = "Adam's passes over all parameters"
MULTIPLICATIONS = "multiplications"
ADDITIONS = "additions and subtractions"
ROOTS = "square roots"
DIVISIONS = "divisions"
CALL = "the call"
NUMBERS = "Adam's four numbers, by Python"
FEEDING = "feeding the batch"
HANDING_OUT = "handing out the cost and the gradients"
FINDING = "finding the plan, and the rest of the call"
UNEXPLAINED = "not explained"

GROUPS = {
    PRODUCTS: (LARGE, SMALL),
    BETWEEN: (HIDDEN, OUTPUTS),
    ADAM: (MULTIPLICATIONS, ADDITIONS, ROOTS, DIVISIONS),
    CALL: (NUMBERS, FEEDING, HANDING_OUT, FINDING),
    UNEXPLAINED: (),
}
PASSES = {
    "multiply": MULTIPLICATIONS,
    "add": ADDITIONS,
    "subtract": ADDITIONS,
    "sqrt": ROOTS,
    "divide": DIVISIONS,
}


def part_of(operation: str, shapes: Sequence[tuple[int, ...]]) -> str:
    """Return the part of the step that an operation on arrays of these shapes belongs to.

    What is no matrix product is told by the size of its largest array: outputs are smaller than
    hidden layers, and those are smaller than the blocks of all parameters.

    >>> part_of("matmul", [(64, 784), (784, 128), (64, 128)])
    'the two large ones, of the images'
    >>> part_of("multiply", [(64, 1), (64, 10), (64, 10)])
    'outputs: bias, cross entropy, its mean and gradient'
    """
    if operation == "matmul":
        return LARGE if any(LAYERS[0] in shape for shape in shapes) else SMALL
    if operation == "host":
        return NUMBERS
    size = max(map(math.prod, shapes))
    if size <= BATCH_SIZE * LAYERS[-1]:
        return OUTPUTS
    return HIDDEN if size <= BATCH_SIZE * max(LAYERS[1:]) else PASSES[operation]
