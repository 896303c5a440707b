"""Whether operations are recorded: `no_grad`, in functions, generators and coroutines.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor(2.0, requires_grad=True)
>>> with no_grad():
...     (x * x).requires_grad
False
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Generator
from contextlib import ContextDecorator
from contextvars import ContextVar
from typing import Any, TypeVar

from tinygrad_mnist.errors import ArgumentError

Function = TypeVar("Function", bound=Callable[..., Any])

open_no_grads: ContextVar[tuple[object, ...]] = ContextVar("open_no_grads", default=())
"""The `no_grad` blocks that are open, in this thread or task: while one is, nothing is recorded."""


class no_grad(ContextDecorator):  # noqa: N801  it reads as a statement
    """Record nothing inside the block, or inside the function it decorates.

    Blocks may overlap and be left in any order: recording goes on when none is open. A decorated
    generator, coroutine or asynchronous generator records nothing while it runs; while it
    waits, the caller's own setting applies.
    """

    def __init__(self, *function: Any) -> None:
        if function:
            raise ArgumentError("no_grad takes nothing: write with no_grad(): or @no_grad().")

    def __enter__(self) -> None:
        open_no_grads.set((*open_no_grads.get(), self))

    def __exit__(self, *_: object) -> None:
        blocks = [*open_no_grads.get()]
        if self in blocks:  # a generator may be closed where it was not begun
            blocks.remove(self)
            open_no_grads.set(tuple(blocks))

    def __call__(self, function: Function) -> Function:
        """Return the function, recording nothing while it runs."""
        wrap: Callable[..., Any] = super().__call__
        if inspect.isgeneratorfunction(function):
            wrap = _quiet_generator
        elif any(map(inspect.iscoroutinefunction, (function, type(function).__call__))):
            wrap = _quiet_coroutine
        elif inspect.isasyncgenfunction(function):
            wrap = _quiet_async_generator
        quiet: Any = functools.wraps(function)(wrap(function))
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        # A generator that may be awaited, as there were before async.
        awaitable = flags & inspect.CO_ITERABLE_COROUTINE
        return types.coroutine(quiet) if awaitable else quiet  # type: ignore[no-any-return]


def _quiet_generator(function: Callable[..., Any]) -> Callable[..., Any]:
    def quiet(*arguments: Any, **keywords: Any) -> Any:
        return (yield from _quietly(function(*arguments, **keywords)))

    return quiet


def _quiet_coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    async def quiet(*arguments: Any, **keywords: Any) -> Any:
        return await _Quiet(function(*arguments, **keywords))

    return quiet


def _quiet_async_generator(function: Callable[..., Any]) -> Callable[..., Any]:
    async def quiet(*arguments: Any, **keywords: Any) -> Any:
        generator = function(*arguments, **keywords)
        step = generator.__anext__()
        while True:
            try:
                value = await _Quiet(step)
            except StopAsyncIteration:
                return
            try:
                step = generator.asend((yield value))
            except GeneratorExit:
                await _Quiet(generator.aclose())
                raise
            except BaseException as error:
                step = generator.athrow(error)

    return quiet


class _Quiet:
    """Something to await that records nothing while it runs."""

    def __init__(self, awaitable: Any) -> None:
        self.awaitable = awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        return _quietly(self.awaitable.__await__())


def _quietly(generator: Any) -> Generator[Any, Any, Any]:
    """Yield what a generator yields, recording nothing from each resumption to the next yield."""
    step = functools.partial(next, generator)
    while True:
        try:
            with no_grad():
                value = step()
        except StopIteration as stop:
            return stop.value
        try:
            received = yield value
        except GeneratorExit:
            with no_grad():
                generator.close()
            raise
        except BaseException as error:
            step = functools.partial(generator.throw, error)
        else:
            step = functools.partial(next, generator)
            if received is not None:
                step = functools.partial(generator.send, received)
