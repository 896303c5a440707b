"""Operations under a name, and what is fetched by it."""

import numpy as np

FETCHED = {
    "the mean of integers": (
        lambda tf: tf.reduce_mean(tf.constant([1, 2], tf.int64), name="w"),
        "w:0",
    ),
    "a sum that is too large": (
        lambda tf: tf.reduce_sum(tf.constant([2**30] * 3), name="s"),
        "s:0",
    ),
    "a place": (lambda tf: tf.argmax([1.0, 2.0], output_type=tf.int32, name="am"), "am:0"),
    "an integer product": (lambda tf: tf.reduce_prod([2, 3], name="p"), "p:0"),
    "the first part": (lambda tf: tf.split(np.arange(4.0), 2, name="sp"), "sp:0"),
    "the second part": (lambda tf: tf.split(np.arange(4.0), 2, name="sp"), "sp:1"),
    "the third part": (lambda tf: tf.split(np.arange(6.0), [1, 2, 3], name="sp"), "sp:2"),
    "the only part": (lambda tf: tf.split(np.arange(4.0), 1), "split:0"),
    "the largest of none": (lambda tf: tf.reduce_max(np.zeros((2, 0)), 1), "Max:0"),
    "the smallest of none": (lambda tf: tf.reduce_min(np.zeros(0, np.float32)), "Min:0"),
    "zeros": (lambda tf: tf.zeros_like(tf.ones([2])), "zeros_like:0"),
    "ones": (lambda tf: tf.ones_like(tf.ones([2])), "ones_like:0"),
    "a range": (lambda tf: tf.range(3), "range:0"),
    "a filling": (lambda tf: tf.fill([2], 1.0), "Fill:0"),
    "a shape": (lambda tf: tf.shape(tf.ones([2])), "Shape:0"),
    "a size": (lambda tf: tf.size(tf.ones([2])), "Size:0"),
    "a rank": (lambda tf: tf.rank(tf.ones([2])), "Rank:0"),
    "the same": (lambda tf: tf.identity(tf.ones([2])), "Identity:0"),
    "a sum of several": (lambda tf: tf.add_n([tf.ones([2]), tf.ones([2])]), "AddN:0"),
}


def fetched(tf, what):
    build, name = FETCHED[what]
    with tf.Graph().as_default(), tf.Session() as sess:
        made = build(tf)
        names = [each.name for each in (made if isinstance(made, list) else [made])]
        return names, sess.run(name)
