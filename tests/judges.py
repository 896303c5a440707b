"""How near the judges came: what each has compared, and its worst error as a part of the bound.

Printed at the end of a run: README's figures are these. A comparison belongs to the file of the
running test, so that those made under a planted mutant count for no judge.
"""

import os

import numpy as np
import pytest

JUDGES = {
    "tests/contracts/test_gradient.py": "differences, gradients",
    "tests/contracts/test_second_order.py": "differences, second order",
    "tests/oracle/test_primitives.py": "TensorFlow, every primitive",
    "tests/oracle/test_network_gradients.py": "TensorFlow, random networks",
    "tests/oracle/test_fuzz.py": "TensorFlow, random graphs",
    "tests/oracle/test_reference.py": "TensorFlow, 1,000 iterations",
}
_measured: dict[str, tuple[int, float]] = {}


def note(parts):
    """Note the errors of some comparisons, each as a part of its bound."""
    parts = np.asarray(parts, float)
    running = os.environ["PYTEST_CURRENT_TEST"].partition("::")[0]
    _add(running, parts.size, float(parts.max(initial=0.0)))


def _add(judge, count, worst):
    counted, worst_before = _measured.get(judge, (0, 0.0))
    _measured[judge] = counted + count, max(worst, worst_before)


def pytest_sessionfinish(session):
    """Hand what a worker has measured to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["judges"] = _measured


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Add up what the workers hand over."""
    for judge, measured in getattr(node, "workeroutput", {}).get("judges", {}).items():
        _add(judge, *measured)


def pytest_terminal_summary(terminalreporter):
    """Print a line for each judge that was asked."""
    for judge, name in JUDGES.items():
        if judge in _measured:
            count, worst = _measured[judge]
            terminalreporter.write_line(
                f"{name}: {count:,} comparisons, worst error {worst:.2g} of its bound"
            )
