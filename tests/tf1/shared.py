"""Programs in which several training operations are of one optimizer."""

import numpy as np

SHARING = {
    "momentum": lambda tf: tf.train.MomentumOptimizer(0.125, 0.75),
    # Numbers that float32 has exactly: TensorFlow keeps these in it.
    "adam": lambda tf: tf.train.AdamOptimizer(0.25, 0.5, beta2=0.75, epsilon=0.125),
    "gradient descent": lambda tf: tf.train.GradientDescentOptimizer(0.125),
}


def losses(tf):
    w = tf.Variable(np.array([1.0, -2.0]), name="w")
    b = tf.Variable(np.float64(0.5), name="b")
    return w, b, [tf.reduce_sum(w * w) + b * b, tf.reduce_sum(3.0 * w * b)]


def same_variables(tf, optimizer):
    w, b, both = losses(tf)
    return [w, b], [optimizer.minimize(loss) for loss in both]


def in_another_order(tf, optimizer):
    w, b, (first, second) = losses(tf)
    pairs = optimizer.compute_gradients(second)
    return [w, b], [optimizer.minimize(first), optimizer.apply_gradients(pairs[::-1])]


def other_variables(tf, optimizer):
    """As of the two networks of a GAN; Adam counts the steps of both."""
    w, b, (first, second) = losses(tf)
    trains = [optimizer.minimize(first, var_list=w), optimizer.minimize(second, var_list=[b])]
    return [w, b], trains


PROGRAMS = [same_variables, in_another_order, other_variables]


def trained(tf, make_optimizer, program, order=(0, 1, 0, 0, 1, 1, 0, 1)):
    """Return the variables after each step, twice as the second initialisation begins anew."""
    with tf.Graph().as_default(), tf.Session() as sess:
        variables, trains = program(tf, make_optimizer(tf))
        init = tf.global_variables_initializer()
        found = []
        for _ in range(2):
            sess.run(init)
            for which in order:
                sess.run(trains[which])
                found.append(np.concatenate([np.ravel(v) for v in sess.run(variables)]))
        return np.array(found)
