"""What a row of the case table is, and the short ways to write one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_mnist import Tensor
from tinygrad_mnist.core.primitive import Primitive
from tinygrad_mnist.dispatch.registry import Dispatch, registry

from . import samples as draw
from .samples import SEEDS, USUAL, Sample


@dataclass(frozen=True)
class Case:
    """One row."""

    name: str
    call: Callable[..., Any]
    """What is applied to Tensors: call(*operands, **static)."""
    draws: Callable[..., Any]
    """sides -> strategy of (shapes, static); see samples.py."""
    fills: tuple[Callable[..., Any], ...]
    """One per operand; the last one serves all that follow. Integers and booleans: constants."""
    primitive: Primitive | None
    """What it covers; None for a composition."""
    covers: tuple[Any, ...]
    """The NumPy functions it covers."""
    reference: Callable[..., Any]
    """The value by plain NumPy, in float64."""
    exact: bool
    """Whether the reference is what NumPy computes, to be met bit for bit."""
    spellings: tuple[str, ...]
    """Expressions in the operand names (or ``arrays``) and static arguments."""
    names: tuple[str, ...]
    smooth: bool
    """Whether it has a derivative that is not zero."""
    empty: bool
    """Whether operands without elements are allowed."""

    @cache  # noqa: B019  rows last as long as the tests, and a strategy is dear to make
    def sample(self, sides=USUAL):
        """A strategy of operands, filled by a seed."""

        def filled(drawn):
            (shapes, static), seed = drawn
            rng = np.random.default_rng(seed)
            last = len(self.fills) - 1
            operands = tuple(
                np.asarray(self.fills[min(i, last)](rng, size)) for i, size in enumerate(shapes)
            )
            return Sample(operands, static, seed)

        sides = sides if self.empty else (max(1, sides[0]), sides[1])
        return st.tuples(self.draws(sides), SEEDS).map(filled)

    def spelled(self, spelling, operands, static):
        """Evaluate one spelling."""
        names = dict(zip(self.names, operands, strict=False)) | {"arrays": operands} | static
        return eval(spelling, {"np": np, "Tensor": Tensor, **names})


def case(
    call,
    draws,
    *fills,
    name=None,
    of=None,
    covers=(),
    reference=None,
    exact=None,
    spellings=(),
    names=None,
    smooth=True,
    empty=True,
):
    """Make a row, reading off what can be read off."""
    found = registry.get(call)
    if of is None:
        of = call if isinstance(call, Primitive) else None
        of = found.target if isinstance(found, Dispatch) else of
    return Case(
        name=name or call.__name__,
        call=call,
        draws=draws,
        fills=fills or (draw.normal,),
        primitive=of,
        covers=(*covers, *([call] if found else [])),
        reference=reference or call,
        exact=reference is None if exact is None else exact,
        spellings=spellings,
        names=names or (of.operand_names if of else ("x",)),
        smooth=smooth,
        empty=empty,
    )


def unary(ufunc, *fills, **options):
    return case(ufunc, draw.one(), *fills, **options)


def binary(ufunc, *fills, **options):
    return case(ufunc, draw.broadcastable(2), *fills, **options)


def question(ufunc, fill, *spellings):
    """Boolean in what it returns, hence without a derivative."""
    count = draw.broadcastable(ufunc.nin)
    return case(ufunc, count, fill, spellings=spellings, smooth=False)


def step(ufunc):
    return case(ufunc, draw.one(), draw.wide, smooth=False)


def reduction_case(function, *fills, method, static="axis=axis, keepdims=keepdims", **options):
    options.setdefault("draws", draw.reduced(nothing=options.get("empty", True)))
    method = (f"x.{method}({static})",) if method else ()
    return case(function, options.pop("draws"), *fills, spellings=method, **options)
