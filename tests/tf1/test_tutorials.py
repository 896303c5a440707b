"""Programs as TensorFlow 1's tutorials wrote them run with nothing but their import lines changed.

Those are left out here. Each program leaves what it has computed, step by step, in ``results``.
"""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf

LINEAR_REGRESSION = """
rng = np.random.RandomState(0)
train_X = np.asarray([3.3, 4.4, 5.5, 6.71, 6.93, 4.168, 9.779, 6.182, 7.59, 2.167])
train_Y = np.asarray([1.7, 2.76, 2.09, 3.19, 1.694, 1.573, 3.366, 2.596, 2.53, 1.221])
n_samples = train_X.shape[0]

X = tf.placeholder("float")
Y = tf.placeholder("float")
W = tf.Variable(rng.randn(), name="weight")
b = tf.Variable(rng.randn(), name="bias")
pred = tf.add(tf.multiply(X, W), b)
cost = tf.reduce_sum(tf.pow(pred - Y, 2)) / (2 * n_samples)
optimizer = tf.train.GradientDescentOptimizer(0.01).minimize(cost)
init = tf.global_variables_initializer()

results = []
with tf.Session() as sess:
    sess.run(init)
    for epoch in range(5):
        for (x, y) in zip(train_X, train_Y):
            sess.run(optimizer, feed_dict={X: x, Y: y})
        results.append(sess.run(cost, feed_dict={X: train_X, Y: train_Y}))
        results += [sess.run(W), sess.run(b)]
"""

SOFTMAX_REGRESSION = """
data = np.random.RandomState(0)
images = data.rand(40, 20).astype(np.float32)
labels = np.eye(4)[data.randint(4, size=40)]

sess = tf.InteractiveSession()
x = tf.placeholder(tf.float32, shape=[None, 20])
y_ = tf.placeholder(tf.float32, shape=[None, 4])
W = tf.Variable(tf.zeros([20, 4]))
b = tf.Variable(tf.zeros([4]))
sess.run(tf.global_variables_initializer())
y = tf.nn.softmax(tf.matmul(x, W) + b)
cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
train_step = tf.train.GradientDescentOptimizer(0.5).minimize(cross_entropy)
correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

results = []
for i in range(20):
    start = 10 * (i % 4)
    train_step.run(feed_dict={x: images[start:start + 10], y_: labels[start:start + 10]})
    results.append(accuracy.eval(feed_dict={x: images, y_: labels}))
results += [W.eval(), b.eval(), cross_entropy.eval({x: images, y_: labels})]
sess.close()
"""

PERCEPTRON = """
data = np.random.RandomState(1)
images, labels = data.rand(32, 12), data.randint(3, size=32)
n_hidden_1, n_hidden_2, n_input, n_classes = 8, 6, 12, 3

def values(*shape):
    return np.float32(data.standard_normal(shape))

X = tf.placeholder("float", [None, n_input])
Y = tf.placeholder(tf.int32, [None])
weights = {
    "h1": tf.Variable(values(n_input, n_hidden_1)),
    "h2": tf.Variable(values(n_hidden_1, n_hidden_2)),
    "out": tf.Variable(values(n_hidden_2, n_classes)),
}
biases = {
    "b1": tf.Variable(values(n_hidden_1)),
    "b2": tf.Variable(values(n_hidden_2)),
    "out": tf.Variable(values(n_classes)),
}

def multilayer_perceptron(x):
    layer_1 = tf.nn.relu(tf.add(tf.matmul(x, weights["h1"]), biases["b1"]))
    layer_2 = tf.nn.sigmoid(tf.add(tf.matmul(layer_1, weights["h2"]), biases["b2"]))
    return tf.matmul(layer_2, weights["out"]) + biases["out"]

logits = multilayer_perceptron(X)
loss_op = tf.reduce_mean(
    tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=Y))
regularizer = sum(tf.nn.l2_loss(w) for w in weights.values())
loss_op = loss_op + 0.01 * regularizer
global_step = tf.Variable(0, trainable=False, name="global_step")
optimizer = tf.train.MomentumOptimizer(0.05, 0.9)
gradients = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in optimizer.compute_gradients(loss_op)]
train_op = optimizer.apply_gradients(gradients, global_step=global_step)
correct_pred = tf.equal(tf.argmax(tf.nn.softmax(logits), 1), tf.cast(Y, tf.int64))
accuracy = tf.reduce_mean(tf.cast(correct_pred, tf.float32))

results = []
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for epoch in range(15):
        feed = {X: images, Y: labels}
        _, c = sess.run([train_op, loss_op], feed_dict=feed)
        results += [c, accuracy.eval(feed)]
    results += [sess.run(weights["h1"]), sess.run(global_step)]
"""

XOR = """
data = np.random.RandomState(3)
x_ = tf.placeholder(tf.float32, shape=[4, 2], name="x-input")
y_ = tf.placeholder(tf.float32, shape=[4, 1], name="y-input")
Theta1 = tf.Variable(data.uniform(-1, 1, (2, 4)).astype(np.float32), name="Theta1")
Theta2 = tf.Variable(data.uniform(-1, 1, (4, 1)).astype(np.float32), name="Theta2")
Bias1 = tf.Variable(tf.zeros([4]), name="Bias1")
Bias2 = tf.Variable(tf.zeros([1]), name="Bias2")
with tf.name_scope("layer2") as scope:
    A2 = tf.sigmoid(tf.matmul(x_, Theta1) + Bias1)
with tf.name_scope("layer3") as scope:
    Hypothesis = tf.sigmoid(tf.matmul(A2, Theta2) + Bias2)
with tf.name_scope("cost") as scope:
    cost = tf.reduce_mean((y_ * tf.log(Hypothesis) + (1 - y_) * tf.log(1.0 - Hypothesis)) * -1)
with tf.name_scope("train") as scope:
    train_step = tf.train.GradientDescentOptimizer(0.1).minimize(cost)

XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_Y = [[0], [1], [1], [0]]
results = []
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(30):
        sess.run(train_step, feed_dict={x_: XOR_X, y_: XOR_Y})
        results.append(sess.run(cost, feed_dict={x_: XOR_X, y_: XOR_Y}))
    results += sess.run([Hypothesis, Theta1, Bias1], feed_dict={x_: XOR_X, y_: XOR_Y})
"""

EMBEDDING = """
data = np.random.RandomState(4)
words = tf.placeholder(tf.int32, [None], name="words")
context = tf.placeholder(tf.int64, [None], name="context")
embeddings = tf.get_variable("embeddings", initializer=data.randn(20, 4).astype(np.float32))
nce_weights = tf.get_variable("weights", [4, 20], initializer=tf.constant_initializer(0.1))
nce_biases = tf.get_variable("biases", [20], initializer=tf.zeros_initializer())
embed = tf.gather(embeddings, words)
logits = tf.matmul(embed, nce_weights) + nce_biases
loss = tf.reduce_mean(
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=context, logits=logits))
optimizer = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keep_dims=True))
normalized = embeddings / norm

results = []
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(20):
        batch = data.randint(20, size=16)  # some words twice: their gradients add up
        _, value = session.run([optimizer, loss], {words: batch, context: batch * 7 % 20})
        results.append(value)
    results.append(normalized.eval())
"""

TUTORIALS = {
    "linear regression": LINEAR_REGRESSION,
    "softmax regression": SOFTMAX_REGRESSION,
    "perceptron": PERCEPTRON,
    "xor": XOR,
    "embedding": EMBEDDING,
}


def run(tf, text):
    program = {"np": np, "tf": tf}
    tf.reset_default_graph()
    exec(text, program)
    return program["results"]


@pytest.mark.parametrize("name", TUTORIALS)
def test_it_runs_and_gives_the_same_result_twice(name):
    first, second = (run(tf, TUTORIALS[name]) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.all(np.isfinite(one))


STEPS = 50  # at most
# Each step adds the rounding of sums of some forty terms of order one, and amplifies nothing.
TOLERANCE = STEPS * 32 * 2.0**-24


@pytest.mark.tf
@pytest.mark.parametrize("name", TUTORIALS)
def test_tensorflow_computes_the_same(name, theirs, graph_mode):
    received = run(tf, TUTORIALS[name])
    with graph_mode():
        expected = run(theirs, TUTORIALS[name])
    for mine, reference in zip(received, expected, strict=True):
        assert (mine.shape, mine.dtype) == (reference.shape, reference.dtype)
        scale = max(1.0, float(np.max(np.abs(reference))))
        assert np.max(np.abs(np.subtract(mine, reference))) <= TOLERANCE * scale
