"""A primitive: a kernel, and one stateless derivative rule per operand.

The rule of an operand maps the cotangent of the result to the cotangent of that operand. It is an
ordinary NumPy expression, so it runs on arrays (a plain backward pass) and on Tensors (a backward
pass that is itself recorded) alike. Rules never sum a cotangent down to a broadcast operand's
shape, never cast it and never accumulate it: the sweep in ``tape.py`` does, once, for all.

>>> @primitive()
... def cube(x):
...     return x * x * x
>>> cube.vjp(x=lambda cotangent, y, x: cotangent * 3.0 * x * x)
>>> cube(np.array([1.0, 2.0]))
array([1., 8.])
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_mnist.arguments import plain
from tinygrad_mnist.dispatch.registry import Dispatch, registry
from tinygrad_mnist.errors import RuleError, UnsupportedError

Array = npt.NDArray[Any]
Rule = Callable[..., Any]


def ZERO(*_: Any, **__: Any) -> None:  # noqa: N802  a constant of the rule tables, like NumPy's
    """Declare that an operand's derivative is zero wherever it exists: the sweep skips it."""


class Primitive:
    """A differentiable operation on arrays.

    Parameters
    ----------
    kernel
        ``kernel(*operands, *, static..., out=None) -> array``. Arrays are positional operands,
        static arguments are keyword-only. It keeps no reference and has no hidden state. A
        ``*operands`` kernel takes any number of them. ``out`` is optional: a kernel that takes it
        fills it completely without reading it, so that its result needs no copying to its place.
    elementwise
        The result may take the memory of an operand of its shape and dtype, which is ``out`` then.
    view
        The result may alias operand 0, and the kernel takes no ``out``.
    operand_names
        Of a kernel that has no Python signature, such as a ufunc; it takes no static arguments.

    Raises
    ------
    RuleError
        If the kernel's signature breaks the conventions above.
    """

    def __init__(
        self,
        kernel: Callable[..., Any],
        *,
        elementwise: bool = False,
        view: bool = False,
        operand_names: tuple[str, ...] = (),
    ) -> None:
        self.kernel = kernel
        self.name = self.__name__ = kernel.__name__
        self.elementwise = elementwise
        self.view = view
        self.rules: dict[str, Rule] = {}
        self.variadic = False
        self.takes_out = isinstance(kernel, np.ufunc)
        self.operand_names = operand_names
        self.static_names: tuple[str, ...] = ()
        self.defaults: dict[str, Any] = {}
        self.__doc__ = kernel.__doc__
        self.__module__ = getattr(kernel, "__module__", __name__)
        if not operand_names:
            self._read_signature()

    def _read_signature(self) -> None:
        parameters = inspect.signature(self.kernel).parameters
        kinds = inspect.Parameter
        self.variadic = any(p.kind is kinds.VAR_POSITIONAL for p in parameters.values())
        self.operand_names = tuple(
            name for name, p in parameters.items() if p.kind is not kinds.KEYWORD_ONLY
        )
        keyword_only = {n: p for n, p in parameters.items() if p.kind is kinds.KEYWORD_ONLY}
        self.static_names = tuple(name for name in keyword_only if name != "out")
        self.defaults = {
            name: keyword_only[name].default
            for name in self.static_names
            if keyword_only[name].default is not kinds.empty
        }
        self.takes_out = "out" in keyword_only
        if "out" in self.operand_names:
            raise RuleError(
                f"The kernel of {self.name} takes out as an operand: make it keyword-only, as in "
                "(x, *, out=None), or leave it out of the signature."
            )
        if self.view and self.takes_out:
            raise RuleError(f"The kernel of {self.name} is a view, so it must not take out=.")

    def vjp(self, **rules: Rule) -> None:
        """Give the rules, named by operand.

        A rule is ``rule(cotangent, y, *operands, **static)`` where y is the result. A variadic
        kernel has one rule for its ``*operands``; its rules also get ``position``, the index of
        the operand.

        Raises
        ------
        RuleError
            If a rule names no operand of the kernel, or an operand has no rule.
        """
        if set(rules) != set(self.operand_names):
            raise RuleError(
                f"The rules of {self.name} must be named {', '.join(self.operand_names)} (one for "
                f"each operand of its kernel; ZERO where there is no derivative). "
                f"Received: {', '.join(rules) or 'none'}."
            )
        self.rules = rules

    def operand_name(self, position: int) -> str:
        """Return the name of the operand at this position; all of ``*operands`` share one."""
        names = self.operand_names
        return names[position] if position < len(names) else names[-1]

    def rule_of(self, position: int) -> Rule:
        """Return the rule of the operand at this position.

        Raises
        ------
        RuleError
            If the primitive has no rules.
        """
        names = self.operand_names
        rule = self.rules.get(names[position] if position < len(names) else names[-1])
        if rule is None:
            name = self.operand_name(position)
            raise RuleError(
                f"{self.name} has no rule for its operand {name}: its gradient was asked for. "
                f"Give one with {self.name}.vjp({name}=...), or ZERO if it is not differentiable."
            )
        return rule

    def __call__(self, *operands: Any, **static: Any) -> Any:
        """Apply to arrays (an array comes back) or to Tensors (a Tensor, recorded)."""
        for operand in operands:
            apply = getattr(operand, "_apply_primitive", None)
            if apply is not None:
                if static.pop("out", None) is not None:
                    raise UnsupportedError(f"{self.name} on a Tensor takes no out=: it is a value.")
                return apply(self, operands, static)
            if type(operand) is not np.ndarray:
                plain("An operand", operand)
        return self.kernel(*operands, **static)

    def __reduce__(self) -> Any:
        """Copy and pickle by reference, as functions are."""
        if isinstance(self.kernel, np.ufunc):
            return _primitive_of, (self.kernel,)
        return self.name

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.operand_names + self.static_names)})>"


def primitive(
    implements: Any = (),
    *,
    elementwise: bool = False,
    view: bool = False,
    renamed: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Any]], Primitive]:
    """Make a primitive of the kernel below, and the meaning of a NumPy function on Tensors.

    Parameters
    ----------
    implements
        A NumPy function or ufunc, or a tuple of aliases of one.
    elementwise, view
        See `Primitive`.
    renamed
        Other names that NumPy has for static arguments of the kernel.
    """

    def decorate(kernel: Callable[..., Any]) -> Primitive:
        result = Primitive(kernel, elementwise=elementwise, view=view)
        for function in implements if isinstance(implements, tuple) else (implements,):
            registry[function] = Dispatch(function, result, renamed)
        return result

    return decorate


def elementwise_ufunc(ufunc: np.ufunc, **rules: Rule) -> Primitive:
    """Make a primitive of a NumPy ufunc, which is a kernel already; the rules name its operands.

    >>> sinh = elementwise_ufunc(np.sinh, x=lambda cotangent, y, x: cotangent * np.cosh(x))
    """
    result = Primitive(ufunc, elementwise=True, operand_names=tuple(rules))
    result.vjp(**rules)
    registry[ufunc] = Dispatch(ufunc, result)
    return result


def _primitive_of(ufunc: np.ufunc) -> Primitive:
    return registry[ufunc].target  # type: ignore[no-any-return]
