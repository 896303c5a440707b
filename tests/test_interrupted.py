"""Ctrl-C as a block is entered: what was set for it is set back, at whichever line it comes."""

import signal
import sys
from contextlib import nullcontext

import numpy as np
import pytest
from core.test_watcher import interrupted_after

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import capture, host, interruption, lines, no_grad
from tinygrad_mnist.core import recording, tape
from tinygrad_mnist.errors import CaptureError, DTypeError
from tinygrad_mnist.replay import capture as capturing
from tinygrad_mnist.replay import recorder, verify
from tinygrad_mnist.replay.draws import Draws
from tinygrad_mnist.tf1 import graph, scopes


def entered():
    """What is done inside a block: from here on nobody presses Ctrl-C."""
    sys.settrace(None)
    return np.ones(2)


def inside(block):
    def use():
        with block():
            entered()

    return use


def of_a_phase():
    found = recorder.Recorder(Draws(abs))
    return recorder, inside(lambda: found.phase("update")), lambda: found._phase


def of_a_source():
    found = recorder.Recorder(Draws(abs))

    def use():
        with tape.watching(found):
            found.host(entered)

    return recorder, use, lambda: found._in_source


def of_a_replay():
    found = capture(lambda x: x * host(entered))
    found(np.ones(2))
    found._lock = nullcontext()  # no signal comes between it and what protects the rest
    return capturing, lambda: found(np.ones(2)), lambda: found._thread


def of_names():
    found = tf.Graph()
    return graph, inside(lambda: found.name_scope("a")), lambda: found._scope


def of_variables():
    found = tf.Graph()

    def use():
        with found.as_default(), tf.variable_scope("a"):
            entered()

    def state():
        with found.as_default():
            return found._scope, scopes.names_here().scope

    return scopes, use, state


def signals():
    return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)


BLOCKS = {
    "watching": lambda: (tape, inside(lambda: tape.watching(tape.Watcher())), tape.watcher.get),
    "no_grad": lambda: (recording, inside(no_grad), recording.open_no_grads.get),
    "said_of": lambda: (lines, inside(lambda: lines.said_of("here")), lines._said.get),
    "phase": of_a_phase,
    "host": of_a_source,
    "a captured function": of_a_replay,
    "name_scope": of_names,
    "variable_scope": of_variables,
    "as_default": lambda: (graph, inside(tf.Graph().as_default), graph.get_default_graph),
    "a session": lambda: (graph, inside(tf.Session().as_default), graph.get_default_session),
    "interruptible": lambda: (interruption, inside(interruption.interruptible), signals),
    "terminable": lambda: (interruption, inside(interruption.terminable), signals),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_ctrl_c_at_the_door_leaves_nothing_set(block):
    module, use, state = block()
    before = state()
    for number in range(100):
        interrupted = interrupted_after(number, use, module)
        assert state() == before, f"after {number} lines"
        if not interrupted:
            break
    assert number > (module is not recording)
    assert not interrupted


def test_a_scope_that_cannot_be_entered_is_none():
    with tf.Graph().as_default():
        with pytest.raises(DTypeError), tf.variable_scope(None, "a", dtype="no dtype"):
            pass
        with tf.variable_scope(None, "a") as first:
            assert first.name == "a"


def test_sessions_may_be_closed_in_any_order():
    first, second = tf.Graph(), tf.Graph()
    with tf.Graph().as_default() as outer:
        sessions = [tf.InteractiveSession(graph=one) for one in (first, second)]
        assert graph.get_default_graph() is second
        sessions[0].close()
        assert graph.get_default_graph() is second
        assert graph.get_default_session() is sessions[1]
        sessions[1].close()
        assert graph.get_default_graph() is outer
        assert graph.get_default_session() is None


def test_of_a_replay_that_departs_nothing_that_was_fed_is_kept():
    function = capture(lambda x: np.sum(x * 2.0), verify=1)
    fed = np.ones((300, 300))
    function(fed)
    (plan,) = function.plans
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "same_bits", lambda *_: False)
        with pytest.raises(CaptureError, match="departs"):
            function(fed)
    assert plan._at_rest
    assert all(plan.arrays[slot] is array for slot, array in plan._at_rest.items())
