"""Which names there are, and what those that are not are answered with."""

import inspect

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.tf1.missing import MODULES, names
from tinygrad_mnist.tf1.symbol import Symbol

from .cases import CASES

PROMISED = """
Graph get_default_graph reset_default_graph Session InteractiveSession placeholder Variable
get_variable variable_scope name_scope constant global_variables_initializer trainable_variables
global_variables assign zeros_initializer ones_initializer constant_initializer
random_uniform_initializer random_normal_initializer truncated_normal_initializer
glorot_uniform_initializer contrib.layers.xavier_initializer set_random_seed zeros ones
random_normal truncated_normal add subtract multiply divide matmul pow square sqrt exp log abs
maximum minimum sigmoid tanh equal greater less argmax cast transpose reshape concat stack split
squeeze expand_dims one_hot gather clip_by_value where reduce_sum reduce_mean reduce_max
reduce_min reduce_prod nn.relu nn.leaky_relu nn.elu nn.softplus nn.sigmoid nn.tanh nn.softmax
nn.log_softmax nn.bias_add nn.l2_loss nn.dropout nn.softmax_cross_entropy_with_logits
nn.softmax_cross_entropy_with_logits_v2 nn.sparse_softmax_cross_entropy_with_logits
nn.sigmoid_cross_entropy_with_logits gradients train.GradientDescentOptimizer
train.MomentumOptimizer train.AdamOptimizer train.Saver layers.dense float32 float64 int32 int64
bool
""".split()  # noqa: SIM905  a list would take a page

OPERATIONS = {case.name.split(" ")[0] for case in CASES} - {"operators"}


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_is_there(name):
    module, _, last = name.rpartition(".")
    assert last in names(f"tf.{module}" if module else "tf")
    found = tf
    for part in name.split("."):
        found = getattr(found, part)


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_names_is_there_and_sorted(module):
    found = tf
    for part in module.split(".")[1:]:
        found = getattr(found, part)
    assert all(hasattr(found, name) for name in names(module))
    assert len(set(names(module))) == len(names(module))


@pytest.mark.parametrize("operation", sorted(OPERATIONS | {"nn.dropout", "random_normal"}))
def test_every_operation_takes_a_name(operation):
    module, _, last = operation.rpartition(".")
    function = getattr(tf.nn if module else tf, last)
    assert inspect.signature(function).parameters["name"].default is None


def test_a_name_is_that_of_the_symbol():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3], name="X")
        assert tf.reduce_sum(x, name="total").name == "total:0"
        assert [tf.matmul(x, tf.transpose(x)).name for _ in range(2)] == ["MatMul:0", "MatMul_1:0"]
        with tf.name_scope("layer"):
            assert tf.nn.relu(x).name == "layer/Relu:0"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("softmx", "tf has no name 'softmx'. Nearest: tf.nn.softmax"),
        ("relu", "tf has no name 'relu'. Nearest: tf.nn.relu"),
        ("reduce_men", "tf has no name 'reduce_men'. Nearest: tf.reduce_mean"),
        ("nn.conv2d", "has no name 'conv2d', and none is like it; tf.nn.__all__ lists all."),
        ("contrib.slim", "tf.contrib has no name 'slim', and none is like it; tf.contrib.__all__"),
        ("keras", "tf has no name 'keras', and none is like it"),
        ("app", "tf has no name 'app', and none is like it"),
        ("train.Server", "tf.train has no name 'Server', and none is like it"),
        ("mean", "tf has no name 'mean'. Nearest: tf.reduce_mean."),
        ("session", "Nearest: tf.Session, tf.InteractiveSession"),
        ("compat.v2", "tf.compat has no name 'v2'"),
        ("nn.matmul", "tf.nn has no name 'matmul'. Nearest: tf.matmul"),
        ("train.AdamOptimiser", "Nearest: tf.train.AdamOptimizer"),
        ("layers.dens", "Nearest: tf.layers.dense"),
        ("contrib.layer", "Nearest: tf.contrib.layers"),
        ("contrib.layers.xavier", "tf.contrib.layers has no name 'xavier'. Nearest: tf.contrib.l"),
        ("qqq", "tf has no name 'qqq', and none is like it; tf.__all__ lists all."),
    ],
)
def test_a_missing_name_is_answered_with_the_nearest(path, message):
    *modules, name = path.split(".")
    found = tf
    for part in modules:
        found = getattr(found, part)
    with pytest.raises(AttributeError) as raised:
        getattr(found, name)
    assert message in str(raised.value)
    assert len(str(raised.value)) < 200


def x(dtype="float", shape=(None, 3)):
    return tf.placeholder(dtype, shape, name="X")


REFUSED = {
    "two dtypes in one operation": (
        lambda: tf.add(x(), x(tf.float64)),
        DTypeError,
        "Add takes operands of one dtype. Received: X:0 of dtype float32 and X_1:0 of dtype fl",
    ),
    "a fraction for integers": (lambda: tf.add(x(tf.int32), [0.5]), DTypeError, "dtype int32"),
    "a root of integers": (lambda: tf.sqrt(x(tf.int32)), DTypeError, "Sqrt takes floating numbers"),
    "an argument by two names": (
        lambda: tf.reduce_sum(x(), axis=1, reduction_indices=1),
        ArgumentError,
        "axis and reduction_indices are two names of one argument",
    ),
    "matrices that do not fit": (
        lambda: tf.matmul(x(), tf.ones([4, 5])),
        ShapeError,
        r"MatMul: X:0 of shape \(None, 3\).* and ones:0 of shape \(4, 5\)",
    ),
    "a vector for a matrix": (
        lambda: tf.matmul(x(), [1.0, 2.0, 3.0]),
        ShapeError,
        r"MatMul takes matrices. Received: an array of shape \(3,\)",
    ),
    "a split of any shape": (lambda: tf.split(x(shape=None), 2), ShapeError, "of size None"),
    "a split that does not come out even": (
        lambda: tf.split(x(), 2, axis=1),
        ShapeError,
        "an axis of size 3 cannot be cut into 2 equal parts",
    ),
    "a split of the batch": (lambda: tf.split(x(), 2), ShapeError, "an axis of size None"),
    "where without values": (lambda: tf.where(tf.equal(x(), 0.0)), ArgumentError, "Give x and y"),
    "where of other shapes": (
        lambda: tf.where(tf.equal(x(), 0.0), tf.ones([4, 3]), tf.ones([3])),
        ShapeError,
        "x and y must have one shape",
    ),
    "a condition of another shape": (
        lambda: tf.where(tf.equal(x(shape=[2]), 0.0), tf.ones([3, 3]), tf.ones([3, 3])),
        ShapeError,
        "the condition must be a scalar",
    ),
    "a variable of words": (
        lambda: tf.Variable("Hello"),
        DTypeError,
        "The variable: an operand holds numbers or booleans; strings are not supported",
    ),
    "words and numbers": (lambda: tf.constant(["a", 1]), DTypeError, "strings are not supported"),
    "a word for a number": (lambda: tf.constant("1", tf.float32), DTypeError, "are not supported"),
    "words to compute with": (
        lambda: tf.constant("Hello") + "!",
        DTypeError,
        "add: Const:0 is of strings, which can only be fetched",
    ),
    "random words": (
        lambda: tf.random_normal([2], dtype=tf.string),
        DTypeError,
        "random_normal draws numbers. Received: dtype object",
    ),
    "a constant of no real numbers": (
        lambda: tf.constant(1j),
        DTypeError,
        "A constant holds numbers or booleans; values of dtype complex128 are not supported.",
    ),
    "a word between operators": (lambda: x() * ["a"], DTypeError, "strings are not supported"),
    "a constant of ragged rows": (lambda: tf.constant([[1], [1, 2]]), ShapeError, "an array"),
    "a shape that is too small": (lambda: tf.constant([1, 2], shape=[1]), ShapeError, "filled"),
    "no dtype": (lambda: tf.cast(x(), "flaot"), DTypeError, "'flaot'"),
    "a bias that is no vector": (
        lambda: tf.nn.bias_add(x(), tf.ones([1, 3])),
        ShapeError,
        "BiasAdd: X:0 .* and ones:0 of shape .1, 3.* and the bias one, of the size of the value's",
    ),
    "a bias that would be broadcast": (
        lambda: tf.nn.bias_add(x(), tf.ones([1])),
        ShapeError,
        "BiasAdd: X:0 .* and ones:0 of shape .1,.* the value must have two axes or more",
    ),
    "a value that would be broadcast": (
        lambda: tf.nn.bias_add(tf.ones([2, 1]), tf.ones([3])),
        ShapeError,
        "the value must have two axes or more",
    ),
    "a bias of a vector": (
        lambda: tf.nn.bias_add(tf.ones([3]), tf.ones([3])),
        ShapeError,
        "the value must have two axes or more",
    ),
    **{
        f"truth for numbers in {name}": (
            lambda name=name: getattr(tf, name)(x(tf.bool)),
            DTypeError,
            r"takes numbers. Received: X:0 of dtype bool. Convert it with tf.cast\(x, tf.float32\)",
        )
        for name in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod")
    },
    "a place that is a fraction": (
        lambda: tf.argmax(x(), output_type=tf.float32),
        DTypeError,
        "ArgMax has an output_type of integers. Received: float32",
    ),
    "members of other shapes": (
        lambda: tf.add_n([x(), tf.ones([3])]),
        ShapeError,
        "AddN: X:0 .* the shapes must be equal",
    ),
    "a filling that is no scalar": (
        lambda: tf.fill([2], [1.0, 2.0]),
        ShapeError,
        "Fill takes a scalar",
    ),
    "a range that leads nowhere": (
        lambda: tf.range(5, 0),
        ArgumentError,
        r"range takes a start.*Received: \(5, 0, 1\)",
    ),
    "a range without steps": (lambda: tf.range(5, 9, 0), ArgumentError, "steps other than 0"),
    "a range without end": (lambda: tf.range(float("inf")), ArgumentError, "range takes a start"),
    "a range of a list": (lambda: tf.range([5]), ArgumentError, "range takes a start"),
    "a range of a Symbol": (lambda: tf.range(x()), ArgumentError, "range: a bound must be known"),
    "a size that is fed": (
        lambda: tf.zeros([x(tf.int32, []), 2]),
        ArgumentError,
        "zeros: shape must be known .*depends on X:0",
    ),
    "a size that is a fraction": (
        lambda: tf.zeros([tf.shape(x())[0] / 2]),
        ArgumentError,
        "zeros: shape must be made of integers. Received: divide:0 of dtype float64",
    ),
    "a negative size beside one that follows from a shape": (
        lambda: tf.ones([tf.shape(x())[0], -2]),
        ArgumentError,
        "ones: shape must be made of known sizes",
    ),
    "an axis that follows from a shape": (
        lambda: tf.reduce_sum(x(), tf.shape(x())[0]),
        ArgumentError,
        "Sum: axis must be known .*: getitem:0, which follows from a shape and is known in a run",
    ),
    "gradients that stop": (
        lambda: tf.gradients(x(), x(), stop_gradients=x()),
        ArgumentError,
        r"does not support stop_gradients. Take tf.stop_gradient\(x\)",
    ),
    "gradients of what is not connected": (
        lambda: tf.gradients(x(), x(), unconnected_gradients="zero"),
        ArgumentError,
        "gradients does not support unconnected_gradients",
    ),
    "batches of indices": (
        lambda: tf.gather(x(), [0], batch_dims=1),
        ArgumentError,
        "gather does not support batch_dims",
    ),
    "a scope that is a number": (
        lambda: tf.name_scope(5),
        ArgumentError,
        "name_scope takes a name, which is text. Received: 5",
    ),
    "a number that is changed": (
        lambda: tf.assign(3, 4),
        ArgumentError,
        "assign changes a variable. Received: 3",
    ),
    "dropping all": (lambda: tf.nn.dropout(x(), 0.0), ArgumentError, "above 0 and at most 1"),
    "labels and logits without names": (
        lambda: tf.nn.softmax_cross_entropy_with_logits(x(), x()),
        ArgumentError,
        "needs its operands by name",
    ),
    "logits alone": (
        lambda: tf.nn.sigmoid_cross_entropy_with_logits(logits=x()),
        ArgumentError,
        "needs its operands by name",
    ),
    "labels of another shape": (
        lambda: tf.nn.softmax_cross_entropy_with_logits(labels=x(), logits=x(shape=(None, 4))),
        ShapeError,
        r"of one shape. Received: labels X:0 of shape \(None, 3\) and logits X_1:0 of .*4\)\.$",
    ),
    "biases that do not broadcast": (
        lambda: tf.add(x(), tf.ones([5])),
        ShapeError,
        r"Add: X:0 of shape \(None, 3\) .* and ones:0 of .*: the shapes do not broadcast\.$",
    ),
    "two dtypes between operators": (
        lambda: x() + x(tf.float64),
        DTypeError,
        r"add takes operands of one dtype\. .*Convert one with tf\.cast\.$",
    ),
    "two dtypes compared": (lambda: x() > x(tf.int32), DTypeError, "greater takes operands of one"),
    "two dtypes in a list": (
        lambda: tf.stack([tf.constant(1.0), tf.constant(3)]),
        DTypeError,
        "stack takes operands of one dtype",
    ),
    "a fraction between operators": (lambda: x(tf.int32) * 1.5, DTypeError, "Received: 1.5 of dt"),
    "fractions of NumPy": (lambda: x(tf.int32) * np.array([1.5]), DTypeError, "dtype int32 was"),
    "nothing between operators": (lambda: x() + None, DTypeError, "Received: None"),
    "an operation for a value": (
        lambda: tf.square(tf.global_variables_initializer()),
        DTypeError,
        "init is an operation, which has no value",
    ),
    "a number that is too large": (lambda: tf.constant(2**40), DTypeError, "dtype int32 was expe"),
    "a Symbol converted": (
        lambda: tf.convert_to_tensor(x(), tf.int32),
        DTypeError,
        "X:0 has dtype float32. Received: dtype int32. Use tf.cast",
    ),
    "sizes that do not make up a shape": (
        lambda: tf.reshape(x(), [7, 5]),
        ShapeError,
        r"Reshape: X:0 of shape \(None, 3\) .*: cannot reshape .* \(12 stands for an unknown size",
    ),
    "no operands": (lambda: tf.stack([]), ArgumentError, r"at least one operand. Received: \[\]"),
    "one operand for a list": (
        lambda: tf.stack(x()),
        ArgumentError,
        "stack takes a list of at least one operand. Received: <Placeholder 'X:0'",
    ),
    "a number for a list": (lambda: tf.stack(3.0), ArgumentError, "operand. Received: 3.0"),
    "no parts": (lambda: tf.split(x(), None), ArgumentError, "num_or_size_splits must be an int"),
    "no shape": (lambda: tf.reshape(x(), None), ArgumentError, "Reshape: shape must be an integer"),
    "classes along no axis": (
        lambda: tf.nn.softmax_cross_entropy_with_logits_v2(np.eye(2), np.eye(2), axis=5),
        ShapeError,
        "softmax_cross_entropy_with_logits: .* axis 5 is out of bounds",
    ),
    "a depth that is fed": (
        lambda: tf.one_hot([1], x(tf.int32, [])),
        ArgumentError,
        r"one_hot: depth must be known.*Received: X:0, which depends on X:0 and is known in a run",
    ),
    "a shape of a variable": (
        lambda: tf.zeros([tf.Variable(3, name="n") + 1, 2]),
        ArgumentError,
        "zeros: shape must be known.*Received: add:0, which depends on n:0",
    ),
    "an axis that is fed": (
        lambda: tf.reduce_sum(x(), x(tf.int32, [])),
        ArgumentError,
        "Sum: axis must be known",
    ),
    "an axis that is a fraction": (lambda: tf.argmax(x(), 1.5), ArgumentError, "an integer, or"),
    "a size of zeros that is not known": (lambda: tf.zeros([None, 2]), ArgumentError, "known size"),
    "parts along no axis": (lambda: tf.split(x(), 2, 5), ShapeError, "there is no axis 5"),
    "parts that are too long": (lambda: tf.split(x(), [4, -1], 1), ShapeError, "size 3 cannot be"),
    "concat in the old order": (
        lambda: tf.concat(1, [x(), x()]),
        ArgumentError,
        r"before TensorFlow 1\.0\. Write tf\.concat\(values, axis\)",
    ),
    "split in the old order": (
        lambda: tf.split(1, 3, x()),
        ArgumentError,
        r"before TensorFlow 1\.0\. Write tf\.split\(value, num_or_size_splits, axis\)",
    ),
    "a rate of more than all": (
        lambda: tf.nn.dropout(x(), rate=1.5),
        ArgumentError,
        r"dropout: rate must be a number in \[0, 1\). Received: 1\.5",
    ),
    "a probability that is text": (lambda: tf.nn.dropout(x(), "half"), ArgumentError, "keep_prob"),
    "dropping by two names": (
        lambda: tf.nn.dropout(x(), 0.5, rate=0.5),
        ArgumentError,
        "keep_prob 0.5 and rate 0.5",
    ),
    "channels that come first": (
        lambda: tf.nn.bias_add(x(), tf.ones([3]), data_format="NCHW"),
        ArgumentError,
        "bias_add does not support data_format. Received: 'NCHW'",
    ),
    "a regularizer of a variable": (
        lambda: tf.get_variable("w", [2], regularizer=tf.nn.l2_loss),
        ArgumentError,
        "get_variable does not support regularizer",
    ),
    "a collection of a variable": (
        lambda: tf.Variable(1.0, collections=["local"]),
        ArgumentError,
        "Variable does not support collections",
    ),
    "a regularizer of a layer": (
        lambda: tf.layers.dense(x(), 3, kernel_regularizer=tf.nn.l2_loss),
        ArgumentError,
        "dense does not support kernel_regularizer",
    ),
    "a session elsewhere": (lambda: tf.Session("grpc://there"), ArgumentError, "'', this process"),
    "a session of no graph": (lambda: tf.Session(graph=3), ArgumentError, "is a tf.Graph"),
    "options of another kind": (lambda: tf.Session(config={}), ArgumentError, "tf.ConfigProto"),
    "a loss that is a number": (
        lambda: tf.train.AdamOptimizer().minimize(3.0),
        ArgumentError,
        "Adam minimizes a Symbol.*Received: float 3.0",
    ),
    "a list of other things": (
        lambda: tf.train.AdamOptimizer().minimize(x(), var_list=[x()]),
        ArgumentError,
        "Adam changes variables only",
    ),
    "no pair of gradient and variable": (
        lambda: tf.train.AdamOptimizer().apply_gradients([(tf.Variable(1.0), 1.0)]),
        ArgumentError,
        r"takes pairs \(gradient, variable\)",
    ),
    "a gradient of another shape": (
        lambda: tf.train.AdamOptimizer().apply_gradients([([1.0, 2.0], tf.Variable(1.0))]),
        ShapeError,
        r"Variable:0 of shape \(\) was given a gradient of shape \(2,\)",
    ),
    "a learning rate of several numbers": (
        lambda: tf.train.AdamOptimizer(tf.constant([0.1, 0.2])),
        ArgumentError,
        r"A learning rate must be a number. Received: Const:0 of shape \(2,\)",
    ),
    "a saver of no variable": (
        lambda: tf.train.Saver([tf.constant(1.0)]),
        ArgumentError,
        "takes a list of variables, or a dictionary",
    ),
    "a saver of names": (lambda: tf.train.Saver(["w"]), ArgumentError, "takes a list of var"),
    "a saver of a number": (lambda: tf.train.Saver({"w": 3.0}), ArgumentError, "dictionary of var"),
    "a saver of one": (lambda: tf.train.Saver(tf.Variable(1.0)), ArgumentError, "takes a list of"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_when_the_graph_is_built(what):
    build, kind, message = REFUSED[what]
    with tf.Graph().as_default(), pytest.raises(kind, match=message):
        build()


def test_a_constant_meets_a_symbol_in_its_dtype():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None])
        y = tf.multiply(np.float64([1.0, 2.0]), x)
        assert isinstance(y, Symbol)
        assert y.dtype == tf.float32
        assert sess.run(y, {x: [3, 4]}).dtype == np.float32


def test_a_list_of_symbols_is_packed():
    with tf.Graph().as_default(), tf.Session() as sess:
        parts = [tf.constant(1.0), tf.constant(2.0)]
        assert sess.run(tf.reduce_mean(parts)) == 1.5


def test_an_index_out_of_range_is_refused_when_it_is_run():
    with tf.Graph().as_default(), tf.Session() as sess:
        i = tf.placeholder(tf.int32, [None])
        rows = tf.gather(tf.ones([3, 2]), i)
        assert sess.run(rows, {i: [2, 2]}).shape == (2, 2)
        for _ in range(2):  # computed and captured
            with pytest.raises(ShapeError, match="the index 3 is not one of an axis of size 3"):
                sess.run(rows, {i: [0, 3]})
