"""Programs of scopes find what they find with TensorFlow."""

import pytest

from .scopes import PROGRAMS, run

tensorflow = pytest.importorskip("tensorflow")

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("what", PROGRAMS)
def test_both_engines_find_the_same(what):
    program, expected = PROGRAMS[what]
    assert run(tensorflow.compat.v1, program) == expected


@pytest.mark.parametrize("reuse", ["x", 1])
def test_what_reuse_cannot_be(reuse):
    tf = tensorflow.compat.v1
    with pytest.raises(ValueError, match="reuse"), tf.variable_scope("a", reuse=reuse):
        pass


def test_a_new_scope_cannot_share():
    tf = tensorflow.compat.v1
    with pytest.raises(ValueError, match="reuse"), tf.variable_scope(None, "a", reuse=True):
        pass
