"""Optimizers made wrong: the list of ``tests/test_optim.py``, and each statement of each rule."""

import test_optim

from .oracles import Oracle, plain
from .planting import edit, instead


def _distance(kind):
    def check():
        distance = test_optim.departs(kind, [(2, 3), (4,)])
        assert distance < test_optim.EXACT  # and so no nan

    return Oracle(f"textbook sum of {kind}", check)


SGD, MOMENTUM, NESTEROV, ADAM, PAPER = (
    (_distance(kind),) for kind in ("sgd", "momentum", "nesterov", "adam", "adam paper")
)


OPTIM = "tinygrad_mnist.optim"
FLOAT16 = (plain(test_optim.test_the_first_step_of_adam_on_float16_is_about_one_rate),)


def update(optimizer, what, old, new, oracles):
    """An update rule with one fragment replaced."""
    return edit(f"{optimizer}: {what}", f"{OPTIM}.{optimizer}.update", (old, new), oracles=oracles)


def numbers(what, old, new, oracles):
    """The numbers of Adam's update rule, likewise."""
    return edit(f"Adam: {what}", f"{OPTIM}.Adam.numbers", (old, new), oracles=oracles)


def step(what, method, old, new, oracles):
    """What all optimizers do around their update rule, likewise."""
    return edit(f"step: {what}", f"{OPTIM}.Optimizer.{method}", (old, new), oracles=oracles)


DEFAULTS = (
    ("SGD", "learning_rate: float = 0.01", "0.1"),
    ("Momentum", "learning_rate: float = 0.01", "0.1"),
    ("Momentum", "momentum: float = 0.9", "0.0"),
    ("Momentum", "nesterov: bool = False", "True"),
    ("Adam", "learning_rate: float = 0.001", "0.01"),
    ("Adam", "beta_1: float = 0.9", "0.95"),
    ("Adam", "beta_2: float = 0.999", "0.99"),
    ("Adam", "epsilon: float = 1e-8", "1e-7"),
    ("Adam", 'epsilon_mode: str = "tensorflow"', '"paper"'),
)


def default(optimizer, parameter, value):
    """What an optimizer does unless it is told otherwise, changed."""
    return edit(
        f"{optimizer}: {parameter.partition(':')[0]} is {value}",
        f"{OPTIM}.{optimizer}.__init__",
        (parameter, f"{parameter.partition('=')[0]}= {value}"),
        oracles=(plain(test_optim.test_the_defaults_are_those_of_tensorflow),),
    )


OPTIMIZER_MUTANTS = (
    *(default(*row) for row in DEFAULTS),
    *(
        instead(f"Adam: {fault}", f"{OPTIM}.Adam.update", test_optim.adam_mutant(parts), *ADAM)
        for fault, parts in test_optim.ADAM_MUTANTS.items()
    ),
    update("SGD", "ascends", "-=", "+=", SGD),
    update("SGD", "rate twice", "learning_rate *", "learning_rate**2 *", SGD),
    update("SGD", "no rate", "learning_rate * gradient", "gradient", SGD),
    update("SGD", "assigns", "parameter -= ", "parameter[...] = -", SGD),
    update("Momentum", "ascends", "parameter -=", "parameter +=", MOMENTUM),
    update("Momentum", "no velocity", "velocity *= momentum", "velocity *= 0", MOMENTUM),
    update("Momentum", "no decay", "velocity *= momentum", "", MOMENTUM),
    update("Momentum", "forgets", "velocity += gradient", "velocity[...] = gradient", MOMENTUM),
    update(
        "Momentum",
        "averages",
        "velocity += gradient",
        "velocity += (1 - momentum) * gradient",
        MOMENTUM,
    ),
    update(
        "Momentum",
        "nesterov of the velocity only",
        "gradient + momentum * velocity",
        "momentum * velocity",
        NESTEROV,
    ),
    update(
        "Momentum",
        "nesterov always",
        "if self.nesterov else velocity",
        "if True else velocity",
        MOMENTUM,
    ),
    update("Momentum", "nesterov never", "self.nesterov else", "False else", NESTEROV),
    update("Adam", "ascends", "parameter -=", "parameter +=", ADAM),
    update("Adam", "no first decay", "first_sum *= beta_1", "", ADAM),
    update("Adam", "no second decay", "second_sum *= beta_2", "", ADAM),
    update("Adam", "decays swapped", "first_sum *= beta_1", "first_sum *= beta_2", ADAM),
    update("Adam", "no square", "gradient * gradient", "gradient", ADAM),
    update("Adam", "absolute for square", "gradient * gradient", "np.abs(gradient)", ADAM),
    update("Adam", "no root", "np.sqrt(second_sum)", "second_sum", ADAM),
    numbers("first bias: t - 1", "1**self.iterations", "1**(self.iterations - 1)", ADAM),
    numbers("second bias: t + 1", "2**self.iterations", "2**(self.iterations + 1)", ADAM),
    numbers("biases swapped", "root_bias / first_bias", "first_bias / root_bias", ADAM),
    numbers(
        "bias of the second without root",
        "math.sqrt((1.0 - self.beta_2**self.iterations) / (1.0 - self.beta_2))",
        "(1.0 - self.beta_2**self.iterations) / (1.0 - self.beta_2)",
        ADAM,
    ),
    numbers("modes swapped", '== "paper"', '!= "paper"', ADAM),
    numbers("epsilon not corrected", "self.epsilon * root_bias", "self.epsilon", PAPER),
    numbers(
        "epsilon not scaled",
        "self.epsilon / math.sqrt(1.0 - self.beta_2)",
        "self.epsilon",
        ADAM,
    ),
    step("not counted", "_next_numbers", "self.iterations += 1", "self.iterations = 1", ADAM),
    step(
        "counts each parameter",
        "_next_numbers",
        "self.iterations += 1",
        "self.iterations += len(self.parameters)",
        ADAM,
    ),
    step(
        "gradients in another order",
        "apply_gradients",
        "np.concatenate(flat,",
        "np.concatenate(flat[::-1],",
        SGD,
    ),
    step(
        "slots not moved on",
        "apply_gradients",
        "self._gradient, *slots)",
        "self._gradient, *map(np.array, slots))",
        ADAM,
    ),
    step(
        "the gradients twice",
        "apply_gradients",
        "out=self._gradient)",
        "out=self._gradient); self._gradient *= 2",
        SGD,
    ),
    edit(
        "step: float16 in float16",
        "tinygrad_mnist.optim.Optimizer.__init__",
        ("np.result_type(self._vector.dtype, np.float32)", "self._vector.dtype"),
        oracles=FLOAT16,
    ),
    edit(
        "step: float16 is not rounded to where it lies",
        "tinygrad_mnist.optim.Optimizer.apply_gradients",
        ("block[...] = wide", "pass"),
        oracles=FLOAT16,
    ),
)
