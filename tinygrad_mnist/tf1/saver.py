"""``tf.train.Saver``: the variables of a session and the state of its optimizers, in one file.

The file is a checkpoint as the rest of the package writes them (``tinygrad_mnist.checkpoint``): an
``.npz`` archive, without pickle, sealed by a digest.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_mnist import checkpoint
from tinygrad_mnist.arguments import in_range
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.errors import ArgumentError, CheckpointError, OutputError
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.optimizers import Slots
from tinygrad_mnist.tf1.session import Session
from tinygrad_mnist.tf1.signatures import takes
from tinygrad_mnist.tf1.symbol import Symbol
from tinygrad_mnist.tf1.variables import Variable


class Saver:
    """Saves the values that a session has given to variables, and restores them.

    Parameters
    ----------
    var_list
        The variables, or a dictionary of them by the names that they have in the file; by default
        all of the default graph, and the state of the optimizers that the session has used.
    max_to_keep
        How many files of one Saver stay; older ones are deleted. None or 0 keeps all.
    keep_checkpoint_every_n_hours
        Of the older ones, one that is written after each so many hours is not deleted.
    pad_step_number
        Whether steps are written with eight digits.

    Raises
    ------
    ArgumentError
        If there is nothing to save, or something is no variable.
    """

    @takes(
        "var_list reshape sharded max_to_keep keep_checkpoint_every_n_hours name "
        "restore_sequentially saver_def builder defer_build allow_empty write_version "
        "pad_step_number save_relative_paths filename",
        reshape=False,
        saver_def=None,
        builder=None,
        defer_build=False,
        allow_empty=False,
        filename=None,
    )
    def __init__(
        self,
        var_list: Mapping[str, Variable] | Sequence[Variable] | None = None,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        pad_step_number: bool = False,
    ) -> None:
        self.variables = _variables_by_name(
            get_default_graph().variables if var_list is None else var_list
        )
        self.with_optimizers = var_list is None
        self.max_to_keep = max_to_keep
        self.pad_step_number = pad_step_number
        self.last_checkpoints: list[str] = []
        hours = in_range(
            "keep_checkpoint_every_n_hours", keep_checkpoint_every_n_hours, 0.0, math.inf
        )
        self._keep_seconds = 3600 * hours
        self._keep_next = time.time() + self._keep_seconds
        self._written: dict[str, float] = {}

    @takes(
        "sess save_path global_step latest_filename meta_graph_suffix write_meta_graph write_state "
        "strip_default_attrs save_debug_info"
    )
    def save(self, sess: Session, save_path: str, global_step: Any = None) -> str:
        """Write a file, whole or not at all, and return its path; make the folder if need be.

        Only values are written, neither the graph nor a list of what was saved.

        Parameters
        ----------
        save_path
            Where; ``-`` and the step are added if one is given, and ``.npz`` to a folder's path.
        global_step
            A number, or a variable whose value it is.

        Raises
        ------
        SessionError
            If a variable is not initialised.
        ArgumentError
            If the path is empty.
        OutputError
            If the folder cannot be made, or the file cannot be written.
        """
        if not os.fspath(save_path):
            raise ArgumentError("A Saver needs the path of the file to write. Received: ''.")
        step = sess.run(global_step) if isinstance(global_step, Symbol) else global_step
        digits = f"{step:08}" if step is not None and self.pad_step_number else step
        path = f"{os.fspath(save_path)}{'' if step is None else f'-{digits}'}"
        values = sess.run(self.variables)
        arrays = {_key(name): np.asarray(value) for name, value in values.items()}
        numbers: dict[str, Any] = {}
        for symbol, _ in self._slots(sess):
            if symbol in sess.store.objects:
                for name, value in sess.store.objects[symbol].state_dict().items():
                    where = arrays if isinstance(value, np.ndarray) else numbers
                    where[f"{symbol.op_name}/{name}"] = value
        _make_folder(_file(path).parent)
        checkpoint.save(_file(path), arrays, {"optimizers": numbers})
        self._delete_oldest(path)
        return path

    def restore(self, sess: Session, save_path: str) -> None:
        """Give the variables, and the optimizers, the values that a file has for them.

        Raises
        ------
        CheckpointError
            If the file cannot be read, is damaged, or lacks a variable of this shape and dtype or
            the state of an optimizer; nothing is restored then.
        """
        arrays, description = checkpoint.load(_file(os.fspath(save_path)))
        for name, variable in self.variables.items():
            found = arrays.get(_key(name))
            if found is None or (found.shape, found.dtype) != (variable.shape, variable.dtype):
                received = "none" if found is None else f"one of {found.shape} and {found.dtype}"
                raise CheckpointError(
                    f"{save_path} should have a variable {name} of shape "
                    f"{variable.shape} and dtype {variable.dtype}. Received: {received}. It was "
                    "saved from another graph."
                )
        saved = {**arrays, **description.get("optimizers", {})}
        states = []
        for symbol, slots in self._slots(sess):
            state = _entries_below(saved, f"{symbol.op_name}/")
            if state or symbol in sess.store.objects:
                states.append((symbol, _state_to_load(slots, state)))
        for name, variable in self.variables.items():
            sess.load(variable, arrays[_key(name)])
        for symbol, state in states:
            sess.run(symbol)  # which makes what is kept
            sess.store.objects[symbol].load_state_dict(state)

    def _slots(self, sess: Session) -> list[tuple[Symbol, Slots]]:
        """What keeps the state of optimizers in the session's graph, if it is saved."""
        symbols = sess.graph.symbols if self.with_optimizers else []
        return [(s, s.function) for s in symbols if isinstance(s.function, Slots)]

    def _delete_oldest(self, path: str) -> None:
        kept = [known for known in self.last_checkpoints if known != path]
        self.last_checkpoints = [*kept, path]
        self._written[path] = time.time()
        while self.max_to_keep and len(self.last_checkpoints) > self.max_to_keep:
            oldest = self.last_checkpoints.pop(0)
            if self._written.pop(oldest) > self._keep_next:
                self._keep_next += self._keep_seconds
            else:
                _file(oldest).unlink(missing_ok=True)


def _file(path: str) -> Path:
    """The file of a path, which may be that of a folder, as TensorFlow adds to it."""
    return Path(f"{path}.npz" if path.endswith(os.sep) or Path(path).is_dir() else path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} to save in cannot be made: {error.strerror}."
        ) from None


def _variables_by_name(var_list: Any) -> dict[str, Variable]:
    """The variables by the names that they have in the file, their own unless others are given."""
    members = list(var_list.values()) if isinstance(var_list, Mapping) else var_list
    if not isinstance(members, list | tuple) or not all(isinstance(v, Variable) for v in members):
        raise ArgumentError(
            "A Saver takes a list of variables, or a dictionary of variables by name. Received: "
            f"{var_list!r:.60}."
        )
    if not members:
        raise ArgumentError("There is nothing to save: the graph has no variables.")
    names = var_list if isinstance(var_list, Mapping) else [v.op_name for v in members]
    return dict(zip(names, members, strict=True))


def _key(name: str) -> str:
    return f"{name}/value"


def _entries_below(saved: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What was saved under a name, by the rest of its names."""
    rest = {name.removeprefix(prefix): x for name, x in saved.items() if name.startswith(prefix)}
    return {name: value for name, value in rest.items() if "/" not in name}


def _state_to_load(slots: Slots, saved: dict[str, Any]) -> dict[str, Any]:
    """The state of an optimizer that another one took, or that of one that begins."""
    places = [Parameter(np.zeros(v.shape or (), v.dtype)) for v in slots.variables]
    trial = slots.make(places)
    if saved:
        trial.load_state_dict(saved)
    return trial.state_dict()
