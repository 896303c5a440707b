"""The optimizers take the steps of the engine's and of TensorFlow's; a Saver restores a session."""

import time

import numpy as np
import pytest

import tinygrad_mnist.tf1 as tf
from tinygrad_mnist import Parameter, Tensor, optim
from tinygrad_mnist.errors import ArgumentError, CheckpointError, OutputError, SessionError

from .adam import AdamOfTensorFlow1

# --- a small problem, written with TensorFlow 1's names ------------------------------------------

SHAPES = {"w": (3, 2), "b": (2,)}


def first_values(dtype):
    rng = np.random.default_rng(1)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}


def batches(dtype, count):
    rng = np.random.default_rng(2)
    for _ in range(count):
        yield rng.standard_normal((4, 3)).astype(dtype), rng.standard_normal((4, 2)).astype(dtype)


def build(tf, dtype):
    """Return the placeholders, the variables and the loss."""
    x, y = tf.placeholder(dtype, [None, 3]), tf.placeholder(dtype, [None, 2])
    values = first_values(dtype)
    w, b = (tf.get_variable(name, initializer=tf.constant(values[name])) for name in SHAPES)
    loss = tf.reduce_mean(tf.square(tf.tanh(tf.matmul(x, w) + b) - y))
    return (x, y), [w, b], loss


def fit(tf, make_optimizer, dtype, minimize, steps=20):
    """Return the losses, and the variables and the step count after so many steps."""
    with tf.Graph().as_default(), tf.Session() as sess:
        places, variables, loss = build(tf, dtype)
        count = tf.Variable(0, trainable=False, name="count")
        train = minimize(tf, make_optimizer(tf), loss, variables, count)
        sess.run(tf.global_variables_initializer())
        losses = [
            sess.run([loss, train], dict(zip(places, batch, strict=True)))[0]
            for batch in batches(dtype, steps)
        ]
        return np.array(losses), sess.run(variables), sess.run(count)


DECAYING = {
    "gradient descent": lambda tf, rate: tf.train.GradientDescentOptimizer(rate),
    "momentum": lambda tf, rate: tf.train.MomentumOptimizer(rate, 0.75),
    "adam": lambda tf, rate: tf.train.AdamOptimizer(rate),
}


def rate(step):
    """A learning rate that float32 has exactly."""
    return 0.5 / 2 ** (step // 2)


def fit_decaying(tf, make_optimizer, dtype, how, steps=8):
    """Return the losses and the variables, by a learning rate that is fed, kept or computed."""
    with tf.Graph().as_default(), tf.Session() as sess:
        places, variables, loss = build(tf, dtype)
        count = tf.Variable(0, trainable=False, name="count")
        fed = tf.placeholder(tf.float32, [], name="rate")
        kept = tf.Variable(0.0, trainable=False, name="kept")
        symbol = {"fed": fed, "kept": kept, "computed": 0.5 / 2.0 ** tf.cast(count // 2, "float")}
        train = make_optimizer(tf, symbol[how]).minimize(loss, count)
        change = tf.assign(kept, fed)
        sess.run(tf.global_variables_initializer())
        losses = []
        for step, batch in enumerate(batches(dtype, steps)):
            feeds = {**dict(zip(places, batch, strict=True)), fed: rate(step)}
            sess.run(change, feeds)
            losses.append(sess.run([loss, train], feeds)[0])
        return np.array(losses), sess.run(variables)


OPTIMIZERS = {
    "gradient descent": lambda tf: tf.train.GradientDescentOptimizer(0.5),
    "momentum": lambda tf: tf.train.MomentumOptimizer(0.125, 0.75),
    "nesterov": lambda tf: tf.train.MomentumOptimizer(0.125, 0.75, use_nesterov=True),
    "adam": lambda tf: tf.train.AdamOptimizer(),
    "adam of other numbers": lambda tf: tf.train.AdamOptimizer(
        0.25, 0.5, beta2=0.75, epsilon=0.125
    ),
}


def plainly(tf, optimizer, loss, variables, count):
    return optimizer.minimize(loss)


def counting(tf, optimizer, loss, variables, count):
    return optimizer.minimize(loss, global_step=count)


def some(tf, optimizer, loss, variables, count):
    return optimizer.minimize(loss, var_list=variables[:1])


def clipped(tf, optimizer, loss, variables, count):
    pairs = optimizer.compute_gradients(loss)
    edited = [(tf.clip_by_value(g, -0.1, 0.1), v) for g, v in pairs]
    return optimizer.apply_gradients([*edited, (None, variables[0])][: len(edited)])


MINIMIZE = [plainly, counting, some, clipped]


# --- the engine's own steps -------------------------------------------------------------------

ENGINE = {
    "gradient descent": lambda p: optim.SGD(p, 0.5),
    "momentum": lambda p: optim.Momentum(p, 0.125, 0.75),
    "nesterov": lambda p: optim.Momentum(p, 0.125, 0.75, nesterov=True),
    "adam": lambda p: optim.Adam(p, epsilon_mode="tensorflow"),
    "adam of other numbers": lambda p: optim.Adam(p, 0.25, 0.5, 0.75, 0.125),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_session_takes_the_engines_own_steps(name, dtype):
    """Bit for bit."""
    losses, variables, _ = fit(tf, OPTIMIZERS[name], dtype, plainly)
    values = first_values(dtype)
    w, b = (Parameter(values[name], name=name) for name in values)
    optimizer = ENGINE[name]([w, b])
    for (x, y), expected in zip(batches(dtype, 20), losses, strict=True):
        optimizer.zero_grad()
        loss = np.mean(np.square(np.tanh(np.matmul(Tensor(x), w) + b) - y))
        loss.backward()
        optimizer.step()
        assert loss.item() == expected
    for received, parameter in zip(variables, (w, b), strict=True):
        np.testing.assert_array_equal(received, parameter.numpy())


@pytest.mark.parametrize("how", ["fed", "kept", "computed"])
@pytest.mark.parametrize("name", DECAYING)
def test_a_learning_rate_can_be_a_symbol(name, how):
    """Bit for bit as if the engine's own were set before each step."""
    losses, variables = fit_decaying(tf, DECAYING[name], np.float64, how)
    values = first_values(np.float64)
    w, b = (Parameter(values[name], name=name) for name in values)
    optimizer = ENGINE[name]([w, b])
    for step, (x, y) in enumerate(batches(np.float64, len(losses))):
        optimizer.learning_rate = rate(step)
        optimizer.zero_grad()
        loss = np.mean(np.square(np.tanh(np.matmul(Tensor(x), w) + b) - y))
        loss.backward()
        optimizer.step()
        assert loss.item() == losses[step]
    for received, parameter in zip(variables, (w, b), strict=True):
        np.testing.assert_array_equal(received, parameter.numpy())


def test_a_learning_rate_that_cannot_be_is_refused_in_the_run():
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.Variable(1.0, name="w")
        rate = tf.placeholder(tf.float32, name="rate")
        train = tf.train.GradientDescentOptimizer(rate).minimize(w * w)
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            with pytest.raises(ArgumentError, match="learning_rate must be a number in"):
                sess.run(train, {rate: -1.0})
            with pytest.raises(
                ArgumentError, match=r"be a number. Received: an array of shape \(2,"
            ):
                sess.run(train, {rate: [0.1, 0.2]})
            before = sess.run(w)
            sess.run(train, {rate: 0.25})
            assert sess.run(w) == before / 2


def test_gradients_may_be_numbers():
    with tf.Graph().as_default(), tf.Session() as sess:
        w, v = tf.Variable(1.0), tf.Variable([1.0, 2.0], dtype=tf.float64)
        pairs = [(1.0, w), (np.array([1.0, 2.0], np.float32), v), (None, w)]
        train = tf.train.GradientDescentOptimizer(0.5).apply_gradients(pairs[:1])
        other = tf.train.GradientDescentOptimizer(0.5).apply_gradients(pairs[1:])
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run([train, other])
        assert sess.run(w) == -0.5
        assert sess.run(v).tolist() == [-0.5, -1.0]


def test_one_variable_is_as_good_as_a_list():
    with tf.Graph().as_default(), tf.Session() as sess:
        w, v = tf.Variable(1.0), tf.Variable(1.0)
        train = tf.train.GradientDescentOptimizer(0.5).minimize(w * v, var_list=w)
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        assert sess.run([w, v]) == [0.5, 1]


def test_steps_are_counted():
    assert fit(tf, OPTIMIZERS["adam"], np.float32, counting, steps=7)[2] == 7


def test_only_the_variables_of_the_list_change():
    _, (w, b), _ = fit(tf, OPTIMIZERS["adam"], np.float32, some)
    assert not np.array_equal(w, first_values(np.float32)["w"])
    np.testing.assert_array_equal(b, first_values(np.float32)["b"])


def test_initialising_again_begins_the_optimizer_anew():
    with tf.Graph().as_default(), tf.Session() as sess:
        places, variables, loss = build(tf, np.float64)
        train = tf.train.AdamOptimizer().minimize(loss)
        init = tf.global_variables_initializer()
        ends = []
        for _ in range(2):
            sess.run(init)
            for batch in batches(np.float64, 5):
                sess.run(train, dict(zip(places, batch, strict=True)))
            ends.append(sess.run(variables))
    for first, second in zip(*ends, strict=True):
        np.testing.assert_array_equal(first, second)


def test_two_optimizers_of_two_lists():
    """As of the two networks of a GAN."""
    with tf.Graph().as_default(), tf.Session() as sess:
        places, (w, b), loss = build(tf, np.float64)
        adam = tf.train.AdamOptimizer(0.01)
        steps = [adam.minimize(loss, var_list=[v]) for v in (w, b)]
        sess.run(tf.global_variables_initializer())
        found = []
        for batch in batches(np.float64, 6):
            for step in steps:
                sess.run(step, dict(zip(places, batch, strict=True)))
            found.append(np.concatenate([x.ravel() for x in sess.run([w, b])]))
    assert np.all(np.diff(found, axis=0) != 0)


def test_what_makes_no_sense_is_refused():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32)
        with pytest.raises(ArgumentError, match="no variables to change"):
            tf.train.AdamOptimizer().minimize(x)
        w = tf.Variable(1.0, name="w")
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        assert optimizer.compute_gradients(x, [w]) == [(None, w)]
        with pytest.raises(ArgumentError, match=r"depends on none of the variables \(w\)"):
            optimizer.minimize(x)
        with pytest.raises(ArgumentError, match="learning_rate must be a number"):
            tf.train.MomentumOptimizer(-1.0, 0.9)


# --- TensorFlow's steps -----------------------------------------------------------------------

STEPS = 20


def tolerance(dtype):
    """32 u for each step: each adds the rounding of some twenty operations on numbers of order 1.

    A step is at most as long as the gradient, so what the steps before have added is not amplified.
    """
    return STEPS * 32 * np.finfo(dtype).eps / 2


@pytest.mark.tf
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("minimize", MINIMIZE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps(monkeypatch, theirs, name, minimize, dtype):
    monkeypatch.setattr(optim, "Adam", AdamOfTensorFlow1)
    received, expected = (
        fit(face, OPTIMIZERS[name], dtype, minimize, STEPS) for face in (tf, theirs)
    )
    assert received[2] == expected[2]
    for mine, reference in zip(
        [received[0], *received[1]], [expected[0], *expected[1]], strict=True
    ):
        assert mine.dtype == reference.dtype == dtype
        assert np.max(np.abs(mine - reference)) < tolerance(dtype)


@pytest.mark.tf
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("how", ["fed", "kept", "computed"])
@pytest.mark.parametrize("name", DECAYING)
def test_steps_of_decaying_length(monkeypatch, theirs, name, how, dtype):
    monkeypatch.setattr(optim, "Adam", AdamOfTensorFlow1)
    received, expected = (fit_decaying(face, DECAYING[name], dtype, how) for face in (tf, theirs))
    for mine, reference in zip(
        [received[0], *received[1]], [expected[0], *expected[1]], strict=True
    ):
        assert np.max(np.abs(mine - reference)) < tolerance(dtype)


@pytest.mark.tf
def test_names_of_variables(theirs):
    def names(tf):
        with tf.Graph().as_default():
            tf.get_variable("a", [1], initializer=tf.zeros_initializer())
            with tf.variable_scope("s"):
                tf.get_variable("b", [1], initializer=tf.zeros_initializer())
                tf.Variable(1.0)
                with tf.variable_scope(None, default_name="d"):
                    tf.get_variable("c", [1], initializer=tf.zeros_initializer())
            with tf.name_scope("n"):
                tf.get_variable("e", [1], initializer=tf.zeros_initializer())
                tf.Variable(1.0, name="f", trainable=False)
            return [v.name for v in tf.global_variables()], len(tf.trainable_variables())

    assert names(tf) == names(theirs)


# --- savers -----------------------------------------------------------------------------------


@pytest.fixture
def trained():
    """A session in the middle of a training, and what it trains."""
    with tf.Graph().as_default(), tf.Session() as sess:
        places, variables, loss = build(tf, np.float32)
        train = tf.train.AdamOptimizer(name="Adam").minimize(loss)

        def run(session, steps):
            for batch in batches(np.float32, steps):
                session.run(train, dict(zip(places, batch, strict=True)))
            return session.run(variables)

        sess.run(tf.global_variables_initializer())
        run(sess, 5)
        yield sess, run, variables


def equal(received, expected):
    return all(np.array_equal(x, y) for x, y in zip(received, expected, strict=True))


def test_a_restored_session_goes_on_as_if_nothing_had_happened(trained, tmp_path):
    sess, run, variables = trained
    saver = tf.train.Saver()
    path = saver.save(sess, str(tmp_path / "model.ckpt"), global_step=5)
    assert path == str(tmp_path / "model.ckpt-5")
    before = sess.run(variables)
    expected = run(sess, 5)
    saver.restore(sess, path)  # into the one that has gone on
    assert equal(sess.run(variables), before)
    assert equal(run(sess, 5), expected)
    with tf.Session() as fresh:  # and into another, which needs no initialising
        saver.restore(fresh, path)
        assert equal(run(fresh, 5), expected)


def test_an_optimizer_that_had_not_begun_begins_anew(trained, tmp_path):
    sess, run, _ = trained
    saver = tf.train.Saver()
    with tf.Session() as fresh:
        fresh.run(tf.global_variables_initializer())
        path = saver.save(fresh, tmp_path / "start")
        expected = run(fresh, 5)
    saver.restore(sess, path)
    assert equal(run(sess, 5), expected)


def test_a_saver_of_some_variables(trained, tmp_path):
    sess, run, (w, b) = trained
    saver = tf.train.Saver([w])
    path = saver.save(sess, str(tmp_path / "w"))
    before = sess.run(w)
    _, later = run(sess, 3)
    saver.restore(sess, path)
    assert equal(sess.run([w, b]), [before, later])
    with pytest.raises(CheckpointError, match=r"should have a variable b of shape \(2,\)"):
        tf.train.Saver().restore(sess, path)


def test_variables_can_have_other_names_in_the_file(trained, tmp_path):
    sess, _, (w, b) = trained
    path = tf.train.Saver({"weights": w}).save(sess, str(tmp_path / "w"), write_meta_graph=False)
    expected = sess.run(w)
    with tf.Graph().as_default(), tf.Session() as other:
        kernel = tf.get_variable("kernel", [3, 2])
        tf.train.Saver({"weights": kernel}).restore(other, path)
        np.testing.assert_array_equal(other.run(kernel), expected)
        with pytest.raises(CheckpointError, match="should have a variable kernel"):
            tf.train.Saver([kernel]).restore(other, path)
    with pytest.raises(CheckpointError, match="should have a variable weights"):
        tf.train.Saver({"weights": b}).restore(sess, path)


def test_old_files_are_deleted(trained, tmp_path):
    sess, _, _ = trained
    saver = tf.train.Saver(max_to_keep=2)
    for step in range(4):
        saver.save(sess, str(tmp_path / "model"), global_step=step)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model-2", "model-3"]
    assert [p.rpartition("-")[2] for p in saver.last_checkpoints] == ["2", "3"]


def test_the_folder_is_made_as_the_training_would_be_lost(trained, tmp_path, monkeypatch):
    sess, _, variables = trained
    monkeypatch.chdir(tmp_path)
    places = ("model/dnn.ckpt", "./new/deep/er/dnn.ckpt", str(tmp_path / "a" / "b" / "c"))
    for path in (*places, "model", "model/", "other/", "other"):  # of which four are folders
        saver = tf.train.Saver()
        assert saver.save(sess, path) == path
        with tf.Session() as fresh:
            saver.restore(fresh, path)
            assert equal(fresh.run(variables), sess.run(variables))
    with pytest.raises(OutputError, match="folder a/b/c to save in cannot be made: File exists"):
        tf.train.Saver().save(sess, "a/b/c/d")
    with pytest.raises(ArgumentError, match="needs the path of the file"):
        tf.train.Saver().save(sess, "")
    for hours in (-1, None, "an hour"):
        with pytest.raises(ArgumentError, match="keep_checkpoint_every_n_hours must be a number"):
            tf.train.Saver(keep_checkpoint_every_n_hours=hours)


def kept(tf, folder, monkeypatch):
    """The steps whose files stay, of one saved each hour."""
    with tf.Graph().as_default(), tf.Session() as sess, monkeypatch.context() as patch:
        sess.run(tf.Variable(1.0, name="w").initializer)
        patch.setattr(time, "time", lambda: 0.0)
        saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=2.5)
        for step in range(9):
            patch.setattr(time, "time", lambda step=step: 3600.0 * (step + 1))
            saver.save(sess, str(folder / "model"), step)
    return sorted({p.name.partition(".")[0] for p in folder.iterdir()} - {"checkpoint"})


def test_a_file_after_each_so_many_hours_is_kept(tmp_path, monkeypatch):
    assert kept(tf, tmp_path, monkeypatch) == ["model-2", "model-5", "model-7", "model-8"]


@pytest.mark.tf
def test_tensorflow_keeps_the_same(tmp_path, monkeypatch, theirs):
    ours, reference = tmp_path / "ours", tmp_path / "theirs"
    assert kept(tf, ours, monkeypatch) == kept(theirs, reference, monkeypatch)


def test_a_step_can_have_eight_digits(trained, tmp_path):
    sess, _, _ = trained
    saver = tf.train.Saver(pad_step_number=True)
    steps = (7, np.int64(8), tf.Variable(9, name="step"))
    sess.run(steps[-1].initializer)
    paths = [saver.save(sess, str(tmp_path / "m"), step, "state", "meta", True) for step in steps]
    assert [path[-10:] for path in paths] == ["m-00000007", "m-00000008", "m-00000009"]


def test_bad_files_are_refused_in_one_sentence(trained, tmp_path):
    sess, _, variables = trained
    saver = tf.train.Saver()
    path = saver.save(sess, str(tmp_path / "model"))
    content = (tmp_path / "model").read_bytes()
    damaged = {
        "flipped": content[:200] + bytes([content[200] ^ 1]) + content[201:],
        "cut": content[:-100],
        "text": b"these are not variables",
        "empty": b"",
    }
    before = sess.run(variables)
    for name, wrong in damaged.items():
        (tmp_path / name).write_bytes(wrong)
    for name in (*damaged, "missing"):
        with pytest.raises(CheckpointError, match=name) as raised:
            saver.restore(sess, str(tmp_path / name))
        assert "\n" not in str(raised.value)
    assert equal(sess.run(variables), before)
    with tf.Graph().as_default(), tf.Session() as other:
        tf.get_variable("w", [5])
        with pytest.raises(CheckpointError, match=r"shape \(5,\).* Received: one of \(3, 2\)"):
            tf.train.Saver().restore(other, path)


def test_the_state_of_another_optimizer_is_refused_before_anything_is_restored(trained, tmp_path):
    sess, _, _ = trained
    path = tf.train.Saver().save(sess, str(tmp_path / "model"))
    with tf.Graph().as_default(), tf.Session() as other:
        _, others, loss = build(tf, np.float32)
        tf.train.MomentumOptimizer(0.1, 0.9, name="Adam").minimize(loss)
        other.run(tf.global_variables_initializer())
        before = other.run(others)
        with pytest.raises(CheckpointError, match="The state of Momentum has"):
            tf.train.Saver().restore(other, path)
        assert equal(other.run(others), before)


def test_there_must_be_something_to_save(tmp_path):
    with tf.Graph().as_default():
        with pytest.raises(ArgumentError, match="the graph has no variables"):
            tf.train.Saver()
        tf.Variable(1.0, name="w")
        with tf.Session() as sess, pytest.raises(SessionError, match="w:0 is not initialised"):
            tf.train.Saver().save(sess, str(tmp_path / "model"))
    assert not list(tmp_path.iterdir())
