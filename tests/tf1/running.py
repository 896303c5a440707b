"""Run a case by any module that has TensorFlow 1's names."""

import numpy as np


def roundoff(dtype):
    return float(np.finfo(dtype).eps) / 2 if np.dtype(dtype).kind == "f" else 0.0


def bound(expected, dtype):
    """How far two right answers may lie apart: 32 u of the largest of what is added up.

    The operands of all cases are of order one, and no sum has more than 24 terms.
    """
    return 32 * roundoff(dtype) * (1 + np.max(np.abs(np.asarray(expected, np.float64)), initial=0))


def value(tf, case, operands):
    """Return the value, and the shape and dtype that the graph tells beforehand."""
    with tf.Graph().as_default(), tf.Session() as session:
        symbols = _placeholders(tf, case, operands)
        y = case.call(tf, *symbols)
        found = session.run(y, dict(zip(symbols, operands, strict=True)))
        shape = None if y.shape is None else tuple(y.shape)
        return found, shape, np.dtype(getattr(y.dtype, "as_numpy_dtype", y.dtype))


def cotangents(tf, case, operands):
    """Return the gradients by the floating operands, None where there is none."""
    with tf.Graph().as_default(), tf.Session() as session:
        symbols = _placeholders(tf, case, operands)
        y = case.call(tf, *symbols)
        feeds = dict(zip(symbols, operands, strict=True))
        size = session.run(y, feeds)
        weights = np.cos(np.arange(size.size)).reshape(size.shape).astype(size.dtype)
        floating = [s for s, x in zip(symbols, operands, strict=True) if x.dtype.kind == "f"]
        found = tf.gradients(tf.reduce_sum(y * tf.constant(weights)), floating)
        return [None if g is None else session.run(tf.convert_to_tensor(g), feeds) for g in found]


def _placeholders(tf, case, operands):
    return [
        tf.placeholder(
            x.dtype,
            [None if case.unknown and x.ndim else n for n in x.shape[:1]] + list(x.shape[1:]),
        )
        for x in operands
    ]
