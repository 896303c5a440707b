"""A process that is forked while other threads are at work has none of them, nor of their locks."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest

from tinygrad_mnist import capture
from tinygrad_mnist.replay import capture as capturing

PREAMBLE = """
import os, signal, threading
import numpy as np
from tinygrad_mnist import Parameter, Tensor, capture, host
from tinygrad_mnist.core import tape
from tinygrad_mnist.errors import CaptureError

parent, inside, on = os.getpid(), threading.Event(), threading.Event()

def wait_in_parent():
    if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
        inside.set()
        on.wait()
    return np.ones(2)

def in_child(work):
    inside.wait()
    child = os.fork()
    if not child:
        signal.alarm(60)  # seconds after which it is taken to hang; it ends in no time
        work()
        print("the child went on", flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "the child hangs, or failed"
    on.set()
"""

REPLAY = """
weight = Parameter([1.0, 2.0])
step = capture(lambda x: np.sum(weight * x * host(wait_in_parent)))
assert step(np.ones(2)).item() == 3.0
other = threading.Thread(target=step, args=[np.ones(2)])
other.start()

def work():
    assert step(np.full(2, 2.0)).item() == 6.0
    assert capture(lambda x: x * 2.0)(np.ones(1)).item() == 2.0

in_child(work)
other.join()
assert step(np.full(2, 3.0)).item() == 9.0
"""

GRADIENT = """
weight = Parameter([1.0, 2.0])
tape.NOBODY.set_gradients([weight], [wait_in_parent])
other = threading.Thread(target=lambda: np.sum(weight * 2.0).backward())
other.start()

def work():
    another = Parameter([1.0])
    np.sum(another * 3.0).backward()
    assert another.grad == 3.0

in_child(work)
other.join()
assert (weight.grad == 3.0).all()
"""

SIGNATURE = """
from tinygrad_mnist.dispatch import registry
signature = registry.inspect.signature
registry.inspect.signature = lambda function: (wait_in_parent(), signature(function))[1]
x = Tensor([[1.0, 2.0]])
other = threading.Thread(target=np.sum, args=[x, 0])
other.start()
in_child(lambda: np.max(x, 1))
other.join()
"""

OWN = """
children = []

def forks():
    if children == [None]:
        children[0] = os.fork()
        if not children[0]:
            try:
                step(np.ones(2))
            except CaptureError as error:
                assert "by the source of one of its own host() values" in str(error)
                print("the child refused", flush=True)
    return np.ones(2)

step = capture(lambda x: x * host(forks))
step(np.ones(2))
children.append(None)
assert (step(np.full(2, 2.0)).numpy() == 2.0).all()
assert (step(np.full(2, 3.0)).numpy() == 3.0).all()
if not children[0]:
    print("the child went on", flush=True)
    os._exit(0)
assert os.waitpid(children[0], 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="os.fork does not exist here")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (REPLAY, "the child went on"),
        (GRADIENT, "the child went on"),
        (SIGNATURE, "the child went on"),
        (OWN, "the child refused\nthe child went on"),
    ],
    ids=["in a replay", "in backward", "in a dispatch", "by a source of the function's own"],
)
def test_a_forked_process_goes_on(script, said):
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(script)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert (done.stdout.strip(), done.returncode) == (said, 0), done.stderr


def test_unlocked_is_what_another_thread_has_and_nothing_else():
    others, own = capture(abs), capture(abs)
    others._thread, own._thread = -1, threading.get_ident()
    for captured in (others, own):
        captured._lock.acquire()
    capturing._unlock_in_child()
    assert [captured._lock.locked() for captured in (others, own)] == [False, True]
    assert [captured._thread for captured in (others, own)] == [None, threading.get_ident()]
