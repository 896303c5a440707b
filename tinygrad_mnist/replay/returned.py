"""What a captured function returns: which values are fetched, and how they are handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_mnist.core import tape
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array, Primitive
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import CaptureError, GradientError
from tinygrad_mnist.replay.signature import indexed
from tinygrad_mnist.replay.structure import LEAF, flatten, paths, unflatten


class Returned:
    """What a function returned, taken apart.

    ``fetched`` are the Tensors whose values a replay computes; Parameters and None stay.

    Raises
    ------
    CaptureError
        If there is anything else: a replay would repeat it for ever.
    """

    def __init__(self, name: str, value: Any) -> None:
        self._structure, outputs = flatten(value)
        for path, leaf in zip(paths(self._structure), outputs, strict=True):
            if leaf is not None and not isinstance(leaf, Tensor):
                raise CaptureError(
                    f"The captured {name} returned {type(leaf).__name__} {leaf!r:.60}"
                    f"{' at ' + indexed(path) if path else ''}, which a replay would repeat for "
                    "ever. Return Tensors; compute the rest outside, or with host()."
                )
        self.fetched: list[Tensor] = [output for output in outputs if _is_fetched(output)]
        seal = _sealed(name)
        self._made: list[tuple[Any, Callable[[Array], Tensor] | None]] = [
            (None, seal if output.requires_grad else _constant)
            if _is_fetched(output)
            else (output, None)
            for output in outputs
        ]

    def forget(self) -> None:
        """Let go of the Tensors of the first call, and with them of its graph."""
        self.fetched = []

    def filled(self, arrays: Sequence[Array]) -> Any:
        """Return it with these arrays, which nobody else holds, as the fetched values."""
        if self._structure is LEAF and arrays:
            ((_, make),) = self._made
            return make(arrays[0]) if make else None
        remaining = iter(arrays)
        tensors = [make(next(remaining)) if make else stays for stays, make in self._made]
        return unflatten(self._structure, tensors)


def _is_fetched(output: Any) -> bool:
    return output is not None and not isinstance(output, Parameter)


def _constant(array: Array) -> Tensor:
    array.flags.writeable = False
    return Tensor.of(array, None)


def _sealed(name: str) -> Callable[[Array], Tensor]:
    """Return what makes a result of which no gradient can be taken outside, and which says so."""

    def refuse(*_: Any) -> Any:
        raise GradientError(
            f"The gradient of what the captured {name} returned was asked for outside: its program "
            "is over. Call backward() or gradients() inside the captured function, or .detach() "
            "the result."
        )

    primitive = Primitive(refuse, operand_names=("inside",))
    primitive.name = name
    primitive.vjp(inside=refuse)
    inside = Tensor(0.0, requires_grad=True)
    node = tape.Node(primitive, (inside,), [inside.data], {}, inside.data, [(0, inside)], [])

    def seal(array: Array) -> Tensor:
        array.flags.writeable = False
        return Tensor.of(array, node)

    return seal
