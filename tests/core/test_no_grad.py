"""Recording can be switched off, per thread, and comes back however the block is left."""

import asyncio
import contextvars
import itertools
import sys
import threading
import types
import weakref

import pytest

from tinygrad_mnist import Tensor, no_grad
from tinygrad_mnist.core import tape
from tinygrad_mnist.errors import ArgumentError


def recorded():
    x = Tensor(2.0, requires_grad=True)
    return (x * x).requires_grad


def test_block():
    with no_grad():
        assert not recorded()
    assert recorded()


def test_decorator():
    @no_grad()
    def quiet():
        return recorded()

    assert not quiet()
    assert recorded()
    assert not quiet()


def test_nested():
    with no_grad():
        with no_grad():
            pass
        assert not recorded()
    assert recorded()


def test_comes_back_after_an_exception():
    def failing():
        raise KeyError

    with pytest.raises(KeyError), no_grad():
        failing()
    assert recorded()
    with pytest.raises(KeyError):
        no_grad()(failing)()
    assert recorded()


def test_a_generator_that_yields_inside_leaves_it_off_until_it_is_closed():
    """The state belongs to the thread, so an open block reaches over a yield, as it reads."""

    def values():
        with no_grad():
            yield recorded()
            yield recorded()

    generator = values()
    assert not next(generator)
    assert not recorded()
    generator.close()
    assert recorded()


def test_leaves_made_inside_still_require_gradients():
    with no_grad():
        x = Tensor(3.0, requires_grad=True)
    (x * x).backward()
    assert x.grad == 6.0


def test_a_constant_made_inside_stays_one():
    x = Tensor(3.0, requires_grad=True)
    with no_grad():
        factor = x * 2.0
    (x * factor).backward()
    assert x.grad == 6.0


def test_each_thread_has_its_own():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
        assert not recorded()
    assert seen == [True]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_blocks_that_overlap_may_be_left_in_any_order(order):
    def block():
        with no_grad():
            yield

    blocks = [block() for _ in order]
    for one in blocks:
        next(one)
    for number in order:
        assert not recorded()
        blocks[number].close()
    assert recorded()


def test_a_block_that_is_closed_where_it_was_not_begun_changes_nothing_there():
    def block():
        with no_grad():
            yield

    begun = block()
    contextvars.copy_context().run(next, begun)
    with no_grad():
        begun.close()
        assert not recorded()
    assert recorded()


def test_tasks_that_take_turns():
    async def quiet(turns):
        for _ in range(turns):
            with no_grad():
                await asyncio.sleep(0)
                assert not recorded()
            await asyncio.sleep(0)
            assert recorded()

    async def run():
        await asyncio.gather(*[quiet(turns) for turns in (1, 2, 3)])
        assert recorded()

    asyncio.run(run())
    assert recorded()


def numbers_of(stop):
    """Its docstring."""
    received = []
    try:
        while len(received) < stop:
            received.append((yield recorded()))
    except KeyError:
        yield "caught", recorded()
    finally:
        received.append(recorded())
    return received


def test_a_decorated_generator_switches_at_each_resume():
    numbers = no_grad()(numbers_of)
    assert numbers.__doc__ == "Its docstring."
    generator = numbers(2)
    assert [next(generator), recorded()] == [False, True]
    assert [generator.send("a"), recorded()] == [False, True]
    with pytest.raises(StopIteration) as stopped:
        generator.send("b")
    assert stopped.value.value == ["a", "b", False]
    assert recorded()
    assert list(numbers(3)) == [False] * 3


def test_a_decorated_generator_that_is_thrown_into_or_closed():
    numbers = no_grad()(numbers_of)
    generator = numbers(2)
    next(generator)
    assert generator.throw(KeyError) == ("caught", False)
    assert recorded()
    generator.close()
    other = numbers(2)
    next(other)
    with pytest.raises(ValueError, match="mine"):
        other.throw(ValueError("mine"))
    assert recorded()


def test_a_decorated_coroutine_and_an_asynchronous_generator():
    seen = []

    @no_grad()
    async def coroutine(value):
        seen.append(recorded())
        await asyncio.sleep(0)
        seen.append(recorded())
        return value

    @no_grad()
    async def generator():
        try:
            while True:
                received = yield recorded()
                await asyncio.sleep(0)
                seen.append((received, recorded()))
        except KeyError:
            yield "caught"
        finally:
            seen.append(recorded())

    async def run():
        task = asyncio.create_task(coroutine(3))
        await asyncio.sleep(0)
        assert recorded()
        assert await task == 3
        values = generator()
        assert [await anext(values), recorded()] == [False, True]
        assert [await values.asend("a"), recorded()] == [False, True]
        assert await values.athrow(KeyError) == "caught"
        assert recorded()
        await values.aclose()
        assert [value async for value in once()] == [False]
        assert recorded()

    @no_grad()
    async def once():
        yield recorded()

    asyncio.run(run())
    assert seen == [False, False, ("a", False), False]


@pytest.mark.parametrize("number", range(12))
def test_ctrl_c_while_a_graph_is_let_go_does_not_keep_later_ones(number):
    """Pressed while there is something to let go. It cannot leave ``__del__``, so it is printed."""
    lines = itertools.count()

    def graph():
        y = Tensor(1.0, requires_grad=True)
        for _ in range(3):
            y = y * 2.0
        return y

    def trace(frame, event, argument):
        digging = frame.f_code.co_name == "__del__" and tape._graveyard.digging
        if digging and event == "line" and frame.f_locals["remains"] and next(lines) == number:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    loss, before = graph(), sys.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda _: None)
        sys.settrace(trace)
        try:
            del loss
        finally:
            sys.settrace(before)
    kept = graph()
    nodes = [weakref.ref(kept.node), weakref.ref(kept.node.tracked[0][1].node)]
    del kept
    assert [node() for node in nodes] == [None, None]


def test_other_things_to_await_and_a_slip():
    seen = []

    @no_grad()
    @types.coroutine
    def old():
        seen.append(recorded())
        yield from asyncio.sleep(0).__await__()
        seen.append(recorded())

    class Calling:
        async def __call__(self):
            seen.append(recorded())
            await asyncio.sleep(0)
            seen.append(recorded())

    async def run():
        await old()
        await no_grad()(Calling())()

    asyncio.run(run())
    assert seen == [False] * 4
    with pytest.raises(ArgumentError, match=r"write with no_grad\(\): or @no_grad\(\)"):

        @no_grad
        def slip():
            pass
