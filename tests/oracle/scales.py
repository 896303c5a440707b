"""How far a primitive's value and cotangents may be from TensorFlow's: ORACLE.md's tolerances.

Each bound is a number of unit roundoffs times the size of the terms that are joined, which the
kernel and the rule themselves give when they are fed magnitudes: a forward-error bound.
"""

import math

import numpy as np

UNIT = {np.dtype(np.float32): 2.0**-24, np.dtype(np.float64): 2.0**-53}

# Linear in each operand, so that magnitudes in give the sum of the magnitudes out.
SUMS = {
    "sum": 4, "mean": 4, "cumsum": 4, "getitem": 4, "scatter_add": 4, "matmul": 8,
}  # fmt: skip
PRODUCTS = {"prod", "cumprod"}

# They subtract what is nearly equal (1 - y*y, softmax - labels, x - mean), so the error is in
# proportion to what is subtracted and not to what is left.
CANCELLING = {
    "expm1", "sigmoid", "tanh", "var", "softmax", "log_softmax", "logsumexp",
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
}  # fmt: skip
LOGARITHMIC = CANCELLING - {"expm1", "sigmoid", "tanh", "var", "softmax"}


def value_bound(node):
    """16 ulp elementwise; sums, matrix products and softmaxes by the terms they join."""
    unit, name = UNIT[node.value.dtype], node.primitive.name
    if name in SUMS:
        return SUMS[name] * unit * applied_to_magnitudes(node)
    if name == "softmax_cross_entropy_with_logits":
        labels, logits = node.arrays
        return 8 * unit * largest([logits]) * np.maximum(1, np.abs(labels).sum(axis=-1))
    if name in LOGARITHMIC:
        return 8 * unit * largest(node.arrays)
    if name == "softmax":
        x = node.arrays[0]
        return unit * (8 + 2 * (np.ptp(x) if x.size else 0)) * node.value
    if name == "var":
        # mean: 4u of the mean magnitude; so x - mean: 5u and 4u, squared twice that, summed 4u.
        squares = np.square(node.arrays[0])
        freedom = squares.size // max(1, node.value.size) - node.static["ddof"]
        static = {"axis": node.static["axis"], "keepdims": node.static["keepdims"]}
        return 40 * unit * np.sum(squares, **static) / freedom
    return tiny(node) + roundings(node, 32) * unit * np.abs(node.value)


def cotangent_bound(node, position, cotangent):
    """32 ulp of each term, and 4 more roundoffs for summing them to the operand's shape."""
    unit, name = UNIT[node.arrays[position].dtype], node.primitive.name
    if name in CANCELLING:
        return 68 * unit * np.abs(cotangent).sum() * largest((*node.arrays, node.value))
    linear = name in SUMS or name in PRODUCTS
    arrays = [np.abs(x) for x in node.arrays] if linear else node.arrays
    value = np.abs(node.value)
    where = {"position": position} if node.primitive.variadic else {}
    rule = node.primitive.rule_of(position)
    with np.errstate(all="ignore"):
        terms = rule(np.abs(cotangent), value, *arrays, **where, **node.static)
    if terms is None:  # declared to be zero: nothing is rounded
        return 0.0
    terms = summed_to(np.abs(terms), node.arrays[position].shape)
    return tiny(node) + (SUMS[name] if name in SUMS else roundings(node, 64) + 4) * unit * terms


def second_bound(node, cotangent, directions):
    """Normwise: a rule of a rule has under a hundred steps of 68 roundoffs, on terms like these."""
    unit = UNIT[node.value.dtype]
    terms = np.abs(cotangent).sum() * sum(np.abs(v).sum() for v in directions)
    return 6800 * unit * (1.0 + terms) * largest((*node.arrays, node.value)) ** 2


def applied_to_magnitudes(node):
    magnitudes = [np.abs(x) for x in node.arrays]
    return node.primitive.kernel(*magnitudes, **node.static)


def roundings(node, elementwise):
    """A product of n factors has n roundings in each of the two systems."""
    return max(elementwise, 4 * np.size(node.arrays[0]) * (node.primitive.name in PRODUCTS))


def largest(arrays):
    """The product of the operands' largest magnitudes, each at least one."""
    return math.prod(max(1.0, np.abs(x).max(initial=0.0)) for x in map(np.asarray, arrays))


def tiny(node):
    """TensorFlow flushes subnormal numbers to zero."""
    return 4 * np.finfo(node.value.dtype).tiny


def summed_to(x, shape):
    """Over the axes that broadcasting repeated."""
    x = np.asarray(x)
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    return x.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
