"""A pytest plugin: the fixture ``check_grads``, in any project that installs this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")  # it keeps nothing, and hypothesis refuses narrower ones
def check_grads() -> Callable[..., Any]:
    """`tinygrad_mnist.testing.check_grads`, which fails the test and prints a script to run."""
    # Imported by who uses it: pytest loads this file at every start.
    from tinygrad_mnist import testing
    from tinygrad_mnist.testing.script import script

    def check(function: Callable[..., Any], *arrays: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        report = testing.check_grads(function, *arrays, **options)
        if not report.passed:
            text = script(function, arrays, options)
            pytest.fail(f"{report}\n\nTo see it again, run:\n\n{text}\n", pytrace=False)
        return report

    return check
