"""The seam: who watches is told, watchers nest, and each thread and task has its own."""

import asyncio
import itertools
import linecache
import sys
import threading

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor, gradients, host, no_grad
from tinygrad_mnist.core import gradient, tape
from tinygrad_mnist.core.tape import Watcher, watching


class Notes(Watcher):
    """Writes down what it is told, and passes it on."""

    def __init__(self):
        self.notes = []

    def applied(self, primitive, operands, arrays, static, value):
        self.notes.append(f"applied {primitive.name}")
        super().applied(primitive, operands, arrays, static, value)

    def recorded(self, node):
        self.notes.append(f"recorded {node.primitive.name}")
        super().recorded(node)

    def assigned(self, parameter, value):
        self.notes.append(f"assigned {parameter.name} {value}")
        super().assigned(parameter, value)

    def changed(self, owner, what):
        self.notes.append(f"changed {what}")
        super().changed(owner, what)

    def asked(self, tensor, what):
        self.notes.append(f"asked {what}")
        super().asked(tensor, what)

    def gradient(self, leaf):
        self.notes.append(f"gradient {leaf.name}")
        return super().gradient(leaf)

    def set_gradients(self, leaves, values):
        self.notes.append(f"set_gradients {[leaf.name for leaf in leaves]}")
        super().set_gradients(leaves, values)

    def phase(self, name):
        self.notes.append(f"phase {name}")
        return super().phase(name)

    def host(self, source):
        self.notes.append("host")
        return super().host(source)


class OnTensors(Notes):
    rules_on_tensors = True


TOLD = {
    "applied": (lambda w: 2.0 * w, ["applied multiply", "recorded multiply"]),
    "applied to constants": (lambda w: w.detach() + 1.0, ["applied positive", "applied add"]),
    "assigned": (lambda w: w.assign([3.0]), ["assigned w [3.0]"]),
    "storage": (lambda w: w.storage(), ["changed storage()"]),
    "data": (lambda w: w.data, ["asked .data"]),
    "numpy": (lambda w: w.numpy(), ["asked numpy()"]),
    "item": (lambda w: w.item(), ["asked item()"]),
    "float": (lambda w: float(Tensor(2.0)), ["asked float()"]),
    "tolist": (lambda w: Tensor(2.0).tolist(), ["asked tolist()"]),
    "asarray": (lambda w: np.asarray(Tensor([1.0])), ["asked np.asarray()"]),
    "gradient": (lambda w: w.grad, ["gradient w"]),
    "set gradient": (lambda w: setattr(w, "grad", None), ["set_gradients ['w']"]),
    "host": (lambda w: host(lambda: np.ones(1)), ["host"]),
}


@pytest.mark.parametrize(("act", "told"), TOLD.values(), ids=TOLD)
def test_watchers_are_told_the_inner_and_then_the_outer(act, told):
    weight, inner, outer = Parameter([1.0], name="w"), Notes(), Notes()
    with watching(outer):
        with watching(inner):
            act(weight)
        assert inner.notes == outer.notes == told
        act(weight)
    assert inner.notes == told
    assert outer.notes == 2 * told
    act(weight)
    assert outer.notes == 2 * told


def test_a_backward_pass_is_a_phase_whose_rules_are_not_told_of():
    weight, notes = Parameter([1.0], name="w"), Notes()
    loss = np.sum(weight * weight)
    with watching(notes):
        loss.backward()
    assert notes.notes == ["phase backward", "gradient w", "set_gradients ['w']"]


def test_a_phase_is_passed_on():
    outer, inner = Notes(), Watcher()
    with watching(outer), watching(inner), inner.phase("update"):
        assert outer.notes == ["phase update"]


@pytest.mark.parametrize(("inner", "outer"), [*itertools.product((Notes, OnTensors), repeat=2)])
def test_rules_run_on_tensors_where_a_watcher_asks_for_it(inner, outer):
    weight, notes = Parameter([1.5], name="w"), inner()
    loss = np.sum(weight * weight)
    with watching(outer()), watching(notes):
        (found,) = gradients(loss, [weight])
    shown = OnTensors in (inner, outer)
    assert isinstance(found, Tensor if shown else np.ndarray)
    assert ("applied multiply" in notes.notes) is shown
    assert not any(note.startswith("recorded") for note in notes.notes)
    assert found.item() == 3.0


def test_what_an_inner_watcher_consumes_the_outer_is_not_told():
    class Deaf(Watcher):
        def applied(self, *_):
            pass

    outer = Notes()
    with watching(outer), watching(Deaf()):
        Parameter([1.0]) * 2.0
    assert outer.notes == ["recorded multiply"]


def test_a_watcher_goes_however_the_block_is_left():
    outer, inner = Notes(), Notes()
    with watching(outer):
        with pytest.raises(KeyError), watching(inner):
            raise KeyError
        Tensor(1.0) + 1.0
    assert (inner.notes, outer.notes) == ([], ["applied add"])


def test_a_gradient_may_be_a_function_that_makes_it_when_it_is_read():
    weight, made = Parameter([1.0]), []

    def make():
        made.append(np.array([2.0]))
        return made[-1]

    tape.NOBODY.set_gradients([weight], [make])
    assert not made
    assert weight.grad is weight.grad is made[0]
    assert len(made) == 1


def test_tasks_and_threads_have_their_own_watcher_and_their_own_recording():
    """Each sees what was open when it was started, and never what another has opened since."""
    x, notes = Tensor(2.0, requires_grad=True), Notes()

    async def quiet(entered, leave):
        with no_grad(), watching(notes):
            entered.set()
            await leave.wait()
            return (x + x).requires_grad

    async def loud(entered, leave):
        await entered.wait()
        recorded = (x * x).requires_grad
        leave.set()
        return recorded

    async def both():
        events = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(quiet(*events), loud(*events))

    assert asyncio.run(both()) == [False, True]
    assert notes.notes == ["applied add"]
    with watching(notes):
        thread = threading.Thread(target=lambda: x * x)
        thread.start()
        thread.join()
    assert notes.notes == ["applied add"]


def interrupted_after(count, function, *modules):
    """Call a function and press Ctrl-C when so many of the modules' lines have been begun.

    Not at a ``with``: Python looks for no signal between entering a block and protecting it.
    """
    files = {"<string>", *(module.__file__ for module in modules)}  # a mutant has no file

    def trace(frame, event, argument):
        nonlocal count
        if frame.f_code.co_filename not in files:
            return None
        text = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        count -= event == "line" and not text.lstrip().startswith("with ")
        if count < 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupted_backward_leaves_all_gradients_or_none():
    weights = [Parameter([1.0 + i]) for i in range(4)]
    first, second = (np.sum(np.concatenate(weights) * factor) for factor in (2.0, 3.0))
    for number in range(1000):
        for weight in weights:
            weight.grad = None
        first.backward()
        interrupted = interrupted_after(number, second.backward, gradient, tape)
        left = {float(weight.grad[0]) for weight in weights}
        assert left in ({2.0}, {5.0}), f"after {number} lines"
        if not interrupted:
            break
    assert left == {5.0}
    assert number > 50
