"""The checker made wrong: what it takes for a convention, and what it lets pass for one."""

from testing import test_convention

from .oracles import plain
from .planting import edit

EXAMINATION = "tinygrad_mnist.testing.check.Examination"
CONVENTION = "tinygrad_mnist.testing.convention"
ORDERS = plain(test_convention.test_other_orders_have_their_conventions)
ALONE = plain(test_convention.test_the_step_that_is_wrong_by_itself_is_named)
BESIDE = plain(test_convention.test_a_rule_that_is_wrong_beside_the_point_alone_is_wrong_too)
MIDDLE = plain(test_convention.test_each_of_several_equal_numbers_may_be_the_one_in_the_middle)


def judge(name, method, *changes, oracle):
    target = f"{EXAMINATION}.{method}"
    return edit(f"conventions: {name}", target, *changes, oracles=(oracle,))


TESTING_MUTANTS = (
    judge(
        "beside the point nobody looks",
        "_with_conventions",
        ("if not self._right_beside():", "if False:"),
        oracle=BESIDE,
    ),
    judge(
        "beside the point one derivative alone is looked at",
        "_right_beside",
        ("self._judged(self.subject.origin,", "self._judged(self.subject,"),
        oracle=BESIDE,
    ),
    judge(
        "a step that is wrong by itself is none",
        "_with_conventions",
        ("if alone.verdict is Verdict.WRONG and alone.rule != ALL_RIGHT.rule:", "if False:"),
        oracle=ALONE,
    ),
    judge(
        "a step by itself is judged to first order",
        "_judged",
        ("given, names, self.subject.order,", "given, names, 1,"),
        oracle=ALONE,
    ),
    judge(
        "without a step at a kink too",
        "_with_conventions",
        ("if not kinks:", "if False:"),
        oracle=plain(
            test_convention.test_a_value_of_the_engine_that_no_step_explains_is_wrong_and_it_is_said,
        ),
    ),
    edit(
        "conventions: the steps are those of the derivative",
        "tinygrad_mnist.testing.subject.Subject.derivative",
        ("self.origin, self.order + 1", "found, self.order + 1"),
        oracles=(ORDERS,),
    ),
    edit(
        "conventions: beside is here",
        f"{CONVENTION}.beside",
        ("epsilon ** (1 / 6)", "0.0"),
        oracles=(ORDERS,),
    ),
    edit(
        "conventions: beside is far away",
        f"{CONVENTION}.beside",
        ("np.where(a == 0, 1.0, a)", "1.0"),
        oracles=(plain(test_convention.test_beside_is_where_the_function_is_defined),),
    ),
    edit(
        "conventions: what differentiates nothing is no step",
        f"{CONVENTION}.Steps.applied",
        ("if tracked:", 'if tracked and value.dtype.kind == "f":'),
        oracles=(plain(test_convention.test_a_question_of_pythons_is_a_step_too),),
    ),
    edit(
        "kinks: what several elements do together is not asked",
        "tinygrad_mnist.testing.kinks.possible",
        ("return _possible(", "return False and _possible("),
        oracles=(MIDDLE,),
    ),
    edit(
        "kinks: whatever is wrong is possible",
        "tinygrad_mnist.testing.kinks.possible",
        ("return _possible(", "return True or _possible("),
        oracles=(plain(test_convention.test_what_is_wrong_beside_a_kink_of_others_is_named),),
    ),
)
