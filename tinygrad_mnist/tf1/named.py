"""Variables by name: ``get_variable``."""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_mnist.tf1.dtypes import as_dtype
from tinygrad_mnist.tf1.graph import get_default_graph
from tinygrad_mnist.tf1.initializers import glorot_uniform_initializer, zeros_initializer
from tinygrad_mnist.tf1.known import sizes
from tinygrad_mnist.tf1.operands import refuse
from tinygrad_mnist.tf1.scopes import VariableScope, here
from tinygrad_mnist.tf1.symbol import operand
from tinygrad_mnist.tf1.variables import Variable


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: None = None,
    trainable: bool = True,
    collections: None = None,
    caching_device: Any = None,
    partitioner: None = None,
    validate_shape: bool = True,
    use_resource: Any = None,
    custom_getter: None = None,
    constraint: None = None,
) -> Variable:
    """Make the variable of a name, or take it where the scope says to reuse.

    Parameters
    ----------
    name
        Within the scope that the program is in.
    shape
        May be left out where the initializer is an array or a Symbol.
    dtype
        That of the initializer where this is an array, a number or a Symbol, else float32, unless
        it or the scope's is given.
    initializer
        ``initializer(shape, dtype=dtype)``, or a class of them, an array or a Symbol; by default
        Glorot's uniform distribution, and zeros for integers and booleans.
    trainable
        Whether optimizers change it.
    regularizer, collections, partitioner, custom_getter, constraint
        Not supported: only None.
    caching_device, validate_shape, use_resource
        Ignored: they change no value.

    Raises
    ------
    ArgumentError
        If the name is taken and may not be reused, or must be reused and does not exist, or
        something not supported is given.
    ShapeError, DTypeError
        If the one to reuse differs, or no shape is given.
    """
    refuse(
        "get_variable",
        regularizer=regularizer,
        collections=collections,
        partitioner=partitioner,
        custom_getter=custom_getter,
        constraint=constraint,
    )
    names = here()
    scope = names.scope
    full = f"{scope.name}/{name}" if scope.name else name
    wanted = None if shape is None else sizes(f"The shape of the variable {full}", shape)
    if full in names.variables:
        return _reused(names.variables[full], full, scope, wanted, dtype)
    if scope.reuse is True:
        raise ArgumentError(
            f"The variable {full} does not exist, and the scope says reuse=True; make it outside "
            "that scope first, or use reuse=tf.AUTO_REUSE."
        )
    graph = get_default_graph()
    with graph.name_scope(f"{full}/Initializer/"):
        initializer = scope.initializer if initializer is None else initializer
        if initializer is None or callable(initializer):
            dtype = as_dtype(dtype or scope.dtype)
        value = _initial(full, wanted, dtype, initializer)
    with graph.name_scope(None):
        variable = Variable(value, trainable=trainable, name=full, dtype=dtype)
    names.variables[full] = variable
    return variable


def _reused(
    variable: Variable, name: str, scope: VariableScope, shape: Any, dtype: Any
) -> Variable:
    if not scope.reuse:
        raise ArgumentError(
            f"The variable {name} exists already in this graph. Give the new one another name, "
            "share the old one inside tf.variable_scope(..., reuse=True) or, to build the graph "
            "again, call tf.reset_default_graph() before."
        )
    if shape is not None and shape != variable.shape:
        raise ShapeError(
            f"The variable {name} exists with shape {variable.shape}. Received: shape {shape}."
        )
    if dtype is not None and as_dtype(dtype) != variable.dtype:
        raise DTypeError(
            f"The variable {name} exists with dtype {variable.dtype}. Received: {dtype}."
        )
    return variable


def _initial(name: str, shape: tuple[int, ...] | None, dtype: Any, initializer: Any) -> Any:
    """The first value, made inside the scope of its own that TensorFlow gives it."""
    if initializer is None:
        initializer = glorot_uniform_initializer if dtype.kind == "f" else zeros_initializer
    if isinstance(initializer, type):
        initializer = initializer()
    if not callable(initializer):
        value = operand(initializer, dtype, name)
        if shape not in (None, value.shape):
            raise ShapeError(
                f"The variable {name} of shape {shape} was given a first value of {value.shape}."
            )
        return value
    if shape is None:
        raise ShapeError(f"The variable {name} needs a shape: its initializer fills any.")
    return initializer(shape, dtype=dtype)
