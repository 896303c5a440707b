"""Which BLAS kernels are better than those that OpenBLAS has chosen."""

import os
import subprocess
import sys

import pytest

from tinygrad_mnist import environment
from tinygrad_mnist.environment import AVX512, better_kernel, blas_environment, processor_flags

MODERN = AVX512 | {"avx", "avx2", "fma"}


@pytest.mark.parametrize(
    ("kernel", "flags", "better"),
    [
        ("Haswell", MODERN, "SkylakeX"),
        ("Zen", MODERN, "SkylakeX"),
        ("SkylakeX", MODERN, None),
        ("Cooperlake", MODERN, None),
        ("Haswell", {"avx", "avx2", "fma"}, None),
        ("Haswell", MODERN - {"avx512vl"}, None),
        ("Haswell", set(), None),
        ("neoversen1", {"asimd"}, None),
        ("unknown", MODERN, None),
    ],
)
def test_a_better_kernel_is_one_the_processor_has(kernel, flags, better):
    assert better_kernel(kernel, flags) == better


@pytest.fixture
def slow_choice(monkeypatch):
    """A processor with AVX-512 on which OpenBLAS has chosen its AVX2 kernels."""
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.setattr(environment, "processor_flags", lambda: MODERN)
    library = {"library": "openblas", "version": "0.3", "kernel": "Haswell", "threads": 1}
    monkeypatch.setattr(environment, "blas", lambda: library)
    return library


def test_a_slow_choice_of_openblas_is_overruled_for_new_processes(slow_choice):
    assert blas_environment() == {"OPENBLAS_CORETYPE": "SkylakeX"}
    assert "OPENBLAS_CORETYPE" not in os.environ


def test_what_the_user_has_chosen_stays(slow_choice, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert blas_environment() == {}


def test_another_library_is_left_alone(slow_choice):
    slow_choice["library"] = "mkl"
    assert blas_environment() == {}


def test_this_machine_gets_a_kernel_it_can_run():
    kernel = blas_environment()
    program = "import numpy; numpy.ones((9, 9)) @ numpy.ones((9, 9))"
    subprocess.run([sys.executable, "-c", program], env=os.environ | kernel, check=True)
    if kernel:
        assert processor_flags() >= AVX512
