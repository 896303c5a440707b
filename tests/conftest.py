"""What all tests share: hypothesis profiles, one BLAS thread, and a header with the versions."""

import gc
import importlib.metadata
import importlib.util
import os
import random
import sys
from pathlib import Path

import hypothesis
import judges
import numpy as np
import pytest
import threadpoolctl

pytest.register_assert_rewrite("contracts", "mutation", "small_runs")

hypothesis.settings.register_profile(
    "ci", max_examples=20, derandomize=True, deadline=None, print_blob=True
)
hypothesis.settings.register_profile("dev", max_examples=25, deadline=None, print_blob=True)
hypothesis.settings.register_profile(
    "nightly",
    max_examples=2000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
hypothesis.settings.load_profile(PROFILE)

# Two threads are slower than one at this size, and sum in another order.
_ONE_BLAS_THREAD = threadpoolctl.threadpool_limits(limits=1, user_api="blas")
# So too in the processes that tests start, where a second one mostly waits for work, spinning.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if sys.flags.optimize:  # for the workers too, which are not given -O
    os.environ["PYTHONOPTIMIZE"] = str(sys.flags.optimize)


REFERENCE = Path(__file__).parents[1] / "reference_tf"


class ReferenceExamples:
    """The doctests of ``reference_tf`` are tests that need TensorFlow.

    Where that is not wanted or not installed they are not collected, for collecting imports it.
    """

    def pytest_ignore_collect(self, collection_path, config):
        missing = importlib.util.find_spec("tensorflow") is None
        unwanted = missing or config.option.markexpr == "not tf"
        return True if unwanted and collection_path.is_relative_to(REFERENCE) else None

    def pytest_collection_modifyitems(self, items):
        for item in items:
            if item.path.is_relative_to(REFERENCE):
                item.add_marker(pytest.mark.tf)


def pytest_collection_finish():
    """Thousands of collected tests are no garbage: the collector need not look at them again."""
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_configure(config):
    """Register as a plugin what a conftest may not do for another directory."""
    config.pluginmanager.register(ReferenceExamples())
    config.pluginmanager.register(judges)
    config.option.randomly_reset_seed = False  # it shuffles; `_no_hidden_randomness` seeds


def _tensorflow_version():
    """What its metadata say: importing it takes seconds."""
    try:
        return importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def pytest_report_header(config):
    libraries = [
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture')}, "
        f"{pool['num_threads']} thread)"
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]
    optimized = ["python -O: pytest rewrites the asserts of test modules, so they are checked"]
    return [
        *([] if __debug__ else optimized),
        f"numpy {np.__version__}, {', '.join(libraries) or 'no BLAS found'}",
        f"tensorflow {_tensorflow_version()}",
        f"hypothesis {hypothesis.__version__}, profile {PROFILE}",
    ]


@pytest.fixture(autouse=True)
def _no_hidden_randomness():
    """A test that forgets a seed still gives the same answer twice."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  the legacy global state is what must be pinned


GATE = "mutation/test_gate.py::"


def pytest_terminal_summary(terminalreporter):
    """Say at the end of every run that the mutation gate was part of how it went."""

    def share(test):
        passed, failed = (
            sum(f"{GATE}{test}[" in report.nodeid for report in terminalreporter.stats.get(key, []))
            for key in ("passed", "failed")
        )
        return f"{passed} of {passed + failed}" if passed or failed else ""

    killed = share("test_a_mutant_is_killed")
    accepted = share("test_the_original_is_accepted_in_the_same_frame")
    if killed:
        terminalreporter.write_line(f"mutation gate: killed {killed}")
    if accepted:
        terminalreporter.write_line(f"mutation gate: accepted the right code {accepted} times")
