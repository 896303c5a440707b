"""A kernel that takes ``out=`` fills it without reading it, and never writes into an operand."""

import numpy as np
import pytest

from tinygrad_mnist import Tensor

from .cases import CASES, over
from .contract import holds, leaves, same_bits

GARBAGE = 0xA5


class Recorder:
    """Collects what reaches the kernels while a case runs: (primitive, operands, static)."""

    def __init__(self, monkeypatch, case):
        self.calls = []
        apply = Tensor._apply_primitive

        def recording(tensor, primitive, operands, static):
            if primitive is case.primitive:
                arrays = [getattr(o, "data", o) for o in operands]
                self.calls.append((arrays, {**primitive.defaults, **static}))
            return apply(tensor, primitive, operands, static)

        monkeypatch.setattr(Tensor, "_apply_primitive", recording)


WITH_OUT = [row for row in CASES if row.primitive and row.primitive.takes_out]


@over(WITH_OUT)
def test_out_is_filled_and_returned(case, monkeypatch):
    recorder = Recorder(monkeypatch, case)
    kernel = case.primitive.kernel

    @holds(case, share=0.5)
    def _(sample):
        recorder.calls.clear()
        case.call(*leaves(sample), **sample.static)
        ((arrays, static),) = recorder.calls
        before = [np.array(a) for a in arrays]
        expected = kernel(*arrays, **static)
        for byte in (GARBAGE, 0xFF):  # 0xFF: NaN in every float
            out = np.empty(np.shape(expected), expected.dtype)
            out.view(np.uint8 if out.ndim else out.dtype)[...] = byte
            result = kernel(*arrays, **static, out=out)
            assert result is out
            assert same_bits(out, expected)
        assert all(map(same_bits, before, arrays))
        if case.primitive.elementwise:
            for position, array in enumerate(arrays):
                if np.shape(array) != out.shape or getattr(array, "dtype", None) != out.dtype:
                    continue
                aliased = [np.array(a) for a in arrays]
                result = kernel(*aliased, **static, out=aliased[position])
                assert result is aliased[position]
                assert same_bits(result, expected)


@pytest.mark.parametrize("case", [r for r in CASES if r.primitive], ids=lambda row: row.name)
def test_only_a_view_aliases_its_operand(case):
    @holds(case, share=0.3, sides=(1, 3))
    def _(sample):
        tensors = leaves(sample)
        y = case.call(*tensors, **sample.static)
        shared = [np.shares_memory(y.data, t.data) for t in tensors]
        assert not any(shared[1:])
        assert case.primitive.view or not any(shared)
        assert not y.data.flags.writeable
