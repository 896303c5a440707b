"""Every attribute and operator of ndarray: its value, or a sentence; never Python's bare error."""

import copy
import inspect
import operator
import pickle
import re

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import Parameter, Tensor, capture, gradients
from tinygrad_mnist.errors import (
    CaptureError,
    InnerGradientError,
    MissingAttributeError,
    TinygradError,
    UnsupportedError,
)

FLOATS = np.array([[1.5, -2.0, 0.25], [3.0, 0.0, -0.75]])
WHOLE = np.array([[3, 1, 2], [0, 5, 4]])
ARRAYS = {"floats": FLOATS, "integers": WHOLE, "truths": WHOLE > 2, "vector": FLOATS[0]}
SCALAR = {"scalar": np.array(2.5)}

# Arguments for the methods that need some, or that show more with some.
ARGUMENTS = {
    "argpartition": [(0,)],
    "astype": [(np.float32,), (int, "K", "unsafe", True, False)],
    "choose": [([0.0] * 6,)],
    "clip": [(-1, 1), (None, 1)],
    "compress": [([True, False],)],
    "copy": [(), ("F",)],
    "cumsum": [(), (0,)],
    "dot": [(FLOATS[0],)],
    "dump": [("file",)],
    "fill": [(1.0,)],
    "flatten": [(), ("F",), ("A",), ("K",)],
    "getfield": [(np.uint8,)],
    "item": [(0,), (-1,), ()],
    "partition": [(0,)],
    "put": [([0], [1.0])],
    "ravel": [(), ("F",), ("A",)],
    "repeat": [(2,), (2, 0)],
    "reshape": [(-1,), (1, -1), ((-1, 1),)],
    "resize": [((1,),)],
    "round": [(), (1,)],
    "searchsorted": [(1.0,), ([0, 1], "right")],
    "setfield": [(1.0, np.float64)],
    "squeeze": [()],
    "std": [(), (0, None, None, 1), (0, None, None, 0, True)],
    "sum": [(), (0,), (0, None, None, True), (0, np.float32)],
    "swapaxes": [(0, -1)],
    "take": [(0,), ([0, -1], -1), (True,), ([],), ([9, -9], 0, None, "wrap")],
    "to_device": [("cpu",)],
    "tofile": [("file",)],
    "trace": [(), (1,)],
    "var": [(), (0, None, None, 1)],
    "view": [(np.int64,)],
}
PUBLIC = sorted(name for name in dir(np.ndarray) if not name.startswith("_"))
CHANGING = {"fill", "partition", "put", "resize", "setfield", "setflags", "sort"}
OF_MEMORY = {"base", "byteswap", "ctypes", "device", "dump", "dumps", "flags", "flat", "getfield"}
OF_MEMORY |= {"strides", "to_device", "tobytes", "tofile", "view"}
WITHOUT_PRIMITIVE = {"argpartition", "choose", "compress"}
MISSING = CHANGING | OF_MEMORY | WITHOUT_PRIMITIVE


def tensors(array):
    """Tensors of an array: a constant and, of floats, leaves of both kinds and a result."""
    yield Tensor(array)
    if array.dtype.kind == "f":
        leaf = Tensor(array, requires_grad=True)
        yield from (leaf, Parameter(array), leaf * 1.0)


def tried(x, name, arguments):
    value = getattr(x, name)
    return value(*arguments) if callable(value) else value


def same(found, expected):
    found = getattr(found, "data", found) if isinstance(found, Tensor) else found
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        return all(map(same, found, expected))
    assert np.shape(found) == np.shape(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(found, expected)
    return True


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_attribute_is_ndarrays_or_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    works = 0
    for array in (ARRAYS | SCALAR).values():
        for arguments in ARGUMENTS.get(name, [()])[: 1 if array.ndim == 0 else None]:
            for x in tensors(array):
                found = outcome(lambda x=x, a=arguments: tried(x, name, a))
                agree(found, outcome(lambda y=array, a=arguments: tried(y.copy(), name, a)), name)
                works += not isinstance(found, Exception)
    assert bool(works) is (name not in MISSING)


@pytest.mark.parametrize("name", sorted(MISSING))
def test_what_is_missing_is_answered_with_what_to_write(name):
    for x in (Tensor(FLOATS), Parameter(FLOATS), Tensor(FLOATS, requires_grad=True) * 2.0):
        assert not hasattr(x, name)
        with pytest.raises(MissingAttributeError) as caught:
            getattr(x, name)
        assert isinstance(caught.value, UnsupportedError)
        assert isinstance(caught.value, AttributeError)
        told = str(caught.value)
        if name in CHANGING:
            assert told.startswith(
                f"x.{name} changes an array, and a {type(x).__name__} is a value"
            )
            assert "Write y = np." in told
        elif name in WITHOUT_PRIMITIVE:
            assert told.startswith(f"np.{name} has no primitive")
        else:
            assert f"Use x.numpy().{name}" in told


def test_what_keeps_the_gradient_is_named_too():
    with pytest.raises(MissingAttributeError, match=r"np\.reshape\(x, shape\) keeps it"):
        Tensor(FLOATS).view(-1)


SIGNATURES = [
    name
    for name in PUBLIC
    if name not in MISSING and callable(getattr(np.ndarray, name)) and name != "tolist"
]


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="they had no signatures")
@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_have_ndarrays_places(name):
    def places(function):
        kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.default) for p in parameters if p.kind in kinds]

    theirs, ours = places(getattr(np.ndarray, name)), places(getattr(Tensor, name))
    assert ours[: len(theirs)] == theirs[: len(ours)]
    # What follows there is by keyword here, and the other way round.
    rest = {"keepdims", "kind", "order", "out", "dtype"}
    assert {name for name, _ in theirs[len(ours) :] + ours[len(theirs) :]} <= rest


BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul"]
BINARY += ["and", "or", "xor", "lshift", "rshift"]
COMPARED = ["lt", "le", "eq", "ne", "gt", "ge"]
UNARY = {
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": abs,
    "invert": operator.invert,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "len": len,
    "iter": lambda x: tuple(x),
    "round": round,
}


def outcome(call):
    """What a call returns, or the kind of error that it raises."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except (TinygradError, TypeError, ValueError, IndexError, AttributeError) as error:
        return error


def agree(ours, theirs, what):
    if isinstance(ours, Exception):
        assert isinstance(ours, TinygradError), (what, ours)
        assert re.fullmatch(r"[^\n]{30,}", str(ours)), what
    else:
        assert not isinstance(theirs, Exception), what
        assert same(ours, theirs), what


OTHERS = [2, 2.5, True, FLOATS, WHOLE, WHOLE > 2, FLOATS.T, [1, 2, 3]]


@pytest.mark.parametrize("name", BINARY + COMPARED)
def test_a_binary_operator_is_ndarrays_on_both_sides(name):
    function = divmod if name == "divmod" else getattr(operator, f"__{name}__")
    worked = 0
    for array in (ARRAYS | SCALAR).values():
        if name == "pow" and array.dtype == bool:
            continue  # ndarray's squares are of int8, NumPy's function's of the exponent's dtype
        for other in OTHERS:
            for x in tensors(array):
                for ours, theirs in (((x, other), (array, other)), ((other, x), (other, array))):
                    found = outcome(lambda ours=ours: function(*ours))
                    expected = outcome(lambda theirs=theirs: function(*theirs))
                    agree(found, expected, (name, ours))
                    worked += not isinstance(found, Exception)
    assert worked > 10


@pytest.mark.parametrize("name", [n for n in BINARY if n != "divmod"])
def test_an_operator_with_an_equals_sign_rebinds(name):
    function, plain = (getattr(operator, f"__{side}{name}__") for side in ("i", ""))
    for array in (FLOATS, WHOLE, WHOLE > 2):
        x = Tensor(array)
        found = outcome(lambda x=x: function(x, x))
        expected = outcome(lambda array=array: plain(array, array))
        agree(found, expected, name)
        np.testing.assert_array_equal(x.data, array)


@pytest.mark.parametrize("name", UNARY)
def test_a_unary_operator_is_ndarrays(name):
    for array in (*ARRAYS.values(), *SCALAR.values(), np.array(3)):
        function = np.round if name == "round" else UNARY[name]  # which arrays have no method for
        theirs = outcome(lambda array=array, function=function: function(array))
        for x in tensors(array):
            agree(outcome(lambda x=x: UNARY[name](x)), theirs, (name, array))


def test_every_operator_of_ndarray_is_among_these():
    tried = {f"__{n}__" for n in (*BINARY, *COMPARED, *UNARY, "getitem", "setitem", "delitem")}
    tried |= {f"__{side}{name}__" for side in "ri" for name in BINARY} | {"__contains__"}
    others = {"class", "copy", "deepcopy", "dir", "doc", "format", "getattribute", "getstate"}
    others |= {"delattr", "setattr", "setstate", "hash", "init", "init_subclass", "new", "reduce"}
    others |= {"reduce_ex", "repr", "sizeof", "str", "subclasshook", "class_getitem"}
    others |= {"dlpack", "dlpack_device", "buffer"}
    found = {n for n in dir(np.ndarray) if n.startswith("__") and not n.startswith("__array")}
    assert found - tried - {f"__{name}__" for name in others} == set()


def test_membership():
    x = Tensor(FLOATS, requires_grad=True)
    assert 3.0 in x
    assert 7.0 not in x
    assert Tensor(0.25) in x
    assert ([1.5, -2.0, 0.25] in x) is ([1.5, -2.0, 0.25] in FLOATS)


def test_nothing_is_written_or_deleted():
    x = Tensor(FLOATS)
    with pytest.raises(UnsupportedError, match="Tensors are values and cannot be written into"):
        x[0] = 1.0
    with pytest.raises(UnsupportedError, match="Parameters are values and cannot lose elements"):
        del Parameter(FLOATS)[0]


def test_a_misspelt_name_is_pythons_own_error():
    x = Tensor(FLOATS)
    with pytest.raises(
        AttributeError, match="'Tensor' object has no attribute 'bakward'"
    ) as caught:
        x.bakward  # noqa: B018
    assert not isinstance(caught.value, TinygradError)
    assert (caught.value.name, caught.value.obj) == ("bakward", x)


def test_protocols_find_nothing_where_there_is_nothing():
    x = Tensor(FLOATS, requires_grad=True)
    for name in ("__array_interface__", "__array_struct__", "__deepcopy__", "_repr_html_", "_foo"):
        with pytest.raises(AttributeError) as caught:
            getattr(x, name)
        assert type(caught.value) is AttributeError
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        np.testing.assert_array_equal(twin.data, FLOATS)
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute '_array'"):
        Tensor.__new__(Tensor).shape  # noqa: B018


def test_an_attribute_that_raises_an_attribute_error_raises_its_own():
    with pytest.raises(InnerGradientError, match="is the result of multiply"):
        (Tensor(FLOATS, requires_grad=True) * 2.0).grad  # noqa: B018


def test_truth_values_are_places():
    x = Tensor(FLOATS[0])
    for places in (True, [True, False, True], Tensor([False, True])):
        expected = FLOATS[0].take(np.asarray(places))
        np.testing.assert_array_equal(np.take(x, places).data, expected)


def test_a_copy():
    weight = Parameter(FLOATS)
    y = weight.copy()
    (gradient,) = gradients(np.sum(y * y), [weight])
    np.testing.assert_array_equal(gradient, 2 * FLOATS)
    weight.assign(0 * FLOATS)
    np.testing.assert_array_equal(y.data, FLOATS)
    assert weight.copy() is not weight


REFUSED = {
    "sum dtype": lambda x: x.sum(dtype=np.float32),
    "sum out": lambda x: x.sum(0, None, np.zeros(3)),
    "sum where": lambda x: x.sum(where=FLOATS[0] > 0),
    "max initial": lambda x: x.max(initial=0.0),
    "std dtype": lambda x: x.std(dtype=np.float32),
    "clip out": lambda x: x.clip(0, 1, out=np.zeros((2, 3))),
    "take out": lambda x: x.take([0], 0, np.zeros((1, 3))),
    "take of a place that is none": lambda x: x.take([7]),
    "take along an axis that is none": lambda x: x.take([0], 2),
    "take in a mode that is none": lambda x: x.take([0], mode="nearest"),
    "repeat a negative number of times": lambda x: x.repeat(-1),
    "repeat by as many as do not fit": lambda x: x.repeat([1, 2], 1),
    "repeat along an axis that is none": lambda x: x.repeat(2, 2),
    "trace of a vector": lambda x: x[0].trace(),
    "diagonal of one axis": lambda x: x.diagonal(0, 1, 1),
    "mT of a vector": lambda x: x[0].mT,
    "astype casting": lambda x: x.astype(int, casting="safe"),
    "reshape copy": lambda x: x.reshape(-1, copy=True),
    "argsort kind": lambda x: x.argsort(kind="heapsort"),
    "item out of range": lambda x: x.item(7),
    "item of three indices": lambda x: x.item(0, 0, 0),
    "swapaxes": lambda x: x.swapaxes(0, 2),
    "shift": lambda x: x << 1,
    "words": lambda x: x // "a",
    "round to words": lambda x: x.round("a"),
    "searched in a matrix": lambda x: x.searchsorted(1.0),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_what_a_method_does_not_take_is_a_sentence(call):
    with pytest.raises(TinygradError) as caught:
        call(Tensor(FLOATS, requires_grad=True))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PUBLIC)
def test_an_attribute_of_a_symbol_is_a_symbol_or_a_sentence(name):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        for arguments in ARGUMENTS.get(name, [()]):
            found = outcome(lambda a=arguments: tried(x, name, a))
            assert isinstance(found, TinygradError) or not isinstance(found, Exception), found
            if isinstance(found, MissingAttributeError) and name not in WITHOUT_PRIMITIVE:
                assert re.search(r"^(?!.*x\.numpy).*session\.run\(x\)", str(found))


def test_what_decides_by_values_is_refused_inside_a_capture():
    array = np.ones((2, 2))
    for question in (
        lambda x: np.allclose(x, x),
        lambda x: np.array_equal(x, x),
        lambda x: np.array_equiv(x, x),
        lambda x: x.nonzero(),
        lambda x: 1.0 in x,
        lambda x: x.item(0),
        lambda x: x.repeat(x.argmax(0), 0),
    ):
        question(Tensor(array))

        @capture
        def captured(x, question=question):
            question(x)
            return x * 2.0

        with pytest.raises(CaptureError, match="would freeze the value"):
            captured(array)
