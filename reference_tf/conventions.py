"""Measure what two systems do at kinks, ties and edges, and write it down as data and as a page.

``python -m reference_tf.conventions`` measures TensorFlow and ``tinygrad_mnist`` at all points of
``points.py`` and writes ``reference_tf/conventions.json`` and ``docs/conventions.md``; a test
compares both files with a new measurement. TensorFlow is measured as it comes: with op determinism
it composes the cross entropies of other operations, which deviate less. The measuring takes the
other engine as an argument, and only the command knows its name.
"""

from __future__ import annotations

import argparse
import importlib
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from reference_tf.deviations import KNOWN_TF_DEVIATIONS
from reference_tf.equivalents import EQUIVALENTS
from reference_tf.interface import Array
from reference_tf.points import POINTS, Point
from tinygrad_mnist.errors import OutputError
from tinygrad_mnist.files import prove_writable, write_whole

DATA = Path(__file__).with_name("conventions.json")
PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"

Measured = dict[str, Any]
Gradients = list[Array | None]


class TensorFlow:
    """The primitives as attributes, and derivatives by GradientTape."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return EQUIVALENTS[name]

    def elu(self, x: Any, alpha: float) -> Any:
        """TensorFlow's own, which the equivalent, for its accuracy, is not made of."""
        own = tf.nn.elu(x)
        return tf.where(x > 0, own, alpha * own)

    def gradient(self, function: Callable[[Any], Any], x: Any) -> Any:
        """The gradient of ``function(x)``, summed, by x; it can be differentiated again."""
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x)

    def differentiate(self, point: Point, operands: Sequence[Array]) -> tuple[Array, Gradients]:
        """The value, and a gradient by each floating operand, None where there is none."""
        tensors = [tf.constant(x) for x in operands]
        floating = [x for x in tensors if x.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(floating)
            y = point.function(self, *tensors)
        found = tape.gradient(y, floating) if y.dtype.is_floating else [None] * len(floating)
        return y.numpy(), [g if g is None else tf.convert_to_tensor(g).numpy() for g in found]


class Engine:
    """The same of a package of the shape of ``tinygrad_mnist``."""

    def __init__(self, package: Any) -> None:
        self.package = package
        self.chapters = [getattr(package.ops, name) for name in package.ops.__all__]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found = (getattr(chapter, name, None) for chapter in self.chapters)
        return next(filter(self._is_primitive, found))  # type: ignore[return-value]

    def _is_primitive(self, member: Any) -> bool:
        return isinstance(member, self.package.Primitive)

    def gradient(self, function: Callable[[Any], Any], x: Any) -> Any:
        """The gradient of ``function(x)``, summed, by x; it can be differentiated again."""
        y = function(x)
        (found,) = self.package.gradients(y, [x], np.ones(y.shape), record=True)
        return found

    def differentiate(self, point: Point, operands: Sequence[Array]) -> tuple[Array, Gradients]:
        """The value, and a gradient by each floating operand, None where there is none."""
        tensors = [self.package.Tensor(x, requires_grad=x.dtype.kind == "f") for x in operands]
        floating = [x for x in tensors if x.requires_grad]
        y = point.function(self, *tensors)
        if not y.requires_grad:
            return y.data, [None] * len(floating)
        return y.data, self.package.gradients(y, floating, np.ones(y.shape))


def measure(system: TensorFlow | Engine, point: Point) -> Measured:
    """What a system does at a point, as text that is the same on all processors."""
    operands = [np.asarray(x) for x in point.operands]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # that the mean of nothing is NaN
            value, gradients = system.differentiate(point, operands)
    except Exception:
        return {"raises": True}
    found = ["none" if g is None else _text(g) for g in gradients]
    return {"value": _text(value), "dtype": str(value.dtype), "gradients": found}


def _text(array: Array) -> str:
    """Nested brackets; 12 digits, which any rounding leaves alone."""
    if array.ndim:
        return f"[{', '.join(map(_text, array))}]" if array.size else f"empty {array.shape}"
    return f"{array[()] + 0:.12g}"  # + 0: without the sign of a zero


def measure_all(engine: Engine) -> dict[str, dict[str, Measured]]:
    """Both systems at every point."""
    systems: dict[str, TensorFlow | Engine] = {"tensorflow": TensorFlow(), "ours": engine}
    return {
        name: {which: measure(system, point) for which, system in systems.items()}
        for name, point in POINTS.items()
    }


def page(measured: dict[str, dict[str, Measured]]) -> str:
    """The table as Markdown, and the reasons where the two differ."""
    lines = [
        "# Conventions at kinks, ties and edges",
        "",
        "Measured in both systems, in float64 unless the row says so, with ones as the cotangent;",
        "one gradient for each operand. Where the last column is empty, ours is TensorFlow's.",
        "",
        "This page and `reference_tf/conventions.json` are written by",
        "`python -m reference_tf.conventions` (it needs TensorFlow); a test compares both with a",
        "new measurement.",
        "",
        "| point | value | gradients in TensorFlow | ours, where it differs |",
        "|---|---|---|---|",
    ]
    for name, both in measured.items():
        theirs, ours = both["tensorflow"], both["ours"]
        differs = "" if ours == theirs else _cells(ours, ": ")
        lines.append(f"| {_plain(name)} | {_cells(theirs, ' | ')} | {differs} |".replace("  ", " "))
    lines += ["", "## Where TensorFlow deviates", ""]
    for name, deviation in KNOWN_TF_DEVIATIONS.items():
        lines.append(_plain(f"- {name}: {deviation}"))
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Powers are no bold letters."""
    return text.replace("*", r"\*")


def _cells(found: Measured, separator: str) -> str:
    if "raises" in found:
        return f"raises{separator if '|' in separator else ''}"
    value = found["value"] + (f" ({found['dtype']})" if found["dtype"] != "float64" else "")
    return f"{value}{separator}{'; '.join(found['gradients'])}"


def data(measured: dict[str, dict[str, Measured]]) -> str:
    """The measurement as JSON."""
    return json.dumps(measured, indent=1) + "\n"


def main() -> None:
    """Measure TensorFlow and ``tinygrad_mnist``, and write the data and the page."""
    parser = argparse.ArgumentParser(
        prog="python -m reference_tf.conventions",
        description="Measure conventions at kinks and ties in TensorFlow and in tinygrad_mnist.",
    )
    parser.add_argument("data", type=Path, nargs="?", default=DATA, help=f"default: {DATA}")
    parser.add_argument("page", type=Path, nargs="?", default=PAGE, help=f"default: {PAGE}")
    files = parser.parse_args()
    try:
        prove_writable(files.data)
        prove_writable(files.page)
    except OutputError as error:
        parser.error(str(error))
    measured = measure_all(Engine(importlib.import_module("tinygrad_mnist")))
    write_whole(files.data, data(measured).encode())
    write_whole(files.page, page(measured).encode())


if __name__ == "__main__":
    main()
