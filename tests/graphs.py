"""What tests of captured functions share: every plan made must pass the checker."""

from tinygrad_mnist.graph.checker import check_layout, check_program
from tinygrad_mnist.graph.passes import without_dead_code


def check_plans(captured):
    """Check what a captured function made: its programs after each single pass, and its plans.

    The program of a plan is the recorded one without dead code, its constants folded to the
    values that the journal had.
    """
    for recorded, plan in zip(captured.recordings, captured.plans, strict=True):
        check_program(recorded)
        check_program(without_dead_code(recorded))
        check_program(plan.program)
        check_layout(plan.program, plan.layout)
