"""Those of NumPy and ours, in this process: they compute what the hand-written NumPy computes."""

import importlib
from typing import Any

import numpy as np
import pytest

from benchmarks.backends import BACKENDS, FLOOR, REFERENCE, module_of
from benchmarks.workload import Array, Workload

from .tiny_workloads import make_workload

IN_PROCESS = [name for name, entry in BACKENDS.items() if entry.family in ("numpy", "ours")]
IN_PHASES = {
    **dict.fromkeys(("numpy", "numpy_packed", "eager", "captured"), "numpy"),
    "tf_eager": "tensorflow",
    "torch_eager": "torch",
    "torch_fused": "torch",
    "mygrad": "mygrad",
}
"""Backends whose step falls into phases, and what they need."""


def trainer(name: str, workload: Workload) -> Any:
    return importlib.import_module(module_of(name)).make_trainer(workload.parameters)


def costs(trainer: Any, workload: Workload, steps: int = 20) -> list[float]:
    count = len(workload.images)
    return [
        trainer.step(workload.images[number % count], workload.labels[number % count])
        for number in range(steps)
    ]


@pytest.mark.parametrize("name", IN_PROCESS)
@pytest.mark.parametrize("layers", [(784, 128, 64, 10), (12, 10), (12, 9, 8, 7, 6)])
def test_costs_and_parameters_are_those_of_the_reference(
    name: str, layers: tuple[int, ...]
) -> None:
    workload = make_workload(layers, batch_size=16)
    before = [parameter.copy() for parameter in workload.parameters]
    reference, other = trainer(REFERENCE, workload), trainer(name, workload)
    assert costs(other, workload) == pytest.approx(costs(reference, workload), rel=1e-4)
    pairs = zip(other.parameters(), reference.parameters(), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, atol=2e-4)
    for parameter, original in zip(workload.parameters, before, strict=True):
        np.testing.assert_array_equal(parameter, original)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.tf] * (name == "tf_eager")) for name in IN_PHASES],
)
def test_the_phases_do_what_a_step_does(name: str, workload: Workload) -> None:
    pytest.importorskip(IN_PHASES[name])
    whole, parts = trainer(name, workload), trainer(name, workload)
    costs(whole, workload, 3)
    costs(parts, workload, 1)
    for number in (1, 0):
        arguments: tuple[Any, ...] = (workload.images[number], workload.labels[number])
        for phase in ("forward", "backward", "update"):
            arguments = (getattr(parts, phase)(*arguments),)
    for found, expected in zip(parts.parameters(), whole.parameters(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_packed_one_takes_batches_of_any_size() -> None:
    small, large = make_workload((12, 5, 4), 3, 1), make_workload((12, 5, 4), 8, 1)
    reference, packed = trainer(REFERENCE, small), trainer("numpy_packed", small)
    for workload in (small, large, small):
        assert costs(packed, workload, 1) == pytest.approx(costs(reference, workload, 1), rel=1e-4)


def test_the_floor_multiplies_and_learns_nothing(workload: Workload) -> None:
    floor = trainer(FLOOR, workload)
    assert np.isnan(costs(floor, workload, 1)).all()
    for found, expected in zip(floor.parameters(), workload.parameters, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_operations_of_a_step_are_those_of_its_products() -> None:
    def product(a: Array, b: Array) -> int:
        return 2 * a.shape[0] * a.shape[1] * b.shape[1]

    workload = make_workload((12, 9, 8), batch_size=5)
    images, w1, w2 = workload.images[0], workload.parameters[0], workload.parameters[2]
    hidden, outputs = images @ w1, images @ w1 @ w2
    products = [
        (images, w1),
        (hidden, w2),
        (hidden.T, outputs),
        (outputs, w2.T),
        (images.T, hidden),
    ]
    assert workload.flops == sum(product(a, b) for a, b in products)
