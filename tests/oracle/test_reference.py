"""TensorFlow's four ways and ours train alike on real MNIST, iteration by iteration.

What is compared, at each iteration: the cost, and all parameters and both Adam moments, each of
the three as one vector, by its largest difference over its largest element.
"""

import ast
import subprocess
import sys
from itertools import islice
from pathlib import Path

import judges
import numpy as np
import pytest
from tf1.adam import corrected_rate

import reference_tf
from reference_tf.__main__ import main
from reference_tf.interface import APIS, BETA_1, BETA_2, EPSILON, trainer
from tinygrad_mnist import nn, optim
from tinygrad_mnist.command.run import Run, Settings
from tinygrad_mnist.nn import loop

pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tf

QUANTITIES = ["cost", "parameters", "first moment", "second moment"]
LEARNING_RATE = float(np.float32(0.001))  # as float32 has it: Keras keeps it in a float32 for all
ITERATIONS = 1000

# One step's gradient is matmuls, whose results may differ by 8 u of what they add up. Where the
# training neither amplifies nor damps that, 1,000 steps add up to 1,000 times as much: 8.9e-13.
# That it does not amplify is seen without TensorFlow, in our own network with the rows of each
# batch reversed, which is the same mathematics in another order of additions (seen: 7e-15). The
# worst seen against TensorFlow is 6.3e-14.
FLOAT64 = ITERATIONS * 8 * 2.0**-53
# Reversing the rows moves one of the two products of a gradient only, so it gets a tenth.
REVERSED_ROWS = FLOAT64 / 10
FLOAT32 = 1e-4  # over 20 steps; the worst seen is 3.5e-6


class Ours:
    """Our network behind what the comparison asks for."""

    def __init__(self, parameters):
        sizes = [parameters[0].shape[0], *[bias.shape[0] for bias in parameters[1::2]]]
        self.model = nn.MLP(sizes, dtype=parameters[0].dtype)
        for parameter, value in zip(self.model.parameters(), parameters, strict=True):
            parameter.assign(value)
        self.optimizer = optim.Adam(self.model.parameters(), LEARNING_RATE, BETA_1, BETA_2, EPSILON)

    def step(self, images, labels):
        cost = loop.cross_entropy(labels, self.model(images))
        self.optimizer.zero_grad()
        cost.backward()
        self.optimizer.step()
        return cost.item()

    def state(self):
        return [
            np.concatenate([parameter.data.ravel() for parameter in self.model.parameters()]),
            (1 - BETA_1) * self.optimizer.slots["first_sum"].numpy(),
            (1 - BETA_2) * self.optimizer.slots["second_sum"].numpy(),
        ]


class OursWithReversedRows(Ours):
    def step(self, images, labels):
        return super().step(images[::-1].copy(), labels[::-1].copy())


class OursWithFloat32Powers(Ours):
    """Our network at the learning rates that TF1's powers of beta, kept in float32, amount to.

    A rounding of beta_2**2 is 1.5e-5 of the correction 1 - beta_2**2, so TF1 takes steps of
    another size. The parameters differ by 3e-6 after 100 of them, and by a tenth after 300: no
    tolerance between TF1 and exact powers means anything, while at equal powers rounding is left.
    """

    def __init__(self, parameters):
        super().__init__(parameters)
        self.betas = np.float32([BETA_1, BETA_2])
        self.powers = self.betas.copy()

    def step(self, images, labels):
        count = self.optimizer.iterations + 1
        exact = corrected_rate(BETA_1**count, BETA_2**count)
        rounded = corrected_rate(*self.powers.astype(np.float64))
        self.optimizer.learning_rate = LEARNING_RATE * rounded / exact
        self.powers *= self.betas
        return super().step(images, labels)


class Theirs:
    """One of TensorFlow's, its state as three vectors."""

    def __init__(self, api, parameters):
        self.trainer = trainer(api, parameters, LEARNING_RATE)
        self.step = self.trainer.step

    def state(self):
        return [
            np.concatenate([array.ravel() for array in arrays])
            for arrays in (self.trainer.parameters(), *self.trainer.slots())
        ]


def start(dtype):
    """Return the initial parameters and the endless batches of a run of ours."""
    run = Run(Settings())
    return [p.numpy().astype(dtype) for p in run.model.parameters()], batches(run, dtype)


def batches(run, dtype):
    while True:
        images, labels = run.data.train.next_batch(64)
        yield images.astype(dtype), labels.astype(dtype)


COMPARED = [
    *[(api, "float32 powers" if api == "session" else "ours") for api in APIS],
    ("session", "ours"),
    ("reversed rows", "ours"),
]


def departures(dtype, iterations):
    """Train all in lockstep; return the largest distance of each quantity for those compared."""
    parameters, data = start(dtype)
    networks = {
        "ours": Ours(parameters),
        "reversed rows": OursWithReversedRows(parameters),
        "float32 powers": OursWithFloat32Powers(parameters),
        **{api: Theirs(api, parameters) for api in APIS},
    }
    worst = {pair: np.zeros(len(QUANTITIES)) for pair in COMPARED}
    for batch in islice(data, iterations):
        states = {name: (net.step(*batch), *net.state()) for name, net in networks.items()}
        for received, expected in COMPARED:
            here = map(distance, states[received], states[expected])
            np.maximum(worst[received, expected], list(here), out=worst[received, expected])
    return worst


def distance(received, expected):
    return np.max(np.abs(received - expected)) / np.max(np.abs(expected))


@pytest.fixture(scope="module")
def in_float64():
    return departures(np.float64, ITERATIONS)


@pytest.fixture(scope="module")
def in_float32():
    return departures(np.float32, 20)


def test_training_does_not_amplify_rounding(in_float64):
    assert max(in_float64["reversed rows", "ours"]) < REVERSED_ROWS


@pytest.mark.parametrize(("api", "standard"), COMPARED[:4])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_thousand_iterations_in_float64(in_float64, api, standard, quantity):
    judges.note(in_float64[api, standard][QUANTITIES.index(quantity)] / FLOAT64)
    assert in_float64[api, standard][QUANTITIES.index(quantity)] < FLOAT64


def test_tf1_still_keeps_the_powers_of_beta_in_float32(in_float64):
    assert max(in_float64["session", "ours"]) > 1e-8


@pytest.mark.parametrize(("api", "standard"), COMPARED[:5])
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_twenty_iterations_in_float32(in_float32, api, standard, quantity):
    assert in_float32[api, standard][QUANTITIES.index(quantity)] < FLOAT32


@pytest.mark.parametrize("api", APIS)
def test_each_trainer_computes_in_the_dtype_of_its_parameters_whatever_was_made_before(api):
    for dtype in (np.float32, np.float64, np.float32):
        parameters, data = start(dtype)
        made = trainer(api, parameters, LEARNING_RATE)
        found = [*made.parameters(), *made.gradients(*next(data))]
        assert {array.dtype for array in found} == {np.dtype(dtype)}


@pytest.mark.parametrize("api", APIS)
def test_gradients_and_accuracy_at_the_start(api):
    parameters, data = start(np.float64)
    images, labels = next(data)
    theirs, ours = trainer(api, parameters, LEARNING_RATE), Ours(parameters)
    loop.cross_entropy(labels, ours.model(images)).backward()
    expected = [parameter.grad for parameter in ours.model.parameters()]
    for received, gradient in zip(theirs.gradients(images, labels), expected, strict=True):
        assert received.shape == gradient.shape
        assert distance(received, gradient) < FLOAT64
    assert theirs.accuracy(images, labels) == pytest.approx(
        ours.model.evaluate(images, labels).accuracy
    )
    for received, given in zip(theirs.parameters(), parameters, strict=True):
        np.testing.assert_array_equal(received, given)


def test_keras_steps_are_those_of_fit():
    parameters, data = start(np.float32)
    twenty = list(islice(data, 20))
    stepping, fitting = (trainer("keras", parameters, LEARNING_RATE) for _ in range(2))
    for batch in twenty:
        stepping.step(*batch)
    images, labels = (np.concatenate(arrays) for arrays in zip(*twenty, strict=True))
    fitting.model.fit(images, labels, batch_size=64, shuffle=False, verbose=0)
    for stepped, fitted in zip(stepping.parameters(), fitting.parameters(), strict=True):
        np.testing.assert_array_equal(stepped, fitted)


def test_command_trains_from_our_start_and_prints_like_ours(capsys):
    assert main(["--api", "function", "--iterations", "101", "--seed", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    costs = list(Run(Settings(iterations=101, seed=3)).train())
    assert lines[0].endswith("seed 3, TensorFlow function")
    assert lines[1:3] == [f"iteration {i:>6}  cost {costs[i]:.4f}" for i in (0, 100)]
    assert [line.split()[0] for line in lines[-3:]] == ["train", "validation", "test"]


@pytest.mark.parametrize(
    "arguments", [("--seeds", "1"), ("--iterations", "0"), ("--api", "torch"), ("--json", "x.json")]
)
def test_command_refuses_what_makes_no_sense(capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "Received" in capsys.readouterr().err or "torch" in arguments


def test_the_command_writes_nothing_to_standard_error():
    command = [sys.executable, "-m", "reference_tf", "--iterations", "1"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_the_package_imports_no_tensorflow():
    program = "import sys, reference_tf.interface; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert done.stdout == "False\n"


def test_the_four_know_nothing_of_ours():
    for module in ("interface", "network", "adam", "session", "function", "eager", "keras_api"):
        path = Path(reference_tf.__file__).with_name(f"{module}.py")
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "tinygrad_mnist" not in ast.unparse(node)
