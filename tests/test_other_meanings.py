"""Masked arrays and matrices, wherever the package takes an array: refused, never made less of."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import (
    Parameter,
    Tensor,
    capture,
    checkpoint,
    gradients,
    host,
    nn,
    optim,
    primitive,
    relu,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from tinygrad_mnist.dataset import Dataset
from tinygrad_mnist.errors import DTypeError
from tinygrad_mnist.nn import initializers, loop
from tinygrad_mnist.testing import check_grads

VALUES = np.eye(3)[:, :2]
MASKED = np.ma.array(VALUES, mask=[[0, 0], [1, 0], [0, 0]])
MATRIX = VALUES.view(np.matrix)
ROW = np.arange(3)


def leaf(shape=VALUES.shape):
    return Tensor(np.ones(shape), requires_grad=True)


def network():
    return nn.MLP([2, 2], dtype=np.float64)


def optimizer(kind=optim.SGD):
    return kind([Parameter(np.ones(VALUES.shape))], 0.1)


def captured(use):
    return lambda m: capture(lambda x: use(m))(np.ones(1))


def captured_step(m):
    step = optimizer().apply_gradients
    captured(lambda m: step([m]))(m)


def with_gradient(m):
    parameter = Parameter(np.ones(m.shape))
    parameter.grad = m
    optim.SGD([parameter], 0.1).step()


def by_kernel(m):
    return primitive()(lambda x: m)(leaf())


def by_rule(m):
    same = primitive()(lambda x: +x)
    same.vjp(x=lambda ct, y, x: m)
    (found,) = gradients(np.sum(same(x := leaf())), [x])
    assert type(found) is np.ndarray


def slots(m):
    state = optimizer(optim.Momentum).state_dict()
    # A matrix has two axes, and a slot one: whatever it says, it is refused.
    optimizer(optim.Momentum).load_state_dict({**state, "velocity": m.reshape(-1)})


def in_session(use):
    def run(m):
        with tf.Graph().as_default(), tf.Session() as session:
            return session.run(use(m))

    return run


def fed(m, feed):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64)
        return session.run(x * 2.0, {x: feed(m)})


def loaded(m):
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.Variable(np.ones(m.shape))
        session.run(tf.global_variables_initializer())
        variable.load(m, session)


def of_variable(use):
    def run(m):
        with tf.Graph().as_default(), tf.Session() as session:
            variable = tf.Variable(np.ones(m.shape))
            session.run(tf.global_variables_initializer())
            return session.run(use(variable, m))

    return run


COMPUTED_WITH = {
    "t * m": lambda m: leaf() * m,
    "m * t": lambda m: np.multiply(m, leaf()),
    "t * [m]": lambda m: leaf() * [m],
    "t @ m": lambda m: leaf((2, 3)) @ m,
    "t * ((m,),)": lambda m: leaf() * ((m,), [m]),
    "np.where": lambda m: np.where(m, leaf(), 0.0),
    "np.clip": lambda m: np.clip(leaf(), m, None),
    "np.stack": lambda m: np.stack([leaf(), m]),
    "np.concatenate": lambda m: np.concatenate([leaf(), m]),
    "relu": relu,
    "relu of a list": lambda m: relu([m]),
    "labels": lambda m: softmax_cross_entropy_with_logits(m, leaf()),
    "labels, all plain": lambda m: softmax_cross_entropy_with_logits(m, VALUES),
    "class numbers": lambda m: sparse_softmax_cross_entropy_with_logits(
        m.astype(int), leaf((3, 2, 2))
    ),
    "a kernel's result": by_kernel,
    "a rule's result": by_rule,
    "Tensor": Tensor,
    "Tensor of a list": lambda m: Tensor([m, m]),
    "Tensor of a dtype": lambda m: Tensor(m, np.float32),
    "Parameter": Parameter,
    "assign": lambda m: Parameter(np.zeros(m.shape)).assign(m),
    "assign a list": lambda m: Parameter(np.zeros((1, *m.shape))).assign([m]),
    "backward": lambda m: (leaf() * 2.0).backward(m),
    "gradients": lambda m: gradients((x := leaf()) * 2.0, [x], m),
    "gradients, recorded": lambda m: gradients((x := leaf()) * 2.0, [x], m, record=True),
    ".grad": with_gradient,
    "a captured function's argument": lambda m: capture(lambda x: x * 2.0)(m),
    "its keyword": lambda m: capture(lambda x: x * 2.0)(x=m),
    "in its list": lambda m: capture(lambda x: x[0] * 2.0)([m]),
    "in its dictionary": lambda m: capture(lambda x: x["a"] * 2.0)({"a": m}),
    "what it closes over": captured(lambda m: leaf() * m),
    "host": lambda m: host(lambda: m),
    "host, captured": captured(lambda m: host(lambda: m)),
    "apply_gradients": lambda m: optimizer().apply_gradients([m]),
    "apply_gradients, captured": captured_step,
    "a slot": slots,
    "a module's state": lambda m: nn.Linear(
        3, 2, np.random.default_rng(0), dtype=np.float64
    ).load_state_dict({"weight": m, "bias": np.zeros(2)}),
    "an initializer": lambda m: nn.Linear(
        3, 2, np.random.default_rng(0), initializer=lambda *_: m, dtype=np.float64
    ),
    "initializers.constant": lambda m: initializers.constant(m)(None, m.shape, np.float64),
    "Dataset, images": lambda m: Dataset(m, ROW),
    "Dataset, labels": lambda m: Dataset(ROW, m),
    "fit, x": lambda m: network().fit(m, ROW % 2),
    "fit, y": lambda m: network().fit(VALUES, m),
    "fit, validation x": lambda m: network().fit(VALUES, ROW % 2, validation_data=(m, ROW % 2)),
    "fit, validation y": lambda m: network().fit(VALUES, ROW % 2, validation_data=(VALUES, m)),
    "evaluate, x": lambda m: network().evaluate(m, ROW % 2),
    "evaluate, y": lambda m: network().evaluate(VALUES, m),
    "evaluate, the loss": lambda m: loop.evaluate(relu, VALUES, VALUES, lambda y, z: m[1:2, :1]),
    "predict": lambda m: network().predict(m),
    "predict a list": lambda m: network().predict([*m]),
    "a model called": lambda m: network()(m),
    "a model's output": lambda m: loop.outputs(lambda x: m, VALUES),
    "cross_entropy": lambda m: loop.cross_entropy(m, leaf()),
    "check_grads": lambda m: check_grads(np.tanh, m),
    "check_grads by hand": lambda m: check_grads(np.sum, m, gradient=np.ones_like),
    "check_grads of a list": lambda m: check_grads(np.tanh, [m]),
    "Session, a feed": lambda m: fed(m, lambda m: m),
    "Session, a list": lambda m: fed(m, lambda m: [m]),
    "Session, a row": lambda m: fed(m, lambda m: [*m][1]),
    "Variable.load": loaded,
    "tf.constant": in_session(tf.constant),
    "tf.constant of a list": in_session(lambda m: tf.constant([m, m])),
    "tf.convert_to_tensor": in_session(tf.convert_to_tensor),
    "symbol * m": in_session(lambda m: tf.constant(VALUES) * m),
    "np.add of a symbol": in_session(lambda m: np.add(tf.constant(VALUES), m)),
    "np.where of a symbol": in_session(lambda m: np.where(tf.constant(VALUES) > 0, m, 0.0)),
    "tf.matmul": in_session(lambda m: tf.matmul(tf.constant(VALUES.T), m)),
    "tf.stack": in_session(lambda m: tf.stack([m, tf.constant(VALUES)])),
    "tf.concat": in_session(lambda m: tf.concat([m, m], 0)),
    "tf.reduce_mean": in_session(tf.reduce_mean),
    "tf.reshape": in_session(lambda m: tf.reshape(m, [6])),
    "tf.equal": in_session(lambda m: tf.equal(m, tf.constant(VALUES))),
    "tf.cast": in_session(lambda m: tf.cast(m, tf.float32)),
    "tf.where": in_session(lambda m: tf.where(m > 0, tf.constant(VALUES), tf.constant(VALUES))),
    "tf.one_hot": in_session(lambda m: tf.one_hot(m.astype(np.int32), 2)),
    "tf.gather": in_session(lambda m: tf.gather(tf.constant(VALUES), m.astype(np.int32))),
    "tf.nn, labels": in_session(
        lambda m: tf.nn.softmax_cross_entropy_with_logits(labels=m, logits=tf.constant(VALUES))
    ),
    "tf.nn.dropout": in_session(lambda m: tf.nn.dropout(m, 1.0)),
    "tf.gradients": of_variable(lambda v, m: tf.gradients(v * 2.0, [v], grad_ys=m)),
    "tf.assign": of_variable(tf.assign),
    "tf.Variable": in_session(lambda m: tf.Variable(m).initializer),
    "tf.get_variable": in_session(lambda m: tf.get_variable("v", initializer=m).initializer),
    "tf.constant_initializer": in_session(
        lambda m: tf.get_variable("v", m.shape, tf.float64, tf.constant_initializer(m)).initializer
    ),
    "tf.train": of_variable(
        lambda v, m: tf.train.GradientDescentOptimizer(0.1).apply_gradients([(m, v)])
    ),
}
READ = {
    "an index": lambda m: leaf()[m.astype(int)],
    "a mask": lambda m: leaf()[m > 0],
    "in an index": lambda m: leaf()[1, m.astype(int)],
    "a list as index": lambda m: leaf()[[m.astype(int)]],
    "a symbol's index": in_session(lambda m: tf.constant(VALUES)[m.astype(int)]),
    "what a checked function returns": lambda m: check_grads(
        lambda x: m * 1.0, VALUES, vjp=lambda ct, x: 0 * x
    ),
    "what a gradient returns": lambda m: check_grads(np.sum, VALUES, gradient=lambda x: m),
    "gradients in a list": lambda m: check_grads(np.sum, VALUES, gradient=lambda x: [m]),
}

ALL = COMPUTED_WITH | READ


@pytest.mark.parametrize("use", ALL.values(), ids=ALL)
def test_a_masked_array_is_refused_and_one_of_which_nothing_is_masked_is_not(use):
    with pytest.raises(DTypeError, match=r"must not be masked.*array\.filled"):
        use(MASKED)
    use(np.ma.array(VALUES))
    use(np.ma.array(VALUES, mask=np.zeros(VALUES.shape, bool)))


@pytest.mark.parametrize("name", [name for name in COMPUTED_WITH if name != "a slot"])
def test_a_matrix_is_refused_where_it_is_computed_with(name):
    with pytest.raises(DTypeError, match=r"np\.matrix, whose \* is a matrix product"):
        COMPUTED_WITH[name](MATRIX)


@pytest.mark.parametrize("use", READ.values(), ids=READ)
def test_a_matrix_is_its_numbers_where_it_is_read(use):
    use(MATRIX)


@pytest.mark.parametrize("use", ALL.values(), ids=ALL)
def test_other_classes_are_arrays(use, tmp_path):
    class Named(np.ndarray):
        pass

    mapped = np.memmap(tmp_path / "numbers", np.float64, "w+", shape=VALUES.shape)
    mapped[...] = VALUES
    for array in (mapped, VALUES.view(Named)):
        use(array)


@pytest.mark.parametrize("array", [MASKED, MATRIX], ids=["masked", "matrix"])
def test_lists_are_looked_into(array):
    for nested in ([array], ([array],), [VALUES, array], [[VALUES, (array,)]]):
        with pytest.raises(DTypeError, match=r"must not be"):
            Tensor(nested)
    assert Tensor([[1.0, 2], [np.float32(3), True]]).shape == (2, 2)


def test_checkpoints_have_no_masks(tmp_path):
    with pytest.raises(DTypeError, match="weight must not be masked"):
        checkpoint.save(tmp_path / "a.npz", {"weight": MASKED}, {})
    assert not any(tmp_path.iterdir())


def test_nothing_is_taken_of_a_state_that_is_refused():
    linear = nn.Linear(2, 3, np.random.default_rng(0))
    state = {"weight": np.ones((2, 3), np.float32), "bias": np.ma.masked_all(3, np.float32)}
    before = linear.state_dict()
    momentum = optimizer(optim.Momentum)
    slot = np.ma.masked_all(6)
    with pytest.raises(DTypeError, match="The state of bias must not be masked"):
        linear.load_state_dict(state)
    with pytest.raises(DTypeError, match="The slot velocity must not be masked"):
        momentum.load_state_dict({"iterations": 5, "learning_rate": 0.5, "velocity": slot})
    np.testing.assert_array_equal(linear.weight.numpy(), before["weight"])
    assert (momentum.iterations, momentum.learning_rate) == (0, 0.1)


def test_a_host_value_is_looked_at_in_replays_too():
    values = iter([VALUES, VALUES, MASKED])
    step = capture(lambda x: x * host(lambda: next(values)))
    step(VALUES)
    step(VALUES)
    with pytest.raises(DTypeError, match="must not be masked"):
        step(VALUES)
