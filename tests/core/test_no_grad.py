"""Recording can be switched off, per thread, and comes back however the block is left."""

import threading

import pytest

from tinygrad_mnist import Tensor, no_grad


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
