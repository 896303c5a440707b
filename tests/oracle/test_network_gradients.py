"""Whole networks of drawn depth, widths, activation, loss and dtype: all gradients equal TF's.

The bound follows the figures for single operations through the network, to first order:
an operation adds its own, and passes on its operands' by absolute values. ``E`` of an array bounds
how far ours and TensorFlow's may lie apart, ``|...|`` its magnitude.
"""

from dataclasses import dataclass
from functools import partial

import judges
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_mnist import nn
from tinygrad_mnist.ops import activation as ours

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tf


@dataclass(frozen=True)
class Activation:
    """An activation in both systems, bounds of its first two derivatives, and where it has none."""

    ours: object
    tensorflow: object
    slope: float
    curvature: float
    kinks: tuple = ()


SLOPE = 0.25  # of leaky_relu; TF rounds it to float32, in which this one is exact
ACTIVATIONS = {
    "relu": Activation(ours.relu, tf.nn.relu, 1, 0, (0,)),
    "relu6": Activation(ours.relu6, tf.nn.relu6, 1, 0, (0, 6)),
    "leaky_relu": Activation(
        partial(ours.leaky_relu, alpha=SLOPE), partial(tf.nn.leaky_relu, alpha=SLOPE), 1, 0, (0,)
    ),
    "elu": Activation(ours.elu, tf.nn.elu, 1, 1),
    "tanh": Activation(np.tanh, tf.tanh, 1, 0.77),
    "sigmoid": Activation(ours.sigmoid, tf.sigmoid, 0.25, 0.1),
    "softplus": Activation(ours.softplus, tf.nn.softplus, 1, 0.25),
}

# Each takes labels and logits, and gives one number for an example or for an element.
LOSSES = {
    "softmax": (
        ours.softmax_cross_entropy_with_logits,
        tf.nn.softmax_cross_entropy_with_logits,
    ),
    "sparse": (
        ours.sparse_softmax_cross_entropy_with_logits,
        tf.nn.sparse_softmax_cross_entropy_with_logits,
    ),
    "sigmoid": (
        ours.sigmoid_cross_entropy_with_logits,
        tf.nn.sigmoid_cross_entropy_with_logits,
    ),
    "squares": (
        lambda labels, logits: np.square(logits - labels),
        lambda labels, logits: tf.square(logits - labels),
    ),
}


@dataclass(frozen=True)
class Network:
    """What a case is: sizes, names of the functions, and the seed of all numbers."""

    sizes: tuple
    rows: int
    activation: str
    loss: str
    dtype: str
    seed: int

    def arrays(self):
        """Return the parameters, inputs and labels."""
        generator = np.random.default_rng(self.seed)

        def normal(*shape):
            return generator.normal(size=shape).astype(self.dtype)

        parameters = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            weight = normal(inputs, outputs) / np.sqrt(inputs).astype(self.dtype)
            parameters += [weight, normal(outputs)]
        classes = generator.integers(self.sizes[-1], size=self.rows)
        if self.loss == "softmax":
            labels = generator.dirichlet(np.ones(self.sizes[-1]), self.rows).astype(self.dtype)
        elif self.loss == "sparse":
            labels = classes
        else:
            labels = np.eye(self.sizes[-1], dtype=self.dtype)[classes]
        return parameters, normal(self.rows, self.sizes[0]), labels


NETWORKS = partial(
    st.builds,
    Network,
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5).flatmap(
        lambda sizes: st.integers(2, 6).map(lambda classes: (*sizes, classes))
    ),
    rows=st.integers(1, 8),
    loss=st.sampled_from(sorted(LOSSES)),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**32 - 1),
)


def our_gradients(case, parameters, inputs, labels):
    model = nn.MLP(case.sizes, ACTIVATIONS[case.activation].ours, dtype=case.dtype)
    for parameter, value in zip(model.parameters(), parameters, strict=True):
        parameter.assign(value)
    np.mean(LOSSES[case.loss][0](labels, model(inputs))).backward()
    return [parameter.grad for parameter in model.parameters()]


def their_gradients(case, parameters, inputs, labels):
    parameters = [tf.constant(parameter) for parameter in parameters]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        x = tf.constant(inputs)
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = ACTIVATIONS[case.activation].tensorflow(tf.matmul(x, weight) + bias)
        logits = tf.matmul(x, parameters[-2]) + parameters[-1]
        cost = tf.reduce_mean(LOSSES[case.loss][1](labels, logits))
    return [gradient.numpy() for gradient in tape.gradient(cost, parameters)]


def bounds(case, parameters, inputs, labels):
    """Return a bound for each gradient, or None where a kink is nearer than the bound."""
    u = np.finfo(case.dtype).eps / 2
    activation = ACTIVATIONS[case.activation]
    weights = [np.abs(weight).astype(np.float64) for weight in parameters[::2]]
    x, error = inputs, np.zeros(inputs.shape)
    layers = []  # of each layer: |inputs|, E of the inputs, E of what the activation takes
    for index, weight in enumerate(weights):
        layer = np.abs(x), error
        z = x @ parameters[2 * index] + parameters[2 * index + 1]
        # The product's terms, then the sum with the bias.
        error = error @ weight + 8 * u * (np.abs(x) @ weight) + 32 * u * np.abs(z)
        layers.append((*layer, error))
        if index + 1 < len(weights):
            if any((np.abs(z - kink) <= error).any() for kink in activation.kinks):
                return None
            x = activation.ours(z)
            error = activation.slope * error + 32 * u * np.abs(x)

    magnitude, error = cotangent_of_logits(case, z, error, labels, u)
    found = []
    for index in reversed(range(len(weights))):
        x, error_of_x, _ = layers[index]
        of_weight = 8 * u * (x.T @ magnitude) + error_of_x.T @ magnitude + x.T @ error
        found[:0] = [of_weight, 4 * u * magnitude.sum(axis=0) + error.sum(axis=0)]
        error = 8 * u * (magnitude @ weights[index].T) + error @ weights[index].T
        magnitude = magnitude @ weights[index].T
        if index:
            error_of_z = layers[index - 1][2]
            error = (
                activation.slope * (error + 64 * u * magnitude)
                + activation.curvature * error_of_z * magnitude
            )
            magnitude = activation.slope * magnitude
    return [bound + 4 * np.finfo(case.dtype).tiny for bound in found]


def cotangent_of_logits(case, logits, error, labels, u):
    """Return the magnitude and E of the gradient of the mean loss by the logits."""
    if case.loss in ("softmax", "sparse"):
        # softmax - labels, over the rows. The softmax's slopes in a row add up to at most 1/2.
        spread = np.ptp(logits, axis=1, keepdims=True)
        magnitude = np.full(logits.shape, 2.0)
        error = np.max(error, axis=1, keepdims=True) / 2 + u * (8 + 2 * spread)
        count = len(logits)
    elif case.loss == "sigmoid":  # sigmoid - labels, over all elements
        magnitude, error, count = np.full(logits.shape, 2.0), error / 4, logits.size
    else:  # 2 (logits - labels), over all elements
        magnitude, error, count = 2 * (np.abs(logits) + labels), 2 * error, logits.size
    magnitude = magnitude.astype(np.float64)
    return magnitude / count, (error + 64 * u * magnitude) / count


@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(st.data())
def test_every_gradient_equals_tensorflows(activation, data):
    case = data.draw(NETWORKS(activation=st.just(activation)))
    arrays = case.arrays()
    allowed = bounds(case, *arrays)
    assume(allowed is not None)
    received, expected = our_gradients(case, *arrays), their_gradients(case, *arrays)
    for index, (mine, theirs, bound) in enumerate(zip(received, expected, allowed, strict=True)):
        assert mine.dtype == theirs.dtype == case.dtype
        assert mine.shape == theirs.shape
        error = np.abs(mine.astype(np.float64) - theirs)
        judges.note(error / bound)
        assert (error <= bound).all(), f"parameter {index}: {np.max(error / bound)} of the bound"


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bound_is_far_below_the_gradient(activation, loss):
    """A bound that lets anything pass proves nothing."""
    case = Network((5, 7, 6, 4), 3, activation, loss, "float64", seed=0)
    arrays = case.arrays()
    for gradient, bound in zip(our_gradients(case, *arrays), bounds(case, *arrays), strict=True):
        assert np.max(bound) < 1e-10 * np.max(np.abs(gradient))
