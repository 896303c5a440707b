"""Every primitive, every NumPy function in the registry and every method has a row."""

import importlib
import pkgutil

import numpy as np

from tinygrad_mnist import ops
from tinygrad_mnist.core.primitive import ZERO, Primitive
from tinygrad_mnist.dispatch.operators import Operators
from tinygrad_mnist.dispatch.registry import Dispatch, registry

from .cases import CASES

# They return no Tensor: tests/core/test_tensor.py and tests/ops/test_constants.py have them.
QUESTIONS = {np.shape, np.ndim, np.size, np.isrealobj, np.iscomplexobj}
QUESTIONS |= {np.allclose, np.array_equal, np.array_equiv, np.nonzero, np.flatnonzero, np.argwhere}


def primitives():
    """All of the package; tests and documentation make some of their own."""
    modules = [m.name for m in pkgutil.iter_modules(ops.__path__, ops.__name__ + ".")]
    members = [m for name in modules for m in vars(importlib.import_module(name)).values()]
    members += [d.target for d in registry.values() if isinstance(d, Dispatch)]
    return {
        member
        for member in members
        if isinstance(member, Primitive)
        and all(r is ZERO or r.__module__ in modules for r in member.rules.values())
    }


def test_every_primitive_has_a_row():
    covered = {row.primitive for row in CASES}
    missing = {found.name for found in primitives() - covered}
    assert not missing


def test_every_function_in_the_registry_has_a_row():
    covered = {function for row in CASES for function in row.covers} | QUESTIONS
    missing = {f.__name__ for f, target in registry.items() if f not in covered}
    assert not missing


def test_every_method_has_a_spelling():
    spelled = " ".join(spelling for row in CASES for spelling in row.spellings)
    methods = {n for n in dir(Operators) if not n.startswith("_") and hasattr(Operators, n)}
    others = {"T", "nonzero", "itemsize", "nbytes"}
    missing = {name for name in methods - others if f".{name}" not in spelled}
    assert not missing


def test_every_rule_is_driven():
    """Each operand whose rule is not ZERO is one of floats in some row."""
    rng = np.random.default_rng(0)
    for found in primitives():
        rows = [row for row in CASES if row.primitive is found]
        for position, name in enumerate(found.operand_names):
            if found.rules[name] is ZERO:
                continue
            fills = [row.fills[min(position, len(row.fills) - 1)] for row in rows if row.smooth]
            assert any(np.asarray(f(rng, (2,))).dtype.kind == "f" for f in fills), (found, name)
