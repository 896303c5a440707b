"""The checker where a function is smooth and a step of it is at a kink: by whose convention."""

import numpy as np
import pytest

from tinygrad_mnist import elu, leaky_relu, primitive, relu, relu6
from tinygrad_mnist.ops import activation, elementwise, reduction
from tinygrad_mnist.testing import Verdict, assert_grads, check_grads

ZEROS = np.zeros(2)
BESIDE = np.array([0.0, 0.5])


SMOOTH = {
    "absolute": (lambda x: abs(x) * abs(x), [BESIDE]),
    "absolute of a scalar": (lambda x: np.cos(abs(x)), [np.array(0.0)]),
    "absolute, among others": (lambda x, y: np.exp(x) * y + abs(x) ** 2, [ZEROS, BESIDE]),
    "norm": (lambda x: np.linalg.norm(x) ** 2, [ZEROS]),
    "norm of a slice": (lambda x: np.linalg.norm(x[:2]) ** 2 + np.sum(x**3), [np.eye(3)[2]]),
    "norm of rows": (lambda x: np.linalg.norm(x, axis=1) ** 2, [np.array([[0.0, 0.0], [3, 4]])]),
    "hypot": (lambda x, y: np.hypot(x, y) ** 2, [ZEROS, ZEROS]),
    "relu": (lambda x: relu(x) ** 2 + relu(-x) ** 2, [BESIDE]),
    "relu6": (lambda x: relu6(x) ** 2 + relu6(-x) ** 2, [ZEROS]),
    "leaky_relu": (lambda x: leaky_relu(x) ** 2 + 0.96 * relu(-x) ** 2, [ZEROS]),
    "elu": (lambda x: elu(x) + elu(-x), [ZEROS]),
    "max": (lambda x: np.max(x) ** 2 + np.min(x) ** 2, [np.ones(2)]),
    "maximum": (lambda x: np.maximum(x, 0.0) ** 2 + np.minimum(x, 0.0) ** 2, [ZEROS]),
    "clip": (lambda x: np.clip(x, 0.0, 1.0) ** 2 + np.clip(x, -1.0, 0.0) ** 2, [BESIDE]),
    "sign": (lambda x: (x * np.sign(x)) ** 2, [ZEROS]),
    "greater, for where": (
        lambda x: np.where(x > 0, x, 0.0) ** 2 + np.where(x < 0, x, 0.0) ** 2,
        [BESIDE],
    ),
    "equal, for where": (lambda x: np.where(x == 0, 0.0 * x, x * x), [ZEROS]),
    "greater, for multiply": (lambda x: (x * (x > 0) - x * (x < 0)) ** 2, [ZEROS]),
}


@pytest.mark.parametrize(("name", "function", "arrays"), [(n, *row) for n, row in SMOOTH.items()])
def test_a_second_derivative_by_convention_is_a_kink_and_names_the_step(name, function, arrays):
    assert check_grads(function, *arrays, order=1).verdict is Verdict.OK
    report = assert_grads(function, *arrays)
    assert (report.verdict, report.order, report.cause) == (Verdict.KINK, 2, "")
    step = name.partition(" of ")[0].removesuffix(", among others")
    assert report.rule.startswith(f"{step} (test_convention.py:")
    assert f"at its kink: {step} (" in str(report)
    assert any("its convention was used" in argument.note for argument in report.arguments)


def test_a_question_of_pythons_is_a_step_too():
    def squared(x):
        return x * x if x > 0 else 0.0 * x + relu(-x) ** 2

    report = check_grads(squared, np.array(0.0))
    assert (report.verdict, report.order) == (Verdict.KINK, 2)
    assert report.rule.split()[0] == "greater"


def test_other_orders_have_their_conventions():
    first = check_grads(lambda x: relu(x) - relu(-x), BESIDE)
    assert (first.verdict, first.order, first.rule[:6]) == (Verdict.KINK, 1, "relu (")
    both = check_grads(lambda a, b: np.maximum(a, b) + np.minimum(a, b), BESIDE, BESIDE)
    assert (both.verdict, both.order) == (Verdict.KINK, 1)
    assert [step.split()[0] for step in both.rule.split(", ")] == ["maximum", "minimum"]
    third = check_grads(lambda x: x * abs(x) * abs(x), ZEROS, order=3)
    assert (third.verdict, third.order, third.rule[:10]) == (Verdict.KINK, 3, "absolute (")
    assert "," not in third.rule


def test_where_the_derivative_itself_has_a_kink_its_slopes_are_what_counts():
    report = check_grads(lambda x: x * abs(x), BESIDE)
    assert (report.verdict, report.order, report.rule) == (Verdict.KINK, 2, "")
    assert "  at a kink of x:" in str(report)


def test_beside_the_kink_nothing_is_a_convention():
    for function, arrays in SMOOTH.values():
        moved = [a + 0.1 + 0.01 * np.arange(a.size).reshape(a.shape) for a in arrays]
        assert check_grads(function, *moved).verdict is Verdict.OK


@primitive()
def product(a, b, *, out=None):
    return np.multiply(a, b, out=out)


def fixed(x):
    """The array of a Tensor: what a rule takes from it is not differentiated again."""
    return getattr(x, "detach", lambda: x)()


WRONG_RULES = {
    "always": lambda ct, y, a, b: 2.0 * ct * b,
    "an operand is constant": lambda ct, y, a, b: ct * fixed(b),
    "the cotangent is constant": lambda ct, y, a, b: fixed(ct) * b,
    "at 0 alone": lambda ct, y, a, b: np.where(b == 0, 0.0, ct * b),
}


@pytest.mark.parametrize("rule", WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_wrong_rule_is_wrong_though_the_function_has_a_kink(rule):
    product.vjp(a=rule, b=lambda ct, y, a, b: ct * a)

    def elsewhere(x, y):
        return np.sum(np.sin(product(y, y))) + np.linalg.norm(x) ** 2

    def on_the_way(x, y):
        return np.sum(product(abs(x), np.exp(y)) * abs(x)) + np.sum(product(np.exp(y), x))

    for function in (elsewhere, on_the_way):
        assert check_grads(function, ZEROS, BESIDE).verdict is Verdict.WRONG


def test_a_rule_that_is_wrong_beside_the_point_alone_is_wrong_too():
    product.vjp(a=WRONG_RULES["always"], b=lambda ct, y, a, b: ct * a)
    report = check_grads(lambda x, y: np.sum(product(y, y)) + np.linalg.norm(x) ** 2, ZEROS, ZEROS)
    assert (report.verdict, report.order) == (Verdict.WRONG, 2)


def test_the_step_that_is_wrong_by_itself_is_named():
    product.vjp(a=WRONG_RULES["an operand is constant"], b=lambda ct, y, a, b: ct * a)
    report = check_grads(lambda x: np.sum(product(abs(x), np.exp(x)) * abs(x)), BESIDE)
    assert report.verdict is Verdict.WRONG
    assert report.rule.startswith("product (test_convention.py:")
    assert report.rule.endswith("alone, has a wrong second derivative")


def test_a_value_that_left_the_tape_is_wrong_though_the_function_has_a_kink():
    def detached(x):
        return np.sum(np.exp(x) * np.sin(x).detach()) + np.linalg.norm(x) ** 2

    assert check_grads(detached, ZEROS).verdict is Verdict.WRONG


def test_beside_is_where_the_function_is_defined():
    def between_two_ends(x, y):
        return np.sum(np.log(y) + np.log(2e-4 - y)) + np.linalg.norm(x) ** 2

    assert check_grads(between_two_ends, ZEROS, np.full(3, 1e-4)).verdict is Verdict.KINK


def odd(x):
    return np.maximum(x, 0) - np.maximum(-x, 0)


def test_a_gradient_by_hand_that_is_right_beside_the_point_alone_is_wrong_and_it_is_said():
    report = check_grads(odd, BESIDE, vjp=lambda ct, x: ct * ((x > 0) * 1.0 + (x < 0)))
    assert report.verdict is Verdict.WRONG
    assert "beside this point it agrees: an operation within is at its kink" in report.cause
    everywhere = check_grads(odd, BESIDE, vjp=lambda ct, x: ct * ((x > 0) * 2.0))
    assert everywhere.verdict is Verdict.WRONG
    assert "beside" not in everywhere.cause


def test_a_value_of_the_engine_that_no_step_explains_is_wrong_and_it_is_said():
    report = check_grads(lambda x: x * np.where(x.numpy() == 0, 2.0, 1.0), BESIDE)
    assert report.verdict is Verdict.WRONG
    assert "left the tape" in report.cause
    assert "beside this point it agrees" in report.cause


def with_rule(function, wrong, *arrays):
    """What is said of a function whose rule for x is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(function.rules, "x", wrong)
        return check_grads(function, *arrays, order=1)


@pytest.mark.parametrize("seed", range(4))
def test_each_of_several_equal_numbers_may_be_the_one_in_the_middle(seed):
    report = check_grads(np.sort, np.ones(4), seed=seed)
    assert (report.verdict, report.order) == (Verdict.KINK, 1)
    assert check_grads(np.clip, *np.ones((3, 1)), seed=seed).verdict is Verdict.KINK


def test_but_none_may_be_twice_that():
    right = reduction.sort.rules["x"]
    twice = with_rule(
        reduction.sort, lambda ct, y, x, axis: 2.0 * right(ct, y, x, axis), np.ones(4)
    )
    assert twice.verdict is Verdict.WRONG
    clipped = with_rule(elementwise.clip, lambda ct, y, *_: 2.0 * ct, *np.ones((3, 4)))
    assert clipped.verdict is Verdict.WRONG


def test_what_is_wrong_beside_a_kink_of_others_is_named():
    report = with_rule(activation.relu, lambda ct, y, x: 3.0 * ct * (x > 0), BESIDE)
    assert report.verdict is Verdict.WRONG
    assert report.rule.startswith("#1 relu (")


def test_a_rule_that_gives_no_subgradient_is_wrong_where_its_cotangent_is_zero(monkeypatch):
    def function(x):
        return relu(x) ** 2 + relu(-x) ** 2

    assert check_grads(function, ZEROS).verdict is Verdict.KINK
    steep = lambda ct, y, x: np.where(x == 0, 3.0 * ct, np.where(x > 0, ct, 0.0))  # noqa: E731
    monkeypatch.setitem(activation.relu.rules, "x", steep)
    assert check_grads(function, ZEROS).verdict is Verdict.WRONG
