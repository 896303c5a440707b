"""What tests of captured functions share: every plan made must pass the checker."""

from tinygrad_mnist.graph.checker import check_layout, check_program


def check_plans(captured):
    """Check what a captured function made: programs, before and after the passes, and plans."""
    for recorded, plan in zip(captured.recordings, captured.plans, strict=True):
        check_program(recorded)
        check_program(plan.program)
        check_layout(plan.program, plan.layout)
