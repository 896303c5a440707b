"""Changes that look wrong and are not, each with the proof; they are not counted as mutants."""

from typing import NamedTuple

import numpy as np

from tinygrad_mnist.ops import activation, elementwise

from .engine_mutants import ADDED, POP, SWEEP
from .oracles import GRAPHS, ONE_STEP_A_NODE
from .planting import Mutant, edit, rule


class Equivalent(NamedTuple):
    mutant: Mutant
    proof: str


def sweep(name, *changes):
    return edit(name, SWEEP, *changes, oracles=(GRAPHS, ONE_STEP_A_NODE))


EQUIVALENT = (
    Equivalent(
        rule(activation.relu, "x", "asks the result", lambda ct, y, x: ct * (y > 0)),
        "max(x, 0) > 0 exactly where x > 0; of NaN both are False.",
    ),
    Equivalent(
        rule(elementwise.exp, "x", "computes it again", lambda ct, y, x: ct * np.exp(x)),
        "y is np.exp(x), and the kernel has no state.",
    ),
    Equivalent(
        rule(elementwise.sqrt, "x", "computes it again", lambda ct, y, x: 0.5 * ct / np.sqrt(x)),
        "y is np.sqrt(x), and the kernel has no state.",
    ),
    Equivalent(
        sweep(
            "sweep: the minimum by search",
            (
                POP,
                POP.replace(
                    "heapq.heappop(newest_first)",
                    "newest_first.pop(newest_first.index(min(newest_first)))",
                ),
            ),
        ),
        "A heap pops the minimum, ids are unique, and pop and push keep the set the same.",
    ),
    Equivalent(
        sweep(
            "sweep: summands exchanged", (ADDED, "as_array(contribution + arrived[identity][1])")
        ),
        "Floating-point addition of two numbers commutes, bit for bit except for a NaN's payload.",
    ),
    Equivalent(
        edit(
            "fit: sums over no axes",
            "tinygrad_mnist.core.tape._sum_down",
            ("if extra > 0:", "if extra >= 0:"),
            oracles=(GRAPHS,),
        ),
        "Without extra axes range(0) is empty, and the sum over no axes is the array itself.",
    ),
)
