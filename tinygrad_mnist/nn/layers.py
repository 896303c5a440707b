"""Networks: layers, chains of them, and the short path of fit and evaluate.

>>> print(MLP([784, 128, 64, 10]))
layer  kind    parameters             count
    0  Linear  (784, 128) (128,)    100,480
    1  relu
    2  Linear  (128, 64) (64,)        8,256
    3  relu
    4  Linear  (64, 10) (10,)           650
MLP: 109,386 parameters
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist import checkpoint
from tinygrad_mnist.arguments import integer
from tinygrad_mnist.core.parameter import Parameter
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import (
    ArgumentError,
    DivergenceError,
    DTypeError,
    ShapeError,
)
from tinygrad_mnist.nn import loop
from tinygrad_mnist.nn.initializers import Initializer, glorot_uniform, zeros
from tinygrad_mnist.nn.module import Layer, Module
from tinygrad_mnist.ops.activation import (
    elu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    sigmoid,
    softmax,
    softplus,
)
from tinygrad_mnist.optim import Adam, Optimizer

ACTIVATIONS: dict[str, Layer] = {
    "elu": elu,
    "leaky_relu": leaky_relu,
    "log_softmax": log_softmax,
    "relu": relu,
    "relu6": relu6,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "softplus": softplus,
    "tanh": np.tanh,
}
"""The functions that a file names."""


class Linear(Module):
    """``inputs @ weight + bias`` with a weight of shape (inputs, outputs).

    Parameters
    ----------
    inputs, outputs
        The sizes of the last axis before and after.
    generator
        Draws the weight. Required: two layers with a default of their own would be equal.
    initializer
        Of the weight; the bias starts at zero.
    dtype
        Of the parameters, and so of the outputs for inputs of that dtype.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        generator: np.random.Generator,
        *,
        initializer: Initializer = glorot_uniform,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        shape = integer("inputs", inputs, least=1), integer("outputs", outputs, least=1)
        if not isinstance(generator, np.random.Generator):
            raise ArgumentError(
                f"generator must be a numpy.random.Generator. Received: {generator!r}. "
                "Make one with numpy.random.default_rng(seed)."
            )
        try:
            dtype = np.dtype(dtype)
        except TypeError as error:
            raise DTypeError(f"A layer's dtype must be a floating one: {error}.") from None
        weight = initializer(generator, shape, dtype)
        if np.shape(weight) != shape:
            raise ShapeError(
                f"The initializer was asked for a weight of shape {shape} and returned "
                f"{np.shape(weight)}."
            )
        self.weight = Parameter(weight, name="weight")
        self.bias = Parameter(zeros(generator, (outputs,), dtype), name="bias")

    def forward(self, inputs: Any) -> Any:
        """Map (..., inputs) to (..., outputs).

        Raises
        ------
        ShapeError
            If the last axis has another size.
        """
        shape = inputs.shape if hasattr(inputs, "shape") else np.shape(inputs)
        if shape[-1:] != self.weight.shape[:1]:
            raise ShapeError(
                f"A Linear layer of {self.weight.shape[0]} inputs received an array of shape "
                f"{shape}; the last axis must have that size."
            )
        return inputs @ self.weight + self.bias


class Sequential(Module):
    """Layers one after the other; a layer is a Module or any function, such as relu or np.tanh.

    ``classes`` are the names of the outputs, one each, if they are not just numbers.
    """

    def __init__(self, *layers: Layer) -> None:
        if not layers or not all(callable(x) and not isinstance(x, type) for x in layers):
            kinds = [x.__name__ if isinstance(x, type) else type(x).__name__ for x in layers]
            raise ArgumentError(
                "Sequential takes one or more layers, Modules or functions, as in "
                "Sequential(Linear(784, 10, generator), relu). Received: "
                f"{', '.join(kinds) or 'nothing'}."
            )
        self.layers = list(layers)
        self.optimizer: Optimizer | None = None
        self.classes: tuple[str, ...] | None = None

    def forward(self, inputs: Any) -> Any:
        """Apply the layers in order."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def _layers(self) -> list[tuple[str, Layer]]:
        return [(str(index), layer) for index, layer in enumerate(self.layers)]

    def fit(
        self,
        x: Array,
        y: Array,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: tuple[Array, Array] | None = None,
        *,
        optimizer: Optimizer | None = None,
        loss: Callable[[Array, Any], Any] = loop.cross_entropy,
        generator: np.random.Generator | None = None,
    ) -> dict[str, list[float]]:
        """Train on examples, like Keras' ``fit``.

        Parameters
        ----------
        x, y
            Examples and labels along the first axis; class numbers or weights per class. Floating
            examples are cast to the dtype of the parameters, here and in evaluate and predict.
        batch_size, epochs
            How many examples a step takes, at most all; how often every example is seen.
        validation_data
            Examples and labels to evaluate after each epoch.
        optimizer
            Default: that of the last ``fit``, else Adam with its defaults.
        loss
            ``loss(labels, outputs)``, a scalar.
        generator
            Shuffles the examples; default ``numpy.random.default_rng(0)``.

        Returns
        -------
        history
            A list with a number per epoch for each of "loss" (mean over the epoch's batches),
            "accuracy" (of the training examples at its end) and, with validation data,
            "val_loss" and "val_accuracy".

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            If an argument is not what it should be.
        """
        from tqdm import tqdm  # the engine itself does without it

        batch_size = integer("batch_size", batch_size, least=1)
        epochs = integer("epochs", epochs, least=1)
        if not callable(loss):
            raise ArgumentError(f"loss must be a function of labels, outputs. Received: {loss!r}.")
        x, y = loop.examples(self._cast(x), y)
        if validation_data is not None:
            validation_data = self._pair(validation_data)
        optimizer = optimizer or self.optimizer or Adam(self.parameters())
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                "optimizer must be an Optimizer, as in Adam(model.parameters()). Received: "
                f"{optimizer!r:.80}."
            )
        self.optimizer = optimizer
        data = Dataset(x, y, generator)
        step = loop.training_step(self, optimizer, loss)
        steps = loop.training(step, data, min(batch_size, len(x)))
        history: dict[str, list[float]] = {"loss": [], "accuracy": []}
        for epoch in tqdm(range(epochs), "epochs", disable=None, bar_format=loop.BAR):
            costs = []
            while data.epochs_completed <= epoch:
                costs.append(next(steps))
            history["loss"].append(float(np.mean(costs)))
            history["accuracy"].append(loop.evaluate(self, x, y, loss).accuracy)
            if validation_data is not None:
                evaluation = loop.evaluate(self, *validation_data, loss)
                history.setdefault("val_loss", []).append(evaluation.cost)
                history.setdefault("val_accuracy", []).append(evaluation.accuracy)
        return history

    def evaluate(
        self,
        x: Array,
        y: Array,
        *,
        loss: Callable[[Array, Any], Any] = loop.cross_entropy,
    ) -> loop.Evaluation:
        """Return the loss, the mean cross entropy by default, and the accuracy over examples."""
        return loop.evaluate(self, self._cast(x), y, loss)

    def predict(self, x: Array) -> Array:
        """Return the outputs for examples, one row each; their argmax is the class."""
        return loop.outputs(self, self._cast(x))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the network to a file that ``nn.load`` and the command ``predict`` read.

        Raises
        ------
        ArgumentError
            If a layer is none that ``network`` can describe, or the classes are no names.
        DivergenceError
            If a parameter is infinite or NaN.
        OutputError
            If it cannot be written; the file that was there before is untouched.
        """
        network = self.network()
        if self.classes is not None and not are_names(self.classes, network["layers"]):
            raise ArgumentError(
                "classes must be names, short and distinct, one for each output. Received: "
                f"{self.classes!r:.80}."
            )
        arrays = {f"parameter/{name}": value for name, value in self.state_dict().items()}
        for name, value in arrays.items():
            if not np.isfinite(value).all():
                raise DivergenceError(
                    f"{name} holds infinite or undefined numbers, so the network is not saved; "
                    "train with a smaller learning rate."
                )
        classes = None if self.classes is None else list(self.classes)
        checkpoint.save(Path(path), arrays, {"network": network, "classes": classes})

    def network(self) -> dict[str, Any]:
        """Return what a file says of the network: its kind and its layers.

        A Linear layer is a list of its sizes and its dtype, a function its name.

        >>> MLP([4, 3, 2]).network()["layers"]
        [[4, 3, 'float32'], 'relu', [3, 2, 'float32']]

        Raises
        ------
        ArgumentError
            If there is another layer, or a layer or a parameter is used twice.
        """
        names = {id(function): name for name, function in ACTIVATIONS.items()}
        layers = [
            [*layer.weight.shape, layer.weight.dtype.name]
            if type(layer) is Linear
            else names.get(id(layer))
            for layer in self.layers
        ]
        distinct = 2 * sum(isinstance(layer, list) for layer in layers)
        known = type(self) in (MLP, Sequential) and None not in layers
        if not known or len(self.parameters()) != distinct:
            raise ArgumentError(
                "A file can hold an MLP or a Sequential of Linear layers, each used once, and of "
                f"the functions {', '.join(ACTIVATIONS)}. Received: {' '.join(repr(self).split())}."
                " Keep its state_dict() instead."
            )
        return {"kind": type(self).__name__, "layers": layers}

    def _pair(self, validation_data: Any) -> tuple[Array, Array]:
        """The examples and labels of a pair, ready to evaluate."""
        if not isinstance(validation_data, tuple | list) or len(validation_data) != 2:
            sized = isinstance(validation_data, Sized)
            length = f" of length {len(validation_data)}" if sized else ""
            raise ArgumentError(
                "validation_data must be a pair of examples and labels. Received: "
                f"{type(validation_data).__name__}{length}."
            )
        return loop.examples(self._cast(validation_data[0]), validation_data[1])

    def _cast(self, x: Any) -> Array:
        """Examples in the parameters' dtype: float64 ones would make every product float64."""
        array = loop.rows("inputs", x)
        dtypes = {parameter.dtype for parameter in self.parameters()}
        if array.dtype.kind == "f" and len(dtypes) == 1:
            array = array.astype(dtypes.pop(), copy=False)
        return array


LONGEST_NAME = 40
"""Characters that the name of a class may have."""


def are_names(classes: Any, layers: list[Any]) -> bool:
    """Whether classes are distinct short texts, one for each output of the layers of a file."""
    outputs = [layer[1] for layer in layers if isinstance(layer, list)][-1:]
    texts = isinstance(classes, list | tuple) and all(isinstance(name, str) for name in classes)
    return (
        texts
        and [len(set(classes))] == [len(classes)] == outputs
        and all(name.isprintable() and 0 < len(name) <= LONGEST_NAME for name in classes)
    )


class MLP(Sequential):
    """A multi-layer perceptron: Linear layers with an activation between them.

    Parameters
    ----------
    sizes
        Of the inputs, the hidden layers, and the outputs.
    activation
        Between the layers, not after the last: the outputs are logits.
    generator
        Draws the weights; default ``numpy.random.default_rng(0)``.
    initializer, dtype
        As of `Linear`.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Layer = relu,
        generator: np.random.Generator | None = None,
        *,
        initializer: Initializer = glorot_uniform,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        if not isinstance(sizes, Sequence) or len(sizes) < 2:
            raise ArgumentError(
                "An MLP needs a sequence of at least two sizes, as in [784, 128, 64, 10]. "
                f"Received: {sizes!r}."
            )
        if not callable(activation) or isinstance(activation, type):
            raise ArgumentError(
                "An MLP's activation is a function or a Module, such as relu or np.tanh. "
                f"Received: {activation!r:.60}."
            )
        generator = np.random.default_rng(0) if generator is None else generator
        layers: list[Layer] = []
        for inputs, outputs in pairwise(sizes):
            layers += [Linear(inputs, outputs, generator, initializer=initializer, dtype=dtype)]
            layers += [activation]
        super().__init__(*layers[:-1])
