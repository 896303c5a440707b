"""A TensorFlow 1 program: three layers on MNIST. Only its imports are not TensorFlow's.

Run it with ``python -m tinygrad_mnist.tf1.examples.mnist_three_layers [FOLDER [COUNT [COUNT]]]``.
It trains 1,000 iterations and then 10,000, or other counts, and writes a picture of predictions
after each to the folder: ``predictions_4x4.png`` and ``predictions_10x10.png``.
"""
# The names are those of such programs.
# ruff: noqa: N803, N806
# mypy: allow-untyped-defs, allow-untyped-calls

import argparse
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.tf1.examples.tutorials.mnist import input_data

FLOAT = tf.float32


def create_placeholders(n_x, n_y):
    """Return the places of the images and of the one-hot labels."""
    X = tf.placeholder(FLOAT, [None, n_x], name="X")
    Y = tf.placeholder(FLOAT, [None, n_y], name="Y")
    return X, Y


def initialize_parameters():
    """Return the weights and biases of the three layers."""
    xavier = tf.contrib.layers.xavier_initializer(seed=1)
    zeros = tf.zeros_initializer()
    W1 = tf.get_variable("W1", [784, 128], FLOAT, initializer=xavier)
    b1 = tf.get_variable("b1", [128], FLOAT, initializer=zeros)
    W2 = tf.get_variable("W2", [128, 64], FLOAT, initializer=xavier)
    b2 = tf.get_variable("b2", [64], FLOAT, initializer=zeros)
    W3 = tf.get_variable("W3", [64, 10], FLOAT, initializer=xavier)
    b3 = tf.get_variable("b3", [10], FLOAT, initializer=zeros)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}


def forward_propagation(X, parameters):
    """Return the logits."""
    A1 = tf.nn.relu(tf.matmul(X, parameters["W1"]) + parameters["b1"])
    A2 = tf.nn.relu(tf.matmul(A1, parameters["W2"]) + parameters["b2"])
    Z3 = tf.matmul(A2, parameters["W3"]) + parameters["b3"]
    return Z3


def compute_cost(Z3, Y):
    """Return the mean cross entropy."""
    losses = tf.nn.softmax_cross_entropy_with_logits(logits=Z3, labels=Y)
    return tf.reduce_mean(losses)


def draw_predictions(path, images, labels, predictions, side):
    """Write a square of digits, each with what was predicted, in red where it is wrong."""
    count = side * side
    rows = images[:count].reshape(side, side, 28, 28).swapaxes(1, 2)
    figure = Figure(figsize=(0.8 * side, 0.8 * side))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(rows.reshape(28 * side, 28 * side), cmap="gray_r")
    axes.axis("off")
    for k in range(count):
        color = "blue" if predictions[k] == labels[k] else "red"
        axes.text(28 * (k % side) + 1, 28 * (k // side) + 6, predictions[k], color=color)
    figure.savefig(path)


def model(mnist, folder, iterations=1000, more_iterations=10000, batch_size=64):
    """Train twice, write a picture after each; return what was computed on the way."""
    tf.reset_default_graph()
    X, Y = create_placeholders(784, 10)
    parameters = initialize_parameters()
    Z3 = forward_propagation(X, parameters)
    cost = compute_cost(Z3, Y)
    trainer = tf.train.AdamOptimizer().minimize(cost)
    correct = tf.equal(tf.argmax(tf.transpose(Z3)), tf.argmax(tf.transpose(Y)))
    accuracy = tf.reduce_mean(tf.cast(correct, "float"))
    costs, accuracies = [], []

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for count, side in [(iterations, 4), (more_iterations, 10)]:
            for i in range(count):
                batch_X, batch_Y = mnist.train.next_batch(batch_size=batch_size)
                _, batch_cost = sess.run([trainer, cost], feed_dict={X: batch_X, Y: batch_Y})
                costs.append(batch_cost)
                if i % 100 == 0:
                    print(f"Iteration {i:5}  cost {batch_cost:.4f}")
            for name, part in [("training", mnist.train), ("test", mnist.test)]:
                share = sess.run(accuracy, feed_dict={X: part.images, Y: part.labels})
                accuracies.append(share)
                print(f"Accuracy on the {name} set: {share:.4f}")
            logits = sess.run(Z3, feed_dict={X: mnist.test.images})
            predictions = np.argmax(logits, axis=1)
            labels = np.argmax(mnist.test.labels, axis=1)
            path = Path(folder) / f"predictions_{side}x{side}.png"
            draw_predictions(path, mnist.test.images, labels, predictions, side)
            print(f"Predictions drawn in {path}")
        parameters = sess.run(parameters)
    return costs, accuracies, logits, parameters


def main(folder=".", iterations=1000, more_iterations=10000):
    """Load MNIST, say how large it is, and train on it."""
    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    print("Training images", mnist.train.images.shape, "labels", mnist.train.labels.shape)
    print("Test images", mnist.test.images.shape, "labels", mnist.test.labels.shape)
    return model(mnist, folder, iterations, more_iterations)


def count(text):
    """Return the number of iterations that an argument says."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of iterations, at least 1, is not {text!r}")
    return int(text)


def new_folder(text):
    """Make the folder that an argument names, and find out whether it takes files."""
    try:
        Path(text).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=text).close()
    except OSError as error:
        said = f"{text!r} cannot be made or written to: {error.strerror}"
        raise argparse.ArgumentTypeError(said) from None
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Three layers on MNIST, as TensorFlow 1 has them.")
    parser.add_argument("folder", nargs="?", default=".", type=new_folder, help="for the pictures")
    parser.add_argument("iterations", nargs="?", default=1000, type=count, help="up to the first")
    parser.add_argument("more", nargs="?", default=10000, type=count, help="up to the second")
    given = parser.parse_args()
    main(given.folder, given.iterations, given.more)
