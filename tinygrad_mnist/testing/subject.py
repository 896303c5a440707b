"""The subject of a check: a function, how it is run, and where its gradient comes from.

>>> import numpy as np
>>> subject = Subject(lambda x: np.sum(x * x))
>>> subject.gradients([np.array([1.0, 2.0])], np.array(1.0))
[array([2., 4.])]
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mnist.arguments import without_mask
from tinygrad_mnist.core import gradient as engine
from tinygrad_mnist.core.primitive import Array
from tinygrad_mnist.core.recording import no_grad
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import ArgumentError
from tinygrad_mnist.testing.differences import EPSILON


class Subject:
    """A function of arrays and its gradient; it may be a derivative of the ``origin``.

    Parameters
    ----------
    function
        ``function(*arrays) -> array``; without the two below it is given Tensors and returns one.
    gradient
        ``gradient(*arrays)``, of a function with a single result: an array or one per argument.
    vjp
        ``vjp(cotangent, *arrays)``, of any function: the same, of ``sum(cotangent * result)``.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        gradient: Callable[..., Any] | None = None,
        vjp: Callable[..., Any] | None = None,
    ) -> None:
        if gradient is not None and vjp is not None:
            raise ArgumentError("Give gradient= or vjp=, not both: they are two forms of one.")
        for role, given in (("function", function), ("gradient", gradient), ("vjp", vjp)):
            left_out = given is None and role != "function"
            if not left_out and not callable(given):
                raise ArgumentError(
                    f"The {role} must be a function of the arrays, not its result. Received: "
                    f"{type(given).__name__}."
                )
        self.function = function
        self.gradient = gradient
        self.vjp = vjp
        self.by_engine = gradient is None and vjp is None
        self.scale = 0.0
        self.origin, self.order = self, 1

    @property
    def name(self) -> str:
        """What a report calls it."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def argument_names(self, count: int) -> list[str]:
        """Return what the function calls its positional arguments."""
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):  # of a function written in C
            parameters = []
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [p.name for p in parameters if p.kind in kinds][:count]
        return names + [f"argument {i}" for i in range(len(names), count)]

    def output(self, arrays: Sequence[Array]) -> tuple[list[Tensor], Any]:
        """Run on Tensors, leaves where floating; return them and the result."""
        tensors = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        return tensors, self.function(*tensors)

    def value(self, arrays: Sequence[Array]) -> Array:
        """Return the result for arrays that it may keep or change: they are copies."""
        result = (
            self.output(arrays)[1] if self.by_engine else self.function(*(a.copy() for a in arrays))
        )
        if self.by_engine and not isinstance(result, Tensor):
            raise ArgumentError(
                f"{self.name} returned {type(result).__name__}, not a Tensor, so there is no "
                "gradient to check. Write it with np.* functions on its arguments, or give its "
                "gradient: check_grads(f, x, gradient=df)."
            )
        array = self._real(result)
        if self.gradient is not None and array.size != 1:
            raise ArgumentError(
                f"{self.name} returned shape {array.shape}, which has no single gradient. Give "
                "vjp= instead, a function vjp(cotangent, *arrays) that returns the gradient of "
                "sum(cotangent * f(*arrays))."
            )
        return array

    def value_near(self, arrays: Sequence[Array], shape: tuple[int, ...]) -> Array:
        """Return the result of a shape that it has nearby; NaN where the function has none."""
        try:
            result = self.value(arrays)
        except Exception:  # whatever a person's function raises outside its domain
            return np.full(shape, np.nan)
        return result if result.shape == shape else np.full(shape, np.nan)

    def in_float64(self, given: Sequence[Array]) -> list[Array]:
        """Return arrays in float64; as given if the function or its gradient refuses those."""
        wide = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in given]
        try:
            value = self.value(wide)
            if not self.by_engine:
                self.gradients(wide, np.ones(value.shape))
        except Exception:  # such as an assertion that the dtype is float32
            return list(given)
        return wide

    def _real(self, result: Any) -> Array:
        """Return a result as an array of real numbers, of booleans too."""
        try:
            if type(result) is np.ndarray or isinstance(result, np.generic):  # most are, by far
                array = np.asarray(result)
            else:
                with no_grad():
                    array = np.asarray(without_mask(f"What {self.name} returns", result))
        except ValueError:  # lists of unequal lengths
            array = np.asarray(None)
        if array.dtype.kind not in "biuf":
            raise ArgumentError(
                f"{self.name} must return real numbers, a scalar or an array. Received: "
                f"{type(result).__name__} of dtype {array.dtype}."
            )
        return array

    def epsilon(self, arrays: Sequence[Array], value: Array) -> float:
        """Return the rounding error of the narrowest dtype that the result passes through."""
        dtypes = {value.dtype} if value.dtype.kind == "f" else set()
        if self.by_engine:
            _, output = self.output(arrays)
            pending, seen = [output.node], {None}
            while pending:
                node = pending.pop()
                if node not in seen:
                    seen.add(node)
                    dtypes.add(node.value.dtype)
                    pending += [operand.node for _, operand in node.tracked]
        return max([EPSILON, *(float(np.finfo(dtype).eps) for dtype in dtypes)])

    def gradients(self, arrays: Sequence[Array], cotangent: Array) -> list[Any]:
        """Return the gradients of ``sum(cotangent * result)``, one per floating argument.

        The engine's are arrays. What a person's function returns is returned as it is.
        """
        if self.by_engine:
            tensors, output = self.output(arrays)
            leaves = [tensor for tensor in tensors if tensor.requires_grad]
            if not output.requires_grad:
                return [np.zeros(leaf.shape, leaf.dtype) for leaf in leaves]
            return engine.gradients(output, leaves, cotangent)
        if self.vjp is not None:
            found = _result_of(self.vjp, "vjp(cotangent, *arrays)", [cotangent, *arrays])
        elif self.gradient is not None:
            found = _result_of(self.gradient, "gradient(*arrays)", arrays)
        return list(found) if isinstance(found, tuple | list) else [found]

    def derivative(self, weights: Sequence[Array], cotangent: Array) -> Subject:
        """Return the sum of the weighted gradients, as a function to be checked in its turn."""

        def directional(*tensors: Any) -> Any:
            leaves = [t for t in tensors if t.requires_grad]
            output = self.function(*tensors)
            found = engine.gradients(output, leaves, cotangent, record=True)
            terms = [np.sum(w * g) for w, g in zip(weights, found, strict=True)]
            return sum(terms[1:], start=terms[0])

        directional.__name__ = self.name
        found = Subject(directional)
        found.origin, found.order = self.origin, self.order + 1
        found.scale = 1.0  # that of weights and cotangent: what is far below has been cancelled
        return found

    def complex_value(self, arrays: Sequence[Array]) -> Array | None:
        """Return the result for complex arrays; None if the function cannot take them."""
        if self.by_engine:
            return None  # Tensors are real
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # such as that an imaginary part is discarded
                result = np.asarray(self.function(*(a.copy() for a in arrays)))
        except Exception:  # whatever a person's function makes of complex numbers
            return None
        return result if result.dtype.kind == "c" else None


def _result_of(function: Callable[..., Any], form: str, arrays: Sequence[Array]) -> Any:
    """Call a person's function with copies; what it raises is told with what it was given."""
    copies = [a.copy() for a in arrays]
    try:
        return function(*copies)
    except Exception as error:
        received = ", ".join(f"{a.dtype}{list(a.shape)}" for a in arrays)
        not_entered = error.__traceback__ is not None and error.__traceback__.tb_next is None
        swapped = len(arrays) > 1 and isinstance(error, ValueError)  # shapes that do not fit
        order = " It must take these, in this order." if not_entered or swapped else ""
        raise ArgumentError(
            f"The function given as {form} raised {type(error).__name__} when called with "
            f"{received}: {str(error).removesuffix('.')}.{order}"
        ) from error
