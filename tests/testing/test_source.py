"""The text of a function: what is found of a file, and what is said where there is none."""

import functools

import pytest

from tinygrad_mnist import lines
from tinygrad_mnist.lines import source_of
from tinygrad_mnist.ops import elementwise
from tinygrad_mnist.testing.script import script


def kept(function):
    return functools.wraps(function)(lambda *arrays: function(*arrays))


@kept
@kept
def decorated(x):
    """Its docstring
    goes on.
    """
    return x


def test_the_decorators_are_in_the_text_of_what_was_decorated_only():
    source = source_of(decorated)
    assert source.text.startswith("@kept\n@kept\ndef decorated(x):\n")
    assert source.text.endswith("return x")
    inner = source_of(decorated.__wrapped__.__wrapped__)
    assert (inner.name, inner.line, inner.text[:4]) == ("decorated", source.line + 2, "def ")


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda: None, "lambda: None"),
        ((lambda x: lambda: x)(1), "lambda: x"),
        (lambda x: (lambda x: x)(x), "lambda x: (lambda x: x)(x)"),
        (lambda é: (é) + len("é"), 'lambda é: (é) + len("é")'),
    ],
)
def test_lambdas_within_lambdas(function, text):
    assert source_of(function).text == text


def test_the_rule_of_a_primitive_is_read_as_it_is_written():
    assert source_of(elementwise.multiply.rules["a"]).text == "lambda ct, y, a, b: ct * b"


def test_why_there_is_no_text_is_said(monkeypatch):
    space = {}
    exec(compile("def typed(x): return x", "<typed>", "exec"), space)
    assert source_of(space["typed"]).reason == "its source is in no file"
    exec(compile("def moved(x): return x", __file__, "exec"), space)
    assert source_of(space["moved"]).reason == "it is not in its file, or no longer"
    exec(compile("one = [lambda x: x, lambda x: x]", __file__, "exec"), space)
    assert source_of(space["one"][0]).text == ""
    monkeypatch.setattr(lines, "_extent_of_code", lambda code: ())  # as before Python 3.11
    two = [lambda x: x, lambda x: 2 * x]
    assert source_of(two[0]).reason == "its line has several lambdas"
    assert "(its line has several lambdas)" in script(two[0], (1.0,), {})
    assert source_of(max).reason == "it is no function written in Python"


def test_a_file_is_parsed_once(monkeypatch):
    source_of(decorated)
    monkeypatch.setattr(lines.ast, "parse", pytest.fail)
    assert source_of(kept).text.startswith("def kept(function):")
