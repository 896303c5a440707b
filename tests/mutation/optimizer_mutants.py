"""Optimizers made wrong: the list of ``tests/test_optim.py``, and each statement of each rule."""

import inspect

import test_optim

from tinygrad_mnist import optim

from .oracles import Oracle
from .planting import Mutant, edit


def _distance(kind):
    def check():
        distance = test_optim.departs(kind, [(2, 3), (4,)])
        assert distance < test_optim.EXACT  # and so no nan

    return Oracle(f"textbook sum of {kind}", check)


SGD, MOMENTUM, NESTEROV, ADAM, PAPER = (
    (_distance(kind),) for kind in ("sgd", "momentum", "nesterov", "adam", "adam paper")
)


def changed(optimizer, what, old, new, oracles):
    """An update rule, or its numbers, with one fragment replaced."""
    name = f"{optimizer.__name__}: {what}"
    function = optimizer.update if old in inspect.getsource(optimizer.update) else optimizer.numbers
    return edit(name, optimizer, function, (old, new), oracles=oracles)


FRAME = test_optim.adam_mutant(lambda self: {})

OPTIMIZER_MUTANTS = (
    *(
        Mutant(f"Adam: {fault}", optim.Adam, "update", test_optim.adam_mutant(parts), FRAME, ADAM)
        for fault, parts in test_optim.ADAM_MUTANTS.items()
    ),
    changed(optim.SGD, "ascends", "-=", "+=", SGD),
    changed(optim.SGD, "rate twice", "learning_rate *", "learning_rate**2 *", SGD),
    changed(optim.SGD, "no rate", "learning_rate * gradient", "gradient", SGD),
    changed(optim.SGD, "assigns", "parameter -= ", "parameter[...] = -", SGD),
    changed(optim.Momentum, "ascends", "parameter -=", "parameter +=", MOMENTUM),
    changed(optim.Momentum, "no velocity", "velocity *= momentum", "velocity *= 0", MOMENTUM),
    changed(optim.Momentum, "no decay", "velocity *= momentum", "", MOMENTUM),
    changed(
        optim.Momentum, "forgets", "velocity += gradient", "velocity[...] = gradient", MOMENTUM
    ),
    changed(
        optim.Momentum,
        "averages",
        "velocity += gradient",
        "velocity += (1 - momentum) * gradient",
        MOMENTUM,
    ),
    changed(
        optim.Momentum,
        "nesterov of the velocity only",
        "gradient + momentum * velocity",
        "momentum * velocity",
        NESTEROV,
    ),
    changed(
        optim.Momentum,
        "nesterov always",
        "if self.nesterov else velocity",
        "if True else velocity",
        MOMENTUM,
    ),
    changed(optim.Momentum, "nesterov never", "self.nesterov else", "False else", NESTEROV),
    changed(optim.Adam, "ascends", "parameter -=", "parameter +=", ADAM),
    changed(optim.Adam, "no first decay", "first_sum *= beta_1", "", ADAM),
    changed(optim.Adam, "no second decay", "second_sum *= beta_2", "", ADAM),
    changed(optim.Adam, "decays swapped", "first_sum *= beta_1", "first_sum *= beta_2", ADAM),
    changed(optim.Adam, "no square", "gradient * gradient", "gradient", ADAM),
    changed(optim.Adam, "absolute for square", "gradient * gradient", "np.abs(gradient)", ADAM),
    changed(optim.Adam, "no root", "np.sqrt(second_sum)", "second_sum", ADAM),
    changed(
        optim.Adam, "first bias: t - 1", "1**self.iterations", "1**(self.iterations - 1)", ADAM
    ),
    changed(
        optim.Adam, "second bias: t + 1", "2**self.iterations", "2**(self.iterations + 1)", ADAM
    ),
    changed(optim.Adam, "biases swapped", "root_bias / first_bias", "first_bias / root_bias", ADAM),
    changed(
        optim.Adam,
        "bias of the second without root",
        "math.sqrt((1.0 - self.beta_2**self.iterations) / (1.0 - self.beta_2))",
        "(1.0 - self.beta_2**self.iterations) / (1.0 - self.beta_2)",
        ADAM,
    ),
    changed(optim.Adam, "modes swapped", '== "paper"', '!= "paper"', ADAM),
    changed(optim.Adam, "epsilon not corrected", "self.epsilon * root_bias", "self.epsilon", PAPER),
    changed(
        optim.Adam,
        "epsilon not scaled",
        "self.epsilon / math.sqrt(1.0 - self.beta_2)",
        "self.epsilon",
        ADAM,
    ),
    edit(
        "step: not counted",
        optim.Optimizer,
        optim.Optimizer._next_numbers,
        ("self.iterations += 1", "self.iterations = 1"),
        oracles=ADAM,
    ),
    edit(
        "step: counts each parameter",
        optim.Optimizer,
        optim.Optimizer._next_numbers,
        ("self.iterations += 1", "self.iterations += len(self.parameters)"),
        oracles=ADAM,
    ),
    edit(
        "step: gradients in another order",
        optim.Optimizer,
        optim.Optimizer.apply_gradients,
        ("np.concatenate(flat,", "np.concatenate(flat[::-1],"),
        oracles=SGD,
    ),
    edit(
        "step: slots not moved on",
        optim.Optimizer,
        optim.Optimizer.apply_gradients,
        ("self._gradient, *slots)", "self._gradient, *map(np.array, slots))"),
        oracles=ADAM,
    ),
    edit(
        "step: the gradients twice",
        optim.Optimizer,
        optim.Optimizer.apply_gradients,
        ("out=self._gradient)", "out=self._gradient); self._gradient *= 2"),
        oracles=SGD,
    ),
)
