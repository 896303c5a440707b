"""Users add primitives with the decorator the package itself uses; mistakes are named at once."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_mnist import ZERO, Parameter, Tensor, gradients, primitive, relu
from tinygrad_mnist.errors import RuleError
from tinygrad_mnist.ops.elementwise import tanh
from tinygrad_mnist.ops.shape import reshape


def leaf(value):
    return Tensor(value, dtype=np.float64, requires_grad=True)


@primitive()
def hypotenuse(a, b, *, scale=1.0, out=None):
    """The length of (a, b), times a scale."""
    return np.multiply(np.hypot(a, b), scale, out=out)


hypotenuse.vjp(
    a=lambda ct, y, a, b, scale: ct * scale * scale * a / y,
    b=lambda ct, y, a, b, scale: ct * scale * scale * b / y,
)


def test_works_on_arrays_and_on_tensors_to_second_order():
    a, b = leaf([3.0, 5.0]), leaf(4.0)
    np.testing.assert_array_equal(hypotenuse(np.array([3.0]), np.array(4.0)), [5.0])
    y = hypotenuse(a, b, scale=2.0)
    np.testing.assert_allclose(y.data, 2.0 * np.hypot([3.0, 5.0], 4.0), rtol=1e-15)
    first = gradients(np.sum(y), [a, b], record=True)
    length = np.hypot([3.0, 5.0], 4.0)
    np.testing.assert_allclose(first[0].data, 2.0 * a.data / length, rtol=1e-14)
    np.testing.assert_allclose(first[1].data, np.sum(8.0 / length), rtol=1e-14)
    (second,) = gradients(np.sum(first[0]), [a])
    np.testing.assert_allclose(second, 2.0 * 16.0 / length**3, rtol=1e-13)
    (mixed,) = gradients(np.sum(first[0]), [b])
    np.testing.assert_allclose(mixed, np.sum(-2.0 * a.data * 4.0 / length**3), rtol=1e-13)


def test_has_the_kernels_name_and_docstring():
    assert hypotenuse.name == hypotenuse.__name__ == "hypotenuse"
    assert hypotenuse.__doc__.startswith("The length")
    assert repr(hypotenuse) == "<primitive hypotenuse(a, b, scale)>"
    assert hypotenuse.operand_names == ("a", "b")
    assert hypotenuse.defaults == {"scale": 1.0}


@pytest.mark.parametrize("rules", [{}, {"x": ZERO}, {"a": ZERO}, {"a": ZERO, "b": ZERO, "c": ZERO}])
def test_misnamed_rules(rules):
    @primitive()
    def two(a, b, *, out=None):
        return np.add(a, b, out=out)

    with pytest.raises(RuleError, match=r"rules of two must be named a, b .*Received: "):
        two.vjp(**rules)


def test_which_kernels_take_out():
    assert hypotenuse.takes_out
    assert tanh.takes_out
    assert not reshape.takes_out
    with pytest.raises(RuleError, match="kernel of open_handed takes out as an operand: make it k"):

        @primitive()
        def open_handed(x, out=None):
            return np.positive(x, out=out)

    with pytest.raises(RuleError, match="is a view, so it must not take"):

        @primitive(view=True)
        def window(x, *, out=None):
            return x


@pytest.mark.parametrize("shape", [(3,), (2, 2), (), (2, 4)])
def test_a_rule_whose_cotangent_does_not_fit_is_named(shape):
    @primitive()
    def wrong(x, *, out=None):
        return np.multiply(x, 1.0, out=out)

    wrong.vjp(x=lambda ct, y, x: np.ones(shape))
    with pytest.raises(RuleError, match=r"rule of wrong for x returned .* shape \(2, 3\)"):
        np.sum(wrong(leaf(np.ones((2, 3))))).backward()


def test_a_cotangent_of_the_same_size_and_another_shape_is_refused():
    @primitive()
    def turned(x, *, out=None):
        return np.multiply(x, 1.0, out=out)

    turned.vjp(x=lambda ct, y, x: np.transpose(ct))
    with pytest.raises(RuleError):
        np.sum(turned(leaf(np.ones((2, 3))))).backward()


def test_zero_is_skipped_by_the_sweep():
    @primitive()
    def half_known(a, b, *, out=None):
        return np.add(a, b, out=out)

    half_known.vjp(a=lambda ct, y, a, b: ct, b=ZERO)
    a, b = leaf(1.0), leaf(2.0)
    found = gradients(half_known(a, b), [a, b])
    assert [float(g) for g in found] == [1.0, 0.0]


def test_rules_run_only_for_operands_that_need_them():
    calls = []

    @primitive()
    def counted(a, b, *, out=None):
        return np.add(a, b, out=out)

    counted.vjp(
        a=lambda ct, y, a, b: calls.append("a") or ct,
        b=lambda ct, y, a, b: calls.append("b") or ct,
    )
    counted(np.ones(2), leaf([1.0, 2.0])).backward(np.ones(2))
    assert calls == ["b"]


def test_static_defaults_reach_the_rules():
    seen = {}

    @primitive()
    def scaled(x, *, factor=3.0, out=None):
        return np.multiply(x, factor, out=out)

    scaled.vjp(x=lambda ct, y, x, **static: seen.update(static) or ct * static["factor"])
    x = leaf(2.0)
    scaled(x).backward()
    assert seen == {"factor": 3.0}
    assert x.grad == 3.0

    @primitive()
    def shifted(x, *, by, factor=3.0, out=None):  # as many given as there are defaults
        return np.multiply(x, factor, out=out) + by

    shifted.vjp(x=lambda ct, y, x, **static: ct * static.get("factor", 0.0))
    (gradient,) = gradients(shifted(x, by=1.0), [x])
    assert gradient == 3.0


def test_kernels_see_arrays_and_python_scalars_as_they_came():
    seen = []

    @primitive()
    def spy(a, b, *, out=None):
        seen.append((type(a), type(b)))
        return np.multiply(a, b, out=out)

    spy(leaf(1.0), 2)
    spy(leaf(1.0), [1.0])
    assert seen == [(np.ndarray, int), (np.ndarray, np.ndarray)]


def test_a_variadic_kernel_has_one_rule_and_gets_the_position():
    @primitive()
    def total(*parts, out=None):
        return np.add.reduce(parts, out=out)

    total.vjp(parts=lambda ct, y, *parts, position: ct * (position + 1.0))
    tensors = [leaf([1.0]), leaf([2.0]), leaf([3.0])]
    total(*tensors).backward([1.0])
    assert [float(t.grad[0]) for t in tensors] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("one", [relu, tanh], ids=["kernel", "ufunc"])
def test_copies_and_pickles_by_reference_like_a_function(one):
    assert copy.deepcopy(one) is one
    assert pickle.loads(pickle.dumps(one)) is one


def filling(kernel):
    """The same kernel, which takes ``out=`` too."""

    def fill(*operands, out=None):
        result = kernel(*operands)
        if out is None:
            return result
        np.copyto(out, result)
        return out

    return fill


@pytest.mark.parametrize("made", [lambda kernel: kernel, filling], ids=["", "out"])
@pytest.mark.parametrize(
    "kernel", [lambda x: x, lambda x: x[::-1], lambda x: x.reshape(1, 2)[0]], ids=["x", "-1", "re"]
)
def test_a_result_is_never_a_piece_of_what_the_kernel_was_given(kernel, made):
    """A kernel that is no declared view may still return one: gradient reversal is ``return x``."""
    reversal = primitive()(made(kernel))
    reversal.vjp(**{reversal.operand_names[0]: lambda ct, y, x, **_: -kernel(ct)})
    weight, array = Parameter([1.0, 2.0]), np.array([1.0, 2.0])
    result = reversal(weight)
    expected = result.numpy()
    weight.assign([5.0, 6.0])
    np.testing.assert_array_equal(result.data, expected)
    both = primitive()(made(lambda a, b: a))(array, Tensor(1.0))
    array[0] = 7.0
    np.testing.assert_array_equal(both.data, [1.0, 2.0])
    x = Tensor([1.0, 2.0], requires_grad=True)
    reversal(x).backward([1.0, 10.0])
    np.testing.assert_array_equal(x.grad, -kernel(np.array([1.0, 10.0])))
