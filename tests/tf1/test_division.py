"""Integers are divided as in TensorFlow, exactly and never by zero; floats as IEEE 754 says."""

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import ArgumentError

OPERATORS = {
    "a // b": lambda a, b: a // b,
    "a % b": lambda a, b: a % b,
}
operators = pytest.mark.parametrize("operator", OPERATORS)


def divided(tf, operator, dtype, a, b, as_symbols=(True, True)):
    """The results of several runs, of placeholders or of what they are divided by."""
    with tf.Graph().as_default(), tf.Session() as session:
        feeds = {}
        operands = []
        for value, is_symbol in zip((a, b), as_symbols, strict=True):
            operands.append(tf.placeholder(dtype) if is_symbol else value)
            if is_symbol:
                feeds[operands[-1]] = value
        y = OPERATORS[operator](*operands)
        return [session.run(y, feeds) for _ in range(3)]


@operators
@pytest.mark.parametrize("symbols", [(True, True), (True, False), (False, True)], ids=str)
@pytest.mark.parametrize("a", [1, 0, [3, -4]], ids=str)
def test_an_integer_by_zero_is_an_error_in_the_run(operator, symbols, a):
    name = "floor_divide" if "//" in operator else "remainder"
    with pytest.raises(ArgumentError, match=rf"^{name} \(test_division.py:\d+\): an integer was"):
        divided(tf, operator, "int32", a, 0, symbols)


@operators
def test_a_zero_that_is_fed_to_a_captured_run(operator):
    with tf.Graph().as_default(), tf.Session() as session:
        b = tf.placeholder(tf.int32, [None])
        y = OPERATORS[operator](7, b)
        for _ in range(3):
            assert session.run(y, {b: [7]}) in (1, 0)
        with pytest.raises(ArgumentError, match="an integer was divided by zero"):
            session.run(y, {b: [0]})
        assert session.run(y, {b: [7]}) in (1, 0)


def test_large_integers_are_divided_exactly():
    a = np.int64(2**62 + 1)
    assert divided(tf, "a // b", "int64", a, 1)[-1] == a
    assert divided(tf, "a // b", "int64", -a, 3)[-1] == -int(a) // 3


NUMBERS = [7, -7, 0, 1, 2**31 - 1, -(2**31)]


@pytest.mark.tf
@operators
@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("b", [0, 1, -1, 2, -3, 2**31 - 1])
def test_tensorflow_finds_the_same(operator, dtype, b, tensorflow, theirs):
    a = np.array(NUMBERS, dtype)
    try:
        expected = divided(theirs, operator, dtype, a, b)[0]
    except tensorflow.errors.InvalidArgumentError:
        with pytest.raises(ArgumentError, match="divided by zero"):
            divided(tf, operator, dtype, a, b)
        return
    with np.errstate(all="ignore"):
        received = divided(tf, operator, dtype, a, b)
    for each in received:
        assert each.dtype == expected.dtype
        np.testing.assert_array_equal(each, expected)
