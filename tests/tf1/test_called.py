"""What is fetched by a name is what it is in TensorFlow, and so are the names."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as ours
from tinygrad_mnist.errors import ShapeError

pytestmark = pytest.mark.tf

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


@pytest.mark.parametrize("what", FETCHED)
def test_fetched_by_name(what, theirs):
    (names, received), (expected_names, expected) = (fetched(tf, what) for tf in (ours, theirs))
    assert names == expected_names
    assert received.dtype == expected.dtype
    np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("axis", [0, 1])
def test_the_largest_among_numbers_that_are_none(dtype, axis, theirs):
    odd = [np.nan, -np.inf, np.inf, np.finfo(np.float32).min, 0.0, 1.0]
    rows = np.random.default_rng(0).choice(odd, (200, 3)).astype(dtype)

    def places(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            x = rows if axis else rows.T
            return sess.run([tf.argmax(x, axis), tf.argmin(x, axis), tf.argmin(-x, axis)])

    np.testing.assert_array_equal(places(ours), places(theirs))


def test_a_size_that_does_not_fit_a_bias_is_refused_in_the_run(tensorflow, theirs):
    for tf in (ours, theirs):
        with tf.Graph().as_default(), tf.Session() as sess:
            x, b = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None])
            y = tf.nn.bias_add(x, b)
            for _ in range(3):
                assert sess.run(y, {x: np.ones((2, 3)), b: np.ones(3)}).tolist() == [[2] * 3] * 2
                with pytest.raises((ShapeError, tensorflow.errors.InvalidArgumentError)):
                    sess.run(y, {x: np.ones((2, 3)), b: np.ones(1)})


def test_the_shape_of_what_is_fed(theirs):
    def shapes(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            x = tf.placeholder(tf.float32)
            told = [tf.shape(x), tf.size(x), tf.rank(x), tf.zeros_like(x)]
            fed = [np.ones((2, 3)), np.ones((4, 3)), np.ones((4, 3)), np.ones(2), 5.0]
            return [[np.array(v).tolist() for v in sess.run(told, {x: y})] for y in fed]

    assert shapes(ours) == shapes(theirs)


SHAPES = [
    lambda s: s.ndims,
    lambda s: s.as_list(),
    lambda s: s.is_fully_defined(),
    lambda s: s.num_elements(),
    lambda s: s[1:].num_elements(),
    lambda s: s[1:].as_list(),
    lambda s: s[-1] * 2 + s[1],
    lambda s: s[0] is None,
    lambda s: int(np.prod(s[1:])),
    lambda s: [*range(s[1])],
    lambda s: f"{s[1]} {s}",
    lambda s: len(s),
]


@pytest.mark.parametrize("ask", range(len(SHAPES)))
def test_what_is_asked_of_a_shape(ask, theirs):
    def answer(tf):
        with tf.Graph().as_default():
            return SHAPES[ask](tf.placeholder(tf.float32, [None, 3, 2]).get_shape())

    assert answer(ours) == answer(theirs)


def test_a_size_has_a_value_as_in_tensorflow_1(tensorflow, theirs):
    theirs.disable_v2_tensorshape()
    try:
        for tf in (ours, theirs):
            with tf.Graph().as_default():
                w = tf.Variable(tf.zeros([3, 4]))
                total = 1
                for size in w.get_shape():
                    total *= size.value
                assert (total, w.shape[1].value, tf.ones([w.get_shape()[1], 2]).shape[0]) == (
                    12,
                    4,
                    4,
                )
    finally:
        theirs.enable_v2_tensorshape()


WORDS = [
    lambda tf: tf.constant("Hello, TensorFlow!"),
    lambda tf: tf.constant(b"Hello", name="hello"),
    lambda tf: tf.constant(["a", "\u00e9"], tf.string),
    lambda tf: tf.constant(np.array([["a", "b"]])),
    lambda tf: tf.constant("a", shape=[2, 1]),
]


@pytest.mark.parametrize("words", range(len(WORDS)))
def test_words_are_fetched_as_bytes(words, theirs):
    def found(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            hello, x = WORDS[words](tf), tf.placeholder(tf.float32)
            runs = [sess.run([hello, x * 2], {x: 1.0}) for _ in range(3)]
            return hello.name, hello.get_shape().as_list(), hello.dtype == tf.string, runs

    for mine, reference in zip(found(ours), found(theirs), strict=True):
        assert repr(mine) == repr(reference)


def test_old_names_that_tutorials_begin_with(theirs):
    def results(tf):
        with tf.Graph().as_default(), tf.Session() as sess:
            tf = tf.compat.v1
            w = tf.Variable([1.0, 2.0], name="w")
            added, less = tf.assign_add(w, [1.0, 1.0]), tf.assign_sub(w, [0.5, 0.0])
            doubled = tf.assign(w, 2.0 * w, True, False, "doubled")
            sess.run(tf.initialize_all_variables())
            return w.op.name, [sess.run(step).tolist() for step in (added, less, doubled)]

    assert results(ours) == results(theirs)


@pytest.mark.parametrize("shape", [[0, 0], [0, 1], [0], [3, 0, 2]])
def test_first_values_of_no_elements(shape, theirs):
    for tf in (ours, theirs):
        with tf.Graph().as_default(), tf.Session() as sess:
            w = sess.run(tf.glorot_uniform_initializer(seed=1)(shape))
            assert (w.shape, w.dtype) == (tuple(shape), np.float32)
