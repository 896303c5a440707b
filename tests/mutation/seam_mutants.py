"""The seam made wrong: who is not told, who is told too much, and what an interruption leaves."""

from types import SimpleNamespace

import test_interrupted
from core import test_watcher
from replay import test_fork, test_replay_limits, test_watchers

from tinygrad_mnist.core.tape import NOBODY, Watcher

from .oracles import plain
from .planting import edit, instead

TAPE = "tinygrad_mnist.core.tape"
RECORDER = "tinygrad_mnist.replay.recorder"
NESTED = plain(test_watcher.test_watchers_are_told_the_inner_and_then_the_outer)
LINES = plain(test_watchers.test_source_lines_inside_a_capture)
HOST = plain(test_watchers.test_host_inside_both_a_capture_and_other_watchers)

PASSED_ON = {
    "applied": NESTED,
    "recorded": NESTED,
    "assigned": NESTED,
    "changed": NESTED,
    "asked": plain(test_replay_limits.test_host_cannot_use_the_value_of_a_traced_tensor),
    "gradient": NESTED,
    "set_gradients": NESTED,
    "phase": plain(test_watcher.test_a_phase_is_passed_on),
    "host": NESTED,
}


def deaf(method):
    """What the outermost watcher does, and no more."""

    def alone(self, *told):
        before, self.outer = self.outer, None
        try:
            return method(self, *told)
        finally:
            self.outer = before

    return alone


one_for_all = [NOBODY]
FORK = plain(test_fork.test_unlocked_is_what_another_thread_has_and_nothing_else)
AT_THE_DOOR = plain(test_interrupted.test_ctrl_c_at_the_door_leaves_nothing_set)


class Forgetful:
    """A set that keeps nothing."""

    def add(self, _):
        pass

    def __iter__(self):
        return iter(())


def set_too_early(what, target, statement, indent=" " * 4):
    """A mutant that sets what is to be set back before it is protected."""
    now, early = f"try:\n{indent}    {statement}\n", f"{statement}\n{indent}try:\n"
    name = f"interrupted: {what} is set too early"
    return edit(name, target, (indent + now, indent + early), oracles=(AT_THE_DOOR,))


SEAM_MUTANTS = (
    *(
        instead(
            f"watcher: {name} is not passed on",
            f"{TAPE}.Watcher.{name}",
            deaf(getattr(Watcher, name)),
            oracle,
        )
        for name, oracle in PASSED_ON.items()
    ),
    instead(
        "watcher: rules on Tensors only for the innermost",
        f"{TAPE}.Watcher.rules_on_tensors",
        False,
        plain(test_watcher.test_rules_run_on_tensors_where_a_watcher_asks_for_it),
    ),
    edit(
        "watcher: replaces the outer",
        f"{TAPE}.watching",
        ("inner.outer, place.outer = before, inner", "inner.outer, place.outer = NOBODY, inner"),
        oracles=(LINES,),
    ),
    edit(
        "watcher: stays after an exception",
        f"{TAPE}.watching",
        ("        yield\n    finally:\n    ", "        yield\n    except ZeroDivisionError:\n    "),
        oracles=(plain(test_watcher.test_a_watcher_goes_however_the_block_is_left),),
    ),
    edit(
        "watcher: a task takes it along",
        f"{TAPE}.watching",
        ("place.outer = before  #", "#"),
        oracles=(
            plain(
                test_watchers.test_a_task_that_outlives_the_captured_function_it_was_started_in_is_not_watched
            ),
        ),
    ),
    instead(
        "watcher: for all threads and tasks",
        f"{TAPE}.watcher",
        SimpleNamespace(get=lambda: one_for_all[-1], set=lambda w: one_for_all.append(w)),
        plain(test_watcher.test_tasks_and_threads_have_their_own_watcher_and_their_own_recording),
    ),
    edit(
        "watcher: gradients are set one after the other",
        f"{TAPE}.Watcher.set_gradients",
        (
            'deque(map(setattr, leaves, itertools.repeat("_grad"), values), maxlen=0)',
            """for leaf, value in zip(leaves, values):
                leaf._grad = value""",
        ),
        oracles=(plain(test_watcher.test_an_interrupted_backward_leaves_all_gradients_or_none),),
    ),
    edit(
        "watcher: a gradient to be made is made at each reading",
        f"{TAPE}.Watcher.gradient",
        ("leaf._grad = gradient = gradient()", "gradient = gradient()"),
        oracles=(
            plain(test_watcher.test_a_gradient_may_be_a_function_that_makes_it_when_it_is_read),
        ),
    ),
    edit(
        "lines: only the innermost notes",
        "tinygrad_mnist.lines.Lines.recorded",
        ("super().recorded(node)", "pass"),
        oracles=(plain(test_watchers.test_nested_source_lines_both_note),),
    ),
    edit(
        "recorder: the watcher around it is not told",
        f"{RECORDER}.Recorder.applied",
        ("super().applied(primitive, operands, arrays, static, value)", "pass"),
        oracles=(plain(test_watchers.test_the_rules_of_a_captured_backward_are_told_of_too),),
    ),
    edit(
        "recorder: what a host source applies is written down",
        f"{RECORDER}.Recorder.applied",
        ("if self._in_source:", "if False:"),
        oracles=(HOST,),
    ),
    edit(
        "recorder: what a host source assigns is written down",
        f"{RECORDER}.Recorder.assigned",
        ("if self._in_source:", "if False:"),
        oracles=(
            plain(
                test_replay_limits.test_what_host_writes_into_a_parameter_is_written_by_replays_and_when_they_are_verified
            ),
        ),
    ),
    edit(
        "recorder: a host value within another is written down",
        f"{RECORDER}.Recorder.host",
        ("if self._in_source:", "if False:"),
        oracles=(plain(test_watchers.test_a_host_value_within_another_is_part_of_it),),
    ),
    edit(
        "recorder: a failing source leaves it aside",
        f"{RECORDER}.Recorder.host",
        ("    finally:\n        self._in_source = False", "    finally:\n        pass"),
        oracles=(
            plain(test_watchers.test_after_a_source_that_failed_the_function_is_written_down_again),
        ),
    ),
    instead(
        "recorder: a captured function that a source calls is part of the outer one",
        f"{RECORDER}.Recorder.rules_on_tensors",
        True,
        plain(test_watchers.test_a_captured_function_called_by_a_host_source_has_plans_of_its_own),
    ),
    instead(
        "aside: a gradient may be read",
        f"{RECORDER}.Aside.gradient",
        Watcher.gradient,
        plain(test_replay_limits.test_host_cannot_use_a_gradient),
    ),
    instead(
        "aside: what a source changes is not noted",
        f"{RECORDER}.Aside.assigned",
        Watcher.assigned,
        plain(
            test_replay_limits.test_what_host_writes_into_a_parameter_is_written_by_replays_and_when_they_are_verified
        ),
    ),
    instead(
        "fork: what a child must unlock is not known",
        "tinygrad_mnist.replay.capture._captured",
        Forgetful(),
        FORK,
    ),
    edit(
        "fork: what the forking thread runs is unlocked too",
        "tinygrad_mnist.replay.capture._unlock_in_child",
        ("if captured._thread != threading.get_ident():", "if True:"),
        oracles=(FORK,),
    ),
    set_too_early("a watcher", f"{TAPE}.watching", "watcher.set(place)"),
    set_too_early("a line", "tinygrad_mnist.lines.said_of", "_said.set(line)"),
    set_too_early("a phase", f"{RECORDER}.Recorder.phase", "self._phase = name"),
    set_too_early("a source", f"{RECORDER}.Recorder.host", "self._in_source = True"),
    set_too_early(
        "who has a lock",
        "tinygrad_mnist.replay.capture.Captured.__call__",
        "self._thread = threading.get_ident()",
        " " * 8,
    ),
    set_too_early("a name", "tinygrad_mnist.tf1.graph.Graph.name_scope", "self._scope = scope"),
)
