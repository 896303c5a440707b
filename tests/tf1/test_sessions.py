"""Sessions take TensorFlow's arguments."""

import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist.errors import SessionError


@pytest.mark.parametrize("kind", [tf.Session, tf.InteractiveSession])
def test_target_graph_and_config(kind):
    config = tf.ConfigProto(allow_soft_placement=True, log_device_placement=False)
    config.gpu_options.allow_growth = True
    config.intra_op_parallelism_threads = 1
    with tf.Graph().as_default() as other:
        x = tf.constant(1.0)
    for arguments in (("", other, config), ("", other), (other,)):
        session = kind(*arguments)
        assert session.graph is other
        assert session.run(x) == 1
        session.close()
    session = kind(target="", graph=None, config=None)
    assert session.graph is tf.get_default_graph()
    session.close()


def test_a_session_can_be_the_default_one_and_stay_open():
    with tf.Graph().as_default():
        x = tf.constant(2.0)
        session = tf.Session()
        with session.as_default() as entered:
            assert entered is session
            assert tf.get_default_session() is session
            assert x.eval() == 2
        assert session.run(x) == 2
        with pytest.raises(SessionError, match="no session"):
            x.eval()
        session.close()
