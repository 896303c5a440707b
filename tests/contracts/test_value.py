"""The value of every primitive is plain NumPy's, bit for bit where NumPy has the function."""

import numpy as np

from .cases import CASES, over
from .contract import applied, holds, same_bits


@over(CASES)
def test_value_equals_plain_numpy(case):
    @holds(case, share=0.6)
    def _(sample):
        with np.errstate(all="ignore"):
            expected = case.reference(*sample.operands, **sample.static)
        y = applied(case, sample)[1].data
        assert y.shape == np.shape(expected)
        if case.exact:
            assert same_bits(y, expected)
        else:
            # The definitions take the exponentials of up to 12: 2**-53 of that, times some terms.
            np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)


@over(CASES)
def test_float32_comes_out_as_float32_and_close_to_float64(case):
    @holds(case, share=0.3)
    def _(sample):
        rounded = type(sample)(
            tuple(x.astype(np.float32) if x.dtype == np.float64 else x for x in sample.operands),
            {**sample.static, **({"dtype": np.float32} if "dtype" in sample.static else {})},
            sample.seed,
        )
        wide = type(sample)(
            tuple(x.astype(np.float64) if x.dtype == np.float32 else x for x in rounded.operands),
            sample.static,
            sample.seed,
        )
        exact = applied(case, wide)[1].data
        y = applied(case, rounded, np.float32)[1].data
        if exact.dtype.kind != "f":
            assert same_bits(y, exact)
            return
        assert y.dtype == np.float32
        # Forward error: up to 3**4 terms and an exponential's argument, normwise.
        scale = max([1.0, *(float(np.abs(x).max()) for x in (*wide.operands, exact) if x.size)])
        allowed = 32 * 2.0**-24 * scale**2
        if case.name != "remainder":  # which jumps; its wrapped rounding is not an error
            assert np.all(np.abs(y - exact) <= allowed)
