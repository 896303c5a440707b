"""A run goes on bit for bit from any checkpoint, and says so when it cannot."""

import threading
from dataclasses import asdict, replace

import numpy as np
import pytest
import small_runs
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mnist import checkpoint
from tinygrad_mnist.command import run as training
from tinygrad_mnist.command.run import OPTIMIZERS, Run, Settings
from tinygrad_mnist.errors import ArgumentError, CheckpointError, DivergenceError
from tinygrad_mnist.interruption import interruptible

SMALL = Settings(iterations=30, batch_size=16, hidden=(8,), threads=1)  # 12 or 13 steps an epoch


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    """The checkpoints of runs that were never interrupted, by the name of the optimizer."""
    folder = tmp_path_factory.mktemp("straight")
    return {name: trained(replace(SMALL, optimizer=name), data, folder) for name in OPTIMIZERS}


def trained(settings, data, folder):
    run = Run(settings, data)
    assert len(list(run.train())) == settings.iterations
    path = folder / f"{settings.optimizer}.npz"
    run.save(path)
    return path


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_recording_each_step_gives_the_bits_of_replaying_the_first(name, data, straight, tmp_path):
    run = Run(replace(SMALL, optimizer=name), data, eager=True)
    list(run.train())
    run.save(tmp_path / "eager.npz")
    assert (tmp_path / "eager.npz").read_bytes() == straight[name].read_bytes()


class TestSettings:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"iterations": 0}, "number of iterations must be an integer of at least 1"),
            ({"batch_size": -64}, "batch size .* Received: -64"),
            ({"threads": 0}, "number of threads .* Received: 0"),
            ({"hidden": (128, 0)}, "hidden layer size .* Received: 0"),
            ({"hidden": (10**12,)}, "784-1000000000000-10 has 795,000,000,000,010 parameters"),
            ({"hidden": (40_000, 40_000)}, "smaller layers, of at most 1,000,000,000"),
            ({"learning_rate": float("nan")}, "learning rate .* Received: nan"),
            ({"learning_rate": float("inf")}, "learning rate .* Received: inf"),
            ({"learning_rate": -0.001}, "learning rate .* Received: -0.001"),
            ({"optimizer": "adamw"}, "one of adam, momentum, sgd. Received: 'adamw'"),
            ({"seed": -1}, "seed must be an integer of at least 0. Received: -1"),
        ],
    )
    def test_out_of_range(self, changes, reason):
        with pytest.raises(ArgumentError, match=reason):
            Settings(**changes)

    def test_no_hidden_layer_is_a_linear_network(self):
        assert Settings(hidden=()).sizes == [784, 10]

    @pytest.mark.parametrize(
        ("batch_size", "threads", "expected"), [(64, None, 1), (5000, None, 8), (5000, 3, 3)]
    )
    def test_threads(self, batch_size, threads, expected):
        assert Settings(batch_size=batch_size, threads=threads).blas_threads(8) == expected


class TestResuming:
    @given(
        optimizer=st.sampled_from(list(OPTIMIZERS)),
        stops=st.sets(st.integers(1, SMALL.iterations), max_size=3),
    )
    @pytest.mark.slow
    def test_any_number_of_stops_changes_no_byte(
        self, data, straight, tmp_path_factory, optimizer, stops
    ):
        path = tmp_path_factory.mktemp("stops") / "checkpoint.npz"
        run = Run(replace(SMALL, optimizer=optimizer), data)
        for stop in sorted(stops):
            for _ in zip(range(stop - run.iteration), run.train(), strict=False):
                pass
            run.save(path)
            run = training.resume(path, data)
            assert run.iteration == stop
        list(run.train())
        run.save(path)
        assert path.read_bytes() == straight[optimizer].read_bytes()

    def test_a_longer_run_equals_one_that_was_always_so_long(self, data, straight, tmp_path):
        longer = replace(SMALL, iterations=50)
        run = training.resume(straight["adam"], data)
        run.settings = longer
        list(run.train())
        run.save(tmp_path / "extended.npz")
        always = trained(longer, data, tmp_path)
        assert (tmp_path / "extended.npz").read_bytes() == always.read_bytes()

    def test_the_checkpoint_holds_the_course_of_the_run(self, data, straight):
        arrays, description = checkpoint.load(straight["adam"])
        assert training.settings_of(description) == SMALL
        assert description["iteration"] == len(arrays["costs"]) == 30
        # 480 examples of epochs of 200
        assert (description["data"]["epochs_completed"], description["data"]["cursor"]) == (2, 80)
        assert description["data"]["generator"]["bit_generator"] == "PCG64"
        assert sorted(arrays["order"]) == list(range(200))
        assert {f"slot/{name}" for name in OPTIMIZERS["adam"].slot_names} < arrays.keys()

    def test_seeds_differ(self, data):
        first, second = (next(Run(replace(SMALL, seed=seed), data).train()) for seed in (0, 1))
        assert first != second

    def test_other_data_are_refused(self, straight, tmp_path):
        with pytest.raises(CheckpointError, match=r"trained on other data .*--data-dir"):
            training.resume(straight["adam"], small_runs.write_data(tmp_path, seed=1))

    @pytest.mark.parametrize("use", [training.resume, training.trained_model])
    def test_a_checkpoint_of_something_else(self, use, tmp_path):
        path = tmp_path / "other.npz"
        checkpoint.save(path, {"weights": np.ones(3)}, {"iteration": 3})
        with pytest.raises(CheckpointError, match=r"other\.npz, .*: it holds no training run"):
            use(path)

    @pytest.mark.parametrize("change", [{"hidden": (9,)}, {"hidden": (8, 8)}, {"hidden": ()}])
    def test_parameters_of_another_network(self, data, straight, tmp_path, change):
        arrays, description = checkpoint.load(straight["adam"])
        description["settings"] = asdict(replace(SMALL, **change))
        path = tmp_path / "other.npz"
        checkpoint.save(path, arrays, description)
        for use in (training.trained_model, lambda path: training.resume(path, data)):
            with pytest.raises(CheckpointError, match="parameters are those of another network"):
                use(path)

    def test_the_trained_model_is_that_of_the_run(self, data, straight):
        run, model = (
            training.resume(straight["adam"], data),
            training.trained_model(straight["adam"]),
        )
        images = run.data.test.images
        assert np.array_equal(model.predict(images), run.model.predict(images))
        assert run.accuracies()["train"] > 0.2  # ten patterns, thirty steps


class TestDivergence:
    """No number that came of an overflow is kept or shown as if it were good."""

    def run(self, data, **changes):
        return Run(replace(SMALL, optimizer="sgd", **changes), data)

    def test_the_cost(self, data):
        run = self.run(data, learning_rate=1e30)
        with (
            np.errstate(all="ignore"),
            pytest.raises(DivergenceError, match=r"cost became (nan|inf) at .*1e\+30"),
        ):
            list(run.train())
        assert np.isfinite(run.costs).all()

    def test_the_parameters(self, data, tmp_path):
        run = self.run(data, learning_rate=1e60, iterations=1)
        with np.errstate(all="ignore"):
            list(run.train())
        with pytest.raises(DivergenceError, match="parameter became infinite or NaN"):
            run.save(tmp_path / "checkpoint.npz")
        assert not list(tmp_path.iterdir())

    def test_the_accuracy(self, data):
        run = self.run(data, learning_rate=1e37, iterations=1)
        with np.errstate(all="ignore"):
            list(run.train())
            with pytest.raises(DivergenceError, match=r"train cost became (nan|inf)"):
                run.accuracies()


def test_a_batch_larger_than_the_data_is_refused(data):
    with pytest.raises(ArgumentError, match=r"larger than the 200 training examples.*201"):
        Run(replace(SMALL, batch_size=201), data)


def test_without_signals_outside_the_main_thread():
    answers = []

    def ask():
        with interruptible() as interrupted:
            answers.append(interrupted())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert answers == [False]
