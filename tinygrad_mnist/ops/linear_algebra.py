"""Linear algebra: matrix products of all ranks, and the Euclidean norm.

>>> from tinygrad_mnist import Tensor
>>> x = Tensor([3.0, 4.0], requires_grad=True)
>>> np.linalg.norm(x).backward()
>>> x.grad
array([0.6, 0.8])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_mnist.core.primitive import Array, primitive
from tinygrad_mnist.dispatch.registry import composes
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.ops.reduction import Axis, keep_axes


@primitive(np.matmul)
def matmul(a: Array, b: Array, *, out: Array | None = None) -> Any:
    """Matrix product over the last two axes; leading axes broadcast, 1-D operands are vectors."""
    return np.matmul(a, b, out=out)


def _transposed(matrices: Any) -> Any:
    return np.swapaxes(matrices, -1, -2)


def _matmul_vjp_a(ct: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return ct[..., None] * b
    if a.ndim == 1:
        return np.matmul(b, ct[..., None])[..., 0]
    return np.matmul(ct, _transposed(b))


def _matmul_vjp_b(ct: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return a * ct if b.ndim == 1 else a[:, None] * ct[..., None, :]
    if b.ndim == 1:
        return np.matmul(_transposed(a), ct[..., None])[..., 0]
    return np.matmul(_transposed(a), ct)


matmul.vjp(a=_matmul_vjp_a, b=_matmul_vjp_b)


@composes(np.dot)
def _(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(a) > 2 or np.ndim(b) > 2:
        raise ShapeError(
            f"np.dot on Tensors takes up to 2 axes. Received: shapes {np.shape(a)} and "
            f"{np.shape(b)}. Use np.matmul (a @ b) for stacks of matrices."
        )
    return np.matmul(a, b)


@composes(np.outer)
def _(a: Any, b: Any) -> Any:
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@primitive(np.linalg.norm)
def norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Euclidean length over one axis, two, or all (of a matrix the Frobenius norm)."""
    # Bit for bit: of a .grad eagerly NumPy's function runs, and captured this kernel.
    return np.linalg.norm(x, axis=axis, keepdims=keepdims)


def _norm_vjp(ct: Any, y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The unit vector; at zero the subgradient 0, where TensorFlow has NaN."""
    length = keep_axes(y, x, axis)
    return keep_axes(ct, x, axis) * x / (length + (length == 0))


norm.vjp(x=_norm_vjp)
