"""Tensors are values, parameters are assigned, and NumPy users find what they expect."""

import copy
import math
import pickle
import re

import numpy as np
import pytest

from tinygrad_mnist import Parameter, Tensor, capture, gradients, no_grad
from tinygrad_mnist.core.arrays import CACHE_LINE
from tinygrad_mnist.errors import DTypeError, ShapeError, UnsupportedError
from tinygrad_mnist.optim.packing import lies_in, pack


def leaf(value, **options):
    return Tensor(value, dtype=np.float64, requires_grad=True, **options)


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, np.int64),
        (1.0, np.float64),
        (True, np.bool_),
        ([[1, 2.5]], np.float64),
        ([], np.float64),
    ],
)
def test_dtype_is_numpys_choice(data, dtype):
    assert Tensor(data).dtype == dtype
    assert Tensor(np.asarray(data, np.float32)).dtype == np.float32
    assert Tensor(data, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("data", [1j, "text", None, object, np.array(["a"]), {}], ids=repr)
def test_only_real_numbers(data):
    with pytest.raises(DTypeError, match="booleans, integers or real numbers"):
        Tensor(data)


def test_ragged_data():
    with pytest.raises(ShapeError, match="cannot be made an array"):
        Tensor([[1.0, 2.0], [3.0]])


def test_data_is_copied_unless_nobody_can_ever_write_into_it():
    data = np.ones(3)
    tensor = Tensor(data)
    data[0] = 7.0
    assert tensor.data[0] == 1.0
    assert data.flags.writeable
    assert not tensor.data.flags.writeable
    for_ever = np.frombuffer(np.ones(3).tobytes())
    assert np.shares_memory(Tensor(for_ever).data, for_ever)


def test_a_constant_that_is_made_writable_again_does_not_count():
    x, constant = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    constant.flags.writeable = False
    y, tensor = np.sum(x * constant), Tensor(constant)
    constant.flags.writeable = True
    constant[:] = 7.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
    np.testing.assert_array_equal(tensor.data, [3.0, 4.0])


def test_a_result_cannot_be_made_writable():
    for tensor in (Tensor([1.0]), leaf([1.0]) * 2.0):
        with pytest.raises(ValueError, match="WRITEABLE"):
            tensor.data.flags.writeable = True


def test_data_cannot_be_set():
    with pytest.raises(AttributeError):
        Parameter([1.0]).data = np.ones(1)


LOSSES = {
    "float": float,
    "int": int,
    "complex": complex,
    "math": math.exp,
    "an element of an array": lambda x: np.zeros(2).__setitem__(0, x),
    "fromiter": lambda x: np.fromiter([x, x], float),
    "float64": np.float64,
    "array": lambda x: np.array([x, x]),
    "tolist": lambda x: x.tolist(),
    "percent": lambda x: "%f" % x,  # noqa: UP031
    "sum from a float": lambda x: sum([math.sqrt(x), 1.0]),
}


@pytest.mark.parametrize("ask", LOSSES.values(), ids=LOSSES)
def test_a_gradient_is_not_dropped_silently(ask):
    for x in (leaf(2.0), leaf([2.0])[0] ** 2, Parameter(2.0)):
        with pytest.raises((UnsupportedError, ValueError)) as caught:
            ask(x)
        # NumPy says that an element was set to a sequence, and by what that came about.
        said = str(caught.value.__cause__ or caught.value)
        assert re.search(r"silently drop .*\.item\(\), \.numpy\(\) or \.detach\(\)", said)
        with no_grad():
            ask(x)
        ask(x.detach())


def test_what_is_only_looked_at_is_never_refused():
    x = leaf(2.0)
    assert x.item() == 2.0
    assert (f"{x}", f"{x:.3f}", f"{x:8.1e}") == (str(x), "2.000", " 2.0e+00")
    assert bool(x > 1.0)
    assert float(x > 1.0) == 1.0
    with pytest.raises(ShapeError, match="Only a tensor of one element"):
        f"{leaf([1.0, 2.0]):.3f}"
    with pytest.raises(ShapeError, match="Only a tensor of one element"):
        float(leaf([1.0, 2.0]))


def test_a_read_only_view_of_a_writable_array_is_copied():
    data = np.ones(3)
    view = data[:]
    view.flags.writeable = False
    tensor = Tensor(view)
    data[0] = 7.0
    assert tensor.data[0] == 1.0


def test_a_tensor_of_a_tensor_is_a_constant():
    y = leaf([1.0]) * 2.0
    assert not Tensor(y).requires_grad
    assert Tensor(y).data[0] == 2.0


def test_j04_an_operand_changed_after_use_does_not_change_the_gradient():
    for use in (lambda x, a: x * a, lambda x, a: a * x, lambda x, a: np.matmul(x, a)):
        x, a = leaf([1.0, 2.0]), np.array([3.0, 4.0])
        y = np.sum(use(x, a))
        a[:] = 0.0
        y.backward()
        np.testing.assert_array_equal(x.grad, [3.0, 4.0])


def test_j04_an_index_changed_after_use_does_not_change_the_gradient():
    for index in (np.array([0, 0]), [0, 0], (np.array([0, 0]),)):
        x = leaf([1.0, 2.0])
        y = np.sum(x[index])
        (index[0] if isinstance(index, tuple) else index)[0] = 1
        y.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 0.0])


def test_conversions():
    x = leaf([[1.5, 2.0]])
    values = x.numpy()
    values[...] = 0.0
    assert x.detach().tolist() == [[1.5, 2.0]]
    assert float(x.detach()[0, 1]) == x[0, 1].item() == 2.0
    assert int(x.detach()[0, 0]) == 1
    assert bool(x[0, 0])
    assert len(x) == 1
    assert [row.shape for row in x] == [(2,)]
    assert leaf(2.0).item() == 2.0
    assert [10, 20][Tensor(1)] == 20
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)) == ((1, 2), 2, 2, 2)
    assert (x.shape, x.ndim, x.size) == ((1, 2), 2, 2)


def test_iteration_keeps_the_graph():
    x = leaf([1.0, 2.0])
    first, second = x
    (first * second).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 1.0])


@pytest.mark.parametrize("convert", [float, int, bool, lambda x: x.item()])
def test_only_one_element_is_a_scalar(convert):
    with pytest.raises(ShapeError, match="Only a tensor of one element"):
        convert(leaf([1.0, 2.0]))


def test_len_iter_and_index_need_what_they_need():
    with pytest.raises(DTypeError, match="needs an axis"):
        len(leaf(1.0))
    with pytest.raises(DTypeError, match="needs an axis"):
        iter(leaf(1.0))
    with pytest.raises(DTypeError, match="Only an integer scalar"):
        [1, 2][leaf(1.0)]


def test_repr():
    x = leaf([1.0, 2.0], name="x")
    assert repr(x) == "Tensor([1., 2.], dtype=float64, name='x', requires_grad=True)"
    assert repr(x * 2.0) == "Tensor([2., 4.], dtype=float64, made by multiply)"
    assert repr(Parameter(1.0)) == "Parameter(1., dtype=float64)"
    assert repr(Tensor(1)) == "Tensor(1, dtype=int64)"


def test_making_an_array_of_a_tracked_tensor_is_refused():
    x = leaf([1.0, 2.0])
    with pytest.raises(UnsupportedError, match="silently drop its gradient"):
        np.asarray(x)
    with pytest.raises(UnsupportedError, match=r"drop its gradient.*np\.stack to join Tensors"):
        np.array([x, x])
    with no_grad():
        np.testing.assert_array_equal(np.asarray(x), [1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(x.detach()), [1.0, 2.0])
    assert np.asarray(Tensor([1, 2]), dtype=np.float32).dtype == np.float32


def test_an_array_of_a_constant_cannot_write_into_it():
    constant = Tensor([1.0, 2.0])
    assert not np.asarray(constant).flags.writeable
    made = np.array(constant)
    made[0] = 7.0
    assert constant.data[0] == 1.0


def test_nothing_writes_into_a_tensor():
    x, array = leaf([1.0, 2.0]), np.ones(2)
    with pytest.raises(UnsupportedError, match="Tensors are values"):
        x[0] = 1.0
    with pytest.raises(UnsupportedError, match=r"write array = array \+ tensor"):
        array += x
    with pytest.raises(ValueError, match="read-only"):
        x.data[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        (x * 2.0).data[0] = 1.0
    np.testing.assert_array_equal(array, [1.0, 1.0])


def test_augmented_assignment_rebinds():
    x = leaf([1.0, 2.0])
    y = x
    y *= x
    assert y is not x
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_equality_is_elementwise_and_tensors_are_hashable_by_identity():
    x, y = leaf([1.0, 2.0]), leaf([1.0, 3.0])
    np.testing.assert_array_equal((x == y).data, [True, False])
    assert len({x, y, x}) == 2


def test_grad_can_only_be_set_to_something_that_fits():
    x = leaf([1.0, 2.0])
    for wrong in (np.ones(3), np.ones(2, np.float32), 1.0, [1.0, 2.0]):
        with pytest.raises(ShapeError, match="must be None or an array of its shape and dtype"):
            x.grad = wrong
    x.grad = np.ones(2)
    np.sum(x).backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])


@pytest.mark.parametrize("kind", [Tensor, Parameter])
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_of_leaves_are_independent(kind, duplicate):
    x = kind([1.0, 2.0], requires_grad=True, name="x")
    np.sum(x).backward()
    twin = duplicate(x)
    assert (type(twin), twin.name, twin.requires_grad) == (kind, "x", True)
    np.testing.assert_array_equal(twin.data, x.data)
    np.testing.assert_array_equal(twin.grad, x.grad)
    assert not np.shares_memory(twin.data, x.data)
    np.sum(twin).backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copying_a_result_is_refused(duplicate):
    with pytest.raises(UnsupportedError, match=r"result of multiply.*\.detach\(\)"):
        duplicate(leaf(1.0) * 2.0)


def test_detach():
    x = leaf([1.0, 2.0])
    constant = (x * x).detach()
    assert not constant.requires_grad
    np.sum(x * constant).backward()
    np.testing.assert_array_equal(x.grad, [1.0, 4.0])


def test_a_parameter_owns_its_value():
    data = np.ones(2)
    data.flags.writeable = False
    weight = Parameter(data)
    before, view, made = weight.detach(), weight[:1].detach(), Tensor(weight)
    weight.assign([3.0, 4.0])
    np.testing.assert_array_equal(weight.data, [3.0, 4.0])
    np.testing.assert_array_equal(data, [1.0, 1.0])
    np.testing.assert_array_equal(before.data, [1.0, 1.0])
    np.testing.assert_array_equal(view.data, [1.0])
    np.testing.assert_array_equal(made.data, [1.0, 1.0])
    with pytest.raises(ValueError, match="read-only"):
        weight.data[0] = 1.0


UNCHANGED = {
    "np.clip": lambda p: np.clip(p, None, None),
    "clip": lambda p: p.clip(),
    "plus": lambda p: +p,
    "astype": lambda p: p.astype(p.dtype),
    "np.where": lambda p: np.where(True, p, 0.0),
    "np.ravel": np.ravel,
    "flatten": Parameter.flatten,
    "np.reshape": lambda p: np.reshape(p, p.shape),
    "np.transpose": np.transpose,
    "T": lambda p: p.T,
    "swapaxes": lambda p: p.swapaxes(0, 0),
    "np.moveaxis": lambda p: np.moveaxis(p, 0, 0),
    "squeeze": Parameter.squeeze,
    "np.broadcast_to": lambda p: np.broadcast_to(p, p.shape),
    "all of it": lambda p: p[:],
    "...": lambda p: p[...],
    "()": lambda p: p[()],
    "sum over no axes": lambda p: p.sum(axis=()),
    "mean over no axes": lambda p: p.mean(axis=()),
    "max over no axes": lambda p: p.max(axis=()),
    "np.concatenate": lambda p: np.concatenate([p]),
    "np.dot": lambda p: np.dot(p, 1.0),
    "power": lambda p: p**1,
}


@pytest.mark.parametrize("call", UNCHANGED.values(), ids=UNCHANGED)
def test_what_changes_nothing_gives_a_tensor_that_no_assignment_changes(call):
    weight = Parameter([1.0, 2.0])
    same = call(weight)
    with no_grad():
        constant = call(weight)
    (gradient,) = gradients(same, [weight], [5.0, 7.0])
    weight.assign([3.0, 4.0])
    for result in (same, constant):
        assert type(result) is Tensor
        np.testing.assert_array_equal(result.data, [1.0, 2.0])
    assert (same.requires_grad, constant.requires_grad) == (True, False)
    np.testing.assert_array_equal(gradient, [5.0, 7.0])


def test_assigning_what_does_not_fit():
    weight = Parameter(np.ones(2, np.float32), name="weight")
    with pytest.raises(ShapeError, match=r"'weight'.*assigned a value of shape \(3,\)"):
        weight.assign(np.ones(3))
    with pytest.raises(ShapeError):
        weight.assign(1.0)  # it would broadcast
    with pytest.raises(DTypeError):
        weight.assign([1j, 2j])
    weight.assign(np.array([1, 2]))
    weight.assign(np.array([1.5, 2.5]))
    assert weight.dtype == np.float32
    np.testing.assert_array_equal(weight.data, np.float32([1.5, 2.5]))


def test_a_frozen_parameter_is_a_constant():
    frozen, weight = Parameter(2.0, requires_grad=False), Parameter(3.0)
    (frozen * weight).backward()
    assert frozen.grad is None
    assert weight.grad == 2.0


def test_pack():
    weight, bias = Parameter([[1.0, 2.0]], name="weight"), Parameter(3.0)
    np.sum(weight * bias).backward()
    gradient = weight.grad
    vector = pack([weight, bias])
    np.testing.assert_array_equal(vector.data, [1.0, 2.0, 3.0])
    assert (weight.shape, bias.shape, weight.name) == ((1, 2), (), "weight")
    assert weight.grad is gradient
    vector.assign([4.0, 5.0, 6.0])
    np.testing.assert_array_equal(weight.data, [[4.0, 5.0]])
    assert bias.item() == 6.0
    bias.assign(7.0)
    assert vector.data[2] == 7.0
    assert lies_in(weight, vector)
    other = pack([weight])
    assert lies_in(weight, other)
    assert not lies_in(weight, vector)
    with pytest.raises(DTypeError, match="must share one dtype"):
        pack([weight, Parameter(np.float32(1.0))])


def test_python_scalars_stay_weak_and_numpy_scalars_do_not():
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    for y in (x * 2.0, 2.0 * x, x**2, x + 1, x / 3, np.maximum(x, 0)):
        assert y.dtype == np.float32
    y = x * np.float64(2.0)
    assert y.dtype == np.float64
    np.sum(y).backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (33, 65)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_parameters_begin_at_a_cache_line(shape, dtype):
    values = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    weight, bias = Parameter(values), Parameter(np.ones(2, dtype))
    assert weight.storage().ctypes.data % CACHE_LINE == 0
    vector = pack([bias, weight])
    assert vector.storage().ctypes.data % CACHE_LINE == 0
    assert lies_in(weight, vector)
    assert lies_in(bias, vector)
    assert not lies_in(Parameter(values), vector)
    weight.assign(values + 1)
    np.testing.assert_array_equal(vector.numpy(), [1, 1, *(values + 1).ravel()])


MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
USES = {
    "t * m": lambda t, m: t * m,
    "m * t": lambda t, m: np.multiply(m, t),
    "Tensor": lambda t, m: Tensor(m),
    "Parameter": lambda t, m: Parameter(m),
    "assign": lambda t, m: Parameter(np.zeros(m.shape)).assign(m),
    "where": lambda t, m: np.where(m, t, 0.0),
    "stack": lambda t, m: np.stack([t, m]),
    "cotangent": lambda t, m: gradients(t * 2.0, [t], m),
    "feed": lambda t, m: capture(lambda x: x * 2.0)(m),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_means_more_than_its_numbers_is_refused(use):
    tensor = Tensor([1.0, 1.0, 1.0], requires_grad=True)
    with pytest.raises(DTypeError, match=r"must not be masked.*array\.filled"):
        use(tensor, MASKED)
    use(tensor, np.ma.array([1.0, 2.0, 3.0]))  # nothing is masked
    with pytest.raises(DTypeError, match=r"np\.matrix, whose \* is a matrix product"):
        use(Tensor(np.ones((2, 2)), requires_grad=True), np.ones((2, 2)).view(np.matrix))


def test_other_subclasses_are_arrays(tmp_path):
    class Named(np.ndarray):
        pass

    mapped = np.memmap(tmp_path / "numbers", np.float64, "w+", shape=3)
    mapped[:] = [1.0, 2.0, 3.0]
    for array in (mapped, np.arange(1.0, 4.0).view(Named)):
        np.testing.assert_array_equal((Tensor(np.ones(3)) * array).data, [1.0, 2.0, 3.0])
