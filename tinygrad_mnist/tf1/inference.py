"""Shapes and dtypes of deferred calls: the function itself is run on small stand-ins.

An unknown size, None, is stood in for by two sizes, and a size of the result that differs between
the two is unknown too. So no operation needs a second description of what it does to shapes.

>>> x = Unknown("X:0", (None, 784), np.dtype(np.float32))
>>> infer("MatMul", np.matmul, (x, np.ones((784, 10), np.float32)), {})
((None, 10), dtype('float32'))
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.arguments import real
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import DTypeError, ShapeError, TinygradError, description, plainly
from tinygrad_mnist.replay.signature import flatten, unflatten
from tinygrad_mnist.tf1.unknown import Shape, Unknown

SIZES = (12, 24)
"""What stands in for an unknown size: numbers that split and reshape well. If they do not, 0 is
tried: what has no elements is reshaped to rows of any length. Then, sizes that there are."""

RANKS = (2, 1, 0, 3, 4)
"""How many axes a shape of unknown rank is tried with."""

MOST_CHOICES = 64
MOST_ELEMENTS = 2**20
"""Of a stand-in whose sizes are guessed, where no known one has more."""


class _Result(NamedTuple):
    """What a function returned for one choice of sizes: its structure and ``(shape, dtype)``s."""

    structure: Any
    members: tuple[tuple[Shape, np.dtype[Any]], ...]


def infer(
    operation: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    """Return ``(shape, dtype)`` of what the function returns, or a tuple or list of them.

    Parameters
    ----------
    operation
        The name of the call in error messages.
    arguments, keywords
        Anything, in which each `Unknown` is stood in for.

    Raises
    ------
    ShapeError, DTypeError, TinygradError
        What the function raises, of the class that it raised, naming the operation and its
        arguments with their shapes.
    """
    structure, members = flatten((arguments, keywords))
    shapes = [member.shape for member in members if _has_value(member)]
    known = [shape for shape in map(_shape_of, members) if shape]
    numbers = [member for member in members if type(member) is int and member > 0]
    found, failure = [], None
    for ranked in _of_each_rank(shapes):
        for choice in _choices(ranked, known, numbers):
            try:
                found.append([_result_for(function, structure, members, sizes) for sizes in choice])
                break
            except (TinygradError, ValueError, TypeError, IndexError) as error:
                failure = failure or error
        if len(found) == 2:
            break  # where two ranks do, all may
    if not found:
        raise misfit(operation, members, failure)
    return _common_signatures([result for results in found for result in results])


def _has_value(member: Any) -> bool:
    return isinstance(member, Unknown) and member.dtype is not None


def _shape_of(member: Any) -> Shape:
    return member.shape if isinstance(member, Unknown | Tensor | np.ndarray) else ()


def _of_each_rank(shapes: Sequence[Shape]) -> Iterator[list[tuple[int | None, ...]]]:
    """Yield the shapes with those of unknown rank replaced by some of unknown sizes."""
    ranks = [RANKS if shape is None else (len(shape),) for shape in shapes]
    unknown = [place for place, shape in enumerate(shapes) if shape is None]
    # Alike ones first: what differs in rank may be broadcast, and hide that the result's is open.
    alike_first = sorted(product(*ranks), key=lambda found: len({found[i] for i in unknown}))
    for lengths in alike_first:
        yield [
            (None,) * length if shape is None else shape
            for shape, length in zip(shapes, lengths, strict=True)
        ]


def _choices(
    shapes: Sequence[tuple[int | None, ...]],
    known: Sequence[tuple[int | None, ...]],
    numbers: Sequence[int],
) -> Iterator[list[list[tuple[int, ...]]]]:
    """Yield lists of alternatives, each a list of known shapes; the first list is the freest.

    An unknown size can turn out to be a known one of the call, as that of ``[None]`` in a sum with
    ``[5]``, or 1, or one of the numbers in the call or their product, as in a reshape to
    ``[28, 28]``.
    """
    count = sum(shape.count(None) for shape in shapes)
    free = (None,) * count
    yield [_substitute(shapes, free, size) for size in (SIZES if count else SIZES[:1])]
    if not count:
        return
    yield [_substitute(shapes, free, 0)]
    sizes = sorted({1, *numbers, math.prod(numbers), *(n for shape in known for n in shape if n)})
    most = max([MOST_ELEMENTS, *(math.prod(size or 1 for size in shape) for shape in known)])
    fixings = list(islice(product((None, *sizes), repeat=count), 1, MOST_CHOICES))
    fixings.sort(key=lambda fixing: count - fixing.count(None))
    for fixing in fixings:
        stand_ins = SIZES if None in fixing else SIZES[:1]
        choice = [_substitute(shapes, fixing, size) for size in stand_ins]
        if all(math.prod(shape) <= most for shape in choice[-1]):
            yield choice


def _substitute(
    shapes: Sequence[tuple[int | None, ...]], fixing: Sequence[int | None], stand_in: int
) -> list[tuple[int, ...]]:
    """The shapes with each unknown size replaced: by the size it is fixed to, or the stand-in."""
    fixed = iter(fixing)

    def known_size(size: int | None) -> int:
        size = next(fixed) if size is None else size
        return stand_in if size is None else size

    return [tuple(known_size(size) for size in shape) for shape in shapes]


def _result_for(
    function: Callable[..., Any], structure: Any, members: list[Any], shapes: list[tuple[int, ...]]
) -> _Result:
    sizes = iter(shapes)
    declared = [member.shape or () for member in members if _has_value(member)]
    # Where unknown sizes are 0, one of the result that is 0 comes from them: it is unknown too.
    emptied = any(0 in s and 0 not in d for s, d in zip(shapes, declared, strict=True))

    def stand_in(member: Any) -> Any:
        if not isinstance(member, Unknown):
            return member
        if member.dtype is None:
            return None
        # Indices and labels must be in range, logarithms and divisors not zero.
        fill = 1 if member.dtype.kind == "f" else 0
        return Tensor(np.full(next(sizes), fill, member.dtype), name=member.name)

    arguments, keywords = unflatten(structure, [stand_in(member) for member in members])
    with no_grad(), np.errstate(all="ignore"), _quiet() if emptied else nullcontext():
        returned, results = flatten(function(*arguments, **keywords))
        arrays = [real(result) for result in results]

    def shape_of(array: Any) -> Shape:
        return tuple(size or None for size in array.shape) if emptied else array.shape

    return _Result(returned, tuple((shape_of(array), array.dtype) for array in arrays))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what NumPy warns of where there are no elements, as of their mean."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _common_signatures(results: Sequence[_Result]) -> Any:
    """What is common to the results: a size or rank in which they differ is unknown."""
    columns = zip(*(result.members for result in results), strict=True)
    merged = []
    for column in columns:
        shapes = [shape for shape, _ in column if shape is not None]
        same_rank = len({len(shape) for shape in shapes}) == 1
        sizes = zip(*shapes, strict=True) if same_rank else ()
        shape = tuple(size[0] if len(set(size)) == 1 else None for size in sizes)
        merged.append((shape if same_rank else None, column[0][1]))
    return unflatten(results[0].structure, merged)


def misfit(operation: str, members: Sequence[Any], error: Exception | None) -> Exception:
    """Return the error, of its class, about the tensors that the user knows, by name and shape."""
    kind: type[Exception] = DTypeError if isinstance(error, TypeError) else ShapeError
    if isinstance(error, TinygradError):
        kind = type(error)
    shaped = [member for member in members if isinstance(member, Unknown | Tensor | np.ndarray)]
    received = " and ".join(
        f"{member.name} of shape {member.shape} and dtype {member.dtype}"
        if isinstance(member, Unknown)
        else description(member)
        for member in shaped
    )
    # The engine's message begins with the primitive, and ends with the stand-ins it received.
    said = plainly(error) if isinstance(error, ValueError) else str(error)
    reason = re.sub(r"^(\w+: )+", "", said).partition(" Received: ")[0].rstrip(".")
    sizes = {size for member in shaped for size in (member.shape or (None,))}
    said_sizes = {int(digits) for digits in re.findall(r"\d+", reason)} - sizes
    if None in sizes and any(size and size % SIZES[0] == 0 for size in said_sizes):
        reason += f" ({SIZES[0]} stands for an unknown size)"
    verb = "does" if len(shaped) == 1 else "do"
    return kind(f"{operation}: {received} {verb} not fit: {reason}.")
