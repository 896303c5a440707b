"""A pytest plugin: the fixture ``check_grads``, in any project that installs this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def check_grads() -> Callable[..., Any]:
    """`tinygrad_mnist.testing.assert_grads`, which on failure also prints a script to run."""
    # Imported by who uses it: pytest loads this file at every start.
    from tinygrad_mnist.testing import GradientCheckError, assert_grads
    from tinygrad_mnist.testing.script import script

    def check(function: Callable[..., Any], *arrays: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        try:
            return assert_grads(function, *arrays, **options)
        except GradientCheckError as error:
            text = script(function, arrays, options)
            pytest.fail(f"{error}\n\nTo see it again, run:\n\n{text}\n", pytrace=False)

    return check
