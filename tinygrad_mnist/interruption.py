"""Stopping between two steps: what Ctrl-C and a termination signal do to a run.

>>> with interruptible() as interrupted:
...     interrupted()
False
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C or a termination signal has come.

    Inside the block such a signal only sets the answer, so that no step is torn; a second one
    raises KeyboardInterrupt. Outside the main thread, where Python has no signals, the answer
    is no.
    """
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    with _handling_signals(remember):
        yield lambda: bool(received)


@contextmanager
def terminable() -> Iterator[None]:
    """Make a termination signal raise KeyboardInterrupt inside the block, as Ctrl-C does."""
    with _handling_signals(signal.default_int_handler):
        yield


@contextmanager
def _handling_signals(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
