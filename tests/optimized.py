"""The engine where Python strips asserts and docstrings: ``python -OO tests/optimized.py``."""

import numpy as np

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import Parameter, Tensor, capture, gradients, nn, optim, relu
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.testing import Verdict, check_grads


def require(condition, what):
    if not condition:
        raise SystemExit(f"{what} is wrong under -OO")


def derivatives():
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.sum(x**3).backward()
    require(np.array_equal(x.grad, [3.0, 12.0]), "a gradient")
    (slope,) = gradients(np.sum(x**3), [x], record=True)
    (second,) = gradients(np.sum(slope), [x])
    require(np.array_equal(second, [6.0, 12.0]), "a second derivative")
    try:
        x + np.ones(3)
    except ShapeError:
        return
    require(False, "the check of shapes")


def replayed(wrap):
    weight = Parameter(np.array([[0.5, -1.0], [0.25, 2.0]]))
    optimizer = optim.Adam([weight], learning_rate=0.1)

    def step(x):
        optimizer.zero_grad()
        cost = np.mean(relu(x @ weight) ** 2)
        cost.backward()
        optimizer.step()
        return cost

    run = wrap(step)
    costs = [run(np.full((3, 2), number)).item() for number in (1.0, 2.0, 3.0)]
    return [*costs, *weight.numpy().ravel()]


def verdicts():
    def cube(x):
        return (x**3).sum()

    x = np.array([0.5, 2.0])
    right = check_grads(cube, x, gradient=lambda x: 3 * x**2)
    wrong = check_grads(cube, x, gradient=lambda x: 2 * x**2)
    require(right.verdict is Verdict.OK, "a verdict on what is right")
    require(wrong.verdict is Verdict.WRONG, "a verdict on what is wrong")
    require(check_grads(cube, x).passed, "the check of the engine's own rules")


def session():
    x = tf.placeholder(tf.float32, [None, 2])
    w = tf.get_variable("w", [2, 1], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
    train = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
    with tf.Session() as running:
        running.run(tf.global_variables_initializer())
        for _ in range(50):
            running.run(train, feed_dict={x: np.eye(2)})
        require(running.run(loss, feed_dict={x: np.eye(2)}) < 1e-6, "a session's training")


def network():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(64, 4)).astype(np.float32)
    labels = np.eye(2)[(images[:, 0] > 0).astype(int)]
    model = nn.MLP([4, 8, 2])
    optimizer = optim.Adam(model.parameters(), learning_rate=0.05)
    model.fit(images, labels, batch_size=16, epochs=20, optimizer=optimizer)
    require(model.evaluate(images, labels).accuracy > 0.9, "a network's training")


if __name__ == "__main__":
    require(not __debug__ and __doc__ is None, "this script, not run with -OO,")
    derivatives()
    eager = replayed(lambda step: lambda x: step(Tensor(x)))
    require(replayed(capture) == eager, "a replay")
    verdicts()
    session()
    network()
