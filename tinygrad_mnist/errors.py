"""One exception tree, and how messages and reprs call what was received.

Everything this package raises on purpose is a ``TinygradError``.

Each class also inherits the built-in exception a NumPy user would expect in its place, so
``except ValueError`` keeps working. A message is one clear sentence: what happened, what was
received, what to do.

>>> issubclass(ShapeError, ValueError) and issubclass(ShapeError, TinygradError)
True
>>> description(np.zeros((2, 3)))
'array of shape (2, 3) and dtype float64'
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np


class TinygradError(Exception):
    """Base class of every error raised on purpose by this package."""


class ShapeError(TinygradError, ValueError):
    """Shapes do not fit together, or an axis or an index is out of range."""


class IndexingError(TinygradError, IndexError):
    """An index does not fit the array it was applied to."""


class DTypeError(TinygradError, TypeError):
    """A dtype cannot be used here: not real, not floating, or not convertible."""


class UnsupportedError(TinygradError, TypeError):
    """A NumPy function, argument or conversion has no meaning for a Tensor."""


class MissingAttributeError(UnsupportedError, AttributeError):
    """An attribute of numpy.ndarray that a Tensor lacks; the message says what to write."""


class RuleError(TinygradError):
    """A primitive's rule is missing, misnamed, or returned a cotangent that does not fit."""


class GradientError(TinygradError, RuntimeError):
    """A backward pass cannot be run: nothing to differentiate, or no cotangent given."""


class InnerGradientError(GradientError, AttributeError):
    """A gradient was read of a tensor that is no leaf, and is not kept."""


class StaleGraphError(GradientError):
    """A parameter was assigned after the graph read it, so its gradient would be wrong."""


class CaptureError(TinygradError, RuntimeError):
    """A function cannot be captured, or its replay would not do what the function does."""


class ProgramError(TinygradError, RuntimeError):
    """A captured program is not consistent: a fault of a pass, found by the checker."""


class SessionError(TinygradError, RuntimeError):
    """A session cannot run this: closed, not fed, not initialised, or of another graph."""


class ArgumentError(TinygradError, ValueError):
    """An argument is out of range or contradicts another."""


class DivergenceError(TinygradError, ArithmeticError):
    """Training produced infinite or undefined numbers."""


class DataError(TinygradError, ValueError):
    """A data file is missing, damaged, or not what it should be."""


class CheckpointError(TinygradError, ValueError):
    """A checkpoint is damaged, of another format version, or of another network."""


class ImageError(TinygradError, ValueError):
    """A picture cannot be read as a digit."""


class OutputError(TinygradError, OSError):
    """A result could not be written."""


def description(value: Any) -> str:
    """How an error message calls an operand."""
    if hasattr(value, "label"):  # a Tensor
        return str(value.label)
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape} and dtype {value.dtype}"
    return f"{type(value).__name__} {_on_one_line(value)}"


def _on_one_line(value: Any) -> str:
    return f"{' '.join(repr(value).split()):.60}"


def brief(value: Any) -> str:
    """How a repr calls an operand: by its name or its node, else by dtype and shape, or its text.

    >>> brief(np.zeros((2, 3))), brief(0.5)
    ('float64 (2, 3)', '0.5')
    """
    if getattr(value, "name", None):
        return str(value.name)
    if getattr(value, "node", None):
        return f"node {value.node.id}"
    return f"{value.dtype} {value.shape}" if hasattr(value, "dtype") else _on_one_line(value)


def application(node: Any) -> str:
    """How a repr writes what a node or an instruction applies: ``sum(x, axis=1)``."""
    defaults = node.primitive.defaults
    options = [
        f"{name}={brief(value)}"
        for name, value in node.static.items()
        if name not in defaults or repr(value) != repr(defaults[name])
    ]
    return f"{node.primitive.name}({', '.join([*map(brief, node.operands), *options])})"


def node_text(node: Any) -> str:
    """The repr of a node: its number, what it applied to what, and what came out."""
    return f"<node {node.id}: {application(node)} -> {brief(node.value)}>"


def step_text(step: Any) -> str:
    """The repr of a step of a sweep: its node, and what that passes to which operand."""
    passed = [f"{brief(given)} to {brief(operand)}" for _, operand, given in step.contributions]
    return f"<step of {step.node!r} passes {', '.join(passed) or 'nothing'}>"


_PLAIN = (
    (r"operands could not be broadcast together.*", "the shapes do not broadcast"),
    (
        r".* in its core dimension .*\(size (\d+) is different from (\d+)\)",
        r"the inner sizes, \2 and \1, differ",
    ),
    (r".* does not have enough dimensions .*", "it takes no scalars"),
    (r"setting an array element with a sequence.*", "its rows differ in length"),
)
"""What NumPy says of shapes, by a pattern, and what is said here."""


def plainly(error: Exception) -> str:
    """What NumPy complains of, without the signatures of its functions and without a full stop.

    >>> plainly(ValueError("operands could not be broadcast together with shapes (3,) (4,) "))
    'the shapes do not broadcast'
    """
    said = str(error).strip().rstrip(".")
    for pattern, plain in _PLAIN:
        if re.fullmatch(pattern, said, flags=re.DOTALL):
            return re.sub(pattern, plain, said, flags=re.DOTALL)
    return said


_KINDS = {
    IndexError: IndexingError,
    TypeError: DTypeError,
    OverflowError: DTypeError,
    ZeroDivisionError: ShapeError,
}


def kernel_error(
    error: Exception, name: str, operands: tuple[Any, ...], static: dict[str, Any]
) -> Exception:
    """The complaint of a kernel or a NumPy function, with its name and what it received."""
    kind = next((kind for base, kind in _KINDS.items() if isinstance(error, base)), ShapeError)
    if isinstance(error, np.exceptions.AxisError):
        kind = ShapeError
    received = ", ".join(map(description, operands))
    options = "".join(f", {name}={_on_one_line(value)}" for name, value in static.items())
    return kind(f"{name}: {plainly(error)}. Received: {received}{options}.")
