"""How operands are drawn: hypothesis draws shapes, static arguments and a seed; a generator fills.

Twice as fast as drawing elements, and without accidental ties. ``sides`` bounds the size of every
axis, so that a contract can ask for small, uneven or empty arrays.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mnist.ops.indexing import HERE

USUAL = (0, 3)
TINY = (0, 1)

SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Sample:
    """Operands in float64 (constants keep their own dtype), static arguments, and a generator."""

    operands: tuple
    static: dict
    seed: int = field(repr=False)

    @property
    def tracked(self):
        """The positions that a gradient is taken by."""
        return [i for i, operand in enumerate(self.operands) if operand.dtype.kind == "f"]

    def rng(self):
        """A generator of its own, the same at each call."""
        return np.random.default_rng([self.seed, 1])


# Fills: (generator, shape) -> array.
def normal(rng, shape):
    return rng.standard_normal(shape)


def wide(rng, shape):
    return 3.0 * rng.standard_normal(shape)


def positive(rng, shape):
    return rng.uniform(0.3, 2.5, shape)


def away_from_zero(rng, shape):
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def with_zeros(rng, shape):
    return np.where(rng.random(shape) < 0.3, 0.0, rng.standard_normal(shape))


def low(rng, shape):
    return rng.uniform(-1.5, -0.5, shape)


def high(rng, shape):
    return rng.uniform(0.5, 1.5, shape)


def infinite(rng, shape):
    return rng.choice([-np.inf, -1.0, -0.0, 0.0, 1.0, np.inf], shape)


def boolean(rng, shape):
    return np.asarray(rng.random(shape) < 0.5)


def whole(rng, shape):
    return np.asarray(rng.integers(-3, 4, shape))


def unsigned(rng, shape):
    """Small ones: one less than none of them is their dtype's largest."""
    return np.asarray(rng.integers(0, 4, shape, np.uint16))


def large_unsigned(rng, shape):
    """Their squares are none of their dtype."""
    return np.asarray(rng.integers(16, 256, shape, np.uint8))


def coarse(rng, shape):
    """Floats that are often equal."""
    return np.asarray(rng.integers(-2, 3, shape) / 2)


# Draws: sides -> strategy of (shapes of the operands, static arguments). Hypothesis takes longer to
# look through a new strategy than to draw from it, so those made again and again are kept.
@cache
def shapes(sides, min_dims=0, max_dims=4):
    return hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=sides[0], max_side=sides[1]
    )


def one(min_dims=0):
    return lambda sides: shapes(sides, min_dims).map(lambda shape: ([shape], {}))


def broadcastable(count):
    return lambda sides: hnp.mutually_broadcastable_shapes(
        num_shapes=count, min_side=sides[0], max_side=sides[1], max_dims=4
    ).map(lambda drawn: (list(drawn.input_shapes), {}))


def equal_shapes(count, min_dims=0):
    return lambda sides: shapes(sides, min_dims).map(lambda shape: ([shape] * count, {}))


@cache
def axes_of(ndim, *, tuples=True, at_most=None):
    """None, an integer of either sign, or a tuple of mixed signs."""
    kinds = [st.none()]
    if ndim:
        kinds += [st.integers(-ndim, ndim - 1), st.just(-1)]  # the usual one, often
        if tuples:
            signs = st.lists(st.booleans(), min_size=ndim, max_size=ndim)
            some = st.lists(
                st.integers(0, ndim - 1), unique=True, min_size=1, max_size=at_most or ndim
            )
            kinds.append(
                st.tuples(some, signs).map(
                    lambda drawn: tuple(
                        axis - ndim if drawn[1][axis] else axis for axis in drawn[0]
                    )
                )
            )
    return st.one_of(*reversed(kinds))


def reduced(*, keepdims=True, tuples=True, at_most=None, nothing=True, min_dims=0, **static):
    """A shape, the axes to reduce, and further static arguments given as strategies."""
    options = {"keepdims": st.booleans(), **static} if keepdims else static

    def draw(sides):
        sides = sides if nothing else (max(1, sides[0]), sides[1])

        @st.composite
        def both(draw):
            shape = draw(shapes(sides, min_dims))
            axis = draw(axes_of(len(shape), tuples=tuples, at_most=at_most))
            return [shape], {"axis": axis, **{n: draw(s) for n, s in options.items()}}

        return both()

    return draw


def along(**static):
    """A shape with an axis at least, and one axis, never None."""

    def draw(sides):
        @st.composite
        def both(draw):
            shape = draw(shapes(sides, 1))
            axis = draw(st.integers(-len(shape), len(shape) - 1))
            return [shape], {"axis": axis, **{n: draw(s) for n, s in static.items()}}

        return both()

    return draw


def product(sides):
    """All ranks of a matrix product; rows, columns and the inner size mostly differ."""
    return hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, min_side=sides[0], max_side=sides[1] + 1, max_dims=2
    ).map(lambda drawn: (list(drawn.input_shapes), {}))


@st.composite
def _dotted(draw, sides):
    n, k, m = (draw(st.integers(sides[0], sides[1] + 1)) for _ in range(3))
    left = draw(st.sampled_from([(), (k,), (n, k)]))
    right = draw(st.sampled_from([(), (k,), (k, m)]))
    return [left, right], {}


def dotted(sides):
    return _dotted(sides)


@st.composite
def _joined(draw, sides):
    shape = draw(shapes(sides, 1))
    axis = draw(st.one_of(st.integers(-len(shape), len(shape) - 1), st.none()))
    count = draw(st.integers(1, 3))
    drawn = []
    for _ in range(count):
        one_shape = list(shape)
        one_shape[axis or 0] = draw(st.integers(*sides))
        drawn.append(tuple(one_shape))
    return drawn, {"axis": axis}


def joined(sides):
    return _joined(sides)


@st.composite
def _stacked(draw, sides):
    shape = draw(shapes(sides))
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    return [shape] * draw(st.integers(1, 3)), {"axis": axis}


def stacked(sides):
    return _stacked(sides)


@st.composite
def _reshaped(draw, sides):
    shape = draw(shapes(sides))
    size = int(np.prod(shape))
    kinds = [shape[::-1], (size,), (1, size), (*shape, 1), size]
    if size:
        kinds += [-1, (-1, *shape[:1]), (*shape[-1:], -1)]
    return [shape], {"shape": draw(st.sampled_from(kinds))}


def reshaped(sides):
    return _reshaped(sides)


@st.composite
def _permuted(draw, sides):
    shape = draw(shapes(sides))
    order = draw(st.permutations(range(len(shape))))
    mixed = tuple(axis - len(shape) if draw(st.booleans()) else axis for axis in order)
    shifted = tuple(np.roll(range(len(shape)), 1).tolist())  # from three axes on, not its inverse
    return [shape], {"axes": draw(st.sampled_from([shifted, mixed, None]))}


def permuted(sides):
    return _permuted(sides)


@st.composite
def _squeezed(draw, sides):
    shape = tuple(draw(st.sampled_from([1, *range(sides[0], sides[1] + 1)])) for _ in range(3))
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    axes = [None, *ones, *(axis - 3 for axis in ones), tuple(ones)]
    return [shape], {"axis": draw(st.sampled_from(axes))}


def squeezed(sides):
    return _squeezed(sides)


@st.composite
def _expanded(draw, sides):
    shape = draw(shapes(sides, max_dims=3))
    new = draw(st.sampled_from([0, -1, (0, -1), (1, 0), len(shape)]))
    return [shape], {"axis": new if shape or new != (1, 0) else (0,)}


def expanded(sides):
    return _expanded(sides)


@st.composite
def _broadcast(draw, sides):
    target = draw(shapes(sides))
    kept = target[draw(st.integers(0, len(target))) :]
    return [tuple(1 if draw(st.booleans()) else size for size in kept)], {"shape": target}


def broadcast(sides):
    return _broadcast(sides)


@st.composite
def _exchanged(draw, sides):
    shape = draw(shapes(sides, 1))
    axis = st.integers(-len(shape), len(shape) - 1)
    return [shape], {"first": draw(axis), "second": draw(axis)}


def exchanged(sides):
    return _exchanged(sides)


def _integers(draw, size, shape):
    rng = np.random.default_rng(draw(SEEDS))
    return rng.integers(-size, size, shape)  # with repeats and negative ones


@st.composite
def index_of(draw, shape):
    """Every kind of index NumPy has."""
    rank = len(shape)
    kinds = ["basic"]
    if rank:
        kinds += ["mask"]
    if rank and shape[0]:
        kinds += ["integers", "list", "negative"]
    if rank > 1 and all(shape):
        kinds += ["mixture", "together", "apart", "partial mask"]
    kind = draw(st.sampled_from(kinds))
    if kind == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    rng = np.random.default_rng(draw(SEEDS))
    if kind == "mask":
        return rng.random(shape) < 0.5
    if kind == "list":
        return [0, shape[0] - 1, 0]
    if kind == "negative":
        return slice(None, None, -2)
    rows = _integers(draw, shape[0], draw(shapes((0, 3), 1, 2)))
    if kind == "integers":
        return rows
    columns = _integers(draw, shape[1], (2,))
    return {
        "mixture": (slice(None, None, -1), columns),
        "together": (_integers(draw, shape[0], (2, 1)), columns),
        "apart": (0, ..., _integers(draw, shape[-1], 3), None),
        "partial mask": (slice(None), rng.random(shape[1]) < 0.5),
    }[kind]


@st.composite
def _indexed(draw, sides):
    shape = draw(shapes(sides))
    return [shape], {"index": draw(index_of(shape))}


def indexed(sides):
    return _indexed(sides)


def scattered(sides):
    def adjoint(drawn):
        ((shape,), static) = drawn
        return [np.zeros(shape)[static["index"]].shape], {"shape": shape, **static}

    return _indexed(sides).map(adjoint)


def places(rng, shape):
    """Positions, of either sign, along an axis of 3 or more; some twice."""
    return rng.integers(-3, 3, shape)


TEMPLATES = (
    (HERE,),
    (slice(None), HERE),
    (HERE, ..., HERE),
    (..., HERE, None),
    (HERE, slice(None, None, -1), None),
)


def filled(index, indices):
    """The index with the operands in it."""
    remaining = iter(indices)
    return tuple(next(remaining) if part is HERE else part for part in index)


@st.composite
def _gathered(draw, sides):
    index = draw(st.sampled_from(TEMPLATES))
    shape = draw(shapes((3, 4), 2, 3))
    side = draw(st.integers(1, max(1, sides[1])))
    indices = [draw(st.sampled_from([(side,), (2, side)]))] + [(side,)] * (index.count(HERE) - 1)
    return [shape, *indices], {"index": index}


def gathered(sides):
    return _gathered(sides)


def scattered_back(sides):
    def adjoint(drawn):
        ((shape, *indices), static) = drawn
        zeros = [np.zeros(size, int) for size in indices]
        taken = np.zeros(shape)[filled(static["index"], zeros)].shape
        return [taken, *indices], {"shape": shape, **static}

    return _gathered(sides).map(adjoint)


@st.composite
def _taken(draw, sides):
    shape = draw(shapes((1, max(1, sides[1])), 1))
    axis = draw(axes_of(len(shape), tuples=False))
    size = int(np.prod(shape)) if axis is None else shape[axis]
    mode = draw(st.sampled_from(["raise", "wrap", "clip"]))
    size *= 1 if mode == "raise" else 2
    indices = _integers(draw, size, draw(shapes((0, 3), 0, 2)))
    return [shape], {"indices": indices, "axis": axis, "mode": mode}


def taken(sides):
    return _taken(sides)


@st.composite
def _repeated(draw, sides):
    shape = draw(shapes(sides, 1))
    axis = draw(axes_of(len(shape), tuples=False))
    size = int(np.prod(shape)) if axis is None else shape[axis]
    each = st.lists(st.integers(0, 2), min_size=size, max_size=size)
    return [shape], {"repeats": draw(st.one_of(st.integers(0, 2), each)), "axis": axis}


def repeated(sides):
    return _repeated(sides)


@st.composite
def _crossed(draw, sides):
    shape = draw(shapes(sides, 2))
    axis1, axis2 = draw(st.permutations(range(len(shape))))[:2]
    axis2 -= len(shape) * draw(st.booleans())
    return [shape], {"offset": draw(st.integers(-2, 2)), "axis1": axis1, "axis2": axis2}


def crossed(sides):
    return _crossed(sides)


def searched(sides):
    """A vector and what is looked for in it."""
    return st.tuples(shapes(sides, 1, 1), shapes(sides), st.sampled_from(["left", "right"])).map(
        lambda drawn: ([drawn[0], drawn[1]], {"side": drawn[2]})
    )
