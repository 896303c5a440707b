"""Symbols: operators, shapes known before anything is computed, names, gradients as symbols."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor, ops, relu, softmax
from tinygrad_mnist.dispatch.registry import Dispatch, registry
from tinygrad_mnist.errors import (
    ArgumentError,
    CaptureError,
    DTypeError,
    SessionError,
    ShapeError,
    UnsupportedError,
)
from tinygrad_mnist.tf1.arrays import placeholder
from tinygrad_mnist.tf1.derivative import gradients
from tinygrad_mnist.tf1.session import Session
from tinygrad_mnist.tf1.symbol import Symbol, defer, defer_in_session
from tinygrad_mnist.tf1.variables import Variable

pytestmark = pytest.mark.usefixtures("graph")


def test_importing_the_table_registers_the_primitives():
    assert ops.elementwise.add.name == "add"


# --- operators and NumPy functions ---------------------------------------------------------

ROWS = np.array([[1.0, -2.0, 3.0], [0.5, 2.0, -1.0]], np.float32)
OTHER = np.array([2.0, 3.0, 4.0], np.float32)

OPERATORS = {
    "x + array": lambda x: x + OTHER,
    "array + x": lambda x: OTHER + x,
    "x - 2.0": lambda x: x - 2.0,
    "2.0 - x": lambda x: 2.0 - x,
    "2.0 * x": lambda x: 2.0 * x,
    "float32 * x": lambda x: np.float32(2) * x,
    "x * float32": lambda x: x * np.float32(2),
    "x / 2": lambda x: x / 2,
    "2 / x": lambda x: 2 / x,
    "x % 2": lambda x: x % 2,
    "x ** 2": lambda x: x**2,
    "2.0 ** x": lambda x: 2.0**x,
    "array @ x": lambda x: np.ones((4, 2), np.float32) @ x,
    "x @ array": lambda x: x @ np.ones((3, 4), np.float32),
    "-x": lambda x: -x,
    "+x": lambda x: +x,
    "abs(x)": lambda x: abs(x),
    "x < array": lambda x: x < OTHER,
    "x >= 1": lambda x: x >= 1,
    "1 > x": lambda x: x < 1,
    "x == x": lambda x: x == x,
    "x != 1": lambda x: x != 1,
    "(x > 0) & (x < 2)": lambda x: (x > 0) & (x < 2),
    "~(x > 0)": lambda x: ~(x > 0),
    "x.T": lambda x: x.T,
    "x[0]": lambda x: x[0],
    "x[:, 1:]": lambda x: x[:, 1:],
    "x[[0, 0]]": lambda x: x[[0, 0]],
    "x[..., None]": lambda x: x[..., None],
    "x.sum(axis=0)": lambda x: x.sum(axis=0),
    "x.mean()": lambda x: x.mean(),
    "x.std(axis=1)": lambda x: x.std(axis=1),
    "x.reshape(-1)": lambda x: x.reshape(-1),
    "x.reshape(3, -1)": lambda x: x.reshape(3, -1),
    "x.astype": lambda x: x.astype(np.float64),
    "x.clip(0, 1)": lambda x: x.clip(0, 1),
    "x.dot": lambda x: x.dot(OTHER),
    "x.flatten()": lambda x: x.flatten(),
    "x.swapaxes": lambda x: x.swapaxes(0, 1),
    "x.transpose": lambda x: x.transpose(1, 0),
    "x.argmax": lambda x: x.argmax(axis=1),
    "np.tanh": lambda x: np.tanh(x),
    "np.where": lambda x: np.where(x > 0, x, 0.0),
    "np.stack": lambda x: np.stack([x, x + 1.0]),
    "np.concatenate": lambda x: np.concatenate([x, x], axis=1),
    "np.linalg.norm": lambda x: np.linalg.norm(x, axis=1),
    "np.outer": lambda x: np.outer(x[0], x[1]),
    "np.moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "np.sum(dtype of result)": lambda x: np.sum(x, axis=-1, keepdims=True),
    "np.maximum": lambda x: np.maximum(1.0, x),
    "x.copy": lambda x: x.copy(),
    "x.mT": lambda x: x.mT,
    "x.real": lambda x: x.real,
    "x.imag": lambda x: x.imag,
    "x.trace": lambda x: x.trace(),
    "x.diagonal": lambda x: x.diagonal(1),
    "x.take": lambda x: x.take([0, 1], axis=1),
    "x.repeat": lambda x: x.repeat(2, axis=0),
    "x.argsort": lambda x: x.argsort(axis=0),
    "x.round": lambda x: round(x, 1),
    "x.any": lambda x: (x > 2).any(axis=0),
    "x.cumprod": lambda x: x.cumprod(axis=1),
    "x.flatten('F')": lambda x: x.flatten("F"),
    "x.clip(max=)": lambda x: x.clip(max=1),
    "divmod": lambda x: np.stack(divmod(x, 2.0)),
    "np.zeros_like": lambda x: np.zeros_like(x),
    "np.full_like": lambda x: np.full_like(x, x[0]),
    "np.isinf": lambda x: np.isinf(x),
    "np.isclose": lambda x: np.isclose(x, OTHER),
    "np.count_nonzero": lambda x: np.count_nonzero(x, axis=0),
    "np.searchsorted": lambda x: np.searchsorted(OTHER, x),
    "True & (x > 0)": lambda x: True & (x > 0),
}


@pytest.mark.parametrize("expression", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("shape", [(2, 3), (None, 3), (None, None), None], ids=str)
def test_an_expression_of_symbols_is_what_it_is_of_arrays(expression, shape):
    x = placeholder(np.float32, shape, name="x")
    symbol = expression(x)
    expected = expression(Tensor(ROWS)).numpy()
    assert isinstance(symbol, Symbol)
    assert symbol.dtype == expected.dtype
    assert symbol.shape is None or len(symbol.shape) == expected.ndim
    sizes = zip(symbol.shape or expected.shape, expected.shape, strict=True)
    assert all(size in (None, actual) for size, actual in sizes)
    if shape == (2, 3):
        assert symbol.shape == expected.shape
    with Session() as session:
        for _ in range(3):  # as it goes, captured, replayed
            np.testing.assert_array_equal(session.run(symbol, {x: ROWS}), expected)


COMPOSITIONS = [function for function, meaning in registry.items() if type(meaning) is not Dispatch]


def test_compositions_are_deferred_as_a_whole():
    names = {function.__name__ for function in COMPOSITIONS}
    assert {"std", "dot", "outer", "moveaxis"} <= names
    x = placeholder(np.float32, [None, 3], name="x")
    deferred = np.std(x, axis=0)
    assert deferred.op_name == "std"
    assert list(deferred.inputs()) == [x]


def test_what_is_known_of_shapes_is_answered_at_once():
    x = placeholder(np.float32, [None, 3], name="x")
    assert (np.shape(x), np.ndim(x), x.ndim) == ((None, 3), 2, 2)
    assert np.size(np.zeros((4, 3)) + x[0]) == 12
    with pytest.raises(CaptureError, match=r"x:0 .*its size.*run it in a session"):
        np.size(x)
    with pytest.raises(CaptureError, match="number of axes"):
        placeholder(np.float32).ndim  # noqa: B018


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_floor_division(dtype):
    numbers = np.array([-7, -6, 5, 7], dtype)
    x = placeholder(dtype, [None], name="x")
    with Session() as session:
        for symbol, expected in ((x // 2, numbers // 2), (7 // x, 7 // numbers), (x // x, [1] * 4)):
            assert symbol.dtype == dtype
            for _ in range(3):
                np.testing.assert_array_equal(session.run(symbol, {x: numbers}), expected)


def test_a_function_without_a_primitive_is_refused_at_the_call():
    with pytest.raises(UnsupportedError, match=r"np\.median"):
        np.median(placeholder(np.float32, [3]))


@pytest.mark.parametrize(
    "ask", [bool, float, int, len, list, np.asarray, lambda x: 1 in x, lambda x: [0][x]]
)
def test_a_symbol_has_no_value_to_ask_for(ask):
    x = placeholder(np.float32, [None], name="x")
    with pytest.raises(CaptureError, match=r"x:0 is a symbol.*not computed yet.*session\.run\(x\)"):
        ask(x)


def test_a_symbol_can_be_looked_up_in_dictionaries():
    x, y = placeholder(np.float32, []), placeholder(np.float32, [])
    assert {x: 1, y: 2}[y] == 2
    assert repr(x) == "<Placeholder 'Placeholder:0' shape=() dtype=float32>"


# --- shapes and dtypes ----------------------------------------------------------------------


def test_the_batch_stays_unknown_and_the_rest_is_known():
    x = placeholder(np.float32, [None, 784], name="X")
    w = Variable(np.zeros((784, 128), np.float32), name="W1")
    hidden = defer(relu, x @ w + np.zeros(128, np.float32), name="Relu")
    assert hidden.shape == (None, 128)
    assert hidden.T.shape == (128, None)
    assert np.argmax(hidden, axis=1).shape == (None,)
    assert np.argmax(hidden, axis=1).dtype == np.int64
    assert np.mean(hidden).shape == ()
    assert np.reshape(x, (-1, 28, 28, 1)).shape == (None, 28, 28, 1)
    assert np.reshape(x, (-1,)).shape == (None,)
    assert x[:, 0].shape == (None,)
    assert x[0].shape == (784,)
    assert np.concatenate([x, np.zeros((1, 784), np.float32)]).shape == (None, 784)


def test_an_unknown_size_can_turn_out_to_be_a_known_one():
    batch = placeholder(np.float32, [None, None], name="batch")
    weights = np.zeros((784, 10), np.float32)
    assert (batch @ weights).shape == (None, 10)
    assert (placeholder(np.float32, [None]) + np.zeros(5, np.float32)).shape == (5,)


def test_unknown_sizes_split_and_reshape():
    flat = placeholder(np.float32, [None], name="flat")
    assert np.reshape(flat, (-1, 784)).shape == (None, 784)
    assert np.reshape(flat, (-1, 28, 28)).shape == (None, 28, 28)
    assert np.reshape(flat, (7, -1)).shape == (7, None)
    assert np.reshape(flat, (28, 28)).shape == (28, 28)
    assert np.reshape(flat, (-1, 224, 224, 3)).shape == (None, 224, 224, 3)
    table = placeholder(np.float32, [None, None], name="table")
    assert np.reshape(table, (-1, 784)).shape == (None, 784)
    assert np.reshape(table, (-1, 28, 28, 1)).shape == (None, 28, 28, 1)
    assert np.reshape(table, (64, 784)).shape == (64, 784)
    assert np.squeeze(table, axis=0).shape == (None,)
    means = defer(lambda x: np.mean(np.reshape(x, (-1, 784)), axis=0), flat, name="means")
    assert means.shape == (784,)
    assert np.reshape(placeholder(np.float32, [None, 5]), (7, 5)).shape == (7, 5)
    assert np.reshape(placeholder(np.float32, [None, 3]), (-1, 7)).shape == (None, 7)
    with pytest.raises(ShapeError, match=r"reshape: y:0 .*cannot reshape"):
        np.reshape(placeholder(np.float32, [None, 3], name="y"), (7, 5))
    with pytest.raises(ShapeError, match=r"reshape: x:0 .*cannot reshape"):
        np.reshape(placeholder(np.float32, [2, 3], name="x"), (7, -1))


def test_a_misfit_of_many_unknown_sizes_is_found_soon():
    x = placeholder(np.float32, [None] * 6, name="x")
    with pytest.raises(ShapeError, match=r"stack: x:0 .* and array of shape \(784, 128\)"):
        np.stack([x, np.zeros((784, 128), np.float32)])


def test_a_shape_of_unknown_rank_is_found_to_fit_or_not():
    x = placeholder(np.float32, name="x")
    assert x.shape is None
    assert np.tanh(x).shape is None
    assert np.sum(x).shape == ()
    assert (x @ np.zeros((784, 10), np.float32)).dtype == np.float32
    with pytest.raises(ShapeError, match="matmul: x:0 of shape None"):
        x @ np.float32(1)


def test_a_misfit_is_an_error_at_the_call_naming_operation_tensors_and_shapes():
    x = placeholder(np.float32, [None, 784], name="X")
    w = Variable(np.zeros((785, 128), np.float32), name="W1")
    with pytest.raises(ShapeError) as caught:
        defer(np.matmul, x, w, name="MatMul")
    message = str(caught.value)
    assert message.startswith("MatMul: X:0 of shape (None, 784) ")
    assert "W1:0 of shape (785, 128)" in message
    assert message.endswith(" do not fit: the inner sizes, 784 and 785, differ.")
    with pytest.raises(
        ShapeError, match=r"add: X:0 .* and array .*: the shapes do not broadcast\.$"
    ):
        x + np.zeros(5, np.float32)
    with pytest.raises(ShapeError, match=r"matmul: X:0 .* does not fit: it takes no scalars\.$"):
        x @ 2.0
    with pytest.raises(ShapeError, match=r"sum: X:0 .* axis 2 is out of bounds"):
        x.sum(axis=2)


def test_a_failed_call_leaves_no_symbol(graph):
    x = placeholder(np.float32, [2], name="x")
    before = len(graph.symbols)
    with pytest.raises(ShapeError):
        x + np.zeros(3)
    assert len(graph.symbols) == before
    assert (x + np.zeros(2)).op_name == "add"


def test_an_operation_on_a_dtype_that_it_does_not_take_is_refused():
    with pytest.raises(DTypeError, match=r"negative: flag:0 of shape \(\) and dtype bool"):
        -placeholder(bool, [], name="flag")


def test_a_function_of_several_results_gives_several_symbols():
    x = placeholder(np.float32, [None, 6], name="x")

    def split(x):
        return [x[:, :2], x[:, 2:]]

    left, right = defer(split, x)
    assert [left.name, right.name, left.op_name] == ["split:0", "split:1", "split"]
    assert (left.shape, right.shape) == ((None, 2), (None, 4))
    values = Session(x.graph).run([right, left], {x: np.arange(6).reshape(1, 6)})
    np.testing.assert_array_equal(values[0], [[2, 3, 4, 5]])
    np.testing.assert_array_equal(values[1], [[0, 1]])


def test_calls_of_arrays_alone_are_constants():
    total = defer(np.add, np.ones(2), 1.0, name="constant")
    parts = defer(lambda a: (a, a * 2), np.arange(2), name="parts")
    with Session() as session:
        for _ in range(3):
            np.testing.assert_array_equal(session.run(total), [2, 2])
            np.testing.assert_array_equal(session.run(parts), [[0, 1], [0, 2]])
            np.testing.assert_array_equal(session.run(total * parts[1].astype(np.float64)), [0, 4])


def test_a_deferred_function_must_return_arrays():
    with pytest.raises(DTypeError, match="nothing: x:0"):
        defer(lambda x: None, placeholder(np.float32, [], name="x"), name="nothing")


def test_an_array_in_a_call_is_the_one_it_was():
    offset = np.zeros(2)
    x = placeholder(np.float64, [2], name="x")
    symbol = x + offset
    offset += 100.0
    np.testing.assert_array_equal(Session().run(symbol, {x: [1, 2]}), [1, 2])


@pytest.mark.parametrize("shape", [[None, -1], ["a"], [2.5]])
def test_a_shape_must_be_one(shape):
    with pytest.raises(ShapeError, match="Received"):
        placeholder(np.float32, shape)


def test_a_placeholder_holds_numbers():
    with pytest.raises(DTypeError, match="complex"):
        placeholder(np.complex64, [])
    assert placeholder(np.int32, 3).shape == (3,)


def test_a_result_without_elements_is_known_to_have_none():
    x = placeholder(np.float32, [None, 3], name="x")
    assert x[:, 3:].shape == (None, 0)
    assert Variable(np.zeros((0, 3)), name="w").shape == (0, 3)
    assert (Variable(np.zeros((0, 3))) * 2.0).shape == (0, 3)


def test_a_symbol_remembers_the_line_that_made_it():
    assert placeholder(np.float32, []).line.startswith("test_symbol.py:")


# --- gradients -------------------------------------------------------------------------------


def test_gradients_have_the_shapes_of_what_they_are_by():
    x = placeholder(np.float32, [None, 3], name="x")
    w = Variable(np.zeros((3, 2), np.float32), name="w")
    by_w, by_x = gradients(np.sum(x @ w), [w, x])
    assert (by_w.shape, by_x.shape) == ((3, 2), (None, 3))
    assert by_w.dtype == np.float32
    assert [by_w.name, by_x.name] == ["gradients:0", "gradients:1"]


def test_what_has_no_influence_has_no_gradient(graph):
    x = placeholder(np.float32, [3], name="x")
    n = placeholder(np.int32, [3], name="n")
    w = Variable(np.zeros(3, np.float32), name="w")
    loss = np.sum(x * np.argmax(w).astype(np.float32) + n.astype(np.float32))
    before = len(graph.symbols)
    assert gradients(loss, [w, n]) == [None, None]
    assert len(graph.symbols) == before
    by_w, by_x = gradients(loss.astype(np.float64), [w, x])
    assert by_w is None
    with Session() as session:
        session.run(w.initializer)
        values = session.run(by_x, {x: np.ones(3), n: np.ones(3, np.int32)})
        np.testing.assert_array_equal(values, [0, 0, 0])


def test_gradients_are_refused_of_integers_and_of_other_things():
    n = placeholder(np.int32, [], name="n")
    with pytest.raises(DTypeError, match="n:0 has dtype int32"):
        gradients(n, n)
    x = placeholder(np.float32, [], name="x")
    with pytest.raises(ArgumentError, match="ys must be"):
        gradients([], x)
    with pytest.raises(ArgumentError, match="xs must be"):
        gradients(x, 3.0)
    with pytest.raises(ArgumentError, match="1 ys and 2 grad_ys"):
        gradients(x, x, [1.0, 2.0])


def test_a_gradient_by_every_kind_of_symbol():
    x = placeholder(np.float64, [2], name="x")
    w = Variable(np.array([3.0, 4.0]), name="w")
    inner = x * 2.0
    y = inner * w
    found = gradients(y, [x, w, inner, y])
    with Session() as session:
        session.run(w.initializer)
        for _ in range(3):
            values = session.run(found, {x: [5.0, 6.0]})
            np.testing.assert_array_equal(values, [[6, 8], [10, 12], [3, 4], [1, 1]])
        # An inner symbol that is fed cuts the graph there.
        values = session.run(found, {x: [5.0, 6.0], inner: [1.0, 1.0]})
        np.testing.assert_array_equal(values, [[0, 0], [1, 1], [3, 4], [1, 1]])


def test_a_gradient_across_what_is_fed_is_zero():
    x = placeholder(np.float64, [2], name="x")
    inner = x * 2.0
    (slope,) = gradients(inner * 3.0, x)
    with Session() as session:
        for _ in range(3):
            found = session.run(slope, {x: [5.0, 6.0], inner: [1.0, 1.0]})
            np.testing.assert_array_equal(found, [0, 0])


def test_several_outputs_are_summed_with_their_cotangents():
    x = placeholder(np.float64, [2], name="x")
    (plain,) = gradients([x * x, np.sum(x)], x)
    (weighted,) = gradients([x * x, np.sum(x)], x, grad_ys=[np.array([10.0, 100.0]), 5.0])
    values = Session().run([plain, weighted], {x: [1.0, 2.0]})
    np.testing.assert_array_equal(values, [[3, 5], [25, 405]])


def test_gradients_of_gradients():
    x = placeholder(np.float64, [2], name="x")
    (slope,) = gradients(np.sum(x**3), x)
    (bend,) = gradients(slope, x)
    (third,) = gradients(bend, x)
    with Session() as session:
        for _ in range(3):
            for fetches in ([slope, bend, third], [third, slope], bend, slope):
                session.run(fetches, {x: [1.0, 2.0]})
            values = session.run([slope, bend, third], {x: [1.0, 2.0]})
            np.testing.assert_array_equal(values, [[3, 12], [6, 12], [6, 6]])


def test_a_penalty_on_the_gradient_trains():
    """A gradient by an inner gradient with respect to a variable: double backward."""
    x = placeholder(np.float64, [None, 2], name="x")
    w = Variable(np.array([[1.0], [2.0]]), name="w")
    score = np.tanh(x @ w)
    (by_x,) = gradients(score, x)
    penalty = np.sum(by_x * by_x)
    (by_w,) = gradients(penalty, w)
    with Session() as session:
        session.run(w.initializer)
        feeds = {x: [[0.1, 0.2], [0.3, -0.4]]}
        found = session.run(by_w, feeds)
        step = 1e-6
        for row in range(2):
            differences = []
            for sign in (1, -1):
                value = np.array([[1.0], [2.0]])
                value[row] += sign * step
                session.load(w, value)
                differences.append(session.run(penalty, feeds))
            numeric = (differences[0] - differences[1]) / (2 * step)
            assert abs(numeric - found[row, 0]) < 1e-7


# --- what a session keeps ----------------------------------------------------------------------


def test_a_call_that_needs_the_session_says_what_it_returns():
    x = placeholder(np.float32, [None, 2], name="x")
    noise = defer_in_session(lambda keeping, x: x, x, name="noise", shape=x.shape, dtype=np.float32)
    operation = defer_in_session(lambda keeping: None, name="nothing", updates=[])
    assert (noise.name, noise.shape, noise.dtype) == ("noise:0", (None, 2), np.float32)
    assert (operation.name, operation.dtype) == ("nothing", None)


def test_a_call_can_wait_for_what_has_no_value():
    w = Variable(np.zeros(2), name="w")
    with Session() as session:
        begun = defer(lambda operation, x: x + 1.0, w.initializer, np.ones(2), name="begun")
        np.testing.assert_array_equal(session.run(begun), [2, 2])
        np.testing.assert_array_equal(session.run(w), [0, 0])


def test_a_placeholder_is_never_called():
    with pytest.raises(SessionError, match="the one that is fed"):
        placeholder(np.float32, []).function()


def test_the_name_of_a_function_is_the_default():
    x = placeholder(np.float32, [2])
    assert defer(softmax, x).op_name == "softmax"
    assert defer(lambda x: x, x).op_name == "lambda"


def test_a_shape_has_the_words_of_tensorflow_1():
    x = placeholder(np.float32, [None, 3])
    assert x.get_shape().as_list() == x.shape.as_list() == [None, 3]
    assert x.get_shape()[1].value == x.shape[-1].value == 3
    assert [d.value for d in x.shape[1:]] == [3]
    assert {type(size) for size in x.shape.as_list()[1:]} == {int}
    assert repr(x.get_shape()) == "(None, 3)"
    with pytest.raises(CaptureError, match="number of axes"):
        placeholder(np.float32).get_shape()
