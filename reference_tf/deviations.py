"""Where TensorFlow deviates from mathematics or from our conventions, each with the reason.

A name is that of the point in ``points.py`` that shows it. Every comparison with TensorFlow that
is left out anywhere names an entry, and a test asserts that TensorFlow still deviates there.
"""

from __future__ import annotations

KNOWN_TF_DEVIATIONS = {
    "x**0 at 0": "TensorFlow takes y * x**(y - 1), 0 times infinity: NaN. x**0 is 1 everywhere, so "
    "ours is 0.",
    "cumprod of a zero": "TensorFlow divides the product by the element and drops what follows a "
    "zero. Ours multiplies the other elements.",
    "second derivative of a product with a zero": "The gradient of TensorFlow's prod uses cumprod, "
    "whose own gradient at a zero is wrong (above).",
    "norm of zeros": "TensorFlow divides x by its length: NaN. Ours is the subgradient 0, the "
    "smallest; sqrt(sum(x**2)) by hand stays NaN in both.",
    "clip of nan": "TensorFlow composes clip of minimum and maximum, in which NaN sends the "
    "cotangent to the other operand. NaN is not outside a bound: ours gives the bounds nothing.",
    "clip with crossed bounds": "TensorFlow's value is the lower bound, NumPy's and ours the upper "
    "one, which gets the whole cotangent. tf1.clip_by_value is TensorFlow's.",
    "sqrt(relu(x)) at -1": "TensorFlow multiplies the infinite cotangent by the mask's 0: NaN. A "
    "branch not taken passes on a zero whatever comes: ours is 0.",
    "nan**0": "As with x**0 at 0.",
    "elu at nan": "TensorFlow's kernel of this gradient asks whether x < 0, which NaN is not, and "
    "passes the cotangent through. Ours is exp(x): NaN.",
    "where(x > 0, reciprocal(x), 0) at 0": "TensorFlow's kernel of this gradient gives 0 for a "
    "zero cotangent, where that of 1/x gives NaN. Ours is the chain rule, 0 times infinity: NaN.",
    "where(x > 0, sqrt(x), 0) at 0": "As with the reciprocal.",
    "floor": "TensorFlow has no gradient (None). Ours is zero, as it is wherever it exists.",
    "rint at a half": "As with floor.",
    "a float32 with a float64 scalar": "TensorFlow converts the scalar to float32. Ours promotes "
    "to float64 as NumPy does (NEP 50); Python's numbers stay weak in both.",
    "a subnormal number": "TensorFlow flushes subnormal numbers to zero.",
    "sort of nothing": "TensorFlow's gradient fails along an axis of size 0.",
    "labels not summing to 1": "TensorFlow takes softmax - labels, which is the derivative only "
    "where the labels sum to 1. Ours is sum(labels) * softmax - labels (and so is TensorFlow's "
    "with op determinism on, when it composes the loss of log_softmax).",
    "second derivative of cross entropy by labels and logits": "TensorFlow's softmax - labels has "
    "no derivative by the labels: 0. Ours is that of sum(labels) * softmax - labels.",
    "labels [1, C] against logits [N, C]": "TensorFlow broadcasts silently, which hides a mistake. "
    "Ours raises.",
    "cross entropy of shape (0, 0)": "TensorFlow fails to reshape the result. Ours is empty.",
}
"""Name of the point -> what TensorFlow does, what ours does, and why."""
