"""The case table: a call by its TensorFlow name, operands, and its meaning in plain NumPy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call: ``call(tf, *symbols)`` has the value ``meaning(*arrays)``."""

    name: str
    call: Callable[..., Any]
    draws: tuple[Callable[..., Any], ...]
    meaning: Callable[..., Any]
    unknown: bool = True
    """Whether the first axis of the operands may be unknown when the graph is built."""

    def is_floating(self):
        """Whether there is something to differentiate, by something."""
        operands = self.operands(np.float64)
        kinds = {x.dtype.kind for x in operands}
        return "f" in kinds and np.asarray(self.meaning(*operands)).dtype.kind == "f"

    def operands(self, dtype):
        rng = np.random.default_rng(5)
        return [draw(rng, dtype) for draw in self.draws]


def normal(*shape):
    return lambda rng, dtype: rng.standard_normal(shape).astype(dtype)


def positive(*shape):
    return lambda rng, dtype: (0.5 + rng.random(shape)).astype(dtype)


def ties(*shape):
    return lambda rng, dtype: rng.integers(3, size=shape).astype(dtype)


def weights(*shape):
    """Per class, summing to one."""

    def draw(rng, dtype):
        x = rng.random(shape)
        return (x / x.sum(axis=-1, keepdims=True)).astype(dtype)

    return draw


def integers(top, *shape, dtype=np.int64):
    return lambda rng, _: rng.integers(top, size=shape, dtype=dtype)


def booleans(*shape):
    return lambda rng, _: rng.random(shape) < 0.5


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(i, depth, on, off):
    return np.where(i[..., None] == np.arange(depth), on, off)


def cross_entropy(z, x, axis=-1):
    return -np.sum(z * np.log(softmax(x, axis)), axis=axis)


def rows_where(c, x, y):
    return np.where(c[:, None], x, y)


two = (normal(3, 4), normal(3, 4))
broadcast = (normal(3, 4), normal(4))
one = (normal(3, 4),)

CASES = [
    # Arithmetic and comparisons.
    Case("add", lambda tf, x, y: tf.add(x, y), broadcast, np.add),
    Case("add of a number", lambda tf, x: tf.add(x, 2), one, lambda x: x + 2),
    Case("subtract", lambda tf, x, y: tf.subtract(x, y), broadcast, np.subtract),
    Case("multiply", lambda tf, x, y: tf.multiply(x, y), broadcast, np.multiply),
    Case("divide", lambda tf, x, y: tf.divide(x, y), (normal(3, 4), positive(4)), np.divide),
    Case(
        "divide of integers",
        lambda tf, x, y: tf.divide(x, y),
        (integers(9, 4), lambda *_: np.array([1, 2, 3, 4])),
        np.divide,
    ),
    Case("pow", lambda tf, x, y: tf.pow(x, y), (positive(3, 4), normal(3, 4)), np.power),
    Case("pow of a number", lambda tf, x: tf.pow(x, 2), one, np.square),
    Case("maximum", lambda tf, x, y: tf.maximum(x, y), (ties(9), ties(9)), np.maximum),
    Case("minimum", lambda tf, x, y: tf.minimum(x, y), (ties(9), ties(9)), np.minimum),
    Case("equal", lambda tf, x, y: tf.equal(x, y), (ties(9), ties(9)), np.equal),
    Case("greater", lambda tf, x, y: tf.greater(x, y), (ties(9), ties(9)), np.greater),
    Case("less", lambda tf, x, y: tf.less(x, y), (ties(9), ties(9)), np.less),
    Case("truediv", lambda tf, x, y: tf.truediv(x, y), (normal(3, 4), positive(4)), np.divide),
    Case("not_equal", lambda tf, x, y: tf.not_equal(x, y), (ties(9), ties(9)), np.not_equal),
    Case(
        "greater_equal",
        lambda tf, x, y: tf.greater_equal(x, y),
        (ties(9), ties(9)),
        np.greater_equal,
    ),
    Case("less_equal", lambda tf, x, y: tf.less_equal(x, y), (ties(9), ties(9)), np.less_equal),
    Case("negative", lambda tf, x: tf.negative(x), one, np.negative),
    Case("sign", lambda tf, x: tf.sign(x), one, np.sign),
    Case(
        "floor", lambda tf, x: tf.cast(tf.floor(x), tf.int32), one, lambda x: np.int32(np.floor(x))
    ),
    Case("add_n", lambda tf, x, y: tf.add_n([x, y, x]), two, lambda x, y: x + y + x),
    Case("add_n of one", lambda tf, x: tf.add_n([x]), one, lambda x: x),
    Case("identity", lambda tf, x: tf.identity(x), one, lambda x: x),
    Case("square", lambda tf, x: tf.square(x), one, np.square),
    Case("abs", lambda tf, x: tf.abs(x), one, np.abs),
    Case("sqrt", lambda tf, x: tf.sqrt(x), (positive(3, 4),), np.sqrt),
    Case("exp", lambda tf, x: tf.exp(x), one, np.exp),
    Case("log", lambda tf, x: tf.log(x), (positive(3, 4),), np.log),
    Case("sigmoid", lambda tf, x: tf.sigmoid(x), one, lambda x: 1 / (1 + np.exp(-x))),
    Case("tanh", lambda tf, x: tf.tanh(x), one, np.tanh),
    Case(
        "operators", lambda tf, x, y: (x + 1.0) * y - x / 2.0, two, lambda x, y: (x + 1) * y - x / 2
    ),
    Case(
        "operators with numbers of NumPy",
        lambda tf, x: np.float64(0.5) * x / np.sqrt(784) - x * np.array([1.0, 2.0, 3.0, 4.0]),
        one,
        lambda x: x * (0.5 / 28 - np.array([1.0, 2.0, 3.0, 4.0], x.dtype)),
    ),
    Case(
        "operators with lists",
        lambda tf, x: [1.0, 2.0, 3.0, 4.0] * x + [1, 2, 3, 4],
        one,
        lambda x: (x + 1) * np.array([1, 2, 3, 4], x.dtype),
    ),
    Case(
        "operators that divide down",
        lambda tf, i, j: 100 // (i // 2 + j) // j,
        (integers(90, 3, 4, dtype=np.int32), lambda *_: np.array([1, 2, 3, 4], np.int32)),
        lambda i, j: 100 // (i // 2 + j) // j,
    ),
    Case(
        "operators that divide floats down",
        lambda tf, x: tf.cast(x // 0.25 - 1.5 // x, tf.int32),
        (positive(3, 4),),
        lambda x: np.int32(np.floor(x / 0.25) - np.floor(1.5 / x)),
    ),
    # Matrices.
    Case("matmul", lambda tf, a, b: tf.matmul(a, b), (normal(2, 3), normal(3, 4)), np.matmul),
    Case(
        "matmul transpose_a",
        lambda tf, a, b: tf.matmul(a, b, transpose_a=True),
        (normal(3, 2), normal(3, 4)),
        lambda a, b: a.T @ b,
    ),
    Case(
        "matmul transpose_b",
        lambda tf, a, b: tf.matmul(a, b, transpose_b=True),
        (normal(2, 3), normal(4, 3)),
        lambda a, b: a @ b.T,
    ),
    Case(
        "matmul of stacks",
        lambda tf, a, b: tf.matmul(a, b, True, True),
        (normal(2, 3, 5), normal(2, 4, 3)),
        lambda a, b: np.swapaxes(a, 1, 2) @ np.swapaxes(b, 1, 2),
    ),
    # Dtypes.
    Case("cast", lambda tf, x: tf.cast(x, "float"), (booleans(3, 4),), np.float32),
    Case("cast to float64", lambda tf, x: tf.cast(x, tf.float64), one, np.float64),
    Case("cast to int32", lambda tf, x: tf.cast(10 * x, tf.int32), one, lambda x: np.int32(10 * x)),
    Case("cast to bool", lambda tf, x: tf.cast(x, tf.bool), (ties(9),), np.bool_),
    # Shapes.
    Case("transpose", lambda tf, a: tf.transpose(a), (normal(2, 3, 4),), np.transpose),
    Case(
        "transpose perm",
        lambda tf, a: tf.transpose(a, perm=[1, 0, 2]),
        (normal(2, 3, 4),),
        lambda a: a.transpose(1, 0, 2),
    ),
    Case(
        "reshape",
        lambda tf, x: tf.reshape(x, [-1, 6]),
        (normal(4, 3, 2),),
        lambda x: x.reshape(-1, 6),
    ),
    Case("concat", lambda tf, x, y: tf.concat([x, y], 1), two, lambda x, y: np.hstack([x, y])),
    Case("stack", lambda tf, x, y: tf.stack([x, y]), two, lambda x, y: np.stack([x, y])),
    Case(
        "stack axis",
        lambda tf, x, y: tf.stack([x, y], axis=-1),
        two,
        lambda x, y: np.stack([x, y], -1),
    ),
    Case(
        "stack of the rows of an array",
        lambda tf: tf.stack(np.arange(6.0).reshape(2, 3)),
        (),
        lambda: np.arange(6.0).reshape(2, 3),
    ),
    Case(
        "stack of symbols and numbers",
        lambda tf, x: tf.stack([x, 2.0, np.float64(3.0)]),
        (normal(),),
        lambda x: np.array([x, 2, 3], x.dtype),
    ),
    Case(
        "stack of integers",
        lambda tf, i: tf.stack([1, i, 3]),
        (integers(9, dtype=np.int32),),
        lambda i: np.array([1, i, 3], np.int32),
    ),
    Case(
        "reshape to a constant",
        lambda tf, x: tf.reshape(x, tf.constant([-1, 6])),
        (normal(4, 3, 2),),
        lambda x: x.reshape(-1, 6),
    ),
    Case(
        "split the rest",
        lambda tf, x: tf.split(x, [1, -1, 2], axis=1)[1],
        (normal(3, 6),),
        lambda x: x[:, 1:4],
    ),
    Case(
        "split",
        lambda tf, x: tf.split(x, 2, axis=1)[1],
        (normal(3, 6),),
        lambda x: np.split(x, 2, axis=1)[1],
    ),
    Case(
        "split sizes",
        lambda tf, x: tf.split(x, [1, 3, 2], axis=-1)[1],
        (normal(3, 6),),
        lambda x: x[:, 1:4],
    ),
    Case("squeeze", lambda tf, x: tf.squeeze(x), (normal(3, 1, 2, 1),), np.squeeze, unknown=False),
    Case(
        "squeeze axis", lambda tf, x: tf.squeeze(x, [1]), (normal(3, 1, 2, 1),), lambda x: x[:, 0]
    ),
    Case(
        "squeeze along no axes, which is all",
        lambda tf, x: tf.squeeze(x, []),
        (normal(3, 1, 2, 1),),
        np.squeeze,
        unknown=False,
    ),
    Case("expand_dims", lambda tf, x: tf.expand_dims(x, 1), one, lambda x: x[:, None]),
    Case("expand_dims dim", lambda tf, x: tf.expand_dims(x, dim=-1), one, lambda x: x[..., None]),
    Case("expand_dims of a list", lambda tf, x: tf.expand_dims(x, [0]), one, lambda x: x[None]),
    # Choices.
    Case(
        "one_hot",
        lambda tf, i: tf.one_hot(i, 4),
        (integers(6, 3, 2),),
        lambda i: one_hot(i, 4, np.float32(1), np.float32(0)),
    ),
    Case(
        "one_hot of values on an axis",
        lambda tf, i: tf.one_hot(i, 3, on_value=5, off_value=-1, axis=0, dtype=tf.int64),
        (integers(3, 3, 2),),
        lambda i: np.moveaxis(one_hot(i, 3, 5, -1), -1, 0),
    ),
    Case(
        "one_hot of a value",
        lambda tf, i: tf.one_hot(i, 3, off_value=7),
        (integers(3, 4),),
        lambda i: one_hot(i, 3, np.int32(1), np.int32(7)),
    ),
    Case(
        "one_hot of constant depth",
        lambda tf, i: tf.one_hot(i, tf.constant(4)),
        (integers(4, 3),),
        lambda i: one_hot(i, 4, np.float32(1), np.float32(0)),
    ),
    Case(
        "gather",
        lambda tf, x, i: tf.gather(x, i),
        (normal(5, 3), integers(5, 2, 4)),
        lambda x, i: x[i],
    ),
    Case(
        "gather without an axis",
        lambda tf, x: tf.gather(x, [2, 0], axis=None),
        (normal(5, 3),),
        lambda x: x[[2, 0]],
    ),
    Case(
        "gather in the order of TensorFlow",
        lambda tf, x, i: tf.gather(x, i, True, None, 1),
        (normal(5, 3), integers(3, 2)),
        lambda x, i: x[:, i],
    ),
    Case(
        "gather axis",
        lambda tf, x: tf.gather(x, [0, 2, 0], axis=1),
        (normal(5, 3),),
        lambda x: x[:, [0, 2, 0]],
    ),
    Case(
        "clip_by_value",
        lambda tf, x: tf.clip_by_value(x, -0.5, 0.5),
        one,
        lambda x: np.clip(x, -0.5, 0.5),
    ),
    Case("where", lambda tf, c, x, y: tf.where(c, x, y), (booleans(3, 4), *two), np.where),
    Case("where of rows", lambda tf, c, x, y: tf.where(c, x, y), (booleans(3), *two), rows_where),
    Case("argmax", lambda tf, x: tf.argmax(x), (ties(3, 4),), lambda x: np.argmax(x, axis=0)),
    Case("argmax axis", lambda tf, x: tf.argmax(x, 1), (ties(3, 4),), lambda x: np.argmax(x, 1)),
    Case(
        "argmax dimension",
        lambda tf, x: tf.argmax(x, dimension=1, output_type=tf.int32),
        (ties(3, 4),),
        lambda x: np.int32(np.argmax(x, 1)),
    ),
    Case("argmin", lambda tf, x: tf.argmin(x), (ties(3, 4),), lambda x: np.argmin(x, axis=0)),
    Case(
        "argmin axis",
        lambda tf, x: tf.argmin(x, 1, output_type=tf.int32),
        (ties(3, 4),),
        lambda x: np.int32(np.argmin(x, 1)),
    ),
    # Reductions.
    Case("reduce_sum", lambda tf, x: tf.reduce_sum(x), one, np.sum),
    Case(
        "reduce_sum axis",
        lambda tf, x: tf.reduce_sum(x, axis=[0, 2]),
        (normal(2, 3, 4),),
        lambda x: x.sum((0, 2)),
    ),
    Case(
        "reduce_sum over axes in an array",
        lambda tf, x: tf.reduce_sum(x, np.array([0, 2], np.int32)),
        (normal(2, 3, 4),),
        lambda x: x.sum((0, 2)),
    ),
    Case(
        "reduce_mean of a list",
        lambda tf, x: tf.reduce_mean([[x, 0.0], [1.0, 2.0]], 1),
        (normal(),),
        lambda x: np.array([x / 2, 1.5], x.dtype),
    ),
    Case(
        "reduce_sum by the old names",
        lambda tf, x: tf.reduce_sum(x, reduction_indices=1, keep_dims=True),
        one,
        lambda x: x.sum(1, keepdims=True),
    ),
    Case(
        "reduce_sum of int32",
        lambda tf, x: tf.reduce_sum(x),
        (integers(9, 4, dtype=np.int32),),
        lambda x: x.sum(dtype=np.int32),
    ),
    Case("reduce_mean", lambda tf, x: tf.reduce_mean(x), one, np.mean),
    Case(
        "reduce_mean axis",
        lambda tf, x: tf.reduce_mean(x, 1, keepdims=True),
        one,
        lambda x: x.mean(1, keepdims=True),
    ),
    Case(
        "reduce_mean of integers",
        lambda tf, x: tf.reduce_mean(x),
        (lambda *_: np.array([-3, -2, 0]),),
        lambda x: np.int64(-1),
    ),
    Case(
        "reduce_mean of integers that floats have not",
        lambda tf, x: tf.reduce_mean(x, 1),
        (lambda *_: np.array([[2**53 + 1, 2**53 + 3], [-7, 0]]),),
        lambda x: np.array([2**53 + 2, -3]),
    ),
    Case(
        "reduce_mean of int32 whose sum is larger",
        lambda tf, x: tf.reduce_mean(x, keepdims=True),
        (lambda *_: np.array([2**30] * 3, np.int32),),
        lambda x: x[:1],
    ),
    Case(
        "reduce_mean of no integers",
        lambda tf, x: tf.reduce_mean(x, 1),
        (lambda *_: np.zeros((2, 0), np.int32),),
        lambda x: np.zeros(2, np.int32),
    ),
    Case(
        "reduce_sum that is too large for int32",
        lambda tf, x: tf.reduce_sum(x, name="s"),
        (lambda *_: np.array([2**30] * 3, np.int32),),
        lambda x: np.int32(-(2**30)),
    ),
    Case(
        "reduce_min of nothing in rows that are none",
        lambda tf, x: tf.reduce_min(x, 1),
        (normal(0, 3),),
        lambda x: np.zeros(0, x.dtype),
    ),
    Case(
        "reduce_min of no integers",
        lambda tf, x: tf.reduce_min(x),
        (lambda *_: np.zeros(0, np.int64),),
        lambda x: np.int64(2**63 - 1),
    ),
    Case("reduce_max", lambda tf, x: tf.reduce_max(x, 0), (ties(3, 4),), lambda x: x.max(0)),
    Case("reduce_min", lambda tf, x: tf.reduce_min(x, 1), (ties(3, 4),), lambda x: x.min(1)),
    Case("reduce_prod", lambda tf, x: tf.reduce_prod(x, 1), (positive(3, 4),), lambda x: x.prod(1)),
    # Constants.
    Case("constant", lambda tf: tf.constant([1.5, 2]), (), lambda: np.float32([1.5, 2])),
    Case("constant of integers", lambda tf: tf.constant(3), (), lambda: np.int32(3)),
    Case(
        "constant that fills",
        lambda tf: tf.constant([1, 2], tf.float64, [2, 2]),
        (),
        lambda: np.array([[1.0, 2.0], [2.0, 2.0]]),
    ),
    Case("convert_to_tensor", lambda tf, x: tf.convert_to_tensor(x), one, lambda x: x),
    Case(
        "convert_to_tensor of an array",
        lambda tf: tf.convert_to_tensor(np.float64([1, 2])),
        (),
        lambda: np.float64([1, 2]),
    ),
    Case("zeros", lambda tf: tf.zeros([2, 3]), (), lambda: np.zeros((2, 3), np.float32)),
    Case("ones", lambda tf: tf.ones([2], tf.int64), (), lambda: np.ones(2, np.int64)),
    Case("zeros_like", lambda tf, x: x + tf.zeros_like(x), one, lambda x: x),
    Case("zeros_like alone", lambda tf, x: tf.zeros_like(x), one, np.zeros_like),
    Case(
        "zeros_like in a dtype",
        lambda tf, x: tf.zeros_like(x, dtype=tf.int64),
        one,
        lambda x: np.zeros(x.shape, np.int64),
    ),
    Case("ones_like", lambda tf, x: tf.ones_like(x), one, np.ones_like, unknown=False),
    Case("ones_like of a list", lambda tf: tf.ones_like([2, 3]), (), lambda: np.ones(2, np.int32)),
    Case("fill", lambda tf, x: tf.fill([2, 3], x), (normal(),), lambda x: np.full((2, 3), x)),
    Case("fill of a number", lambda tf: tf.fill([2], 7), (), lambda: np.full(2, 7, np.int32)),
    Case("range", lambda tf: tf.range(5), (), lambda: np.arange(5, dtype=np.int32)),
    Case("range down", lambda tf: tf.range(9, 0, -3), (), lambda: np.int32([9, 6, 3])),
    Case(
        "range of fractions",
        lambda tf: tf.range(1, 3.0, 0.5),
        (),
        lambda: np.float32([1, 1.5, 2, 2.5]),
    ),
    Case(
        "range of tenths",
        lambda tf: tf.range(0.0, 1.0, 0.1),
        (),
        lambda: np.arange(0, 1, 0.1, np.float32),
    ),
    Case(
        "range of constants",
        lambda tf: tf.range(tf.constant(2), tf.constant(4), dtype=tf.int32),
        (),
        lambda: np.int32([2, 3]),
    ),
    Case("shape", lambda tf, x: tf.shape(x), one, lambda x: np.int32(x.shape)),
    Case("shape that is known", lambda tf: tf.shape([[1, 2]]), (), lambda: np.int32([1, 2])),
    Case(
        "shape to reckon with",
        lambda tf, x: tf.reduce_sum(x) / tf.cast(tf.shape(x)[0], x.dtype),
        one,
        lambda x: x.sum() / len(x),
    ),
    Case(
        "size", lambda tf, x: tf.size(x, out_type=tf.int64), one, lambda x: np.asarray(np.int64(12))
    ),
    Case("rank", lambda tf, x: tf.rank(x), one, lambda x: np.asarray(np.int32(2))),
    Case("stop_gradient", lambda tf, x: x * tf.stop_gradient(x), one, np.square),
    # tf.nn.
    Case("nn.relu", lambda tf, x: tf.nn.relu(x), one, lambda x: np.maximum(x, 0)),
    # TensorFlow keeps alpha in float32, and 0.2, the default, is another number there.
    Case(
        "nn.leaky_relu",
        lambda tf, x: tf.nn.leaky_relu(x, 0.25),
        one,
        lambda x: np.maximum(x, x / 4),
    ),
    Case("nn.elu", lambda tf, x: tf.nn.elu(x), one, lambda x: np.where(x > 0, x, np.exp(x) - 1)),
    Case("nn.softplus", lambda tf, x: tf.nn.softplus(x), one, lambda x: np.log(1 + np.exp(x))),
    Case("nn.sigmoid", lambda tf, x: tf.nn.sigmoid(x), one, lambda x: 1 / (1 + np.exp(-x))),
    Case("nn.tanh", lambda tf, x: tf.nn.tanh(x), one, np.tanh),
    Case("nn.softmax", lambda tf, x: tf.nn.softmax(x), one, softmax),
    Case("nn.softmax dim", lambda tf, x: tf.nn.softmax(x, dim=0), one, lambda x: softmax(x, 0)),
    Case("nn.log_softmax", lambda tf, x: tf.nn.log_softmax(x), one, lambda x: np.log(softmax(x))),
    Case("nn.bias_add", lambda tf, x, b: tf.nn.bias_add(x, b), broadcast, np.add, unknown=False),
    Case(
        "nn.bias_add in a format",
        lambda tf, x, b: tf.nn.bias_add(x, b, data_format="NHWC"),
        (normal(2, 3, 4, 5), normal(5)),
        np.add,
        unknown=False,
    ),
    Case(
        "nn.bias_add of sizes that are found in the run",
        lambda tf, x, b: tf.nn.bias_add(x, b),
        (normal(3, 4), normal(4)),
        np.add,
    ),
    Case("nn.l2_loss", lambda tf, x: tf.nn.l2_loss(x), one, lambda x: np.sum(x * x) / 2),
    Case(
        "nn.softmax_cross_entropy_with_logits",
        lambda tf, z, x: tf.nn.softmax_cross_entropy_with_logits(labels=z, logits=x),
        (weights(3, 4), normal(3, 4)),
        cross_entropy,
    ),
    Case(
        "nn.softmax_cross_entropy_with_logits_v2",
        lambda tf, z, x: tf.nn.softmax_cross_entropy_with_logits_v2(labels=z, logits=x),
        (weights(3, 4), normal(3, 4)),
        cross_entropy,
    ),
    Case(
        "nn.softmax_cross_entropy_with_logits_v2 of arrays",
        lambda tf: tf.nn.softmax_cross_entropy_with_logits_v2(np.eye(3), 2 * np.eye(3), axis=0),
        (),
        lambda: cross_entropy(np.eye(3), 2 * np.eye(3), axis=0),
    ),
    Case(
        "nn.softmax_cross_entropy_with_logits_v2 axis",
        lambda tf, z, x: tf.nn.softmax_cross_entropy_with_logits_v2(tf.transpose(z), x, axis=0),
        (weights(3, 4), normal(4, 3)),
        lambda z, x: cross_entropy(z, x.T),
    ),
    Case(
        "nn.sparse_softmax_cross_entropy_with_logits",
        lambda tf, i, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x),
        (integers(4, 3), normal(3, 4)),
        lambda i, x: cross_entropy(np.eye(4)[i], x),
    ),
    Case(
        "nn.sigmoid_cross_entropy_with_logits",
        lambda tf, z, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x),
        (weights(3, 4), normal(3, 4)),
        lambda z, x: np.log(1 + np.exp(x)) - x * z,
    ),
]
