"""A small problem, written with TensorFlow 1's names, for the tests of the optimizers."""

import numpy as np

SHAPES = {"w": (3, 2), "b": (2,)}


def first_values(dtype):
    rng = np.random.default_rng(1)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}


def batches(dtype, count):
    rng = np.random.default_rng(2)
    for _ in range(count):
        yield rng.standard_normal((4, 3)).astype(dtype), rng.standard_normal((4, 2)).astype(dtype)


def build(tf, dtype):
    """Return the placeholders, the variables and the loss."""
    x, y = tf.placeholder(dtype, [None, 3]), tf.placeholder(dtype, [None, 2])
    values = first_values(dtype)
    w, b = (tf.get_variable(name, initializer=tf.constant(values[name])) for name in SHAPES)
    loss = tf.reduce_mean(tf.square(tf.tanh(tf.matmul(x, w) + b) - y))
    return (x, y), [w, b], loss


def fit(tf, make_optimizer, dtype, minimize, steps=20):
    """Return the losses, and the variables and the step count after so many steps."""
    with tf.Graph().as_default(), tf.Session() as sess:
        places, variables, loss = build(tf, dtype)
        count = tf.Variable(0, trainable=False, name="count")
        train = minimize(tf, make_optimizer(tf), loss, variables, count)
        sess.run(tf.global_variables_initializer())
        losses = [
            sess.run([loss, train], dict(zip(places, batch, strict=True)))[0]
            for batch in batches(dtype, steps)
        ]
        return np.array(losses), sess.run(variables), sess.run(count)


DECAYING = {
    "gradient descent": lambda tf, rate: tf.train.GradientDescentOptimizer(rate),
    "momentum": lambda tf, rate: tf.train.MomentumOptimizer(rate, 0.75),
    "adam": lambda tf, rate: tf.train.AdamOptimizer(rate),
}


def rate(step):
    """A learning rate that float32 has exactly."""
    return 0.5 / 2 ** (step // 2)


def fit_decaying(tf, make_optimizer, dtype, how, steps=8):
    """Return the losses and the variables, by a learning rate that is fed, kept or computed."""
    with tf.Graph().as_default(), tf.Session() as sess:
        places, variables, loss = build(tf, dtype)
        count = tf.Variable(0, trainable=False, name="count")
        fed = tf.placeholder(tf.float32, [], name="rate")
        kept = tf.Variable(0.0, trainable=False, name="kept")
        symbol = {"fed": fed, "kept": kept, "computed": 0.5 / 2.0 ** tf.cast(count // 2, "float")}
        train = make_optimizer(tf, symbol[how]).minimize(loss, count)
        change = tf.assign(kept, fed)
        sess.run(tf.global_variables_initializer())
        losses = []
        for step, batch in enumerate(batches(dtype, steps)):
            feeds = {**dict(zip(places, batch, strict=True)), fed: rate(step)}
            sess.run(change, feeds)
            losses.append(sess.run([loss, train], feeds)[0])
        return np.array(losses), sess.run(variables)


OPTIMIZERS = {
    "gradient descent": lambda tf: tf.train.GradientDescentOptimizer(0.5),
    "momentum": lambda tf: tf.train.MomentumOptimizer(0.125, 0.75),
    "nesterov": lambda tf: tf.train.MomentumOptimizer(0.125, 0.75, use_nesterov=True),
    "adam": lambda tf: tf.train.AdamOptimizer(),
    "adam of other numbers": lambda tf: tf.train.AdamOptimizer(
        0.25, 0.5, beta2=0.75, epsilon=0.125
    ),
}


def plainly(tf, optimizer, loss, variables, count):
    return optimizer.minimize(loss)


def counting(tf, optimizer, loss, variables, count):
    return optimizer.minimize(loss, global_step=count)


def some(tf, optimizer, loss, variables, count):
    return optimizer.minimize(loss, var_list=variables[:1])


def clipped(tf, optimizer, loss, variables, count):
    pairs = optimizer.compute_gradients(loss)
    edited = [(tf.clip_by_value(g, -0.1, 0.1), v) for g, v in pairs]
    return optimizer.apply_gradients([*edited, (None, variables[0])][: len(edited)])


MINIMIZE = [plainly, counting, some, clipped]
