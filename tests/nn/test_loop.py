"""The training loop and the short path over it: fit learns, evaluate and predict agree with it."""

import copy
import gc
import math
import pickle
import tracemalloc
from collections import deque
from itertools import islice

import numpy as np
import pytest
from numpy.random import default_rng

from tinygrad_mnist import Tensor, nn, optim, relu
from tinygrad_mnist.core.recording import open_no_grads
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import ArgumentError, DTypeError, GradientError, ShapeError
from tinygrad_mnist.lines import source_lines
from tinygrad_mnist.nn import loop


def blobs(per_class=20):
    """Three clouds that straight lines separate."""
    centres = np.array([[3.0, 0.0], [-3.0, 3.0], [0.0, -4.0]])
    labels = np.arange(3 * per_class) % 3
    return (centres[labels] + default_rng(5).normal(0, 0.5, (len(labels), 2))).astype("f"), labels


X, Y = blobs()


def model(**options):
    return nn.MLP([2, 4, 3], **options)


def values(network):
    return np.concatenate([p.numpy().ravel() for p in network.parameters()])


def plain_logits(network, x):
    """The forward pass in plain NumPy, in float64."""
    first, first_bias, second, second_bias = (p.numpy() for p in network.parameters())
    hidden = np.maximum(np.asarray(x, np.float64) @ first + first_bias, 0)
    return hidden @ second + second_bias


def plain_cost(logits, labels):
    peak = logits.max(axis=1)
    sums = np.log(np.exp(logits - peak[:, None]).sum(axis=1)) + peak
    return np.mean(sums - logits[np.arange(len(labels)), labels])


# fit


def test_fit_learns_and_its_history_has_a_number_per_epoch():
    network = model()
    optimizer = optim.Adam(network.parameters(), 0.05)
    history = network.fit(X, Y, 16, 10, (X[:9], Y[:9]), optimizer=optimizer)
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert {len(numbers) for numbers in history.values()} == {10}
    assert all(type(number) is float for numbers in history.values() for number in numbers)
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert history["accuracy"][-1] == history["val_accuracy"][-1] == 1.0
    assert history["val_loss"][-1] == network.evaluate(X[:9], Y[:9]).cost
    assert list(model().fit(X, Y)) == ["loss", "accuracy"]


def test_fit_is_deterministic_and_its_generator_decides_the_order():
    one, two, other = model(), model(), model()
    assert one.fit(X, Y, 7, 3) == two.fit(X, Y, 7, 3)
    np.testing.assert_array_equal(values(one), values(two))
    other.fit(X, Y, 7, 3, generator=default_rng(1))
    assert np.any(values(other) != values(one))


def test_fit_is_the_loop_that_the_command_uses():
    network, other = model(), model()
    history = network.fit(X, Y, 16, 2)
    data = Dataset(X, Y, default_rng(0))
    steps = loop.training(loop.training_step(other, optim.Adam(other.parameters())), data, 16)
    for epoch in range(2):
        costs = []
        while data.epochs_completed <= epoch:
            costs.append(next(steps))
        assert history["loss"][epoch] == np.mean(costs)
    np.testing.assert_array_equal(values(network), values(other))


def test_a_second_fit_goes_on_with_the_same_optimizer():
    network = model()
    network.fit(X, Y, 20)
    optimizer = network.optimizer
    assert isinstance(optimizer, optim.Adam)
    network.fit(X, Y, 20)
    assert network.optimizer is optimizer
    assert optimizer.iterations == 6
    given = optim.SGD(network.parameters())
    network.fit(X, Y, 20, optimizer=given)
    assert network.optimizer is given


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, bool])
def test_class_numbers_and_one_row_per_label_are_the_same(dtype):
    by_number, by_row = model(), model()
    rows = np.eye(3, dtype=dtype)[Y]
    assert by_number.fit(X, Y, 7, 2, (X, Y)) == by_row.fit(X, rows, 7, 2, (X, rows))
    np.testing.assert_array_equal(values(by_number), values(by_row))
    assert by_number.evaluate(X, Y.astype(np.uint8)) == by_row.evaluate(X, rows)


@pytest.mark.parametrize(
    "convert", [np.ndarray.tolist, lambda a: a.astype(float), np.asfortranarray]
)
def test_lists_and_float64_examples_are_cast_to_the_parameters_dtype(convert):
    one, two = model(), model()
    validation = convert(X), Y.tolist()
    assert one.fit(X, Y, 7, 2, (X, Y)) == two.fit(convert(X), Y.tolist(), 7, 2, validation)
    np.testing.assert_array_equal(values(one), values(two))
    assert two.predict(convert(X)).dtype == np.float32
    assert two.evaluate(convert(X), Y.tolist()) == one.evaluate(X, Y)


@pytest.mark.parametrize("batch_size", [60, 61, 200, np.int64(10**6)])
def test_a_batch_is_at_most_all_examples(batch_size):
    network = model()
    history = network.fit(X, Y, batch_size, 3)
    assert network.optimizer.iterations == 3  # one step an epoch
    assert np.isfinite(history["loss"]).all()


def test_every_epoch_has_a_step_whatever_the_batch_size():
    for batch_size in range(1, 8):
        history = model().fit(X[:5], Y[:5], batch_size, 4)
        assert np.isfinite(history["loss"]).all()


def test_a_regression_has_a_loss_and_no_accuracy():
    def squares(labels, outputs):
        return np.mean((labels - outputs) ** 2)

    network = nn.Sequential(nn.Linear(2, 1, default_rng(0)))
    target = X @ np.float32([[2.0], [-1.0]]) + 3
    optimizer = optim.Adam(network.parameters(), 0.1)
    history = network.fit(X, target, 10, 60, (X, target), optimizer=optimizer, loss=squares)
    assert history["val_loss"][0] > 1
    assert history["val_loss"][-1] < 1e-3
    assert math.isnan(history["accuracy"][-1])
    np.testing.assert_allclose(network.layers[0].weight.numpy(), [[2.0], [-1.0]], atol=0.05)
    expected = np.mean((target - network.predict(X)) ** 2)
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-6)
    assert network.evaluate(X, target, loss=squares).cost == pytest.approx(expected, rel=1e-6)


def pickled(network):
    return pickle.loads(pickle.dumps(network))


@pytest.mark.parametrize(("twin_of", "activation"), [(copy.deepcopy, relu), (pickled, np.tanh)])
def test_a_copied_network_goes_on_training_alone(twin_of, activation):
    network = model(activation=activation)
    network.fit(X, Y, 10)
    before, twin = values(network), twin_of(network)
    history = twin.fit(X, Y, 10)
    np.testing.assert_array_equal(values(network), before)
    assert network.fit(X, Y, 10) == history  # the copy has the optimizer's state too
    np.testing.assert_array_equal(values(network), values(twin))


def test_a_frozen_layer_keeps_its_value_and_gets_no_gradient():
    network = model()
    frozen = network.layers[0].weight
    frozen.requires_grad = False
    before = frozen.numpy()
    network.fit(X, Y, 10)
    assert frozen.grad is None
    np.testing.assert_array_equal(frozen.numpy(), before)


def test_fit_leaves_the_examples_alone():
    x, y = X.copy(), Y.copy()
    model().fit(x, y, 7)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert x.flags.writeable
    assert y.flags.writeable


WRONG_FITS = {
    "other lengths": ({"y": Y[:5]}, ShapeError, r"one label per example.*\(60, 2\).*\(5,\)"),
    "no examples": ({"x": X[:0], "y": Y[:0]}, ArgumentError, r"no examples.*\(0, 2\)"),
    "a number": ({"x": 3.0}, ShapeError, "one row per example"),
    "text": ({"x": X.astype(str)}, DTypeError, "inputs must be real numbers.*<U"),
    "complex": ({"x": X.astype(complex)}, DTypeError, "complex128"),
    "ragged": ({"x": [[1.0, 2.0], [3.0]]}, ShapeError, "inputs cannot be made an array"),
    "labels in letters": ({"y": Y.astype(str)}, DTypeError, "labels must be real numbers"),
    "a wrong width": ({"x": X[:, :1]}, ShapeError, r"2 inputs received an array of shape \(32, 1"),
    "a label too large": ({"y": Y + 1}, ShapeError, "is 3, which is not a class: there are 3"),
    "a negative label": ({"y": Y - 1}, ShapeError, "is -1, which is not a class"),
    "float class numbers": ({"y": Y.astype(float)}, DTypeError, r"float64.*\.astype\(int\)"),
    "a class too many": ({"y": np.eye(4)[Y]}, ShapeError, r"logits \(32, 3\), labels \(32, 4\)"),
    "a column of labels": ({"y": Y[:, None]}, ShapeError, r"labels \(32, 1\)"),
    "no batch": ({"batch_size": 0}, ArgumentError, "batch_size must be an integer.*0"),
    "half a batch": ({"batch_size": 2.5}, ArgumentError, "batch_size must be an integer.*2.5"),
    "no epoch": ({"epochs": 0}, ArgumentError, "epochs must be an integer.*0"),
    "half an epoch": ({"epochs": 2.5}, ArgumentError, "epochs must be an integer.*2.5"),
    "epochs as text": ({"epochs": "2"}, ArgumentError, "epochs must be an integer.*'2'"),
    "epochs as truth": ({"epochs": True}, ArgumentError, "epochs must be an integer.*True"),
    "named optimizer": ({"optimizer": "adam"}, ArgumentError, "Adam.model.parameters.*'adam'"),
    "optimizer class": ({"optimizer": optim.Adam}, ArgumentError, "must be an Optimizer"),
    "another's optimizer": (
        {"optimizer": optim.SGD(model().parameters())},
        GradientError,
        "has no gradient",
    ),
    "named loss": ({"loss": "mse"}, ArgumentError, "loss must be a function.*'mse'"),
    "a loss of floats": ({"loss": lambda y, z: 0.5}, ArgumentError, "scalar Tensor.*float"),
    "a loss per row": ({"loss": lambda y, z: z}, GradientError, "not a scalar"),
    "a seed": ({"generator": 3}, ArgumentError, "numpy.random.Generator.*3"),
    "validation array": ({"validation_data": X}, ArgumentError, "pair.*ndarray of length 60"),
    "validation of one": ({"validation_data": (X,)}, ArgumentError, "pair.*length 1"),
    "validation of three": ({"validation_data": (X, Y, Y)}, ArgumentError, "pair.*length 3"),
    "validation of a number": ({"validation_data": 0.2}, ArgumentError, "pair.*float"),
    "validation lengths": ({"validation_data": (X, Y[:3])}, ShapeError, "one label per example"),
    "validation of none": ({"validation_data": (X[:0], Y[:0])}, ArgumentError, "no examples"),
}


@pytest.mark.parametrize("wrong", WRONG_FITS)
def test_a_wrong_fit_is_refused_in_one_sentence_before_any_step(wrong):
    options, kind, words = WRONG_FITS[wrong]
    network = model()
    before = values(network)
    with pytest.raises(kind, match=words):
        network.fit(**({"x": X, "y": Y} | options))
    np.testing.assert_array_equal(values(network), before)
    assert not open_no_grads.get()


# evaluate and predict


@pytest.mark.parametrize("rows_at_once", [1, 7, 60, 5000])
def test_evaluate_and_predict_agree_with_plain_numpy(rows_at_once, monkeypatch):
    monkeypatch.setattr(loop, "ROWS_AT_ONCE", rows_at_once)
    network = model()
    network.fit(X, Y, 16, 3)
    logits = plain_logits(network, X)
    np.testing.assert_allclose(network.predict(X), logits, rtol=1e-4, atol=1e-5)
    evaluation = network.evaluate(X, Y)
    assert evaluation.cost == pytest.approx(plain_cost(logits, Y), rel=1e-5)
    assert evaluation.accuracy == np.mean(logits.argmax(axis=1) == Y)
    assert all(p.grad is not None for p in network.parameters())  # of the last step, untouched


def test_predictions_are_an_array_of_ones_own():
    network = nn.Sequential(relu)
    predicted = network.predict(X)
    assert type(predicted) is np.ndarray
    assert predicted.flags.writeable
    assert not np.shares_memory(predicted, X)
    np.testing.assert_array_equal(network.predict(Tensor(X, requires_grad=True)), predicted)
    assert nn.MLP([2, 3]).predict(X[:0]).shape == (0, 3)


def test_evaluation_records_nothing_and_its_loss_may_read_parameters():
    network = model()

    def regularised(labels, outputs):
        return loop.cross_entropy(labels, outputs) + 0.5 * sum(
            np.sum(p * p) for p in network.parameters()
        )

    with source_lines() as recorded:
        evaluation = network.evaluate(X, Y, loss=regularised)
    assert not recorded
    expected = plain_cost(plain_logits(network, X), Y) + 0.5 * np.sum(values(network) ** 2)
    assert evaluation.cost == pytest.approx(expected, rel=1e-5)
    history = network.fit(X, Y, 20, 2, (X, Y), loss=regularised)
    assert history["val_loss"][-1] == network.evaluate(X, Y, loss=regularised).cost


ABOUT = {
    "class numbers": (np.array([0, 1, 1, 0]), 0.75),
    "unsigned class numbers": (np.array([0, 1, 1, 0], np.uint8), 0.75),
    "weights per class": (np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]]), 0.75),
    "float labels": (np.array([0.0, 1.0, 1.0, 0.0]), math.nan),
    "truths": (np.array([False, True, True, False]), math.nan),
    "a column": (np.array([[0], [1], [1], [0]]), math.nan),
    "another width": (np.zeros((4, 3)), math.nan),
}


@pytest.mark.parametrize(("labels", "accuracy"), ABOUT.values(), ids=ABOUT)
def test_the_accuracy_is_of_classes_only(labels, accuracy):
    outputs = np.array([[3.0, 1.0], [0.0, 2.0], [0.5, 0.0], [1.0, 0.0]])
    evaluation = loop.evaluate(lambda x: x, outputs, labels, lambda labels, outputs: 0.0)
    np.testing.assert_equal(evaluation.accuracy, accuracy)
    for values in (outputs[:, 0], outputs[:, :1], outputs[..., None]):
        evaluation = loop.evaluate(lambda x: x, values, values, lambda labels, outputs: 0.0)
        assert math.isnan(evaluation.accuracy)


def test_evaluate_refuses_what_it_cannot_judge():
    network = model()
    with pytest.raises(ArgumentError, match="no examples"):
        network.evaluate(X[:0], Y[:0])
    with pytest.raises(ShapeError, match="one label per example"):
        network.evaluate(X, Y[:1])
    with pytest.raises(ArgumentError, match=r"scalar.*\(60, 3\)"):
        network.evaluate(X, Y, loss=lambda labels, logits: logits)
    with pytest.raises(ShapeError, match="one row per example"):
        network.predict(3.0)


# The loop itself


def test_each_step_yields_the_cost_before_its_update():
    network = model()
    data, twin = Dataset(X, Y, default_rng(0)), Dataset(X, Y, default_rng(0))
    optimizer = optim.SGD(network.parameters(), 0.1)
    steps = loop.training(loop.training_step(network, optimizer), data, 8)
    for count in range(1, 6):
        x, y = twin.next_batch(8)
        expected = plain_cost(plain_logits(network, x), y)
        before = values(network)
        assert next(steps) == pytest.approx(expected, rel=1e-5)
        gradient = np.concatenate([p.grad.ravel() for p in network.parameters()])
        np.testing.assert_allclose(values(network), before - 0.1 * gradient, rtol=1e-6, atol=1e-7)
        assert optimizer.iterations == count


def test_gradients_do_not_add_up_over_steps():
    network = model()
    for parameter in network.parameters():
        parameter.grad = np.full(parameter.shape, 1e6, np.float32)
    optimizer = optim.SGD(network.parameters(), 0.01)
    list(islice(loop.training(loop.training_step(network, optimizer), Dataset(X, Y), 8), 3))
    assert np.abs(values(network)).max() < 100


LOGITS = default_rng(2).standard_normal((5, 3))


def test_the_cross_entropy_equals_plain_numpy_for_arrays_and_tensors():
    labels = np.array([0, 2, 1, 1, 2])
    for given in (labels, np.eye(3)[labels], Tensor(labels), Tensor(np.eye(3)[labels])):
        for logits in (LOGITS, Tensor(LOGITS, requires_grad=True)):
            cost = loop.cross_entropy(given, logits).item()
            assert cost == pytest.approx(plain_cost(LOGITS, labels), rel=1e-14)


def test_the_cross_entropy_takes_weights_that_are_no_class():
    weights = default_rng(3).dirichlet(np.ones(3), 5)
    logs = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    expected = -np.mean(np.sum(weights * logs, axis=1))
    assert loop.cross_entropy(weights, LOGITS).item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("labels", "logits"),
    [((5,), (5,)), ((1, 3), (5, 3)), ((5, 1), (5, 3)), ((), (3,)), ((5, 2), (5, 2, 3))],
)
def test_the_cross_entropy_never_broadcasts(labels, logits):
    with pytest.raises(ShapeError, match="class numbers"):
        loop.cross_entropy(np.zeros(labels, int), np.zeros(logits))


@pytest.mark.slow
def test_memory_is_flat_with_the_collector_off():
    network = model()
    data = Dataset(X, Y, default_rng(0))
    steps = loop.training(loop.training_step(network, optim.Adam(network.parameters())), data, 8)
    gc.collect()
    gc.disable()
    deque(islice(steps, 2500), maxlen=0)  # Python keeps 2,000 freed tuples of each size
    tracemalloc.start()
    try:
        deque(islice(steps, 20), maxlen=0)
        early = tracemalloc.get_traced_memory()[0]
        deque(islice(steps, 300), maxlen=0)
        late = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    assert late - early < 2000  # one float kept a step would be 7,200
