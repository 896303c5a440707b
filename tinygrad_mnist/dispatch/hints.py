"""What a refusal says: what users call a NumPy function, and what to write instead of it.

>>> import numpy as np
>>> public_name(np.linalg.norm), instead_of("np.vstack", ())
('np.linalg.norm', 'np.concatenate')
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

_FUNCTIONS = {
    # joined, cut, moved
    "np.concatenate": "append block column_stack dstack hstack insert pad roll tile vstack",
    "an index, such as x[1:] or x[condition]": (
        "array_split choose compress delete dsplit extract hsplit split take_along_axis trim_zeros "
        "unstack vsplit"
    ),
    "x[1:] - x[:-1]": "diff ediff1d",
    "np.flip": "fliplr flipud",
    "np.flip and np.swapaxes": "rot90",
    "np.moveaxis": "rollaxis",
    "np.reshape": "atleast_1d atleast_2d atleast_3d",
    "np.broadcast_to": "broadcast_arrays meshgrid",
    "np.diagonal of a matrix, np.where for one": "diag diagflat",
    "np.where with a constant mask": "tril triu",
    "np.where": "copyto fill_diagonal piecewise place put put_along_axis putmask select",
    # products
    "np.matmul (a @ b), or np.sum of a product": (
        "einsum inner matvec multi_dot tensordot vdot vecdot vecmat"
    ),
    "np.matmul": "matrix_power",
    "np.outer and np.reshape": "kron",
    "np.linalg.norm": "matrix_norm vector_norm",
    # elementwise
    "np.sin(x) / np.cos(x)": "tan",
    "np.arctan2(x, np.sqrt(1 - x * x))": "arcsin",
    "np.arctan2(np.sqrt(1 - x * x), x)": "arccos",
    "np.arctan2(x, 1.0)": "arctan",
    "(np.exp(x) - np.exp(-x)) / 2": "sinh",
    "(np.exp(x) + np.exp(-x)) / 2": "cosh",
    "np.log(x + np.sqrt(x * x + 1))": "arcsinh",
    "np.log(x + np.sqrt(x * x - 1))": "arccosh",
    "(np.log1p(x) - np.log1p(-x)) / 2": "arctanh",
    "np.power(2.0, x)": "exp2",
    "np.power(10.0, x)": "exp10",
    "np.log(x) / np.log(2.0)": "log2",
    "np.log(x) / np.log(10.0)": "log10",
    "np.log(x) - np.log1p(-x)": "logit",
    "np.maximum(a, b) + np.log1p(np.exp(-np.abs(a - b)))": "logaddexp",
    "np.sign(x) * np.power(np.abs(x), 1 / 3)": "cbrt",
    "np.abs(x)": "fabs",
    "x * (np.pi / 180)": "deg2rad radians",
    "x * (180 / np.pi)": "degrees rad2deg",
    "a - b * np.trunc(a / b)": "fmod",
    "np.abs(a) * np.where(np.signbit(b), -1.0, 1.0)": "copysign",
    "np.where(a > 0, 1.0, np.where(a == 0, b, 0.0))": "heaviside",
    "np.power": "float_power",
    "np.maximum": "fmax",
    "np.minimum": "fmin",
    "np.trunc(x)": "fix",
    "x.astype(dtype)": "astype",
    "np.where(np.isnan(x), 0.0, x)": "nan_to_num",
    # over axes
    "np.sort": "median partition percentile quantile sort_complex",
    "np.argsort": "argpartition lexsort",
    "np.mean, or np.sum of a product": "average",
    "np.max(x) - np.min(x)": "ptp",
    "np.cumsum": "cumulative_sum",
    "np.cumprod": "cumulative_prod",
    "np.where(np.isnan(x), 0.0, x) and np.sum": "nancumsum nanmean nanstd nansum nanvar",
    "np.where(np.isnan(x), -np.inf, x) and np.max": "nanargmax nanmax",
    "np.where(np.isnan(x), np.inf, x) and np.min": "nanargmin nanmin",
    "np.where(np.isnan(x), 1.0, x) and np.prod": "nancumprod nanprod",
    # constant
    "np.zeros_like": "empty_like",
    "np.searchsorted": "digitize",
    "np.any(x[..., None] == values, axis=-1)": "isin",
    # scipy.special
    "tinygrad_mnist.sigmoid": "expit",
    "-tinygrad_mnist.softplus(-x)": "log_expit",
}
INSTEAD = {name: text for text, names in _FUNCTIONS.items() for name in names.split()}
"""What to write for a function that has no primitive, by the last part of its name."""

IN_PLACE = {
    "fill": "np.full_like(x, value)",
    "partition": "np.sort(x)",
    "put": "np.where(condition, value, x)",
    "resize": "np.reshape(x, shape)",
    "setfield": "np.where(condition, value, x)",
    "setflags": "np.copy(x)",
    "sort": "np.sort(x)",
}
"""What to write for a method of ndarray that changes the array."""

KEEPING = {"flat": "np.ravel(x)", "view": "np.reshape(x, shape)"}
"""What often is meant by an attribute of ndarray, and keeps the gradient."""


def public_name(function: Any) -> str:
    """Return what users call a NumPy function or a ufunc of scipy's, such as ``np.linalg.norm``."""
    name: str = function.__name__
    module = getattr(function, "__module__", None)
    if module is None:  # a ufunc: scipy's have none, and NumPy's had none
        homes = ("numpy", "scipy.special")
        found = [m for m in homes if getattr(sys.modules.get(m), name, None) is function]
        module = found[0] if found else ""
    return f"{module}.{name}".replace("numpy.", "np.", 1).lstrip(".")


def instead_of(name: str, known: Iterable[str]) -> str:
    """Return what to write instead of a function, by its public name; empty if nothing is known.

    ``known`` are the public names there are: one of another module may do the same.
    """
    last = name.rpartition(".")[2]
    namesakes = [other for other in known if other.endswith(f".{last}") and other != name]
    return namesakes[0] if namesakes else INSTEAD.get(last, "")


def instead_of_attribute(name: str, kind: str, values: str) -> str:
    """Return the sentence for an attribute of ndarray that an object of a kind lacks.

    ``values`` is what gives the values of x as an array, such as ``x.numpy()``.
    """
    if name in IN_PLACE:
        return (
            f"x.{name} changes an array, and a {kind} is a value. Write y = {IN_PLACE[name]}, or "
            f"use {values}.{name}."
        )
    keeping = f" {KEEPING[name]} keeps it." if name in KEEPING else ""
    return f"A {kind} has no {name}. Use {values}.{name}, through which no gradient flows.{keeping}"
